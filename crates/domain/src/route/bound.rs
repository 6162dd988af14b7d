//! How short a route can be at best: the 1-tree bound of Held and Karp (Operations Research 18, 1970).
//!
//! Why it bounds. Give every spot v a penalty p(v) and add p(a) + p(b) to the cost of each edge a–b. A route without its two ends is a
//! spanning tree of the spots, so its cost is at least that of the cheapest spanning tree. Each spot of a route has two edges if each
//! end is counted as an edge more: to the place where the crane stands or has to end up, which is fixed and costs nothing, or to
//! nowhere, where an end is open and may be any spot, the one with the least penalty at best. So the penalties add twice their sum to
//! every route alike, and
//!
//! > cheapest tree + penalties of the two ends, the open ones at their least − 2 · sum of all penalties ≤ every route.
//!
//! A route that goes home is a tour: without the home it is a spanning tree of the rest, and the home has two edges, the two cheapest
//! at best. This holds for any penalties; subgradient steps look for those that bring it near the route.
//!
//! The steps are made on a sparse graph, the near neighbours. Its tree may be dearer than the cheapest of all, so the last word is with
//! all pairs ([`Ascent::dense`]). Where these are too many, the graph itself has to be cheap enough: an edge a–b that is in neither
//! one's list costs at least r(a) and r(b), the farthest in the lists, so at least the half of their sum. Let it cost only that. Then
//! with penalties it costs q(a) + q(b), where q(v) = r(v) / 2 + p(v), and of all such edges a cheapest tree needs only those from the
//! spot with the least q, for any other closes a triangle with two of these and costs no less than either.

use super::Effort;
use super::search::Neighbours;
use super::spots::{SpotIndex, Spots};

/// Up to as many spots all pairs are looked at.
const DENSE: usize = 4000;
/// Steps of the ascent times spots; not fewer steps and not more than these.
const STEPS: usize = 100_000;
const FEWEST: usize = 20;
const MOST: usize = 400;
/// Steps in vain before they become smaller.
const PATIENCE: u32 = 5;

/// A lower bound in seconds on every route, given one, which is `length` long.
pub(super) fn below(spots: &Spots, neighbours: &Neighbours, path: &[SpotIndex], length: f64, effort: &mut Effort<'_>) -> f64 {
    let mut ascent = Ascent::new(spots, Graph::new(spots, neighbours, path, spots.len() > DENSE));
    let plain = vec![0.0; spots.len()];
    let at_first = ascent.sparse(&plain);
    let (penalty, at_last) = ascent.climb(length, effort);
    if ascent.graph.reach.is_some() {
        return at_last;
    }
    let bound = ascent.dense(&penalty);
    // On a full rack no penalty helps.
    if at_first > bound { bound.max(ascent.dense(&plain)) } else { bound }
}

/// The bound without any penalty: quicker, and weaker by some percent.
pub(super) fn tree(spots: &Spots, neighbours: &Neighbours, path: &[SpotIndex]) -> f64 {
    let mut ascent = Ascent::new(spots, Graph::new(spots, neighbours, path, spots.len() > DENSE));
    let plain = vec![0.0; spots.len()];
    if ascent.graph.reach.is_some() { ascent.sparse(&plain) } else { ascent.dense(&plain) }
}

/// Edges among which a cheap tree is looked for.
struct Graph {
    edges: Vec<(SpotIndex, SpotIndex, f64)>,
    /// Half the seconds to the farthest listed neighbour, where the graph has to bound all pairs.
    reach: Option<Vec<f64>>,
}

impl Graph {
    /// The near neighbours and the route, which joins them all; and, if `relaxed`, what bounds all other pairs.
    fn new(spots: &Spots, neighbours: &Neighbours, path: &[SpotIndex], relaxed: bool) -> Self {
        let in_tree = |node: SpotIndex| (node as usize) < spots.len() && !is_home(spots, node);
        let mut edges = Vec::new();
        for a in (0..spots.len() as SpotIndex).filter(|a| in_tree(*a)) {
            for &(b, cost) in neighbours.of(a) {
                let listed = b < a && neighbours.of(b).iter().any(|(other, _)| *other == a);
                if in_tree(b) && !listed {
                    edges.push((a, b, cost));
                }
            }
        }
        let whole = spots.start.iter().chain(path).chain(&spots.end).copied();
        let legs = whole.clone().zip(whole.skip(1)).filter(|(a, b)| in_tree(*a) && in_tree(*b));
        edges.extend(legs.map(|(a, b)| (a, b, spots.seconds(a, b))));
        let reach = |node| neighbours.of(node).last().map_or(0.0, |(_, seconds)| seconds / 2.0);
        let reach = relaxed.then(|| (0..spots.len() as SpotIndex).map(reach).collect());
        Self { edges, reach }
    }
}

/// Whether a spot is where a route both starts and ends: no part of the tree.
fn is_home(spots: &Spots, spot: SpotIndex) -> bool {
    spots.goes_home() && Some(spot) == spots.start
}

struct Ascent<'a> {
    spots: &'a Spots,
    graph: Graph,
    degree: Vec<i32>,
    /// Scratch: cost with penalties and number of each edge; those from the spot with the least q come last.
    sorted: Vec<(f64, u32)>,
    parent: Vec<u32>,
}

impl<'a> Ascent<'a> {
    fn new(spots: &'a Spots, graph: Graph) -> Self {
        let edges = graph.edges.len() + graph.reach.as_ref().map_or(0, Vec::len);
        let sorted = (0..edges as u32).map(|edge| (0.0, edge)).collect();
        Self { spots, graph, degree: vec![0; spots.len()], sorted, parent: Vec::new() }
    }

    /// Penalties that bring the bound of the graph near `length`, and that bound.
    fn climb(&mut self, length: f64, effort: &mut Effort<'_>) -> (Vec<f64>, f64) {
        let count = self.spots.len();
        let (mut penalty, mut direction) = (vec![0.0; count], vec![0.0; count]);
        let mut best = (penalty.clone(), f64::NEG_INFINITY);
        let (mut stride, mut in_vain) = (1.0, 0);
        for _ in 0..(STEPS / count.max(1)).clamp(FEWEST, MOST) {
            let bound = self.sparse(&penalty);
            if bound > best.1 {
                best.0.copy_from_slice(&penalty);
                best.1 = bound;
                in_vain = 0;
            } else {
                in_vain += 1;
            }
            if in_vain == PATIENCE {
                (stride, in_vain) = (stride * 0.6, 0);
            }
            let excess: f64 = self.degree.iter().map(|degree| f64::from(degree - 2).powi(2)).sum();
            if excess == 0.0 || bound >= length || !effort.time_left() {
                break;
            }
            let step = stride * (length - bound) / excess;
            for ((penalty, direction), degree) in penalty.iter_mut().zip(&mut direction).zip(&self.degree) {
                *direction = 0.7 * f64::from(degree - 2) + 0.3 * *direction;
                *penalty += step * *direction;
            }
        }
        best
    }

    /// The bound of the sparse graph; leaves the degrees of its tree.
    fn sparse(&mut self, penalty: &[f64]) -> f64 {
        let spots = self.spots;
        let edges = &self.graph.edges;
        let relaxed = |spot: SpotIndex| {
            let reach = self.graph.reach.as_ref().map_or(0.0, |reach| reach[spot as usize]);
            if is_home(spots, spot) { f64::INFINITY } else { reach + penalty[spot as usize] }
        };
        let all = 0..spots.len() as SpotIndex;
        let hub = all.min_by(|a, b| relaxed(*a).total_cmp(&relaxed(*b))).unwrap_or(0);
        let ends = |edge: u32| edges.get(edge as usize).map_or_else(|| (hub, edge - edges.len() as u32), |(a, b, _)| (*a, *b));
        for (cost, edge) in &mut self.sorted {
            *cost = match edges.get(*edge as usize) {
                Some((a, b, cost)) => cost + penalty[*a as usize] + penalty[*b as usize],
                None => relaxed(hub) + relaxed(*edge - edges.len() as u32),
            };
        }
        self.sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        self.parent.clear();
        self.parent.extend(0..spots.len() as u32);
        self.degree.fill(0);
        let mut tree = 0.0;
        let mut missing = spots.len() - 1 - usize::from(spots.goes_home());
        for &(cost, edge) in &self.sorted {
            let (a, b) = ends(edge);
            let (root_a, root_b) = (root(&mut self.parent, a), root(&mut self.parent, b));
            if root_a != root_b {
                self.parent[root_a as usize] = root_b;
                self.degree[a as usize] += 1;
                self.degree[b as usize] += 1;
                tree += cost;
                missing -= 1;
                if missing == 0 {
                    break;
                }
            }
        }
        tree + self.ends(penalty) - 2.0 * penalty.iter().sum::<f64>()
    }

    /// What the two ends add, counted in the degrees too.
    fn ends(&mut self, penalty: &[f64]) -> f64 {
        let spots = self.spots;
        let home = spots.start.filter(|_| spots.goes_home());
        let mut total = 0.0;
        let mut open = 0;
        match home {
            Some(home) => {
                open = 2;
                self.degree[home as usize] += 2;
                total += 2.0 * penalty[home as usize];
            }
            None => {
                for end in [spots.start, spots.end] {
                    match end {
                        Some(spot) => {
                            self.degree[spot as usize] += 1;
                            total += penalty[spot as usize];
                        }
                        None => open += 1,
                    }
                }
            }
        }
        let mut least = [(f64::INFINITY, 0_u32); 2];
        for spot in 0..spots.len() as SpotIndex {
            if Some(spot) == spots.start || Some(spot) == spots.end {
                continue;
            }
            let cost = penalty[spot as usize] + home.map_or(0.0, |home| spots.seconds(home, spot));
            if cost < least[0].0 {
                least = [(cost, spot), least[0]];
            } else if cost < least[1].0 {
                least[1] = (cost, spot);
            }
        }
        for (cost, spot) in &least[..open] {
            total += cost;
            self.degree[*spot as usize] += 1;
        }
        total
    }

    /// The bound over all pairs.
    fn dense(&mut self, penalty: &[f64]) -> f64 {
        let spots = self.spots;
        let mut outside: Vec<SpotIndex> = (0..spots.len() as SpotIndex).filter(|spot| !is_home(spots, *spot)).collect();
        let mut nearest = vec![f64::INFINITY; outside.len()];
        let Some(mut last) = outside.pop() else { return 0.0 };
        nearest.pop();
        let mut tree = 0.0;
        while !outside.is_empty() {
            let mut least = (f64::INFINITY, 0);
            for (place, (spot, known)) in outside.iter().zip(&mut nearest).enumerate() {
                let cost = spots.seconds(last, *spot) + penalty[last as usize] + penalty[*spot as usize];
                if cost < *known {
                    *known = cost;
                }
                if *known < least.0 {
                    least = (*known, place);
                }
            }
            tree += least.0;
            last = outside.swap_remove(least.1);
            nearest.swap_remove(least.1);
        }
        tree + self.ends(penalty) - 2.0 * penalty.iter().sum::<f64>()
    }
}

fn root(parent: &mut [u32], mut node: u32) -> u32 {
    while parent[node as usize] != node {
        parent[node as usize] = parent[parent[node as usize] as usize];
        node = parent[node as usize];
    }
    node
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{End, Point, Problem};
    use super::*;
    use crate::travel::Kinematics;

    proptest! {
        #[test]
        fn the_relaxed_graph_is_never_dearer_than_all_pairs(
            places in proptest::collection::vec((0_u32..30, 0_u32..10), 30..120),
            ends in proptest::array::uniform2(0_usize..3),
            penalties in proptest::collection::vec(-3.0..3.0, 120),
        ) {
            let points: Vec<Point> = places.iter().map(|(x, y)| Point { x_m: f64::from(*x), y_m: f64::from(*y) }).collect();
            let [start, end] = ends.map(|end| [None, Some(points[0]), Some(points[1])][end]);
            let problem = Problem::new(points, start, end.map_or(End::Open, End::At), Kinematics::default()).unwrap();
            let spots = Spots::new(&problem);
            let neighbours = Neighbours::new(&spots);
            let path: Vec<SpotIndex> = spots.free().collect();
            let mut ascent = Ascent::new(&spots, Graph::new(&spots, &neighbours, &path, true));
            let penalty = &penalties[..spots.len()];
            let (relaxed, dense) = (ascent.sparse(penalty), ascent.dense(penalty));
            prop_assert!(relaxed <= dense + 1e-9 * dense.abs(), "relaxed {relaxed}, dense {dense}");
            prop_assert!(dense <= spots.length(&path) * (1.0 + 1e-9));
        }
    }
}
