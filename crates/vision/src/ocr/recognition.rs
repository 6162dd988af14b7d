//! Reading one line: a model tells for each step from left to right how likely each character is, or none at all (connectionist temporal
//! classification, Graves et al., ICML 2006). The likeliest is taken at each step.

use crate::onnx::{Answer, BadModel, Network};
use crate::{Luma, Point, Quad};

/// How high a line is made, where the model leaves it open.
const HEIGHT: usize = 48;
/// Shorter lines are filled up to this width, as in training.
const NARROWEST: usize = 320;
/// Longer lines are squeezed.
const WIDEST: usize = 2048;
/// Widths are multiples of this: the model halves them a few times.
const STEP: usize = 8;
/// The most samples a side that are taken of the picture for each pixel.
const SAMPLES: usize = 4;
/// What models call the list of their characters.
const CHARACTERS: &str = "character";

/// A model that reads a line.
pub struct Recogniser {
    network: Network,
    /// What each of its classes stands for; the first one for nothing.
    characters: Vec<String>,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    pub(super) text: String,
    pub(super) confidence: f32,
}

impl Recogniser {
    /// Loads a model, and the list of its characters, one a line; without one, the list that the model itself has. It is run once on an
    /// empty picture, which shows whether both fit together.
    ///
    /// # Errors
    /// Why it is of no use, with what was expected and what it has. No bytes make this panic.
    pub fn load(bytes: Vec<u8>, characters: Option<&str>) -> Result<Self, BadModel> {
        let network = Network::load(bytes)?;
        let list = characters.or_else(|| network.says(CHARACTERS)).ok_or(BadModel::NoCharacters)?;
        let mut characters: Vec<String> = [""].into_iter().chain(list.lines()).map(str::to_owned).collect();
        let (width, height) = (network.width.unwrap_or(NARROWEST), network.height.unwrap_or(HEIGHT));
        let answer = network.ask(vec![0.0; 3 * width * height], height, width)?;
        let known = characters.len();
        let wanted =
            || format!("1 × steps × {known} or {}, a likelihood for nothing, for each character, and perhaps for the space", known + 1);
        match answer.shape[..] {
            [1, _, classes] if classes == known => {}
            [1, _, classes] if classes == known + 1 => characters.push(" ".to_owned()),
            _ => return Err(BadModel::Output { wanted: wanted(), found: answer.size() }),
        }
        if let Some(number) = answer.numbers.iter().find(|number| !(-0.001..=1.001).contains(*number)) {
            let wanted = "likelihoods from 0 to 1; its last softmax may be missing".to_owned();
            return Err(BadModel::Output { wanted, found: number.to_string() });
        }
        Ok(Self { network, characters })
    }

    /// Reads what is within a quad.
    pub(super) fn read(&self, picture: &Luma, quad: &Quad) -> Result<Reading, BadModel> {
        let height = self.network.height.unwrap_or(HEIGHT);
        let long = |from: Point, to: Point| (to.x - from.x).hypot(to.y - from.y);
        let ratio = long(quad[0], quad[1]) / long(quad[0], quad[3]).max(1.0);
        let wide = ((height as f32 * ratio).ceil() as usize).clamp(1, self.network.width.unwrap_or(WIDEST));
        let width = self.network.width.unwrap_or(wide.max(NARROWEST).next_multiple_of(STEP));
        let line = straightened(picture, quad, wide, height);
        let mut plane = vec![0.0; width * height];
        for (row, grays) in plane.chunks_exact_mut(width).zip(line.chunks_exact(wide)) {
            row.iter_mut().zip(grays).for_each(|(number, gray)| *number = gray / 127.5 - 1.0);
        }
        let answer = self.network.ask(plane.repeat(3), height, width)?;
        if answer.shape.len() != 3 || answer.shape[2] != self.characters.len() {
            let wanted = format!("1 × steps × {}", self.characters.len());
            return Err(BadModel::Output { wanted, found: answer.size() });
        }
        Ok(likeliest(&answer, &self.characters))
    }
}

/// The likeliest character of each step: a character that stays is one, and nothing parts it from its like.
fn likeliest(answer: &Answer, characters: &[String]) -> Reading {
    let (mut text, mut sure, mut read, mut last) = (String::new(), 0.0, 0usize, 0);
    for step in answer.numbers.chunks_exact(characters.len().max(1)) {
        let Some((class, &likely)) = step.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)) else { continue };
        if class != 0 && class != last {
            text.push_str(&characters[class]);
            sure += likely;
            read += 1;
        }
        last = class;
    }
    Reading { text, confidence: if read > 0 { sure / read as f32 } else { 0.0 } }
}

/// What is within a quad, as a picture of that size: its grays, row by row.
fn straightened(picture: &Luma, quad: &Quad, width: usize, height: usize) -> Vec<f32> {
    let [origin, right, _, down] = *quad;
    let (right, down) = (Point { x: right.x - origin.x, y: right.y - origin.y }, Point { x: down.x - origin.x, y: down.y - origin.y });
    // A pixel that covers many is their mean.
    let samples = |side: Point, pixels: usize| ((side.x.hypot(side.y) / pixels as f32).ceil() as usize).clamp(1, SAMPLES);
    let (across, below) = (samples(right, width), samples(down, height));
    let mut grays = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let mut sum = 0.0;
            for sample in 0..across * below {
                let u = (x as f32 + (sample % across) as f32 / across as f32 + 0.5 / across as f32) / width as f32;
                let v = (y as f32 + (sample / across) as f32 / below as f32 + 0.5 / below as f32) / height as f32;
                sum += gray_at(picture, origin.x + u * right.x + v * down.x, origin.y + u * right.y + v * down.y);
            }
            grays.push(sum / (across * below) as f32);
        }
    }
    grays
}

/// The gray at a point, between the middles of the pixels around it; beyond the edge that of the edge.
fn gray_at(picture: &Luma, x: f32, y: f32) -> f32 {
    let within = |at: f32, size: u32| (at - 0.5).clamp(0.0, (size - 1) as f32);
    let (x, y) = (within(x, picture.width()), within(y, picture.height()));
    let (left, top) = (x as usize, y as usize);
    let right = (left + 1).min(picture.width() as usize - 1);
    let between = |row: &[u8]| f32::from(row[left]) + (f32::from(row[right]) - f32::from(row[left])) * x.fract();
    let (above, below) = (between(picture.row(top as u32)), between(picture.row(top as u32 + 1)));
    above + (below - above) * y.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_stays_is_one_and_nothing_parts_it_from_its_like() {
        let characters = ["", "1", "2"].map(str::to_owned);
        let steps = [0, 1, 1, 0, 1, 2, 2, 0];
        let numbers = steps.iter().flat_map(|&step| (0..3).map(move |class| if class == step { 0.8 } else { 0.1 })).collect();
        let reading = likeliest(&Answer { shape: vec![1, steps.len(), 3], numbers }, &characters);
        assert_eq!(reading.text, "112");
        assert!((reading.confidence - 0.8).abs() < 1e-6);
    }

    #[test]
    fn a_line_without_characters_is_read_with_no_confidence() {
        let reading = likeliest(&Answer { shape: vec![1, 2, 2], numbers: vec![1.0, 0.0, 1.0, 0.0] }, &["".to_owned(), "1".to_owned()]);
        assert_eq!(reading, Reading { text: String::new(), confidence: 0.0 });
    }

    #[test]
    fn a_quad_is_laid_straight() {
        let picture = Luma::new(4, 2, vec![10, 20, 30, 40, 50, 60, 70, 80]).unwrap();
        let whole = [[0.0, 0.0], [4.0, 0.0], [4.0, 2.0], [0.0, 2.0]].map(|[x, y]| Point { x, y });
        assert_eq!(straightened(&picture, &whole, 4, 2), [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0]);
        // Text that runs downwards: its top is at the right.
        let [a, b, c, d] = whole;
        assert_eq!(straightened(&picture, &[b, c, d, a], 2, 4), [40.0, 80.0, 30.0, 70.0, 20.0, 60.0, 10.0, 50.0]);
    }
}
