//! Has anything changed since an earlier picture of the same location? Advice for whoever looks at it, never a verdict.

use crate::{Luma, Region};

/// What differs between two pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// Changed, the same, or unsure.
    pub verdict: Difference,
    /// The share of the opening whose structure differs, 0 to 1.
    pub share: f32,
}

/// Whether two pictures differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// They show the same.
    Same,
    /// Something was put there, taken away or moved.
    Changed,
    /// They cannot be compared.
    Unsure,
}

/// Compares a picture with an earlier one of the same location.
pub fn compare(picture: &Luma, before: &Luma, opening: &Region) -> Change {
    let _ = (picture, before, opening);
    Change { verdict: Difference::Unsure, share: 0.0 }
}
