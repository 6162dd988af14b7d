//! A tour as an array, with the one change that all others are made of.

use super::spots::SpotIndex;

/// A tour and where each node is in it.
#[derive(Debug, Clone)]
pub(super) struct Tour {
    nodes: Vec<SpotIndex>,
    position: Vec<u32>,
}

impl Tour {
    /// `nodes` holds the numbers from 0, each once.
    pub(super) fn new(nodes: Vec<SpotIndex>) -> Self {
        let mut position = vec![0; nodes.len()];
        for (place, node) in nodes.iter().enumerate() {
            position[*node as usize] = place as u32;
        }
        Self { nodes, position }
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn nodes(&self) -> &[SpotIndex] {
        &self.nodes
    }

    #[inline]
    pub(super) fn position(&self, node: SpotIndex) -> u32 {
        self.position[node as usize]
    }

    /// The node so many places on from a position; less than a whole turn.
    pub(super) fn onward(&self, position: usize, steps: usize) -> SpotIndex {
        let place = position + steps;
        self.nodes[if place >= self.nodes.len() { place - self.nodes.len() } else { place }]
    }

    #[inline]
    pub(super) fn next(&self, node: SpotIndex) -> SpotIndex {
        let place = self.position[node as usize] as usize + 1;
        self.nodes[if place == self.nodes.len() { 0 } else { place }]
    }

    #[inline]
    pub(super) fn previous(&self, node: SpotIndex) -> SpotIndex {
        let place = self.position[node as usize] as usize;
        self.nodes[if place == 0 { self.nodes.len() - 1 } else { place - 1 }]
    }

    /// The neighbour on one side.
    #[inline]
    pub(super) fn beside(&self, node: SpotIndex, forward: bool) -> SpotIndex {
        if forward { self.next(node) } else { self.previous(node) }
    }

    /// Replaces the edges a–b and c–d by a–c and b–d, where b and d follow a and c in the same direction, whichever it is.
    /// `exchange(a, c, b, d)` undoes it.
    pub(super) fn exchange(&mut self, a: SpotIndex, b: SpotIndex, c: SpotIndex, d: SpotIndex) {
        if self.next(a) == b {
            self.reverse(b, c)
        } else {
            self.reverse(c, b)
        }
        debug_assert!(self.next(d) == b || self.previous(d) == b);
    }

    /// Turns the path between two nodes round, or all the rest, whichever is shorter: as a tour it is the same.
    fn reverse(&mut self, from: SpotIndex, to: SpotIndex) {
        let count = self.nodes.len();
        let (mut i, mut j) = (self.position(from) as usize, self.position(to) as usize);
        let mut inside = if j >= i { j - i + 1 } else { j + count - i + 1 };
        if inside * 2 > count {
            (i, j) = (if j + 1 == count { 0 } else { j + 1 }, if i == 0 { count - 1 } else { i - 1 });
            inside = count - inside;
        }
        for _ in 0..inside / 2 {
            self.nodes.swap(i, j);
            self.position[self.nodes[i] as usize] = i as u32;
            self.position[self.nodes[j] as usize] = j as u32;
            i = if i + 1 == count { 0 } else { i + 1 };
            j = if j == 0 { count - 1 } else { j - 1 };
        }
    }
}
