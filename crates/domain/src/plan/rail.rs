//! Two cranes on one rail: where their aisle is cut in two, so that both are done at about the same time.

use super::itinerary::quick;
use super::{Crane, Duty, Leg, Pace, times};
use crate::lane::QueueIndex;
use crate::layout::{Layout, Rail};
use crate::route::Effort;

/// Splits the locations of a rail's aisle between its two cranes.
///
/// Near the cut they could hinder each other. So the crane nearer to bay 0 visits what is near it first, and the other one last: each
/// is there while the other is far off.
pub(super) fn split(layout: &Layout, paces: &[Option<Pace>], cranes: [Crane; 2], rail: &Rail, leg: &Leg, seed: u64) -> Vec<(Crane, Leg)> {
    let [low, high] = if cranes[0].queue == rail.queues[0] { cranes } else { [cranes[1], cranes[0]] };
    let x = |slot: &u32| x_m(layout, *slot);
    let mut along: Vec<u32> = leg.slots().copied().collect();
    along.sort_by(|a, b| x(a).total_cmp(&x(b)).then(a.cmp(b)));
    // Only between different columns: what is in one column stays together.
    let mut cuts: Vec<usize> = (1..along.len()).filter(|cut| x(&along[cut - 1]) < x(&along[*cut])).collect();
    cuts.insert(0, 0);
    cuts.push(along.len());
    let duties = |cut: usize| {
        let (lower, upper) = along.split_at(cut);
        let meets_upper = |slot: &u32| upper.first().is_some_and(|limit| x(slot) > x(limit) - rail.gap_m);
        let meets_lower = |slot: &u32| lower.last().is_some_and(|limit| x(slot) < x(limit) + rail.gap_m);
        let (first, rest): (Vec<u32>, Vec<u32>) = lower.iter().partition(|slot| meets_upper(slot));
        let (last, before): (Vec<u32>, Vec<u32>) = upper.iter().partition(|slot| meets_lower(slot));
        let duty = |crane, parts| Duty { crane, legs: Leg::of(leg.aisle, parts).into_iter().collect(), given: Vec::new() };
        [duty(low, [first, rest]), duty(high, [before, last])]
    };
    let seconds = |duty: &Duty| match super::pace_of(paces, duty.crane.queue) {
        Some(pace) => times(layout, paces, duty.crane, &quick(layout, &pace, duty, seed, &mut Effort::kicks(0))).makespan_s(),
        None => 0.0,
    };
    // The one's time grows with the cut and the other's falls: about where they cross, the later of the two is done soonest.
    let crossing = cuts.partition_point(|cut| {
        let [low, high] = duties(*cut);
        seconds(&low) < seconds(&high)
    });
    let near = &cuts[crossing.saturating_sub(NEAR)..(crossing + NEAR).min(cuts.len())];
    let done = |cut: usize| duties(cut).iter().map(seconds).fold(0.0, f64::max);
    let best = near.iter().map(|cut| (done(*cut), *cut)).reduce(|a, b| if b.0 < a.0 { b } else { a });
    let [low, high] = duties(best.map_or(along.len(), |(_, cut)| cut));
    [low, high].into_iter().flat_map(|duty| duty.legs.into_iter().map(move |leg| (duty.crane, leg))).collect()
}

/// Cuts on either side of the crossing that are tried.
const NEAR: usize = 2;

/// Keeps apart, in what waits for a crane on a rail, what it has to visit first (or last) for the sake of the other crane: as far as the
/// order at hand has it so.
pub(super) fn keep_apart(layout: &Layout, rail: &Rail, queue: QueueIndex, leg: &mut Leg) {
    let at_hand = leg.parts.concat();
    let x = |slot: &u32| x_m(layout, *slot);
    let parts = if queue == rail.queues[0] {
        let limit = at_hand.iter().map(x).fold(f64::NEG_INFINITY, f64::max) - rail.gap_m;
        at_hand.split_at(at_hand.iter().take_while(|slot| x(slot) > limit).count())
    } else {
        let limit = at_hand.iter().map(x).fold(f64::INFINITY, f64::min) + rail.gap_m;
        at_hand.split_at(at_hand.len() - at_hand.iter().rev().take_while(|slot| x(slot) < limit).count())
    };
    if let Some(apart) = Leg::of(leg.aisle, [parts.0.to_vec(), parts.1.to_vec()]) {
        *leg = apart;
    }
}

fn x_m(layout: &Layout, slot: u32) -> f64 {
    layout.position(slot).map_or(0.0, |position| position.point.x_m)
}
