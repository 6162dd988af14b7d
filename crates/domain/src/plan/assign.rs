//! Who visits what: aisles to cranes, and the aisle of a rail to its two.

use std::collections::BTreeMap;

use super::aisles::{Ends, Estimates, Round, Seconds};
use super::{Crane, Duty, Leg, Pace, pace_of, rail, share};
use crate::lane::QueueIndex;
use crate::layout::Layout;

/// Among which cranes a plan can choose for an aisle.
pub(super) struct Choices<'l> {
    layout: &'l Layout,
    paces: &'l [Option<Pace>],
    cranes: &'l [Crane],
    known: BTreeMap<u16, Vec<Crane>>,
}

impl<'l> Choices<'l> {
    pub(super) fn new(layout: &'l Layout, paces: &'l [Option<Pace>], cranes: &'l [Crane]) -> Self {
        Self { layout, paces, cranes, known: BTreeMap::new() }
    }

    /// The cranes that reach an aisle. None if nobody knows how one of them moves: then nothing can be weighed against it.
    pub(super) fn of(&mut self, aisle: u16) -> &[Crane] {
        let Self { layout, paces, cranes, known } = self;
        known.entry(aisle).or_insert_with(|| {
            let reaches = |crane: &&Crane| layout.queues()[crane.queue as usize].aisles.contains(&aisle);
            let able: Vec<Crane> = cranes.iter().filter(reaches).copied().collect();
            if able.iter().all(|crane| pace_of(paces, crane.queue).is_some()) { able } else { Vec::new() }
        })
    }

    /// Whose a location is that no choice is made for: its own queue's, unless that is out of work and another one reaches it.
    fn owner(&self, slot: u32) -> QueueIndex {
        let slot = self.layout.slot(slot);
        let is_own = |crane: &&Crane| crane.queue == slot.queue;
        let able = |crane: &&Crane| self.layout.can_serve(crane.queue, slot);
        self.cranes.iter().find(is_own).or_else(|| self.cranes.iter().find(able)).map_or(slot.queue, |crane| crane.queue)
    }
}

/// Assigns every location to one of the cranes, each of another queue. What none of them can reach stays with the queue it belongs to.
pub(super) fn assign(layout: &Layout, paces: &[Option<Pace>], cranes: &[Crane], slots: &[u32], seed: u64) -> Vec<Duty> {
    let mut choices = Choices::new(layout, paces, cranes);
    let mut duties: BTreeMap<QueueIndex, Vec<u32>> = BTreeMap::new();
    let mut open: BTreeMap<u16, Vec<u32>> = BTreeMap::new();
    for slot in slots {
        let able = layout.position(*slot).map(|position| (position.aisle, choices.of(position.aisle)));
        match able {
            Some((_, [only])) => duties.entry(only.queue).or_default().push(*slot),
            Some((aisle, [_, _, ..])) => open.entry(aisle).or_default().push(*slot),
            _ => duties.entry(choices.owner(*slot)).or_default().push(*slot),
        }
    }
    let crane = |queue| cranes.iter().copied().find(|crane| crane.queue == queue).unwrap_or(Crane { queue, from: None });
    let mut duties: BTreeMap<QueueIndex, Duty> = duties
        .into_iter()
        .map(|(queue, slots)| match pace_of(paces, queue) {
            Some(_) => (queue, Duty::over(layout, crane(queue), &slots)),
            None => (queue, Duty { crane: crane(queue), legs: Vec::new(), given: slots }),
        })
        .collect();
    let mut shared = Vec::new();
    for (aisle, slots) in open {
        let leg = Leg { aisle, parts: vec![slots] };
        let (able, on_rail) =
            (choices.of(aisle), |a: &Crane, b: &Crane| layout.rail_of(a.queue).filter(|rail| rail.queues.contains(&b.queue)));
        if let [one, other] = able
            && let Some(rail) = on_rail(one, other)
        {
            for (crane, leg) in rail::split(layout, paces, [*one, *other], rail, &leg, seed) {
                duties.entry(crane.queue).or_insert_with(|| Duty::none(crane)).legs.push(leg);
            }
        } else {
            shared.push(leg);
        }
    }
    share::share(layout, paces, &mut choices, shared, &mut duties, seed);
    duties.into_values().map(|duty| arranged(layout, paces, duty, seed)).collect()
}

/// The aisles of a duty in the order that makes the shortest round.
fn arranged(layout: &Layout, paces: &[Option<Pace>], duty: Duty, seed: u64) -> Duty {
    let Some(pace) = pace_of(paces, duty.crane.queue).filter(|_| duty.legs.len() > 1) else { return duty };
    let ends = Ends::new(layout, &pace, &duty);
    let seconds: Vec<Seconds> = duty.legs.iter().map(|leg| Estimates::new(layout, leg, seed).of(&ends, leg.aisle)).collect();
    Duty { legs: Round::over(&ends, &seconds).arrange(duty.legs), ..duty }
}
