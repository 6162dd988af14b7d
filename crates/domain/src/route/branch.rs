//! Proves a short route optimal, or finds a better one: branch and bound over 1-trees (Volgenant and Jonker, European Journal of
//! Operational Research 9, 1982).
//!
//! What the bound of [`super::bound`] leaves open for some dozens of spots is mostly its own weakness. Here the routes are split, again
//! and again, into those that have an edge and those that do not; each part has a bound of its own, and parts whose bound is not below
//! the route at hand are done with. The least bound of the parts that are left holds for all routes, at any time.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::spots::{SpotIndex, Spots};
use super::{EQUAL, Effort};

/// More spots than this are not worth trying; and a row of edges has to fit into a word of bits.
pub(super) const MOST: usize = 120;
/// Subgradient steps on all routes, and on a part of them.
const STEPS_AT_FIRST: usize = 200;
const STEPS: usize = 16;
/// Bytes that the parts at hand may take in all, about.
const MEMORY: usize = 16 << 20;

const NEVER: f64 = 1e30;

/// A lower bound on every route, and a path that is shorter than `length`, if one was found. Each part counts as a kick.
pub(super) fn prove(spots: &Spots, length: f64, effort: &mut Effort<'_>) -> (f64, Option<Vec<SpotIndex>>) {
    let mut tours = Tours::new(spots, length);
    let parts = MEMORY / (tours.count * (2 * size_of::<u128>() + size_of::<f64>()));
    let mut open = BinaryHeap::new();
    open.extend(tours.bounded(Part::whole(spots, &tours), STEPS_AT_FIRST, effort));
    while let Some(part) = open.pop() {
        if part.bound >= tours.good_enough() {
            open.clear();
        } else if open.len() >= parts || !effort.kick() {
            open.push(part);
            break;
        } else {
            open.extend(part.split().into_iter().filter_map(|part| tours.bounded(part, STEPS, effort)));
        }
    }
    let bound = open.peek().map_or(tours.shortest, |part| part.bound.min(tours.shortest));
    let path = tours.found.map(|mut tour| {
        tour.retain(|node| (*node as usize) < spots.nodes());
        spots.path_of(&tour)
    });
    (bound, path)
}

/// All tours of up to 128 nodes, the one special node that is not in the tree among them: the dummy of an open end, or home.
struct Tours {
    count: usize,
    special: usize,
    cost: Vec<f64>,
    /// Length of the shortest tour known.
    shortest: f64,
    found: Option<Vec<SpotIndex>>,
    scratch: Tree,
    /// Costs of a part: its edges kept or left out.
    within: Vec<f64>,
}

/// Those tours that have some edges and have not some others.
struct Part {
    /// Bit b of number a: every tour has the edge a–b.
    kept: Vec<u128>,
    /// Bit b of number a: no tour has it.
    left_out: Vec<u128>,
    penalty: Vec<f64>,
    bound: f64,
    /// A node with too many edges in the tree, and two of these that are neither kept nor left out.
    fork: (usize, usize, usize),
}

/// A 1-tree.
#[derive(Default)]
struct Tree {
    edges: Vec<(usize, usize)>,
    degree: Vec<i32>,
    outside: Vec<usize>,
    nearest: Vec<(f64, usize)>,
}

impl Part {
    fn whole(spots: &Spots, tours: &Tours) -> Self {
        let mut part = Self {
            kept: vec![0; tours.count],
            left_out: vec![0; tours.count],
            penalty: vec![0.0; tours.count],
            bound: f64::NEG_INFINITY,
            fork: (0, 0, 0),
        };
        if !spots.goes_home() {
            [spots.start, spots.end].into_iter().flatten().for_each(|end| part.keep(end as usize, tours.special));
        }
        part
    }

    fn leave_out(&mut self, a: usize, b: usize) {
        self.left_out[a] |= 1 << b;
        self.left_out[b] |= 1 << a;
    }

    /// Keeps an edge. A node with two has no other.
    fn keep(&mut self, a: usize, b: usize) {
        self.kept[a] |= 1 << b;
        self.kept[b] |= 1 << a;
        for node in [a, b] {
            if self.kept[node].count_ones() >= 2 {
                let others = (0..self.kept.len()).filter(|other| *other != node && self.kept[node] & 1 << other == 0);
                others.collect::<Vec<_>>().into_iter().for_each(|other| self.leave_out(node, other));
            }
        }
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let (kept, left_out, penalty) = (self.kept.clone(), self.left_out.clone(), self.penalty.clone());
        let mut part = Self { kept, left_out, penalty, ..*self };
        change(&mut part);
        part
    }

    /// Without the one edge; with it, but without the other; with both.
    fn split(&self) -> Vec<Self> {
        let (node, a, b) = self.fork;
        let mut parts = vec![self.with(|part| part.leave_out(node, a))];
        if self.kept[node] == 0 {
            parts.push(self.with(|part| {
                part.keep(node, a);
                part.leave_out(node, b);
            }));
            parts.push(self.with(|part| {
                part.keep(node, a);
                part.keep(node, b);
            }));
        } else {
            parts.push(self.with(|part| part.keep(node, a)));
        }
        parts
    }
}

/// The part with the least bound comes first; among equals any, but always the same.
impl Ord for Part {
    fn cmp(&self, other: &Self) -> Ordering {
        other.bound.total_cmp(&self.bound)
    }
}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Part {}

impl Tours {
    fn new(spots: &Spots, length: f64) -> Self {
        let home = spots.start.filter(|_| spots.goes_home());
        let special = home.map_or(spots.len(), |home| home as usize);
        let count = spots.len() + usize::from(home.is_none());
        // Two different ends have a dummy between them here, unlike in a tour of the search.
        let seconds = |a: usize, b: usize| if a.max(b) == spots.len() { 0.0 } else { spots.seconds(a as SpotIndex, b as SpotIndex) };
        let cost = (0..count * count).map(|pair| seconds(pair / count, pair % count)).collect();
        Self { count, special, cost, shortest: length, found: None, scratch: Tree::default(), within: vec![0.0; count * count] }
    }

    /// Bounds from here on cannot lead to a tour that is really shorter.
    fn good_enough(&self) -> f64 {
        self.shortest * (1.0 - EQUAL / 2.0)
    }

    /// A part with its bound, as good as steps and time allow, and where to split it; none if it holds nothing better than what is known.
    fn bounded(&mut self, mut part: Part, steps: usize, effort: &mut Effort<'_>) -> Option<Part> {
        for a in 0..self.count {
            for b in 0..self.count {
                self.within[a * self.count + b] = match 1_u128 << b {
                    bit if part.kept[a] & bit != 0 => -NEVER,
                    bit if part.left_out[a] & bit != 0 => NEVER,
                    _ => self.cost[a * self.count + b],
                };
            }
        }
        let mut penalty = part.penalty.clone();
        let mut direction = vec![0.0; self.count];
        let mut stride = 1.0;
        for step in 0..steps {
            if step > 0 && !effort.time_left() {
                break;
            }
            let bound = self.one_tree(&penalty);
            if bound >= self.good_enough() {
                return None;
            }
            let degrees = &self.scratch.degree;
            let excess: f64 = degrees.iter().map(|degree| f64::from(degree - 2).powi(2)).sum();
            if bound > part.bound || step == 0 || excess == 0.0 {
                part.bound = part.bound.max(bound);
                part.penalty.copy_from_slice(&penalty);
                part.fork = self.fork(&part)?;
            } else {
                stride *= 0.9;
            }
            let stride = stride * (self.shortest - bound) / excess;
            for ((penalty, direction), degree) in penalty.iter_mut().zip(&mut direction).zip(&self.scratch.degree) {
                *direction = 0.7 * f64::from(degree - 2) + 0.3 * *direction;
                *penalty += stride * *direction;
            }
        }
        Some(part)
    }

    /// Where to split a part: at the node with the most edges too many. None if the tree is a tour, which is kept if it is shorter.
    fn fork(&mut self, part: &Part) -> Option<(usize, usize, usize)> {
        let Tree { edges, degree, .. } = &self.scratch;
        let node = (0..self.count).max_by_key(|node| degree[*node])?;
        if degree[node] <= 2 {
            let tour = self.tour();
            let legs = tour.iter().zip(tour.iter().cycle().skip(1));
            let length = legs.map(|(a, b)| self.cost[*a as usize * self.count + *b as usize]).sum();
            if length < self.shortest {
                self.shortest = length;
                self.found = Some(tour);
            }
            return None;
        }
        let at_node = edges.iter().filter_map(|(a, b)| if *a == node { Some(*b) } else { (*b == node).then_some(*a) });
        let mut free = at_node.filter(|other| part.kept[node] & 1 << other == 0);
        // At most one of three edges or more is kept.
        free.next().zip(free.next()).map(|(a, b)| (node, a, b))
    }

    /// The tree as a tour, from the special node on.
    fn tour(&self) -> Vec<SpotIndex> {
        let mut beside = vec![[usize::MAX; 2]; self.count];
        for &(a, b) in &self.scratch.edges {
            for (node, other) in [(a, b), (b, a)] {
                let place = usize::from(beside[node][0] != usize::MAX);
                beside[node][place] = other;
            }
        }
        let (mut before, mut here) = (usize::MAX, self.special);
        let mut tour = Vec::with_capacity(self.count);
        for _ in 0..self.count {
            tour.push(here as SpotIndex);
            let next = if beside[here][0] == before { beside[here][1] } else { beside[here][0] };
            (before, here) = (here, next);
        }
        tour
    }

    /// The bound of the cheapest 1-tree, which it leaves in `scratch`.
    fn one_tree(&mut self, penalty: &[f64]) -> f64 {
        let Self { count, special, cost, within, scratch: Tree { edges, degree, outside, nearest }, .. } = self;
        let (count, special) = (*count, *special);
        edges.clear();
        degree.clear();
        degree.resize(count, 0);
        outside.clear();
        outside.extend((0..count).filter(|node| *node != special));
        nearest.clear();
        nearest.resize(outside.len(), (f64::INFINITY, 0));
        let Some(mut last) = outside.pop() else { return f64::INFINITY };
        nearest.pop();
        while !outside.is_empty() {
            let row = &within[last * count..(last + 1) * count];
            let mut least = (f64::INFINITY, 0);
            for (place, (node, known)) in outside.iter().zip(nearest.iter_mut()).enumerate() {
                let edge = row[*node] + penalty[last] + penalty[*node];
                if edge < known.0 {
                    *known = (edge, last);
                }
                if known.0 < least.0 {
                    least = (known.0, place);
                }
            }
            let (_, from) = nearest.swap_remove(least.1);
            last = outside.swap_remove(least.1);
            edges.push((from, last));
            if least.0 > NEVER / 2.0 {
                return f64::INFINITY;
            }
        }
        let row = &within[special * count..(special + 1) * count];
        let mut two = [(f64::INFINITY, 0_usize); 2];
        for node in (0..count).filter(|node| *node != special) {
            let edge = row[node] + penalty[node];
            if edge < two[0].0 {
                two = [(edge, node), two[0]];
            } else if edge < two[1].0 {
                two[1] = (edge, node);
            }
        }
        if two[1].0 > NEVER / 2.0 {
            return f64::INFINITY;
        }
        edges.extend(two.map(|(_, node)| (special, node)));
        let mut total = 0.0;
        for &(a, b) in edges.iter() {
            total += cost[a * count + b] + penalty[a] + penalty[b];
            degree[a] += 1;
            degree[b] += 1;
        }
        total - 2.0 * penalty.iter().sum::<f64>()
    }
}
