//! One crane's way over what was assigned to it.

use super::aisles::Ends;
use super::bound::{self, Proved};
use super::{Crane, Duty, EQUAL, Itinerary, Leg, Order, Pace, kicks_for, pace_of, rail, times};
use crate::lane::QueueIndex;
use crate::layout::Layout;
use crate::location::Side;
use crate::route::{Effort, End, Point, Problem, Route, improve, solve};

/// The shortest way that is found over a duty, its legs in this order.
pub(super) fn itinerary(layout: &Layout, paces: &[Option<Pace>], duty: &Duty, seed: u64, effort: &mut Effort<'_>) -> Itinerary {
    let crane = duty.crane;
    let as_given = |order| {
        let times = times(layout, paces, crane, &duty.given);
        Itinerary { crane, slots: duty.given.clone(), order, times, bound_s: 0.0 }
    };
    let Some(pace) = pace_of(paces, crane.queue) else { return as_given(Order::GivenDispatched) };
    if duty.legs.is_empty() {
        return as_given(Order::GivenOpaque);
    }
    let ends = Ends::new(layout, &pace, duty);
    let whole: usize = duty.legs.iter().map(|leg| leg.slots().count()).sum();
    let kicks = kicks_for(whole);
    let mut way = Way::new(layout, crane.queue, &pace);
    let mut proved = Vec::with_capacity(duty.legs.len());
    for (index, leg) in duty.legs.iter().enumerate() {
        let (start, goal) = (ends.start(leg.aisle, index == 0), ends.goal(leg.aisle, index + 1 == duty.legs.len()));
        let least_s = way.append(leg, start, goal, |problem, _| {
            let share = kicks * problem.points().len() as u64 / whole as u64;
            solve(problem, seed, &mut effort.part(share))
        });
        proved.push(least_s.map(|least_s| Proved { start, goal, least_s }));
    }
    let mut slots = way.slots;
    slots.extend(&duty.given);
    let times = times(layout, paces, crane, &slots);
    let bound_s = bound::travel_s(layout, &pace, duty, &ends, &proved, effort).min(times.travel_s);
    let order = if duty.given.is_empty() && times.travel_s <= bound_s * (1.0 + EQUAL) { Order::Optimal } else { Order::Within };
    Itinerary { crane, slots, order, times, bound_s }
}

/// The order of what waits, improved: aisle by aisle, what has no coordinates last. Never longer than the order at hand.
pub(super) fn improved(
    layout: &Layout,
    paces: &[Option<Pace>],
    crane: Crane,
    waiting: &[u32],
    seed: u64,
    effort: &mut Effort<'_>,
) -> Vec<u32> {
    let Some(pace) = pace_of(paces, crane.queue) else { return waiting.to_vec() };
    let mut duty = Duty::over(layout, crane, waiting);
    let travel_s = |duty: &Duty| times(layout, paces, crane, &duty.slots()).travel_s;
    // Aisles as they come up, or first the one that the crane stands in.
    let here = crane.from.map(|from| from.aisle);
    if duty.legs.iter().skip(1).any(|leg| Some(leg.aisle) == here) {
        let mut here_first = duty.clone();
        here_first.legs.sort_by_key(|leg| Some(leg.aisle) != here);
        if travel_s(&here_first) < travel_s(&duty) {
            duty = here_first;
        }
    }
    if let ([leg], Some(rail)) = (&mut duty.legs[..], layout.rail_of(crane.queue)) {
        rail::keep_apart(layout, rail, crane.queue, leg);
    }
    let way = quick(layout, &pace, &duty, seed, effort);
    let (before, after) = (times(layout, paces, crane, waiting), times(layout, paces, crane, &way));
    // Where fewer moves are unknown, more of them are counted: that says nothing.
    let is_longer = after.unknown_moves == before.unknown_moves && after.makespan_s() > before.makespan_s();
    if is_longer { waiting.to_vec() } else { way }
}

/// A way over a duty that is looked for from the order at hand, without a proof.
pub(super) fn quick(layout: &Layout, pace: &Pace, duty: &Duty, seed: u64, effort: &mut Effort<'_>) -> Vec<u32> {
    let ends = Ends::new(layout, pace, duty);
    let mut way = Way::new(layout, duty.crane.queue, pace);
    for (index, leg) in duty.legs.iter().enumerate() {
        let (start, goal) = (ends.start(leg.aisle, index == 0), ends.goal(leg.aisle, index + 1 == duty.legs.len()));
        way.append(leg, start, goal, |problem, at_hand| improve(problem, at_hand, seed, &mut effort.part(kicks_for(at_hand.len()))));
    }
    way.slots.extend(&duty.given);
    way.slots
}

/// A way under construction.
struct Way<'l> {
    layout: &'l Layout,
    queue: QueueIndex,
    pace: &'l Pace,
    slots: Vec<u32>,
}

impl<'l> Way<'l> {
    fn new(layout: &'l Layout, queue: QueueIndex, pace: &'l Pace) -> Self {
        Self { layout, queue, pace, slots: Vec::new() }
    }

    /// Goes through an aisle by a `route` over each part of it, which is told the order at hand; says how many seconds that takes at
    /// least, if it is one route.
    fn append(&mut self, leg: &Leg, mut start: Option<Point>, goal: End, mut route: impl FnMut(&Problem, &[u32]) -> Route) -> Option<f64> {
        let mut least_s = None;
        for (index, part) in leg.parts.iter().enumerate() {
            let points = part.iter().filter_map(|slot| self.layout.position(*slot)).map(|position| position.point).collect();
            let goal = match leg.parts.get(index + 1) {
                // The way goes on: towards bay 0, as a rail is cut.
                Some(next) => self.farthest(next).map_or(End::Open, End::At),
                None => goal,
            };
            let first = self.slots.len();
            match Problem::new(points, start, goal, self.pace.kinematics) {
                Ok(problem) => {
                    let at_hand: Vec<u32> = (0..part.len() as u32).collect();
                    let route = route(&problem, &at_hand);
                    self.slots.extend(route.order.iter().map(|index| part[*index as usize]));
                    least_s = Some(route.bound_s);
                }
                // Coordinates beyond all measure: nothing can be computed of them.
                Err(_) => self.slots.extend(part),
            }
            self.face(first);
            start = self.slots.last().and_then(|slot| self.layout.position(*slot)).map(|position| position.point);
        }
        least_s.filter(|_| leg.parts.len() == 1)
    }

    fn farthest(&self, slots: &[u32]) -> Option<Point> {
        let points = slots.iter().filter_map(|slot| self.layout.position(*slot)).map(|position| position.point);
        points.max_by(|a, b| a.x_m.total_cmp(&b.x_m))
    }

    /// Puts what is at the same position in such an order that left and right alternate as long as there are both.
    fn face(&mut self, first: usize) {
        let layout = self.layout;
        if !layout.queues()[self.queue as usize].both_sides {
            return;
        }
        let position = |slot: &u32| layout.position(*slot);
        let place = |slot: &u32| layout.slot(*slot).place;
        for run in self.slots[first..].chunk_by_mut(|a, b| position(a) == position(b)).filter(|run| run.len() > 1) {
            run.sort_by_key(|slot| place(slot).map(|place| place.depth));
            let is_left = |slot: &u32| place(slot).is_some_and(|place| place.side == Side::Left);
            let (left, right): (Vec<u32>, Vec<u32>) = run.iter().partition(|slot| is_left(slot));
            let both = left.len().min(right.len());
            let pairs = left.iter().zip(&right).flat_map(|(left, right)| [*left, *right]);
            let rest = left[both..].iter().chain(&right[both..]).copied();
            run.iter_mut().zip(pairs.chain(rest).collect::<Vec<_>>()).for_each(|(slot, next)| *slot = next);
        }
    }
}
