//! Times that may be known in part.

use std::iter::Sum;
use std::ops::Add;

use pandian_domain::plan::{Pace, Times};
use serde::{Serialize, Serializer};

/// Seconds as far as they are known. Other programs read a number where they are known in full, and null where not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Seconds {
    /// It takes no less.
    pub(super) known: f64,
    /// It takes no more either.
    pub(super) is_whole: bool,
}

impl Seconds {
    /// No time at all.
    const ZERO: Self = Self { known: 0.0, is_whole: true };

    /// All of it, if it is known.
    pub(super) fn whole(self) -> Option<f64> {
        self.is_whole.then_some(self.known)
    }

    /// The longer of two.
    pub(super) fn max(self, other: Self) -> Self {
        Self { known: self.known.max(other.known), is_whole: self.is_whole && other.is_whole }
    }
}

impl Add for Seconds {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { known: self.known + other.known, is_whole: self.is_whole && other.is_whole }
    }
}

impl Sum for Seconds {
    fn sum<I: Iterator<Item = Self>>(times: I) -> Self {
        times.fold(Self::ZERO, Add::add)
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.whole().map(exact).serialize(serializer)
    }
}

/// What visiting takes: one crane, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Spent {
    /// Of travel, added up over the cranes.
    pub(super) travel_s: Seconds,
    /// Of standing, likewise.
    pub(super) dwell_s: Seconds,
    /// Until the last crane is free.
    pub(super) makespan_s: Seconds,
}

impl Spent {
    /// By a crane. Nothing is known of one without a pace; of travel, what has coordinates.
    pub(super) fn by(pace: Option<&Pace>, times: &Times) -> Self {
        let travel_s = Seconds { known: times.travel_s, is_whole: pace.is_some() && times.unknown_moves == 0 };
        let dwell_s = Seconds { known: times.dwell_s, is_whole: pace.is_some() };
        Self { travel_s, dwell_s, makespan_s: travel_s + dwell_s }
    }

    /// By all cranes.
    pub(super) fn by_all(each: impl Iterator<Item = Self> + Clone) -> Self {
        Self {
            travel_s: each.clone().map(|spent| spent.travel_s).sum(),
            dwell_s: each.clone().map(|spent| spent.dwell_s).sum(),
            makespan_s: each.map(|spent| spent.makespan_s).fold(Seconds::ZERO, Seconds::max),
        }
    }
}

/// To the millionth: without the noise of binary fractions that were added up.
pub(super) fn exact(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
