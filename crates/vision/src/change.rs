//! Has anything changed since an earlier picture of the same location? Advice for whoever looks at it, never a verdict.

use crate::occupancy::{Framing, Reference};
use crate::structure::cells::{CELL, Cells};
use crate::structure::difference::{Difference as Differs, Known};
use crate::structure::gradient::Gradient;
use crate::structure::registration::Registration;
use crate::structure::scaled::Scaled;
use crate::structure::warp::Warp;
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

/// Up to this share of the opening two pictures are the same: noise, compression, a light that was switched on.
const SAME: f32 = 0.03;
/// From this share of the opening on something has changed.
const CHANGED: f32 = 0.07;
/// A cell differs from this strength on, 0 to 1.
const DIFFERS: f32 = 0.3;
/// Pictures on which less than this share of the rack is at its place cannot be compared.
const RECOGNISED: f32 = 0.5;

/// Compares a picture with an earlier one of the same location.
pub fn compare(picture: &Luma, before: &Luma, opening: &Region) -> Change {
    let opening = if opening.is_sound() { *opening } else { Region::WHOLE };
    let before = Reference::prepare(before, &Framing::drawn(opening, None));
    let (width, height) = (before.picture.width, before.picture.height);
    let scaled = Scaled::sized(picture, width, height);
    let gradient = Gradient::of(&scaled);
    let registration = Registration::find(&gradient, &before.rack.edges, None);
    if !registration.share(&before.rack.edges, |_| true).is_some_and(|share| share >= RECOGNISED) {
        return Change { verdict: Difference::Unsure, share: 0.0 };
    }
    let level = &before.rack.beam;
    let cells = Cells::of(&scaled, &registration.warp, level);
    let Some(known) = Known::of([&Cells::of(&before.picture, &Warp::identity(width, height), level)]) else {
        return Change { verdict: Difference::Unsure, share: 0.0 };
    };
    let differs = Differs::of(&cells, registration.gain(&gradient, &before.rack.edges), &known);
    let [left, top, wide, high] = opening.pixels(width as u32, height as u32).map(|edge| edge as f32);
    let (mut all, mut told, mut different) = (0usize, 0usize, 0usize);
    for cell in 0..differs.new.len() {
        let (x, y) = (centre(cell % differs.across), centre(cell / differs.across));
        if !(left..left + wide).contains(&x) || !(top..top + high).contains(&y) {
            continue;
        }
        all += 1;
        if !differs.is_known[cell] {
            continue;
        }
        told += 1;
        let strongest = differs.new[cell].iter().chain(&differs.gone[cell]).fold(0.0f32, |most, value| most.max(*value));
        different += usize::from(strongest >= DIFFERS);
    }
    let share = different as f32 / told.max(1) as f32;
    let verdict = match share {
        _ if 2 * told < all => Difference::Unsure,
        _ if share <= SAME => Difference::Same,
        _ if share >= CHANGED => Difference::Changed,
        _ => Difference::Unsure,
    };
    Change { verdict, share }
}

/// The middle of a cell, in pixels.
fn centre(cell: usize) -> f32 {
    ((cell * CELL) as f32) + CELL as f32 / 2.0
}
