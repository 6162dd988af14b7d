//! In which order a crane visits its aisles.
//!
//! Cranes change between aisles at the fronts. So an aisle in the middle of a round is a way from its front and back; only in the first
//! aisle the crane may stand already, and only in the last one it may stay. Which aisles these two are is all that the order matters.

use super::{Duty, FRONT, Leg, Pace, home, seconds};
use crate::layout::{Layout, Position};
use crate::route::{Effort, End, Point, Problem, improve};
use crate::travel::Kinematics;

/// Where a crane's round begins and ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub(super) kinematics: Kinematics,
    pub(super) change_s: f64,
    pub(super) from: Option<Position>,
    /// Where it has to end; none where any place will do.
    pub(super) home: Option<Position>,
}

impl Ends {
    /// After what has no coordinates nobody knows where the way home begins: then it does not count.
    pub(super) fn new(layout: &Layout, pace: &Pace, duty: &Duty) -> Self {
        let home = home(layout, pace, duty.crane.queue).filter(|_| duty.given.is_empty());
        Self { kinematics: pace.kinematics, change_s: pace.aisle_change.as_secs_f64(), from: duty.crane.from, home }
    }

    /// Whether the crane may stand in an aisle, as far as anyone knows.
    pub(super) fn may_start_in(&self, aisle: u16) -> bool {
        self.from.is_none_or(|from| from.aisle == aisle)
    }

    /// Where the way through an aisle begins; none where nobody knows.
    pub(super) fn start(&self, aisle: u16, is_first: bool) -> Option<Point> {
        match self.from {
            Some(from) if is_first && from.aisle == aisle => Some(from.point),
            None if is_first => None,
            _ => Some(FRONT),
        }
    }

    /// Where the way through an aisle has to end.
    pub(super) fn goal(&self, aisle: u16, is_last: bool) -> End {
        match self.home {
            Some(home) if is_last && home.aisle == aisle => End::At(home.point),
            None if is_last => End::Open,
            _ => End::At(FRONT),
        }
    }

    /// Seconds before the way through the first aisle begins.
    pub(super) fn approach_s(&self, first: u16) -> f64 {
        self.from.filter(|from| from.aisle != first).map_or(0.0, |from| self.front_s(from.point) + self.change_s)
    }

    /// Seconds after the way through the last aisle.
    pub(super) fn leave_s(&self, last: u16) -> f64 {
        self.home.filter(|home| home.aisle != last).map_or(0.0, |home| self.change_s + self.front_s(home.point))
    }

    /// Seconds between a point and the front.
    pub(super) fn front_s(&self, point: Point) -> f64 {
        seconds(self.kinematics, point, FRONT)
    }
}

/// Seconds of travel in an aisle, by its turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seconds {
    aisle: u16,
    only: f64,
    first: f64,
    pub(super) middle: f64,
    last: f64,
}

impl Seconds {
    /// As `seconds` has it for a way from a start to an end; asked no more often than needed.
    pub(super) fn new(ends: &Ends, aisle: u16, mut seconds: impl FnMut(Option<Point>, End) -> f64) -> Self {
        let mut known: Vec<(Option<Point>, End, f64)> = Vec::new();
        let mut at = |first, last| {
            let (start, goal) = (ends.start(aisle, first), ends.goal(aisle, last));
            let before = known.iter().find(|known| (known.0, known.1) == (start, goal)).map(|known| known.2);
            before.unwrap_or_else(|| {
                let value = seconds(start, goal);
                known.push((start, goal, value));
                value
            })
        };
        Self { aisle, only: at(true, true), first: at(true, false), middle: at(false, false), last: at(false, true) }
    }
}

/// The shortest round over some aisles, each at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Round {
    pub(super) seconds: f64,
    /// Which of them comes first, and which last.
    first: usize,
    last: usize,
}

impl Round {
    pub(super) fn over(ends: &Ends, aisles: &[Seconds]) -> Self {
        match aisles {
            [] => Self { seconds: 0.0, first: 0, last: 0 },
            [one] => Self { seconds: ends.approach_s(one.aisle) + one.only + ends.leave_s(one.aisle), first: 0, last: 0 },
            _ => {
                let middle = aisles.iter().map(|aisle| aisle.middle).sum::<f64>() + (aisles.len() - 1) as f64 * ends.change_s;
                let firsts = two_least(aisles.iter().map(|aisle| aisle.first - aisle.middle + ends.approach_s(aisle.aisle)));
                let lasts = two_least(aisles.iter().map(|aisle| aisle.last - aisle.middle + ends.leave_s(aisle.aisle)));
                let pairs = firsts.into_iter().flat_map(|first| lasts.map(|last| (first, last)));
                let rounds = pairs
                    .filter(|(first, last)| first.1 != last.1 && first.1.max(last.1) < aisles.len())
                    .map(|(first, last)| Self { seconds: middle + first.0 + last.0, first: first.1, last: last.1 });
                let shorter = |a: Self, b: Self| if b.seconds < a.seconds { b } else { a };
                rounds.reduce(shorter).unwrap_or(Self { seconds: middle, first: 0, last: aisles.len() - 1 })
            }
        }
    }

    /// Brings what belongs to the aisles into the round's order; the middle stays as it is.
    pub(super) fn arrange<T>(&self, mut aisles: Vec<T>) -> Vec<T> {
        if self.first == self.last {
            return aisles;
        }
        let last = aisles.remove(self.last);
        let first = aisles.remove(self.first - usize::from(self.first > self.last));
        aisles.insert(0, first);
        aisles.push(last);
        aisles
    }
}

/// The least value and the next, with their numbers; infinite where there is none.
fn two_least(values: impl Iterator<Item = f64>) -> [(f64, usize); 2] {
    let mut least = [(f64::INFINITY, usize::MAX); 2];
    for (index, value) in values.enumerate() {
        if value < least[0].0 {
            least = [(value, index), least[0]];
        } else if value < least[1].0 {
            least[1] = (value, index);
        }
    }
    least
}

/// Seconds of short ways over the same points, near enough to weigh aisles against each other; each way is looked for once.
pub(super) struct Estimates {
    points: Vec<Point>,
    seed: u64,
    known: Vec<(Kinematics, Option<Point>, End, f64)>,
}

impl Estimates {
    pub(super) fn new(layout: &Layout, leg: &Leg, seed: u64) -> Self {
        Self { points: leg.points(layout), seed, known: Vec::new() }
    }

    /// For one crane, by the turn of the aisle.
    pub(super) fn of(&mut self, ends: &Ends, aisle: u16) -> Seconds {
        Seconds::new(ends, aisle, |start, goal| self.seconds(ends.kinematics, start, goal))
    }

    fn seconds(&mut self, kinematics: Kinematics, start: Option<Point>, goal: End) -> f64 {
        let same = |known: &&(Kinematics, Option<Point>, End, f64)| (known.0, known.1, known.2) == (kinematics, start, goal);
        if let Some(known) = self.known.iter().find(same) {
            return known.3;
        }
        let route = |problem: Problem| improve(&problem, &[], self.seed, &mut Effort::kicks(0)).travel_s;
        let seconds = Problem::new(self.points.clone(), start, goal, kinematics).map_or(0.0, route);
        self.known.push((kinematics, start, goal, seconds));
        seconds
    }
}
