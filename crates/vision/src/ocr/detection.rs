//! Finding lines of text: a model tells for each pixel how likely it is text, and what hangs together is a line (differentiable
//! binarization, Liao et al., AAAI 2020).

use std::collections::BTreeMap;

use image::imageops::{FilterType, resize};
use image::{ImageBuffer, Luma as Gray};

use super::rectangle::Rectangle;
use crate::onnx::{Answer, BadModel, Network};
use crate::{Luma, Point, Quad};

/// A pixel is text from this likelihood on.
const TEXT: f32 = 0.3;
/// What hangs together is a line from this likelihood on, on average.
const LINE: f32 = 0.6;
/// How much of its area over its circumference a line is to be widened: models find text without its rim.
const RIM: f32 = 1.6;
/// The thinnest line, in pixels of the model's input.
const THINNEST: f32 = 3.0;
/// The most lines that are looked at.
const LINES: usize = 300;
/// Sides of the model's input are multiples of this.
const STEP: usize = 32;
/// The longest side of the model's input.
const LONGEST: usize = 2048;

/// A model that finds lines of text.
pub struct Detector {
    network: Network,
}

impl Detector {
    /// Loads a model. It is run once on an empty picture, which shows whether it can be run at all.
    ///
    /// # Errors
    /// Why it is of no use, with what was expected and what it has. No bytes make this panic.
    pub fn load(bytes: Vec<u8>) -> Result<Self, BadModel> {
        let network = Network::load(bytes)?;
        let (width, height) = (network.width.unwrap_or(2 * STEP), network.height.unwrap_or(2 * STEP));
        let detector = Self { network };
        detector.map(vec![0.0; width * height], width, height)?;
        Ok(detector)
    }

    /// The lines on a picture, the likeliest first: each with its own top left corner first, in pixels of the picture.
    pub(super) fn find(&self, picture: &Luma, side: u32) -> Result<Vec<Quad>, BadModel> {
        let (wide, high) = (picture.width() as f32, picture.height() as f32);
        let scale = (side as f32 / wide.max(high)).min(2.0);
        let fitting = |size: f32| (((size * scale / STEP as f32).round() as usize) * STEP).clamp(STEP, LONGEST);
        let (width, height) = (self.network.width.unwrap_or(fitting(wide)), self.network.height.unwrap_or(fitting(high)));
        let Some(seen) = ImageBuffer::<Gray<u8>, _>::from_raw(picture.width(), picture.height(), picture.pixels()) else {
            return Ok(Vec::new());
        };
        let small = resize(&seen, width as u32, height as u32, FilterType::Triangle);
        let map = self.map(small.as_raw().iter().map(|&gray| f32::from(gray) / 127.5 - 1.0).collect(), width, height)?;
        let to_picture = |corner: Point| Point {
            x: (corner.x * wide / width as f32).clamp(0.0, wide),
            y: (corner.y * high / height as f32).clamp(0.0, high),
        };
        Ok(lines(map.numbers, width).into_iter().map(|line| line.quad().map(to_picture)).collect())
    }

    /// How likely each pixel is text. The model was trained with colours: gray stands in for all three.
    fn map(&self, plane: Vec<f32>, width: usize, height: usize) -> Result<Answer, BadModel> {
        let map = self.network.ask(plane.repeat(3), height, width)?;
        if map.shape != [1, 1, height, width] {
            return Err(BadModel::Output { wanted: format!("1 × 1 × {height} × {width}, a likelihood a pixel"), found: map.size() });
        }
        Ok(map)
    }
}

/// What hangs together on a map of likelihoods.
fn lines(mut map: Vec<f32>, width: usize) -> Vec<Rectangle> {
    let mut found: Vec<(f32, Rectangle)> = Vec::new();
    for start in 0..map.len() {
        if map[start] < TEXT || map[start].is_nan() {
            continue;
        }
        let patch = Patch::take(&mut map, width, start);
        let mean = patch.sum / patch.pixels as f32;
        let line = Rectangle::around(&patch.corners());
        if mean >= LINE && line.thickness() >= THINNEST {
            found.push((mean, line.widened(RIM)));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().take(LINES).map(|(_, line)| line).collect()
}

/// Pixels that hang together.
struct Patch {
    pixels: usize,
    sum: f32,
    /// The first and the last column of each row.
    rows: BTreeMap<usize, [usize; 2]>,
}

impl Patch {
    /// Takes all that hangs together with a pixel off the map.
    fn take(map: &mut [f32], width: usize, start: usize) -> Self {
        let height = map.len() / width;
        let mut patch = Self { pixels: 0, sum: 0.0, rows: BTreeMap::new() };
        let mut open = vec![start];
        while let Some(pixel) = open.pop() {
            let likely = std::mem::take(&mut map[pixel]);
            if likely.is_nan() || likely < TEXT {
                continue;
            }
            let (x, y) = (pixel % width, pixel / width);
            patch.pixels += 1;
            patch.sum += likely;
            let row = patch.rows.entry(y).or_insert([x, x]);
            *row = [row[0].min(x), row[1].max(x)];
            for near_y in y.saturating_sub(1)..(y + 2).min(height) {
                let near = x.saturating_sub(1)..(x + 2).min(width);
                open.extend(near.map(|near_x| near_y * width + near_x).filter(|&near| map[near] >= TEXT));
            }
        }
        patch
    }

    /// The outer corners of its rows.
    fn corners(&self) -> Vec<Point> {
        let of_row = |(&y, &[first, last]): (&usize, &[usize; 2])| {
            let (y, first, last) = (y as f32, first as f32, last as f32 + 1.0);
            [[first, y], [last, y], [first, y + 1.0], [last, y + 1.0]].map(|[x, y]| Point { x, y })
        };
        self.rows.iter().flat_map(of_row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(width: usize, height: usize, likely: impl Fn(usize, usize) -> f32) -> Vec<f32> {
        (0..width * height).map(|pixel| likely(pixel % width, pixel / width)).collect()
    }

    #[test]
    fn what_hangs_together_is_a_line_with_its_rim() {
        let found = lines(map(100, 40, |x, y| if (20..80).contains(&x) && (10..20).contains(&y) { 0.9 } else { 0.1 }), 100);
        let [line] = &found[..] else { panic!("{} lines", found.len()) };
        // 60 × 10: the rim is 600 × 1.6 / 140.
        let rim = 600.0 * RIM / 140.0;
        let [a, _, c, _] = line.quad();
        for (corner, (x, y)) in [(a, (20.0 - rim, 10.0 - rim)), (c, (80.0 + rim, 20.0 + rim))] {
            assert!((corner.x - x).abs() < 0.01 && (corner.y - y).abs() < 0.01, "{corner:?} is not {x}, {y}");
        }
    }

    #[test]
    fn what_is_thin_or_unlikely_is_no_line() {
        assert!(lines(map(100, 40, |_, y| if y == 10 { 0.9 } else { 0.0 }), 100).is_empty());
        assert!(lines(map(100, 40, |_, y| if (10..20).contains(&y) { 0.4 } else { 0.0 }), 100).is_empty());
        assert!(lines(map(100, 40, |_, _| f32::NAN), 100).is_empty());
    }
}
