//! One crane's way over what was assigned to it.

use super::{Crane, Duty, FRONT, Itinerary, Order, Pace, times};
use crate::layout::{Layout, Position};
use crate::route::{Effort, End, Point, Problem, Proof, Route, improve, solve};

/// The shortest way that is found over a duty.
pub(super) fn itinerary(layout: &Layout, paces: &[Option<Pace>], duty: &Duty, seed: u64, effort: &mut Effort<'_>) -> Itinerary {
    let crane = duty.crane;
    let given = |order: Order| {
        let slots = duty.parts.concat();
        Itinerary { crane, order, times: times(layout, paces, crane, &slots), slots, bound_s: 0.0 }
    };
    let Some(pace) = paces[crane.queue as usize] else { return given(Order::GivenDispatched) };
    if duty.parts.iter().all(|part| is_opaque(layout, part)) {
        return given(Order::GivenOpaque);
    }
    let whole: usize = duty.parts.iter().map(Vec::len).sum();
    let mut way = Way { layout, pace, crane, at: crane.from, slots: Vec::with_capacity(whole), order: Order::Optimal, bound_s: 0.0 };
    for (index, part) in duty.parts.iter().enumerate() {
        let kicks = super::kicks_for(part.len());
        way.append(part, way.end_before(duty.parts.get(index + 1)), |problem| solve(problem, seed, &mut effort.part(kicks)));
    }
    // Parts that share an aisle could have been one: what bounds them is the way over all of it.
    if duty.parts.windows(2).any(|pair| aisle_of(layout, &pair[0]).is_some_and(|aisle| aisle_of(layout, &pair[1]) == Some(aisle))) {
        let mut whole = Way { at: crane.from, slots: Vec::new(), bound_s: 0.0, ..way };
        whole.append(&duty.parts.concat(), whole.end_before(None), |problem| solve(problem, seed, &mut effort.part(0)));
        way.bound_s = whole.bound_s;
        way.order = Order::Within;
    }
    let times = times(layout, paces, crane, &way.slots);
    // Every order has as many moves: what is at one position is visited together.
    way.bound_s += pace.overhead.as_secs_f64() * times.moves as f64;
    // Whole milliseconds a move, which a bound in exact seconds knows nothing of.
    let order = if times.travel_s <= way.bound_s + 1e-9 { Order::Optimal } else { way.order };
    Itinerary { crane, order, times, bound_s: way.bound_s.min(times.travel_s), slots: way.slots }
}

/// The order of what waits, improved; aisles in the order in which they come up.
pub(super) fn improved(
    layout: &Layout,
    paces: &[Option<Pace>],
    crane: Crane,
    waiting: &[u32],
    seed: u64,
    effort: &mut Effort<'_>,
) -> Vec<u32> {
    let Some(pace) = paces[crane.queue as usize] else { return waiting.to_vec() };
    let mut parts: Vec<Vec<u32>> = Vec::new();
    for slot in waiting {
        let aisle = layout.position(*slot).map(|position| position.aisle);
        match parts.iter_mut().find(|part| aisle_of(layout, part) == aisle) {
            Some(part) => part.push(*slot),
            None => parts.push(vec![*slot]),
        }
    }
    // The aisle that the crane stands in comes first, what has no coordinates last.
    let here = crane.from.map(|position| position.aisle);
    parts.sort_by_key(|part| match aisle_of(layout, part) {
        None => 2,
        aisle => u8::from(aisle != here),
    });
    let mut way = Way { layout, pace, crane, at: crane.from, slots: Vec::new(), order: Order::Optimal, bound_s: 0.0 };
    for (index, part) in parts.iter().enumerate() {
        let order: Vec<u32> = (0..part.len() as u32).collect();
        way.append(part, way.end_before(parts.get(index + 1)), |problem| {
            improve(problem, &order, seed, &mut effort.part(super::kicks_for(part.len())))
        });
    }
    way.slots
}

/// A way under construction.
#[derive(Clone)]
struct Way<'l> {
    layout: &'l Layout,
    pace: Pace,
    crane: Crane,
    /// Where it leads so far.
    at: Option<Position>,
    slots: Vec<u32>,
    order: Order,
    bound_s: f64,
}

impl Way<'_> {
    /// Where the part before `next` has to end.
    fn end_before(&self, next: Option<&Vec<u32>>) -> WayEnd {
        match next {
            Some(_) => WayEnd::Next(next.and_then(|part| aisle_of(self.layout, part))),
            None => WayEnd::Last,
        }
    }

    /// Goes over one part.
    fn append(&mut self, part: &[u32], end: WayEnd, route: impl FnOnce(&Problem) -> Route) {
        let Some(aisle) = aisle_of(self.layout, part) else {
            self.slots.extend(part);
            self.at = None;
            return;
        };
        let points: Vec<Point> = part.iter().filter_map(|slot| self.layout.position(*slot)).map(|position| position.point).collect();
        let change = self.at.filter(|at| at.aisle != aisle);
        let start = if change.is_some() { Some(FRONT) } else { self.at.map(|at| at.point) };
        let home = self.layout.queues()[self.crane.queue as usize].home.filter(|_| self.pace.returns_home);
        let goal = match end {
            WayEnd::Next(Some(next)) if next != aisle => Some(FRONT),
            WayEnd::Next(_) => None,
            WayEnd::Last => home.map(|home| if home.aisle == aisle { home.point } else { FRONT }),
        };
        let problem = match Problem::new(points, start, goal.map_or(End::Open, End::At), self.pace.kinematics) {
            Ok(problem) => problem,
            // Coordinates beyond all measure: nothing can be computed of them.
            Err(_) => {
                self.slots.extend(part);
                self.at = None;
                self.order = Order::Within;
                return;
            }
        };
        let route = route(&problem);
        if route.proof == Proof::Within {
            self.order = Order::of(route.proof);
        }
        let first = self.slots.len();
        self.slots.extend(route.order.iter().map(|index| part[*index as usize]));
        self.face(first);
        self.bound_s += route.bound_s + change.map_or(0.0, |_| self.pace.aisle_change.as_secs_f64());
        self.at = self.slots.last().and_then(|slot| self.layout.position(*slot));
    }

    /// Puts what is at the same position in such an order that both sides come together.
    fn face(&mut self, first: usize) {
        let layout = self.layout;
        let here = |slot: &u32| layout.position(*slot);
        for run in self.slots[first..].chunk_by_mut(|a, b| here(a) == here(b)) {
            run.sort_by_key(|slot| layout.slot(*slot).place.map(|place| (place.depth, place.side, *slot)));
        }
    }
}

/// What follows a part of a way.
enum WayEnd {
    /// Another part, in that aisle.
    Next(Option<u16>),
    /// Nothing.
    Last,
}

fn aisle_of(layout: &Layout, part: &[u32]) -> Option<u16> {
    part.first().and_then(|slot| layout.position(*slot)).map(|position| position.aisle)
}

fn is_opaque(layout: &Layout, part: &[u32]) -> bool {
    aisle_of(layout, part).is_none()
}
