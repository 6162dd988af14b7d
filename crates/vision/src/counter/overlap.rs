//! Of boxes that lie on each other, the surest one.

/// The most candidates that are looked at, and so the most boxes.
const CANDIDATES: usize = 3_000;

/// A box before it is held against the others, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) right: f32,
    pub(super) bottom: f32,
    pub(super) score: f32,
    pub(super) class: usize,
}

impl Candidate {
    /// It has an area. Numbers that are none fail every comparison.
    pub(super) fn is_sound(&self) -> bool {
        self.left < self.right && self.top < self.bottom && self.area().is_finite()
    }

    fn area(&self) -> f32 {
        (self.right - self.left) * (self.bottom - self.top)
    }

    /// The area of both together that they share, 0 to 1.
    fn shared(&self, other: &Self) -> f32 {
        let wide = self.right.min(other.right) - self.left.max(other.left);
        let high = self.bottom.min(other.bottom) - self.top.max(other.top);
        let both = wide.max(0.0) * high.max(0.0);
        both / (self.area() + other.area() - both)
    }
}

/// Keeps the surest of those that share more than `overlap`; and whether there were too many to look at.
pub(super) fn suppress(mut candidates: Vec<Candidate>, overlap: f32) -> (Vec<Candidate>, bool) {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    let is_cut = candidates.len() > CANDIDATES;
    candidates.truncate(CANDIDATES);
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        if kept.iter().all(|other| candidate.shared(other) <= overlap) {
            kept.push(candidate);
        }
    }
    (kept, is_cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(left: f32, score: f32) -> Candidate {
        Candidate { left, top: 0.0, right: left + 10.0, bottom: 10.0, score, class: 0 }
    }

    #[test]
    fn the_surest_of_those_that_lie_on_each_other_stays() {
        // Moved by two of ten, they share two thirds; by five, a third.
        let (kept, is_cut) = suppress(vec![square(0.0, 0.5), square(2.0, 0.9), square(7.0, 0.6), square(40.0, 0.3)], 0.5);
        assert_eq!(kept.iter().map(|candidate| candidate.left).collect::<Vec<_>>(), [2.0, 7.0, 40.0]);
        assert!(!is_cut);
    }

    #[test]
    fn too_many_candidates_are_told_of() {
        let many = (0..CANDIDATES + 1).map(|index| square(index as f32 * 20.0, 0.5)).collect();
        let (kept, is_cut) = suppress(many, 0.5);
        assert_eq!((kept.len(), is_cut), (CANDIDATES, true));
    }

    #[test]
    fn what_is_no_number_is_no_box() {
        for edge in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(!Candidate { right: edge, ..square(0.0, 0.5) }.is_sound());
            assert!(!Candidate { left: edge, ..square(0.0, 0.5) }.is_sound());
        }
        assert!(square(200.0, 0.5).is_sound());
    }
}
