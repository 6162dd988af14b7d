//! The shortest path over a few spots, by the dynamic programme of Held and Karp (J. SIAM 10, 1962).

use super::spots::{SpotIndex, Spots};

/// More free spots than this are searched instead.
pub(super) const MOST: usize = 12;

/// The shortest path over the free spots, of which there must be at most [`MOST`].
pub(super) fn shortest(spots: &Spots) -> Vec<SpotIndex> {
    let free: Vec<SpotIndex> = spots.free().collect();
    let count = free.len();
    debug_assert!(count <= MOST);
    let Some(all) = (1_usize << count).checked_sub(1).filter(|all| *all > 0) else { return Vec::new() };
    let to_end = |last: usize| spots.end.map_or(0.0, |end| spots.seconds(free[last], end));
    let between: Vec<f64> = free.iter().flat_map(|a| free.iter().map(|b| spots.seconds(*a, *b))).collect();
    // `best[visited * count + last]`: seconds from the start over the spots of a set to one of them.
    let mut best = vec![f64::INFINITY; (all + 1) * count];
    for last in 0..count {
        best[(1 << last) * count + last] = spots.start.map_or(0.0, |start| spots.seconds(start, free[last]));
    }
    for visited in 1..=all {
        for last in (0..count).filter(|last| visited & 1 << last != 0) {
            let so_far = best[visited * count + last];
            for next in (0..count).filter(|next| visited & 1 << next == 0) {
                let entry = &mut best[(visited | 1 << next) * count + next];
                *entry = entry.min(so_far + between[last * count + next]);
            }
        }
    }
    let mut path = Vec::with_capacity(count);
    let mut visited = all;
    let mut beyond: Option<usize> = None;
    while visited != 0 {
        let total = |last: &usize| best[visited * count + last] + beyond.map_or_else(|| to_end(*last), |next| between[last * count + next]);
        let Some(last) = (0..count).filter(|last| visited & 1 << last != 0).min_by(|a, b| total(a).total_cmp(&total(b))) else { break };
        path.push(free[last]);
        visited &= !(1 << last);
        beyond = Some(last);
    }
    path.reverse();
    path
}
