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
//! all pairs ([`Ascent::dense`]), or, where these are too many, with a graph that is cheaper than all pairs ([`Graph::relaxed`]).

use super::search::Neighbours;
use super::spots::{SpotIndex, Spots};

/// Up to as many spots all pairs are looked at.
const DENSE: usize = 4000;
/// Steps of the ascent on the sparse graph.
const STEPS: usize = 100;

/// A lower bound in seconds on every route, given one, which is `length` long.
pub(super) fn below(spots: &Spots, neighbours: &Neighbours, path: &[SpotIndex], length: f64) -> f64 {
    let mut ascent = Ascent::new(spots, Graph::new(spots, neighbours, path));
    let penalties = ascent.climb(length);
    if spots.len() > DENSE {
        return ascent.graph_bound;
    }
    let plain = vec![0.0; spots.len()];
    ascent.dense(&penalties).max(ascent.dense(&plain))
}

/// Edges among which a cheap tree is looked for.
struct Graph {
    edges: Vec<(SpotIndex, SpotIndex, f64)>,
    /// Half the seconds to the farthest listed neighbour, where the graph has to bound all pairs.
    reach: Option<Vec<f64>>,
}

impl Graph {
    /// The near neighbours and the route, which joins them all.
    fn new(spots: &Spots, neighbours: &Neighbours, path: &[SpotIndex]) -> Self {
        let real = |node: SpotIndex| (node as usize) < spots.len() && !(spots.goes_home() && Some(node) == spots.start);
        let mut edges = Vec::new();
        for a in (0..spots.len() as SpotIndex).filter(|a| real(*a)) {
            for &(b, cost) in neighbours.of(a) {
                let mutual = b < a && neighbours.of(b).iter().any(|(other, _)| *other == a);
                if real(b) && !mutual {
                    edges.push((a, b, cost));
                }
            }
        }
        let whole = spots.start.iter().chain(path).chain(&spots.end).copied();
        let legs = whole.clone().zip(whole.skip(1)).filter(|(a, b)| real(*a) && real(*b));
        edges.extend(legs.map(|(a, b)| (a, b, spots.seconds(a, b))));
        let reach = |node| neighbours.of(node).last().map_or(0.0, |(_, seconds)| seconds / 2.0);
        let reach = (spots.len() > DENSE).then(|| (0..spots.len() as SpotIndex).map(reach).collect());
        Self { edges, reach }
    }
}

struct Ascent<'a> {
    spots: &'a Spots,
    graph: Graph,
    graph_bound: f64,
    degree: Vec<i32>,
    /// Scratch: reduced cost and number of each edge.
    sorted: Vec<(f64, u32)>,
    parent: Vec<u32>,
}

impl<'a> Ascent<'a> {
    fn new(spots: &'a Spots, graph: Graph) -> Self {
        let sorted = (0..graph.edges.len() as u32).map(|edge| (0.0, edge)).collect();
        Self { spots, graph, graph_bound: f64::NEG_INFINITY, degree: vec![0; spots.len()], sorted, parent: Vec::new() }
    }

    /// Penalties that bring the bound of the graph near `length`.
    fn climb(&mut self, length: f64) -> Vec<f64> {
        let count = self.spots.len();
        let (mut penalty, mut direction) = (vec![0.0; count], vec![0.0; count]);
        let mut best = penalty.clone();
        let mut stride = 1.0;
        let mut since = 0;
        for _ in 0..STEPS {
            let bound = self.sparse(&penalty);
            if bound > self.graph_bound {
                self.graph_bound = bound;
                best.copy_from_slice(&penalty);
                since = 0;
            } else {
                since += 1;
                if since == 5 {
                    stride *= 0.6;
                    since = 0;
                }
            }
            let excess = self.degree.iter().map(|degree| f64::from(degree - 2).powi(2)).sum::<f64>();
            if excess == 0.0 || bound >= length {
                break;
            }
            let step = stride * (length - bound) / excess;
            for ((penalty, direction), degree) in penalty.iter_mut().zip(&mut direction).zip(&self.degree) {
                let wanted = f64::from(degree - 2);
                *direction = 0.7 * wanted + 0.3 * *direction;
                *penalty += step * *direction;
            }
        }
        best
    }

    /// The bound of the sparse graph, and the degrees of its tree.
    fn sparse(&mut self, penalty: &[f64]) -> f64 {
        let edges = &self.graph.edges;
        for (reduced, edge) in &mut self.sorted {
            let (a, b, cost) = edges[*edge as usize];
            *reduced = cost + penalty[a as usize] + penalty[b as usize];
        }
        self.sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        self.parent.clear();
        self.parent.extend(0..self.spots.len() as u32);
        self.degree.fill(0);
        let mut tree = 0.0;
        let mut missing = self.spots.len() - 1 - usize::from(self.spots.goes_home());
        for &(reduced, edge) in &self.sorted {
            let (a, b, _) = edges[edge as usize];
            let (root_a, root_b) = (root(&mut self.parent, a), root(&mut self.parent, b));
            if root_a != root_b {
                self.parent[root_a as usize] = root_b;
                self.degree[a as usize] += 1;
                self.degree[b as usize] += 1;
                tree += reduced;
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
        let mut outside: Vec<SpotIndex> =
            (0..spots.len() as SpotIndex).filter(|spot| !(spots.goes_home() && Some(*spot) == spots.start)).collect();
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
