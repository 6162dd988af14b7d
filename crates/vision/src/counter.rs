//! Counting what an ONNX model of the user's finds on a picture: advice, never a count of stock.
//!
//! Detectors of three families are understood, told apart by what they answer: YOLOX as it is trained, YOLOX and YOLOv5 with boxes in
//! pixels, and YOLOv8 and its successors before their last step (the suppression of overlapping boxes is done here).

use std::time::{Duration, Instant};

use crate::onnx::{BadModel, Network};
use crate::{Point, Quad};

mod colours;
mod family;
mod overlap;

pub use colours::Coloured;

use family::Family;

/// How a model is asked, and what counts.
#[derive(Debug, Clone, PartialEq)]
pub struct CounterSettings {
    /// From this score on a box counts, 0 to 1.
    pub score: f32,
    /// Boxes that share more than this of their common area are one, whatever their class: nothing is counted twice.
    pub overlap: f32,
    /// Classes that count, as the model numbers them; all of them if there are none.
    pub classes: Vec<usize>,
    /// Width and height of its input where the model leaves them open, in pixels; a multiple of 32.
    pub side: usize,
    /// The order of colours it was trained with.
    pub channels: ChannelOrder,
    /// The numbers it was trained with.
    pub range: PixelRange,
}

/// The order of colours that a model wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelOrder {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
}

/// The numbers that a model wants for pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PixelRange {
    /// From 0 to 1.
    Unit,
    /// From 0 to 255.
    Byte,
}

/// A box that a model found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Where it is on the picture, in pixels.
    pub quad: Quad,
    /// How sure the model is, 0 to 1.
    pub score: f32,
    /// What it is, as the model numbers it.
    pub class: usize,
}

/// What a model found on a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// The boxes, the surest first.
    pub boxes: Vec<Found>,
    /// There were more candidates than are looked at: the boxes are too few.
    pub is_cut: bool,
    /// The time it took.
    pub took: Duration,
}

/// A model that finds boxes.
pub struct Counter {
    network: Network,
    family: Family,
    width: usize,
    height: usize,
    settings: CounterSettings,
}

impl Default for CounterSettings {
    /// As YOLOv8 is trained: red, green, blue from 0 to 1.
    fn default() -> Self {
        Self { score: 0.3, overlap: 0.5, classes: Vec::new(), side: 640, channels: ChannelOrder::Rgb, range: PixelRange::Unit }
    }
}

impl Counter {
    /// Loads a model. It is run once, on a gray picture: its answer shows which family it is of, and whether it can be run at all.
    ///
    /// # Errors
    /// Why it is of no use, with what was expected and what it has. No bytes make this panic.
    pub fn load(bytes: Vec<u8>, settings: CounterSettings) -> Result<Self, BadModel> {
        let network = Network::load(bytes)?;
        let (width, height) = (network.width.unwrap_or(settings.side), network.height.unwrap_or(settings.side));
        if [width, height].iter().any(|side| side % 32 != 0 || !(32..=2048).contains(side)) {
            let found = format!("a picture of {width} × {height} pixels");
            return Err(BadModel::Input { wanted: "one whose sides are multiples of 32, at most 2048".to_owned(), found });
        }
        let gray = network.ask(vec![settings.range.number(colours::PADDING); 3 * width * height], height, width)?;
        let family = Family::of(&gray, width, height)?;
        Ok(Self { network, family, width, height, settings })
    }

    /// Finds boxes.
    ///
    /// # Errors
    /// The model cannot be run, or answers otherwise than it did when it was loaded.
    pub fn count(&self, picture: &Coloured) -> Result<Counted, BadModel> {
        let begun = Instant::now();
        let (fitted, part) = picture.fitted(self.width, self.height);
        let answer = self.network.ask(planes(&fitted, &self.settings), self.height, self.width)?;
        let candidates = self.family.candidates(&answer, [self.width, self.height], part, &self.settings)?;
        let (kept, is_cut) = overlap::suppress(candidates, self.settings.overlap);
        let on_picture = |edge: f32, part: usize, size: u32| (edge * size as f32 / part as f32).clamp(0.0, size as f32);
        let found = |candidate: overlap::Candidate| {
            let [left, right] = [candidate.left, candidate.right].map(|x| on_picture(x, part[0], picture.width()));
            let [top, bottom] = [candidate.top, candidate.bottom].map(|y| on_picture(y, part[1], picture.height()));
            let quad = [[left, top], [right, top], [right, bottom], [left, bottom]].map(|[x, y]| Point { x, y });
            Found { quad, score: candidate.score, class: candidate.class }
        };
        Ok(Counted { boxes: kept.into_iter().map(found).collect(), is_cut, took: begun.elapsed() })
    }
}

/// What a model is given for pixels of three bytes: a plane of numbers for each colour.
fn planes(pixels: &[u8], settings: &CounterSettings) -> Vec<f32> {
    let order = match settings.channels {
        ChannelOrder::Rgb => [0, 1, 2],
        ChannelOrder::Bgr => [2, 1, 0],
    };
    let (pixels, _) = pixels.as_chunks::<3>();
    order.into_iter().flat_map(|channel| pixels.iter().map(move |pixel| settings.range.number(pixel[channel]))).collect()
}

impl PixelRange {
    fn number(self, byte: u8) -> f32 {
        match self {
            Self::Unit => f32::from(byte) / 255.0,
            Self::Byte => f32::from(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_given_the_colours_and_the_numbers_that_it_was_trained_with() {
        let pixels = [255, 51, 0, 255, 0, 102];
        assert_eq!(planes(&pixels, &CounterSettings::default()), [1.0, 1.0, 0.2, 0.0, 0.0, 0.4]);
        let settings = CounterSettings { channels: ChannelOrder::Bgr, range: PixelRange::Byte, ..CounterSettings::default() };
        assert_eq!(planes(&pixels, &settings), [0.0, 102.0, 51.0, 0.0, 255.0, 255.0]);
    }
}
