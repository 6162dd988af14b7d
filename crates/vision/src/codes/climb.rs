//! The ladder of rescues, climbed rung by rung.

use std::slice;
use std::time::{Duration, Instant};

use super::seen::Seen;
use super::view::Base;
use super::{Code, CodeSettings, CodesSeen, Expected, Rung, reader};
use crate::Luma;

/// A picture whose codes are being read.
pub struct Climb<'a> {
    settings: &'a CodeSettings,
    base: Base<'a>,
    seen: Seen<'a>,
    left: slice::Iter<'static, Rung>,
    begun: Duration,
    climbed: Vec<(Rung, Duration)>,
    out_of_time: bool,
}

impl<'a> Climb<'a> {
    /// Nothing is read yet. Markers are read too, but as labels they are neither wrong nor enough.
    pub fn new(picture: &'a Luma, settings: &'a CodeSettings, expected: Option<Expected<'a>>, is_marker: &'a dyn Fn(&str) -> bool) -> Self {
        Self {
            settings,
            base: Base::new(picture, &settings.region),
            seen: Seen::new(expected, is_marker),
            left: Rung::LADDER.iter(),
            begun: (settings.clock)(),
            climbed: Vec::with_capacity(Rung::LADDER.len()),
            out_of_time: false,
        }
    }

    /// Climbs on until enough is read or the time is used up, at most to this rung.
    pub fn to(&mut self, last: Rung) {
        while self.climbed.last().is_none_or(|&(rung, _)| rung != last && !self.seen.is_enough()) {
            let Some(&rung) = self.left.as_slice().first() else { return };
            if rung != Rung::Plain && (self.settings.clock)().saturating_sub(self.begun) >= self.settings.budget {
                self.out_of_time = true;
                return;
            }
            self.left.next();
            let since = Instant::now();
            self.seen.add(rung, reader::read(&self.settings.formats, rung, &self.base.view(rung)));
            self.climbed.push((rung, since.elapsed()));
        }
    }

    /// What was read so far.
    pub fn codes(&self) -> &[Code] {
        self.seen.codes()
    }

    /// Everything that was read.
    pub fn finish(self) -> CodesSeen {
        let (codes, identity) = self.seen.finish();
        CodesSeen { codes, identity, climbed: self.climbed, out_of_time: self.out_of_time }
    }
}
