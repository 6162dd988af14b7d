//! Reading what is printed on labels, with PP-OCR models: one finds lines of text, one reads a line.
//!
//! Pictures are read in gray. Lines may be tilted and may run downwards or upwards; one that is read badly is tried upside down as well,
//! which is what PP-OCR's third model, the angle classifier, is for: it is not used.

use std::time::{Duration, Instant};

use crate::onnx::BadModel;
use crate::{Luma, Point, Quad, Region};

mod detection;
mod recognition;
mod rectangle;

pub use detection::Detector;
pub use recognition::Recogniser;

use recognition::Reading;

/// How labels are read.
#[derive(Debug, Clone, PartialEq)]
pub struct OcrSettings {
    /// Where labels can be; the whole picture unless given.
    pub region: Region,
    /// Lines are looked for on the region made this wide or high, whichever is more, in pixels; smaller ones at most twice as large.
    pub side: u32,
    /// Lines that are read with less confidence are left out, 0 to 1.
    pub confidence: f32,
    /// No line is begun after this time.
    pub budget: Duration,
}

/// A line of text on a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What it says.
    pub text: String,
    /// How sure the model is of its characters, on average, 0 to 1.
    pub confidence: f32,
    /// Where it is.
    pub quad: Quad,
}

/// What was read on a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct LinesRead {
    /// The lines, from the top down, and from left to right.
    pub lines: Vec<Line>,
    /// Lines that were found and not read, for want of time.
    pub unread: usize,
    /// The time it took.
    pub took: Duration,
}

/// Two models that read labels.
pub struct LabelReader {
    detector: Detector,
    recogniser: Recogniser,
    settings: OcrSettings,
}

/// A line that is read with less confidence is read upside down as well.
const CERTAIN: f32 = 0.95;

impl Default for OcrSettings {
    /// The whole picture at 1,280 pixels, lines of at least half confidence, within five seconds.
    fn default() -> Self {
        Self { region: Region::WHOLE, side: 1280, confidence: 0.5, budget: Duration::from_secs(5) }
    }
}

impl LabelReader {
    /// Puts two models together.
    pub fn new(detector: Detector, recogniser: Recogniser, settings: OcrSettings) -> Self {
        Self { detector, recogniser, settings }
    }

    /// Reads the lines on a picture.
    ///
    /// # Errors
    /// A model cannot be run, or answers otherwise than it did when it was loaded.
    pub fn read(&self, picture: &Luma) -> Result<LinesRead, BadModel> {
        let begun = Instant::now();
        let region = if self.settings.region.is_sound() { self.settings.region } else { Region::WHOLE };
        let [left, top, ..] = region.pixels(picture.width(), picture.height()).map(|edge| edge as f32);
        let part = picture.crop(&region);
        let found = self.detector.find(&part, self.settings.side)?;
        let (mut lines, mut unread) = (Vec::new(), 0);
        for quad in found {
            if begun.elapsed() >= self.settings.budget {
                unread += 1;
                continue;
            }
            let (reading, quad) = self.line(&part, quad)?;
            if reading.confidence >= self.settings.confidence && !reading.text.trim().is_empty() {
                let quad = quad.map(|Point { x, y }| Point { x: x + left, y: y + top });
                lines.push(Line { text: reading.text, confidence: reading.confidence, quad });
            }
        }
        Ok(LinesRead { lines: in_order(lines), unread, took: begun.elapsed() })
    }

    /// Reads one line, the right way up if that can be told.
    fn line(&self, picture: &Luma, quad: Quad) -> Result<(Reading, Quad), BadModel> {
        let upright = self.recogniser.read(picture, &quad)?;
        if upright.confidence >= CERTAIN {
            return Ok((upright, quad));
        }
        let [a, b, c, d] = quad;
        let turned = [c, d, a, b];
        let upside_down = self.recogniser.read(picture, &turned)?;
        Ok(if upside_down.confidence > upright.confidence { (upside_down, turned) } else { (upright, quad) })
    }
}

/// Rows from the top down, in each of them lines from left to right. A line is in a row whose first line's middle lies within it.
fn in_order(mut lines: Vec<Line>) -> Vec<Line> {
    let middle = |line: &Line| line.quad.iter().map(|corner| corner.y).sum::<f32>() / 4.0;
    let height = |line: &Line| {
        let ys = || line.quad.iter().map(|corner| corner.y);
        ys().fold(f32::MIN, f32::max) - ys().fold(f32::MAX, f32::min)
    };
    lines.sort_by(|a, b| middle(a).total_cmp(&middle(b)));
    let mut rows: Vec<Vec<Line>> = Vec::new();
    for line in lines {
        let last = rows.last_mut().filter(|row| row.first().is_some_and(|first| middle(&line) - middle(first) < height(&line) / 2.0));
        match last {
            Some(row) => row.push(line),
            None => rows.push(vec![line]),
        }
    }
    for row in &mut rows {
        row.sort_by(|a, b| a.quad[0].x.total_cmp(&b.quad[0].x));
    }
    rows.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_as_they_are_read() {
        let line = |text: &str, x: f32, y: f32| {
            let quad = [[x, y], [x + 50.0, y], [x + 50.0, y + 20.0], [x, y + 20.0]].map(|[x, y]| Point { x, y });
            Line { text: text.to_owned(), confidence: 1.0, quad }
        };
        let lines = vec![line("d", 0.0, 90.0), line("b", 80.0, 0.0), line("c", 60.0, 50.0), line("a", 0.0, 6.0)];
        let told: String = in_order(lines).into_iter().map(|line| line.text).collect();
        assert_eq!(told, "abcd");
    }
}
