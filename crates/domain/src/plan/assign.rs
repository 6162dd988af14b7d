//! Who visits what: aisles to cranes, and the aisle of a rail to its two.

use std::collections::BTreeMap;

use super::{Crane, Duty, FRONT, Pace, rail, visits};
use crate::lane::QueueIndex;
use crate::layout::Layout;
use crate::route::{Effort, End, Point, Problem, solve};

/// Assigns every location to one of the cranes. What none of them can reach stays with the queue it belongs to.
pub(super) fn assign(layout: &Layout, paces: &[Option<Pace>], cranes: &[Crane], slots: &[u32], seed: u64) -> Vec<Duty> {
    let mut hands = Hands { layout, paces, cranes, seed, parts: BTreeMap::new() };
    let mut aisles: BTreeMap<u16, Vec<u32>> = BTreeMap::new();
    let mut opaque: BTreeMap<QueueIndex, Vec<u32>> = BTreeMap::new();
    for slot in slots {
        match layout.position(*slot) {
            Some(position) => aisles.entry(position.aisle).or_default().push(*slot),
            None => opaque.entry(layout.slot(*slot).queue).or_default().push(*slot),
        }
    }
    let mut shared = Vec::new();
    for (aisle, slots) in aisles {
        let able: Vec<Crane> =
            cranes.iter().copied().filter(|crane| layout.queues()[crane.queue as usize].aisles.contains(&aisle)).collect();
        let paced = able.iter().all(|crane| paces[crane.queue as usize].is_some());
        match able[..] {
            [] => hands.give(layout.slot(slots[0]).queue, slots),
            [only] => hands.give(only.queue, slots),
            // Nobody knows how the cranes behind a dispatcher move, so nothing can be weighed against it.
            _ if !paced => hands.give(layout.slot(slots[0]).queue, slots),
            [one, other] if layout.rail_of(one.queue).is_some_and(|rail| rail.queues.contains(&other.queue)) => {
                for duty in rail::split(layout, paces, [one, other], slots, seed) {
                    hands.parts.entry(duty.crane.queue).or_default().extend(duty.parts);
                }
            }
            _ => shared.push(Shared { aisle, work_s: hands.work_s(able[0], &slots), slots, able }),
        }
    }
    hands.share(shared);
    for (queue, slots) in opaque {
        hands.give(queue, slots);
    }
    let crane = |queue| cranes.iter().copied().find(|crane| crane.queue == queue).unwrap_or(Crane { queue, from: None });
    let parts = hands.parts.into_iter().filter(|(_, parts)| !parts.is_empty());
    parts.map(|(queue, parts)| Duty { crane: crane(queue), parts }).collect()
}

/// An aisle that several cranes can serve.
struct Shared {
    aisle: u16,
    slots: Vec<u32>,
    able: Vec<Crane>,
    /// Seconds of travel from its front and back, and of standing.
    work_s: f64,
}

struct Hands<'l> {
    layout: &'l Layout,
    paces: &'l [Option<Pace>],
    cranes: &'l [Crane],
    seed: u64,
    parts: BTreeMap<QueueIndex, Vec<Vec<u32>>>,
}

impl Hands<'_> {
    fn give(&mut self, queue: QueueIndex, slots: Vec<u32>) {
        self.parts.entry(queue).or_default().push(slots);
    }

    /// Whole aisles to whoever is done with them first, the most work first; then aisles are moved off the crane that is done last as
    /// long as that helps.
    fn share(&mut self, mut shared: Vec<Shared>) {
        shared.sort_by(|a, b| b.work_s.total_cmp(&a.work_s).then(a.aisle.cmp(&b.aisle)));
        let mut takers: Vec<QueueIndex> = Vec::with_capacity(shared.len());
        for index in 0..shared.len() {
            let done = |crane: &Crane| {
                takers.push(crane.queue);
                let done = self.done_s(crane.queue, &shared[..=index], &takers);
                takers.pop();
                done
            };
            let soonest = soonest(&shared[index].able, done);
            takers.push(soonest);
        }
        self.balance(&shared, &mut takers);
        for (aisle, taker) in shared.into_iter().zip(takers) {
            self.give(taker, aisle.slots);
        }
        // The aisle in which a crane stands comes first: it need not change for it.
        for crane in self.cranes {
            let (layout, here) = (self.layout, crane.from.map(|from| from.aisle));
            if let Some(parts) = self.parts.get_mut(&crane.queue) {
                parts.sort_by_key(|part| part.first().and_then(|slot| layout.position(*slot)).map(|position| position.aisle) != here);
            }
        }
    }

    /// Moves single aisles, or exchanges two, while the last of all cranes is done sooner for it.
    fn balance(&self, shared: &[Shared], takers: &mut Vec<QueueIndex>) {
        let mut last = self.last_s(shared, takers);
        let rounds = shared.len() * self.cranes.len();
        for _ in 0..rounds {
            let mut best: Option<(f64, Vec<QueueIndex>)> = None;
            let mut consider = |takers: Vec<QueueIndex>| {
                let done = self.last_s(shared, &takers);
                if done < last - 1e-6 && best.as_ref().is_none_or(|(best, _)| done < *best) {
                    best = Some((done, takers));
                }
            };
            for aisle in 0..shared.len() {
                for crane in shared[aisle].able.iter().filter(|crane| crane.queue != takers[aisle]) {
                    let mut moved = takers.clone();
                    moved[aisle] = crane.queue;
                    consider(moved);
                }
                for other in aisle + 1..shared.len() {
                    let can = |aisle: usize, queue| shared[aisle].able.iter().any(|crane| crane.queue == queue);
                    if takers[aisle] != takers[other] && can(aisle, takers[other]) && can(other, takers[aisle]) {
                        let mut exchanged = takers.clone();
                        exchanged.swap(aisle, other);
                        consider(exchanged);
                    }
                }
            }
            match best {
                Some((done, better)) => (last, *takers) = (done, better),
                None => return,
            }
        }
    }

    fn last_s(&self, shared: &[Shared], takers: &[QueueIndex]) -> f64 {
        self.cranes.iter().map(|crane| self.done_s(crane.queue, shared, takers)).fold(0.0, f64::max)
    }

    /// When a crane is done with what it has and with the shared aisles that it takes.
    fn done_s(&self, queue: QueueIndex, shared: &[Shared], takers: &[QueueIndex]) -> f64 {
        let Some(pace) = self.paces[queue as usize] else { return 0.0 };
        let Some(crane) = self.cranes.iter().find(|crane| crane.queue == queue) else { return 0.0 };
        let own = self.parts.get(&queue).map_or(0.0, |parts| parts.iter().map(|part| self.work_s(*crane, part)).sum());
        let here = crane.from.map(|from| from.aisle);
        let taken = || shared.iter().zip(takers).filter(|(_, taker)| **taker == queue).map(|(aisle, _)| aisle);
        let aisles = taken().count() + self.parts.get(&queue).map_or(0, Vec::len);
        // It need not change for the aisle that it stands in.
        let stays = taken().any(|aisle| Some(aisle.aisle) == here) || own > 0.0 || here.is_none();
        let changes = aisles.saturating_sub(usize::from(stays));
        own + taken().map(|aisle| aisle.work_s).sum::<f64>() + changes as f64 * pace.aisle_change.as_secs_f64()
    }

    /// Seconds for locations of one aisle from its front and back, near enough to weigh aisles against each other.
    fn work_s(&self, crane: Crane, slots: &[u32]) -> f64 {
        let Some(pace) = self.paces[crane.queue as usize] else { return 0.0 };
        let stops = visits(self.layout, crane.queue, slots).count();
        let travel = travel_s(self.layout, &pace, Some(FRONT), End::At(FRONT), slots, self.seed);
        travel + (pace.dwell + pace.overhead).as_secs_f64() * stops as f64
    }
}

fn soonest(able: &[Crane], mut done: impl FnMut(&Crane) -> f64) -> QueueIndex {
    let mut best = (f64::INFINITY, able[0].queue);
    for crane in able {
        let done = done(crane);
        if done < best.0 - 1e-6 {
            best = (done, crane.queue);
        }
    }
    best.1
}

/// Seconds of a short way over locations of one aisle, without much ado.
pub(super) fn travel_s(layout: &Layout, pace: &Pace, from: Option<Point>, end: End, slots: &[u32], seed: u64) -> f64 {
    let points = slots.iter().filter_map(|slot| layout.position(*slot)).map(|position| position.point).collect();
    Problem::new(points, from, end, pace.kinematics).map_or(0.0, |problem| solve(&problem, seed, &mut Effort::kicks(0)).travel_s)
}
