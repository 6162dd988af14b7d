//! Two cranes on one rail: where their aisle is cut in two, so that both are done at about the same time.

use super::assign::travel_s;
use super::{Crane, Duty, Pace, visits};
use crate::layout::Layout;
use crate::route::{End, Point};

/// Splits the locations of a rail's aisle between its two cranes.
///
/// Near the cut they could hinder each other. So the crane nearer to bay 0 visits what is near it first, and the other one last: each
/// moves one way past the cut while the other is far off.
pub(super) fn split(layout: &Layout, paces: &[Option<Pace>], cranes: [Crane; 2], slots: Vec<u32>, seed: u64) -> Vec<Duty> {
    let Some(rail) = layout.rail_of(cranes[0].queue) else { return Vec::new() };
    let [low, high] = if cranes[0].queue == rail.queues[0] { cranes } else { [cranes[1], cranes[0]] };
    let x = |slot: u32| layout.position(slot).map_or(0.0, |position| position.point.x_m);
    let mut along = slots;
    along.sort_by(|a, b| x(*a).total_cmp(&x(*b)).then(a.cmp(b)));
    // Only between different columns: what is in one column stays together.
    let mut cuts: Vec<usize> = (1..along.len()).filter(|cut| x(along[cut - 1]) < x(along[*cut])).collect();
    cuts.insert(0, 0);
    cuts.push(along.len());
    let seconds = |crane: Crane, slots: &[u32]| {
        let Some(pace) = paces[crane.queue as usize] else { return 0.0 };
        let stops = visits(layout, crane.queue, slots).count();
        let from: Option<Point> = crane.from.map(|from| from.point);
        travel_s(layout, &pace, from, End::Open, slots, seed) + (pace.dwell + pace.overhead).as_secs_f64() * stops as f64
    };
    let done = |cut: usize| seconds(low, &along[..cut]).max(seconds(high, &along[cut..]));
    // The one's time grows with the cut and the other's falls: where they cross, the later of the two is done soonest.
    let crossing = cuts.partition_point(|cut| seconds(low, &along[..*cut]) < seconds(high, &along[*cut..]));
    let near = &cuts[crossing.saturating_sub(2)..(crossing + 2).min(cuts.len())];
    let best = near.iter().copied().min_by(|a, b| done(*a).total_cmp(&done(*b))).unwrap_or(along.len());
    let (lower, upper) = along.split_at(best);
    let meets = |limit: Option<&u32>, near: &dyn Fn(f64, f64) -> bool, slot: u32| limit.is_some_and(|limit| near(x(*limit), x(slot)));
    let (first, rest): (Vec<u32>, Vec<u32>) =
        lower.iter().partition(|slot| meets(upper.first(), &|limit, x| x > limit - rail.gap_m, **slot));
    let (last, before): (Vec<u32>, Vec<u32>) =
        upper.iter().partition(|slot| meets(lower.last(), &|limit, x| x < limit + rail.gap_m, **slot));
    let duty = |crane, parts: [Vec<u32>; 2]| Duty { crane, parts: parts.into_iter().filter(|part| !part.is_empty()).collect() };
    vec![duty(low, [first, rest]), duty(high, [before, last])]
}
