//! Which crane visits which locations, in which order, and how long that takes.
//!
//! Locations are assigned to cranes by their aisles; within an aisle a crane takes the shortest [route](crate::route) that is found. Where
//! cranes share aisles, whole aisles are handed out so that the last crane is done early; where two share a rail, the aisle is cut in
//! two. What has no coordinates keeps the order in which it was given.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::lane::QueueIndex;
use crate::layout::{Layout, Position};
use crate::location::Side;
use crate::route::{Effort, Point};
use crate::travel::Kinematics;

mod aisles;
mod assign;
mod bound;
mod itinerary;
mod rail;
mod share;
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

/// Times that differ by no more than this part are equal: both are sums of rounded numbers.
const EQUAL: f64 = 1e-9;

impl Pace {
    /// What a move takes, in whole milliseconds as timers keep it; nothing where the crane stands already.
    pub fn travel(&self, from: Position, to: Position) -> Duration {
        if from == to {
            return Duration::ZERO;
        }
        let ways = ways(from, to).map(|(from, to)| self.kinematics.travel((from.x_m, from.y_m), (to.x_m, to.y_m)));
        let moving = ways.fold(Duration::ZERO, Duration::saturating_add);
        let change = if from.aisle == to.aisle { Duration::ZERO } else { self.aisle_change };
        moving.saturating_add(change).saturating_add(self.overhead)
    }

    /// What a move takes in seconds, not rounded; none where the crane stands already.
    fn seconds(&self, from: Position, to: Position) -> Option<f64> {
        let moving: f64 = ways(from, to).map(|(from, to)| seconds(self.kinematics, from, to)).sum();
        let change = if from.aisle == to.aisle { Duration::ZERO } else { self.aisle_change };
        (from != to).then_some(moving + change.as_secs_f64() + self.overhead.as_secs_f64())
    }
}

/// The ways of a move within aisles: one, or by the fronts of two.
fn ways(from: Position, to: Position) -> impl Iterator<Item = (Point, Point)> {
    let (first, second) =
        if from.aisle == to.aisle { ((from.point, to.point), None) } else { ((from.point, FRONT), Some((FRONT, to.point))) };
    std::iter::once(first).chain(second)
}

fn seconds(kinematics: Kinematics, a: Point, b: Point) -> f64 {
    kinematics.seconds((a.x_m, a.y_m), (b.x_m, b.y_m))
}

/// A crane at work: its queue, and where it stands or is going to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crane {
    /// Its queue.
    pub queue: QueueIndex,
    /// Where it stands, if anyone knows.
    pub from: Option<Position>,
}

/// What one crane has to visit: aisle by aisle, then what is visited in the order in which it was given.
#[derive(Debug, Clone)]
struct Duty {
    crane: Crane,
    legs: Vec<Leg>,
    given: Vec<u32>,
}

impl Duty {
    fn none(crane: Crane) -> Self {
        Self { crane, legs: Vec::new(), given: Vec::new() }
    }

    /// Over these locations, aisles as they come up.
    fn over(layout: &Layout, crane: Crane, slots: &[u32]) -> Self {
        let mut duty = Self::none(crane);
        let mut leg_of: BTreeMap<u16, usize> = BTreeMap::new();
        for slot in slots {
            let Some(Position { aisle, .. }) = layout.position(*slot) else {
                duty.given.push(*slot);
                continue;
            };
            let leg = *leg_of.entry(aisle).or_insert_with(|| {
                duty.legs.push(Leg { aisle, parts: vec![Vec::new()] });
                duty.legs.len() - 1
            });
            duty.legs[leg].parts[0].push(*slot);
        }
        duty
    }

    fn slots(&self) -> Vec<u32> {
        self.legs.iter().flat_map(Leg::slots).chain(&self.given).copied().collect()
    }
}

/// What a crane has to visit in an aisle: parts that are done one after the other.
#[derive(Debug, Clone)]
struct Leg {
    aisle: u16,
    parts: Vec<Vec<u32>>,
}

impl Leg {
    /// Those of two parts that have anything in them, if one has.
    fn of(aisle: u16, parts: [Vec<u32>; 2]) -> Option<Self> {
        let parts: Vec<Vec<u32>> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        (!parts.is_empty()).then_some(Self { aisle, parts })
    }

    fn slots(&self) -> impl Iterator<Item = &u32> {
        self.parts.iter().flatten()
    }

    /// Visits that it takes a queue's crane at least: at each place, as many as there are locations on the fuller side.
    fn visits(&self, layout: &Layout, queue: QueueIndex) -> usize {
        if !layout.queues()[queue as usize].both_sides {
            return self.slots().count();
        }
        let side = |slot: &u32| layout.slot(*slot).place.map(|place| place.side);
        let mut places: Vec<(Point, bool)> =
            self.points(layout).into_iter().zip(self.slots().map(|slot| side(slot) == Some(Side::Left))).collect();
        places.sort_unstable_by(|(a, _), (b, _)| a.x_m.total_cmp(&b.x_m).then(a.y_m.total_cmp(&b.y_m)));
        let left = |run: &[(Point, bool)]| run.iter().filter(|(_, is_left)| *is_left).count();
        places.chunk_by(|(a, _), (b, _)| a == b).map(|run| left(run).max(run.len() - left(run))).sum()
    }

    /// Where in the aisle its locations are.
    fn points(&self, layout: &Layout) -> Vec<Point> {
        self.slots().filter_map(|slot| layout.position(*slot)).map(|position| position.point).collect()
    }
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
    /// Seconds of travel, as far as it can be computed; not rounded to the milliseconds that timers keep.
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

    fn add_move(&mut self, pace: &Pace, from: Position, to: Position) {
        if let Some(seconds) = pace.seconds(from, to) {
            self.travel_s += seconds;
            self.moves += 1;
        }
    }
}

/// The ways of all cranes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// One for each crane that has anything to do, by queue.
    pub itineraries: Vec<Itinerary>,
    /// No plan lets the last crane be free sooner than after as many seconds, also none that splits aisles between cranes.
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
        known && !self.itineraries.is_empty() && self.makespan_s() <= self.bound_s * (1.0 + EQUAL)
    }
}

/// Kicks (see [`Effort`]) that so many locations of one crane are worth: about 50 ms up to 100 of them and 100 ms up to 1000, for ways
/// that are on average no more than 1 % above their bound.
///
/// Few are worth most of a proof, whose parts count as kicks too and take the longer the more locations there are.
pub fn kicks_for(slots: usize) -> u64 {
    let count = slots.max(1) as u64;
    let search = count.saturating_mul(20).min(1500 + count / 2);
    search.saturating_add(250_000 / count.saturating_mul(count))
}

/// Plans the ways of `cranes`, each of another queue, over `slots`, given in the order in which they were asked for. Every one comes once,
/// also what no crane can reach: that stays with the queue it belongs to. `paces` has an entry a queue; none where nobody knows how its
/// crane moves.
///
/// Each crane's way is worth [`kicks_for`] its locations, or the kicks of `effort` if these are fewer; a clock ends them all.
/// The same values give the same plan, unless the clock cuts the effort short.
pub fn plan(layout: &Layout, paces: &[Option<Pace>], cranes: &[Crane], slots: &[u32], seed: u64, effort: &mut Effort<'_>) -> Plan {
    let duties = assign::assign(layout, paces, cranes, slots, seed);
    let itineraries: Vec<Itinerary> = duties.iter().map(|duty| itinerary(layout, paces, duty, seed, effort)).collect();
    let plan = Plan { itineraries, bound_s: f64::INFINITY };
    // Where moves are unknown, the time that is known may be below what is proved.
    let bound_s = bound::makespan_s(layout, paces, cranes, &plan.itineraries, effort).min(plan.makespan_s());
    Plan { bound_s, ..plan }
}

/// The ways of cranes that visit exactly these locations in exactly this order: what any other rule costs.
pub fn as_given(layout: &Layout, paces: &[Option<Pace>], ways: &[(Crane, Vec<u32>)]) -> Vec<Times> {
    ways.iter().map(|(crane, slots)| times(layout, paces, *crane, slots)).collect()
}

/// Improves the order of what waits for one crane, a few of them new or gone since it was planned: never to a longer one.
///
/// Aisles keep the order in which they come up, but the one that the crane stands in comes first if that is shorter. What has no
/// coordinates comes last. A crane on a rail goes on as planned with what it has to visit first, or last, for the sake of the other.
pub fn replan(layout: &Layout, paces: &[Option<Pace>], crane: Crane, waiting: &[u32], seed: u64, effort: &mut Effort<'_>) -> Vec<u32> {
    itinerary::improved(layout, paces, crane, waiting, seed, effort)
}

/// How long a crane takes for locations in an order.
pub fn times(layout: &Layout, paces: &[Option<Pace>], crane: Crane, slots: &[u32]) -> Times {
    let pace = pace_of(paces, crane.queue);
    let mut times = Times::default();
    let mut at = crane.from;
    for visit in visits(layout, crane.queue, slots) {
        let to = layout.position(visit[0]);
        match (at, to, &pace) {
            (Some(from), Some(to), Some(pace)) => times.add_move(pace, from, to),
            _ => times.unknown_moves += 1,
        }
        at = to;
        times.visits += 1;
    }
    let Some(pace) = pace else { return times };
    times.dwell_s = pace.dwell.as_secs_f64() * times.visits as f64;
    match (at, home(layout, &pace, crane.queue)) {
        (Some(from), Some(home)) => times.add_move(&pace, from, home),
        (None, Some(_)) => times.unknown_moves += 1,
        (_, None) => {}
    }
    times
}

fn pace_of(paces: &[Option<Pace>], queue: QueueIndex) -> Option<Pace> {
    paces.get(queue as usize).copied().flatten()
}

/// Where a queue's crane has to end up.
fn home(layout: &Layout, pace: &Pace, queue: QueueIndex) -> Option<Position> {
    layout.queues()[queue as usize].home.filter(|_| pace.returns_home)
}

/// The visits that a crane makes of locations in an order: one each, or both sides of the aisle at once where it can.
pub fn visits<'a>(layout: &'a Layout, queue: QueueIndex, slots: &'a [u32]) -> impl Iterator<Item = &'a [u32]> {
    slots.chunk_by(move |a, b| layout.is_one_visit(queue, *a, *b)).flat_map(|run| run.chunks(2))
}
