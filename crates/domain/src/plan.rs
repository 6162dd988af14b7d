//! Which crane visits which locations, in which order, and how long that takes.
//!
//! Locations are assigned to cranes by their aisles; within an aisle a crane takes the shortest [route](crate::route) that is found. Where
//! cranes share aisles, whole aisles are handed out so that the last crane is done early; where two share a rail, the aisle is cut in
//! two. What has no coordinates keeps the order in which it was given.

use std::time::Duration;

use crate::lane::QueueIndex;
use crate::layout::{Layout, Position};
use crate::route::{Effort, Point, Proof};
use crate::travel::Kinematics;

mod assign;
mod bound;
mod itinerary;
mod rail;
#[cfg(test)]
mod tests;

use itinerary::itinerary;

/// How fast a crane gets stops done, as far as that is known beforehand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// How it drives and lifts.
    pub kinematics: Kinematics,
    /// What each move takes besides, whatever the distance.
    pub overhead: Duration,
    /// From the front of one aisle to the front of another.
    pub aisle_change: Duration,
    /// From arrival to release.
    pub dwell: Duration,
    /// From release to verdict.
    pub verdict_after: Duration,
    /// Whether the way home after the last stop counts.
    pub returns_home: bool,
}

/// The front of an aisle, at the foot: here cranes change between aisles.
const FRONT: Point = Point { x_m: 0.0, y_m: 0.0 };

impl Pace {
    /// What a move takes; nothing where the crane stands already.
    pub fn travel(&self, from: Position, to: Position) -> Duration {
        if from == to {
            return Duration::ZERO;
        }
        let within = |a: Point, b: Point| self.kinematics.travel((a.x_m, a.y_m), (b.x_m, b.y_m));
        let moving = if from.aisle == to.aisle {
            within(from.point, to.point)
        } else {
            within(from.point, FRONT) + self.aisle_change + within(FRONT, to.point)
        };
        moving + self.overhead
    }
}

/// A crane at work: its queue, and where it stands or is going to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crane {
    /// Its queue.
    pub queue: QueueIndex,
    /// Where it stands, if anyone knows.
    pub from: Option<Position>,
}

/// What one crane has to visit: parts that are done one after the other, each within one aisle or without coordinates.
#[derive(Debug, Clone, PartialEq)]
struct Duty {
    crane: Crane,
    parts: Vec<Vec<u32>>,
}

/// What is known of how good an itinerary's order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// No order is shorter.
    Optimal,
    /// No order is shorter than the bound.
    Within,
    /// As given: the locations have no coordinates.
    GivenOpaque,
    /// As given: a foreign system picks the crane and its way.
    GivenDispatched,
}

/// One crane's way over its locations.
#[derive(Debug, Clone, PartialEq)]
pub struct Itinerary {
    /// Whose.
    pub crane: Crane,
    /// Locations in order, by their index in the layout.
    pub slots: Vec<u32>,
    /// What is known of the order.
    pub order: Order,
    /// How long it takes.
    pub times: Times,
    /// No order over the same locations takes less travel than as many seconds.
    pub bound_s: f64,
}

/// How long visiting takes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Times {
    /// Seconds of travel, as far as it can be computed.
    pub travel_s: f64,
    /// Seconds that the crane stands.
    pub dwell_s: f64,
    /// Moves whose time nobody knows: an end of them has no coordinates.
    pub unknown_moves: usize,
    /// Moves whose time is known.
    pub moves: usize,
    /// How often the crane stops; both sides of the aisle may be one visit.
    pub visits: usize,
}

impl Times {
    /// Seconds until the crane is free for good.
    pub fn makespan_s(&self) -> f64 {
        self.travel_s + self.dwell_s
    }

    fn add_move(&mut self, travel: Duration) {
        if travel > Duration::ZERO {
            self.travel_s += travel.as_secs_f64();
            self.moves += 1;
        }
    }
}

/// The ways of all cranes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// One for each crane that has anything to do, by queue.
    pub itineraries: Vec<Itinerary>,
    /// No plan lets the last crane be free sooner than after as many seconds.
    pub bound_s: f64,
}

impl Plan {
    /// Seconds until the last crane is free for good.
    pub fn makespan_s(&self) -> f64 {
        self.itineraries.iter().map(|itinerary| itinerary.times.makespan_s()).fold(0.0, f64::max)
    }

    /// By which part of the bound the plan takes longer: 0.01 is 1 %.
    pub fn gap(&self) -> f64 {
        let makespan = self.makespan_s();
        if self.bound_s > 0.0 && makespan > self.bound_s { makespan / self.bound_s - 1.0 } else { 0.0 }
    }

    /// Whether nobody can do it sooner: the crane that is done last is proved so.
    pub fn is_optimal(&self) -> bool {
        let known = self.itineraries.iter().all(|itinerary| itinerary.times.unknown_moves == 0);
        known && !self.itineraries.is_empty() && self.makespan_s() <= self.bound_s * (1.0 + 1e-9)
    }
}

/// Kicks (see [`Effort`]) that a plan's routes are worth: the figures of the documentation are reached with as many.
pub fn kicks_for(slots: usize) -> u64 {
    (slots as u64).saturating_mul(400).min(60_000)
}

/// Plans the ways of `cranes` over `slots`, each once, given in the order in which they were asked for. `paces` has an entry a queue;
/// none where nobody knows how its crane moves.
///
/// The same values give the same plan, unless a clock cuts the effort short.
pub fn plan(layout: &Layout, paces: &[Option<Pace>], cranes: &[Crane], slots: &[u32], seed: u64, effort: &mut Effort<'_>) -> Plan {
    let duties = assign::assign(layout, paces, cranes, slots, seed);
    let itineraries: Vec<Itinerary> = duties.iter().map(|duty| itinerary(layout, paces, duty, seed, effort)).collect();
    let bound_s = bound::makespan(layout, paces, &itineraries);
    Plan { itineraries, bound_s }
}

/// The ways of cranes that visit exactly these locations in exactly this order: what any other rule costs.
pub fn as_given(layout: &Layout, paces: &[Option<Pace>], ways: &[(Crane, Vec<u32>)]) -> Vec<Times> {
    ways.iter().map(|(crane, slots)| times(layout, paces, *crane, slots)).collect()
}

/// Improves the order of what waits for one crane, a few of them new or gone since it was planned.
pub fn replan(layout: &Layout, paces: &[Option<Pace>], crane: Crane, waiting: &[u32], seed: u64, effort: &mut Effort<'_>) -> Vec<u32> {
    itinerary::improved(layout, paces, crane, waiting, seed, effort)
}

/// How long a crane takes for locations in an order.
pub fn times(layout: &Layout, paces: &[Option<Pace>], crane: Crane, slots: &[u32]) -> Times {
    let pace = paces[crane.queue as usize];
    let mut times = Times::default();
    let mut at = crane.from;
    for visit in visits(layout, crane.queue, slots) {
        let to = layout.position(visit[0]);
        match (at, to, &pace) {
            (Some(from), Some(to), Some(pace)) => times.add_move(pace.travel(from, to)),
            _ => times.unknown_moves += 1,
        }
        at = to;
        times.visits += 1;
    }
    if let Some(pace) = &pace {
        times.dwell_s = pace.dwell.as_secs_f64() * times.visits as f64;
        if let (true, Some(from), Some(home)) = (pace.returns_home, at, layout.queues()[crane.queue as usize].home) {
            times.add_move(pace.travel(from, home));
        }
    }
    times
}

/// The visits that a crane makes of locations in an order: one each, or both sides of the aisle at once where it can.
pub fn visits<'a>(layout: &'a Layout, queue: QueueIndex, slots: &'a [u32]) -> impl Iterator<Item = &'a [u32]> {
    slots.chunk_by(move |a, b| layout.is_one_visit(queue, *a, *b)).flat_map(|run| run.chunks(2))
}

impl Order {
    fn of(proof: Proof) -> Self {
        match proof {
            Proof::Optimal => Self::Optimal,
            Proof::Within => Self::Within,
        }
    }
}
