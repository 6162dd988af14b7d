//! A lower bound that is exact on a full rack, where trees and penalties come near but never quite there.
//!
//! Every move costs at least the cheapest of all, c. One that changes the level costs more, and a route must change levels: it crosses
//! the cut between two neighbouring levels at least twice, or once where it starts on one side and ends on the other. Charge each
//! crossing of the cut i with w(i), so that no move is charged more than what it costs above c: for any run of k cuts, f(height of the
//! run) − c ≥ sum of its w, which holds if w(i) is the least (f(height) − c) / k of the runs that i is in. Then
//!
//! > moves · c + sum over the cuts of w · crossings needed ≤ every route.
//!
//! The same holds for columns.

use super::Point;
use super::search::Neighbours;
use super::spots::{SpotIndex, Spots};
use crate::travel::Axis;

/// With more levels or columns than this it is no rack.
const MOST: usize = 256;

/// A lower bound in seconds on every route.
pub(super) fn below(spots: &Spots, neighbours: &Neighbours) -> f64 {
    let nearest = |spot| neighbours.of(spot).iter().find(|(other, _)| (*other as usize) < spots.len()).map(|(_, seconds)| *seconds);
    let Some(cheapest) = (0..spots.len() as SpotIndex).filter_map(nearest).min_by(f64::total_cmp) else { return 0.0 };
    let moves = spots.len() - usize::from(!spots.goes_home());
    let kinematics = spots.kinematics();
    let drive = crossings(spots, kinematics.drive, |point| point.x_m, cheapest);
    let lift = crossings(spots, kinematics.lift, |point| point.y_m, cheapest);
    moves as f64 * cheapest + drive.max(lift)
}

/// What the crossings of all cuts across an axis cost above `cheapest` a move.
fn crossings(spots: &Spots, axis: Axis, along: fn(Point) -> f64, cheapest: f64) -> f64 {
    let mut lines: Vec<f64> = (0..spots.len() as SpotIndex).map(|spot| along(spots.at(spot))).collect();
    lines.sort_unstable_by(f64::total_cmp);
    lines.dedup();
    if lines.len() > MOST {
        return 0.0;
    }
    let mut charge = vec![f64::INFINITY; lines.len() - 1];
    for low in 0..lines.len() {
        for high in low + 1..lines.len() {
            let each = (axis.seconds(lines[high] - lines[low]) - cheapest) / (high - low) as f64;
            charge[low..high].iter_mut().for_each(|charge| *charge = charge.min(each));
        }
    }
    let below = |spot: SpotIndex| lines.partition_point(|line| *line < along(spots.at(spot)));
    let sum = |some: &[f64]| some.iter().map(|charge| charge.max(0.0)).sum::<f64>();
    // The cuts between start and end are crossed once; an open end is where this spares most.
    let spared = match (spots.start.map(below), spots.end.map(below)) {
        (Some(start), Some(end)) => sum(&charge[start.min(end)..start.max(end)]),
        (Some(anchor), None) | (None, Some(anchor)) => sum(&charge[..anchor]).max(sum(&charge[anchor..])),
        (None, None) => sum(&charge),
    };
    2.0 * sum(&charge) - spared
}
