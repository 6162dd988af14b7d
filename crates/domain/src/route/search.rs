//! Iterated local search: sequential exchanges of two and three edges among near neighbours, and kicks that shake one short stretch.
//!
//! Gain criterion and neighbour lists as in Lin and Kernighan (Operations Research 21, 1973), the queue of nodes worth another look
//! as in Bentley (ORSA Journal on Computing 4, 1992). A kick that leads nowhere is undone from a log, so that its cost does not grow
//! with the tour.

use std::collections::VecDeque;

use super::Effort;
use super::nearby::Nearby;
use super::spots::{KEPT, SpotIndex, Spots};
use super::tour::Tour;

/// Neighbours that a move's first new edge may lead to, and its second.
const FIRST: usize = 10;
const SECOND: usize = 6;
/// Spots in each of the three stretches that a kick swaps, at most.
const STRETCH: u64 = 30;
/// Tours of more nodes than this do without moves that turn long stretches round, so that a hundred thousand take seconds.
const LARGE: usize = 10_000;
/// What long means there.
const LONG: usize = 1000;

/// For every node the nodes nearest to it, with the cost of the edge, the cheapest first.
#[derive(Debug)]
pub(super) struct Neighbours {
    first: Vec<u32>,
    list: Vec<(SpotIndex, f64)>,
}

impl Neighbours {
    pub(super) fn new(spots: &Spots) -> Self {
        let nearby = Nearby::new(spots);
        let (mut first, mut list) = (vec![0], Vec::with_capacity(spots.nodes() * (FIRST + 1)));
        let mut found = Vec::new();
        for spot in 0..spots.len() as SpotIndex {
            // The dummy costs nothing: it is everyone's nearest neighbour. It needs no list of its own, since every move that uses
            // an edge of it is also found from the other side.
            list.extend(spots.dummy().map(|dummy| (dummy, 0.0)));
            nearby.nearest(spot, FIRST, &mut found);
            list.extend(found.iter().map(|(seconds, other)| (*other, *seconds)));
            first.push(list.len() as u32);
        }
        first.extend(spots.dummy().map(|_| list.len() as u32));
        Self { first, list }
    }

    #[inline]
    pub(super) fn of(&self, node: SpotIndex) -> &[(SpotIndex, f64)] {
        &self.list[self.first[node as usize] as usize..self.first[node as usize + 1] as usize]
    }
}

/// A sequence of pseudo-random numbers (SplitMix64), the same for the same seed on every machine.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `bound`, which is small enough for the bias not to matter.
    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.roll()) * u128::from(bound)) >> 64) as u64
    }
}

/// A change that makes the tour shorter by `gain`.
#[derive(Debug, Clone, Copy)]
struct Move {
    gain: f64,
    kind: Kind,
    nodes: [SpotIndex; 6],
}

/// The edges t1–t2, t3–t4 (and t5–t6) go; t2–t3, t4–t1 or t2–t3, t4–t5, t6–t1 come.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Turn the stretch t2…t4 round.
    Two,
    /// Turn it round, and then what lies between t4 and t6.
    TwoTwice,
    /// Swap the stretches t2…t5 and t6…t3 as they are.
    Swap,
    /// Turn the stretches t2…t6 and t5…t3 round, each in its place.
    TurnBoth,
}

/// The search in hand.
pub(super) struct Search<'a> {
    spots: &'a Spots,
    neighbours: &'a Neighbours,
    tour: Tour,
    pending: VecDeque<SpotIndex>,
    waiting: Vec<bool>,
    log: Vec<[SpotIndex; 4]>,
    dice: Dice,
    /// Differences below it are noise of the arithmetic.
    noise: f64,
    longest_reversal: usize,
}

impl<'a> Search<'a> {
    /// Begins with a path over the free spots.
    pub(super) fn new(spots: &'a Spots, neighbours: &'a Neighbours, path: &[SpotIndex], seed: u64) -> Self {
        let tour = Tour::new(spots.tour_of(path));
        let count = tour.len();
        let noise = spots.widest() * 1e-10;
        let longest_reversal = if count > LARGE { LONG } else { count };
        Self {
            spots,
            neighbours,
            tour,
            pending: VecDeque::with_capacity(count),
            waiting: vec![false; count],
            log: Vec::new(),
            dice: Dice(seed),
            noise,
            longest_reversal,
        }
    }

    /// The path over the free spots as it is now.
    pub(super) fn path(&self) -> Vec<SpotIndex> {
        self.spots.path_of(self.tour.nodes())
    }

    /// Looks at every node until no move shortens the tour, or time is up.
    pub(super) fn descend(&mut self, effort: &mut Effort<'_>) {
        for place in 0..self.tour.len() {
            self.wake(self.tour.nodes()[place]);
        }
        let mut looks = 0_u32;
        while let Some(node) = self.pending.pop_front() {
            self.waiting[node as usize] = false;
            if looks.is_multiple_of(256) && !effort.time_left() {
                self.pending.drain(..).for_each(|node| self.waiting[node as usize] = false);
                return;
            }
            looks += 1;
            self.improve_from(node);
            self.log.clear();
        }
    }

    /// Kicks and repairs until effort or `most` kicks are used up, or the length has come down to `bound`. `length` is the tour's, in
    /// seconds; gives what became of it.
    pub(super) fn kick(&mut self, mut length: f64, bound: f64, most: u64, effort: &mut Effort<'_>) -> f64 {
        self.log.clear();
        for _ in 0..most {
            if length <= bound + self.noise || !effort.kick() {
                break;
            }
            let Some(mut change) = self.shake() else { continue };
            while let Some(node) = self.pending.pop_front() {
                self.waiting[node as usize] = false;
                change -= self.improve_from(node);
            }
            if change > self.noise {
                while let Some([a, b, c, d]) = self.log.pop() {
                    self.tour.exchange(a, c, b, d);
                }
            } else {
                length += change;
                self.log.clear();
            }
        }
        length
    }

    /// Swaps three short neighbouring stretches, first with last (a double bridge), and says how much longer the tour became.
    fn shake(&mut self) -> Option<f64> {
        let count = self.tour.len() as u64;
        let most = STRETCH.min((count - 2) / 3);
        let place = self.dice.below(count) as usize;
        let mut steps = 0;
        // The ends of the four edges that go.
        let mut cut = || {
            let ends = (self.tour.onward(place, steps), self.tour.onward(place, steps + 1));
            steps += 1 + self.dice.below(most) as usize;
            ends
        };
        let ((a, b), (c, d), (e, f), (g, h)) = (cut(), cut(), cut(), cut());
        let cost = |from, to| self.spots.cost(from, to);
        let gone = [cost(a, b), cost(c, d), cost(e, f), cost(g, h)];
        if gone.iter().any(|cost| *cost <= KEPT) {
            return None;
        }
        let change = cost(a, f) + cost(g, d) + cost(e, b) + cost(c, h) - gone.iter().sum::<f64>();
        // a [b…c] [d…e] [f…g] h becomes a [f…g] [d…e] [b…c] h: the whole turned round, then each of the three.
        self.exchange(a, b, g, h);
        self.exchange(a, g, f, e);
        self.exchange(g, e, d, c);
        self.exchange(e, c, b, h);
        for node in [a, b, c, d, e, f, g, h] {
            self.wake(node);
        }
        Some(change)
    }

    fn wake(&mut self, node: SpotIndex) {
        if !std::mem::replace(&mut self.waiting[node as usize], true) {
            self.pending.push_back(node);
        }
    }

    fn exchange(&mut self, a: SpotIndex, b: SpotIndex, c: SpotIndex, d: SpotIndex) {
        self.tour.exchange(a, b, c, d);
        self.log.push([a, b, c, d]);
    }

    /// Makes the best moves that begin at a node until there are none, and says how much was gained.
    fn improve_from(&mut self, node: SpotIndex) -> f64 {
        let mut gained = 0.0;
        while let Some(found) = self.best_move(node) {
            gained += found.gain;
            let [t1, t2, t3, t4, t5, t6] = found.nodes;
            match found.kind {
                Kind::Two => self.exchange(t1, t2, t4, t3),
                Kind::TwoTwice => {
                    self.exchange(t1, t2, t4, t3);
                    self.exchange(t1, t4, t6, t5);
                }
                Kind::Swap => {
                    self.exchange(t1, t2, t3, t4);
                    self.exchange(t1, t3, t6, t5);
                    self.exchange(t3, t5, t2, t4);
                }
                Kind::TurnBoth => {
                    self.exchange(t1, t2, t6, t5);
                    self.exchange(t2, t5, t3, t4);
                }
            }
            for other in found.nodes {
                self.wake(other);
            }
        }
        gained
    }

    /// Whether a stretch of so many steps takes too long to turn round, in either half of the tour.
    fn too_far(&self, steps: u32) -> bool {
        (steps.min(self.tour.len() as u32 - steps) as usize) > self.longest_reversal
    }

    /// The best move whose first edge to go is one of the two at `t1`.
    fn best_move(&self, t1: SpotIndex) -> Option<Move> {
        let mut best: Option<Move> = None;
        let mut least = self.noise;
        for forward in [true, false] {
            self.best_move_towards(t1, forward, &mut least, &mut best);
        }
        best
    }

    fn best_move_towards(&self, t1: SpotIndex, forward: bool, least: &mut f64, best: &mut Option<Move>) {
        let count = self.tour.len() as u32;
        let cost = |a, b| self.spots.cost(a, b);
        let t2 = self.tour.beside(t1, forward);
        let origin = self.tour.position(t2);
        // Steps from t2 in the direction away from t1, which is the last.
        let steps = |node| {
            let place = self.tour.position(node);
            let (from, to) = if forward { (origin, place) } else { (place, origin) };
            if to >= from { to - from } else { to + count - from }
        };
        let removed = cost(t1, t2);
        for &(t3, added) in self.neighbours.of(t2) {
            let gain = removed - added;
            if gain <= self.noise {
                break;
            }
            let s3 = steps(t3);
            if s3 == 1 || s3 == count - 1 || self.too_far(s3) {
                continue;
            }
            for towards_t2 in [true, false] {
                let t4 = self.tour.beside(t3, forward != towards_t2);
                let gain = gain + cost(t3, t4);
                if towards_t2 {
                    let closed = gain - cost(t4, t1);
                    if closed > *least {
                        *least = closed;
                        *best = Some(Move { gain: closed, kind: Kind::Two, nodes: [t1, t2, t3, t4, t3, t4] });
                    }
                }
                for &(t5, added) in self.neighbours.of(t4).iter().take(SECOND) {
                    let gain = gain - added;
                    if gain <= self.noise {
                        break;
                    }
                    let s5 = steps(t5);
                    if t5 == t3 || t5 == t1 || self.too_far(s5) {
                        continue;
                    }
                    let mut close = |onward: bool, kind| {
                        let t6 = self.tour.beside(t5, forward == onward);
                        let closed = gain + cost(t5, t6) - cost(t6, t1);
                        if closed > *least {
                            *least = closed;
                            *best = Some(Move { gain: closed, kind, nodes: [t1, t2, t3, t4, t5, t6] });
                        }
                    };
                    if towards_t2 {
                        if s5 > s3 {
                            close(false, Kind::TwoTwice);
                        } else if s5 + 2 < s3 {
                            close(true, Kind::TwoTwice);
                        }
                    } else if s5 < s3 {
                        close(true, Kind::Swap);
                        if s5 >= 2 {
                            close(false, Kind::TurnBoth);
                        }
                    }
                }
            }
        }
    }
}
