//! What the rungs saw, put together: a code at its place once, and how all of it stands against what is expected.

use super::reader::Found;
use super::{Code, Expected, Identity, Rung};
use crate::Quad;

/// What was seen so far.
pub(super) struct Seen<'a> {
    codes: Vec<Code>,
    expected: Option<Expected<'a>>,
    is_marker: &'a dyn Fn(&str) -> bool,
}

impl<'a> Seen<'a> {
    pub(super) fn new(expected: Option<Expected<'a>>, is_marker: &'a dyn Fn(&str) -> bool) -> Self {
        Self { codes: Vec::new(), expected, is_marker }
    }

    /// Adds what a rung found.
    pub(super) fn add(&mut self, rung: Rung, found: Vec<Found>) {
        for Found { text, bytes, format, quad } in found {
            let same = |code: &&mut Code| code.format == format && code.bytes == bytes && lie_together(&code.quad, &quad);
            match self.codes.iter_mut().find(same) {
                Some(code) if !code.rungs.contains(&rung) => code.rungs.push(rung),
                Some(_) => {}
                None => self.codes.push(Code { text, bytes, format, rungs: vec![rung], quad, is_sure: false }),
            }
        }
        let sure: Vec<bool> = self.codes.iter().map(|code| self.is_sure(code)).collect();
        self.codes.iter_mut().zip(sure).for_each(|(code, is_sure)| code.is_sure = is_sure);
    }

    /// What is expected, what corrects its own errors, and what two rungs agree on that show different pixels, unless something else was
    /// read at the same place too.
    fn is_sure(&self, code: &Code) -> bool {
        let looks = code.rungs.iter().filter(|&&rung| rung != Rung::Padded).count().max(1);
        let is_rival = |other: &Code| other.bytes != code.bytes && lie_together(&other.quad, &code.quad);
        code.format.corrects_errors() || self.label(&code.text).is_some() || looks > 1 && !self.codes.iter().any(is_rival)
    }

    /// Whether further rungs can be spared.
    pub(super) fn is_enough(&self) -> bool {
        match self.expected {
            Some(expected) => self.labels_read() >= expected.labels,
            None => {
                let mut labels = self.codes.iter().filter(|code| !(self.is_marker)(&code.text)).peekable();
                labels.peek().is_some() && labels.all(|code| code.is_sure)
            }
        }
    }

    /// The codes.
    pub(super) fn codes(&self) -> &[Code] {
        &self.codes
    }

    /// The codes, the sure ones first, and how they stand.
    pub(super) fn finish(mut self) -> (Vec<Code>, Option<Identity>) {
        let identity = self.expected.map(|expected| self.identity(expected));
        self.codes.sort_by_key(|code| !code.is_sure);
        (self.codes, identity)
    }

    fn identity(&self, expected: Expected<'_>) -> Identity {
        let read = self.labels_read();
        let is_other = |code: &Code| code.is_sure && self.label(&code.text).is_none() && !(self.is_marker)(&code.text);
        if read >= expected.labels {
            Identity::Match
        } else if self.codes.iter().any(is_other) {
            Identity::Mismatch
        } else if read > 0 {
            Identity::Partial
        } else {
            Identity::Unreadable
        }
    }

    /// Which expected label a text is.
    fn label(&self, text: &str) -> Option<usize> {
        self.expected.and_then(|expected| (expected.find)(text))
    }

    /// How many of the expected labels were read.
    fn labels_read(&self) -> usize {
        let mut labels: Vec<usize> = self.codes.iter().filter_map(|code| self.label(&code.text)).collect();
        labels.sort_unstable();
        labels.dedup();
        labels.len()
    }
}

/// Whether two quads can be the same label. Rungs see a bar code at different lines of its height, or a little shorter.
fn lie_together(one: &Quad, other: &Quad) -> bool {
    let gap = |of: fn(&crate::Point) -> f32| {
        let span =
            |quad: &Quad| quad.iter().map(of).fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), at| (low.min(at), high.max(at)));
        let ((low, high), (other_low, other_high)) = (span(one), span(other));
        (other_low - high).max(low - other_high).max(0.0)
    };
    let side = |quad: &Quad| (0..4).map(|at| distance(quad[at], quad[(at + 1) % 4])).fold(0.0, f32::max);
    gap(|point| point.x).max(gap(|point| point.y)) <= 0.15 * side(one).max(side(other))
}

fn distance(one: crate::Point, other: crate::Point) -> f32 {
    (one.x - other.x).hypot(one.y - other.y)
}
