//! Puts spots into a path where they cost least.

use super::search::Neighbours;
use super::spots::{SpotIndex, Spots};

/// No spot before or behind.
const NONE: SpotIndex = SpotIndex::MAX;

/// A path over the free spots with those that it lacks, each beside one of its near neighbours.
pub(super) fn missing(spots: &Spots, neighbours: &Neighbours, path: Vec<SpotIndex>) -> Vec<SpotIndex> {
    let mut absent: Vec<bool> = (0..spots.len() as SpotIndex).map(|spot| spots.is_free(spot)).collect();
    path.iter().for_each(|spot| absent[*spot as usize] = false);
    if !absent.contains(&true) {
        return path;
    }
    // The path as a list: what is before and behind each spot, the ends beyond the last and first.
    let (mut before, mut behind) = (vec![NONE; spots.len()], vec![NONE; spots.len()]);
    let (mut first, mut last) = (NONE, NONE);
    for spot in path {
        (before[spot as usize], last) = (last, spot);
        if first == NONE { first = spot } else { behind[before[spot as usize] as usize] = spot }
    }
    let seconds = |a: Option<SpotIndex>, b: Option<SpotIndex>| a.zip(b).map_or(0.0, |(a, b)| spots.seconds(a, b));
    let end = |spot: SpotIndex, beyond: Option<SpotIndex>| if spot == NONE { beyond } else { Some(spot) };
    // In the order of their coordinates, so that a whole new region grows from its edge.
    for spot in (0..spots.len() as SpotIndex).filter(|spot| absent[*spot as usize]) {
        let near = neighbours.of(spot).iter().map(|(other, _)| *other);
        let placed =
            near.filter(|other| (*other as usize) < spots.len() && spots.is_free(*other) && !absent_now(&before, &behind, first, *other));
        // Between which two: before or behind a neighbour, or at either end.
        let gaps = placed.flat_map(|other| [(before[other as usize], other), (other, behind[other as usize])]);
        let gaps = gaps.chain([(NONE, first), (last, NONE)]);
        let detour = |(a, b): &(SpotIndex, SpotIndex)| {
            let (a, b) = (end(*a, spots.start), end(*b, spots.end));
            seconds(a, Some(spot)) + seconds(Some(spot), b) - seconds(a, b)
        };
        let Some((a, b)) = gaps.min_by(|a, b| detour(a).total_cmp(&detour(b))) else { continue };
        (before[spot as usize], behind[spot as usize]) = (a, b);
        if a == NONE {
            first = spot
        } else {
            behind[a as usize] = spot
        }
        if b == NONE { last = spot } else { before[b as usize] = spot }
    }
    std::iter::successors(Some(first).filter(|spot| *spot != NONE), |spot| Some(behind[*spot as usize]).filter(|next| *next != NONE))
        .collect()
}

/// Whether a spot is not in the list yet.
fn absent_now(before: &[SpotIndex], behind: &[SpotIndex], first: SpotIndex, spot: SpotIndex) -> bool {
    before[spot as usize] == NONE && behind[spot as usize] == NONE && first != spot
}
