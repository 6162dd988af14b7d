//! Whole aisles to cranes that share them: the most work first, then moved off the crane that is done last.

use std::collections::BTreeMap;

use super::aisles::{Ends, Estimates, Round, Seconds};
use super::assign::Choices;
use super::bound::distinct;
use super::{Crane, Duty, Leg, Pace, pace_of};
use crate::lane::QueueIndex;
use crate::layout::Layout;

/// Exchanges of two aisles are tried as long as there are no more of them.
const MOST_EXCHANGES: usize = 10_000;
/// Improvements of an assignment at most.
const MOST_ROUNDS: usize = 1000;
/// Seconds that are worth a change.
const NOTABLE_S: f64 = 1e-6;

/// Hands out `aisles`, each to one of the cranes that have the choice, on top of what they have to do already.
pub(super) fn share(
    layout: &Layout,
    paces: &[Option<Pace>],
    choices: &mut Choices<'_>,
    aisles: Vec<Leg>,
    duties: &mut BTreeMap<QueueIndex, Duty>,
    seed: u64,
) {
    let mut cranes: Vec<Crane> = aisles.iter().flat_map(|leg| choices.of(leg.aisle).to_vec()).collect();
    cranes.sort_unstable_by_key(|crane| crane.queue);
    cranes.dedup_by_key(|crane| crane.queue);
    let mut takers: Vec<Taker> = Vec::new();
    for crane in cranes {
        let Some(pace) = pace_of(paces, crane.queue) else { continue };
        let duty = duties.entry(crane.queue).or_insert_with(|| Duty::none(crane));
        let mut taker = Taker { crane, ends: Ends::new(layout, &pace, duty), standing_s: 0.0, own: Vec::new(), taken: Vec::new() };
        taker.standing_s = duty.given.len() as f64 * pace.dwell.as_secs_f64();
        for leg in &duty.legs {
            taker.standing_s += standing_s(layout, &pace, crane, leg);
            taker.own.push(Estimates::new(layout, leg, seed).of(&taker.ends, leg.aisle));
        }
        takers.push(taker);
    }
    let mut shared: Vec<Shared> = Vec::with_capacity(aisles.len());
    for leg in aisles {
        let mut estimates = Estimates::new(layout, &leg, seed);
        let able = choices.of(leg.aisle);
        let work = takers.iter().map(|taker| {
            let pace = pace_of(paces, taker.crane.queue).filter(|_| able.contains(&taker.crane))?;
            Some(Work { seconds: estimates.of(&taker.ends, leg.aisle), standing_s: standing_s(layout, &pace, taker.crane, &leg) })
        });
        let work = work.collect();
        shared.push(Shared { leg, work });
    }
    shared.sort_by(|a, b| b.most_s().total_cmp(&a.most_s()).then(a.leg.aisle.cmp(&b.leg.aisle)));
    Sharing { shared: &shared, takers: &mut takers }.settle();
    let mut legs: Vec<Option<Leg>> = shared.into_iter().map(|shared| Some(shared.leg)).collect();
    for taker in takers {
        if let Some(duty) = duties.get_mut(&taker.crane.queue) {
            duty.legs.extend(taker.taken.iter().filter_map(|aisle| legs[*aisle].take()));
            duty.legs.sort_by_key(|leg| leg.aisle);
        }
    }
    duties.retain(|_, duty| !duty.legs.is_empty() || !duty.given.is_empty());
}

/// Seconds in an aisle besides travel.
fn standing_s(layout: &Layout, pace: &Pace, crane: Crane, leg: &Leg) -> f64 {
    let moves = distinct(layout, leg.slots()).len();
    pace.dwell.as_secs_f64() * leg.visits(layout, crane.queue) as f64 + pace.overhead.as_secs_f64() * moves as f64
}

/// A crane that takes aisles.
struct Taker {
    crane: Crane,
    ends: Ends,
    /// Seconds besides travel for what it has to do already, and the aisles of that.
    standing_s: f64,
    own: Vec<Seconds>,
    /// What it takes besides, by number.
    taken: Vec<usize>,
}

/// An aisle that several cranes can take, and what each of them would have to do; none for those that cannot.
struct Shared {
    leg: Leg,
    work: Vec<Option<Work>>,
}

struct Work {
    seconds: Seconds,
    standing_s: f64,
}

impl Shared {
    fn most_s(&self) -> f64 {
        self.work.iter().flatten().map(|work| work.seconds.middle + work.standing_s).fold(0.0, f64::max)
    }
}

struct Sharing<'s> {
    shared: &'s [Shared],
    takers: &'s mut [Taker],
}

impl Sharing<'_> {
    /// The longest aisles first, each to whoever is done with it first; then single aisles are moved, or two exchanged, as long as the
    /// crane that is done last is done sooner for it.
    fn settle(&mut self) {
        for aisle in 0..self.shared.len() {
            let done = |taker: &usize| self.done_s(*taker, None, Some(aisle));
            let able = (0..self.takers.len()).filter(|taker| self.shared[aisle].work[*taker].is_some());
            if let Some(soonest) = able.min_by(|a, b| done(a).total_cmp(&done(b))) {
                self.takers[soonest].taken.push(aisle);
            }
        }
        for _ in 0..MOST_ROUNDS {
            let Some((last, change)) = self.better() else { return };
            self.takers[last].taken.retain(|aisle| *aisle != change.gives);
            self.takers[last].taken.extend(change.gets);
            let other = &mut self.takers[change.other].taken;
            other.retain(|aisle| Some(*aisle) != change.gets);
            other.push(change.gives);
        }
    }

    /// The change that relieves the crane that is done last the most.
    fn better(&self) -> Option<(usize, Change)> {
        let done: Vec<f64> = (0..self.takers.len()).map(|taker| self.done_s(taker, None, None)).collect();
        let last = (0..done.len()).max_by(|a, b| done[*a].total_cmp(&done[*b]).then(b.cmp(a)))?;
        let mut best: Option<(f64, Change)> = None;
        let mut consider = |change: Change| {
            let Change { gives, other, gets } = change;
            let later = self.done_s(last, Some(gives), gets).max(self.done_s(other, gets, Some(gives)));
            if later < best.as_ref().map_or(done[last], |best| best.0) - NOTABLE_S {
                best = Some((later, change));
            }
        };
        let gives = &self.takers[last].taken;
        let exchanges = gives.len() * (self.shared.len() - gives.len());
        for gives in gives {
            for other in (0..self.takers.len()).filter(|other| *other != last && self.shared[*gives].work[*other].is_some()) {
                consider(Change { gives: *gives, other, gets: None });
                let gets =
                    self.takers[other].taken.iter().filter(|gets| exchanges <= MOST_EXCHANGES && self.shared[**gets].work[last].is_some());
                gets.for_each(|gets| consider(Change { gives: *gives, other, gets: Some(*gets) }));
            }
        }
        best.map(|(_, change)| (last, change))
    }

    /// When a crane is done, without an aisle that it gives away, and with one that it gets.
    fn done_s(&self, taker: usize, gives: Option<usize>, gets: Option<usize>) -> f64 {
        let Taker { ends, standing_s, own, taken, .. } = &self.takers[taker];
        let works = taken
            .iter()
            .copied()
            .filter(|aisle| Some(*aisle) != gives)
            .chain(gets)
            .filter_map(|aisle| self.shared[aisle].work[taker].as_ref());
        let standing: f64 = works.clone().map(|work| work.standing_s).sum();
        let aisles: Vec<Seconds> = own.iter().copied().chain(works.map(|work| work.seconds)).collect();
        standing_s + standing + Round::over(ends, &aisles).seconds
    }
}

/// The crane that is done last gives an aisle to another one, and may get one for it.
struct Change {
    gives: usize,
    other: usize,
    gets: Option<usize>,
}
