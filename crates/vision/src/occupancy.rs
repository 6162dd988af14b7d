//! Is the slot empty? Held against pictures of it, or of its like, that show it empty.

use crate::{Luma, Region};

/// Where things are on the pictures of a slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slot {
    /// The opening through which the slot is seen: between the uprights, from the beam above down to the beam that carries the load.
    pub opening: Region,
    /// The upper edge of the carrying beam, as a share of the picture's height; none: it is found on the reference.
    pub beam: Option<f32>,
}

impl Default for Slot {
    fn default() -> Self {
        Self { opening: Region::WHOLE, beam: None }
    }
}

/// What a picture says of a slot.
#[derive(Debug, Clone, PartialEq)]
pub struct Occupancy {
    /// Empty, occupied, or unsure.
    pub verdict: Presence,
    /// How much speaks for something being there, 0 to 1.
    pub score: f32,
    /// Why it is unsure, where it is.
    pub unsure: Option<Unsure>,
    /// The reference that it is most like, as an index.
    pub reference: Option<usize>,
    /// How far the picture has to be moved to lie on that reference, in pixels of the picture.
    pub shift: [f32; 2],
}

/// Whether something stands in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Nothing stands there.
    Empty,
    /// Something stands there.
    Occupied,
    /// The picture does not tell.
    Unsure,
}

/// Why a picture does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsure {
    /// It lies between the two.
    Between,
    /// There is no reference.
    NoReference,
    /// The rack is not where the reference has it: the camera was moved.
    CameraMoved,
    /// The rack is not to be seen: something stands before the camera.
    ViewBlocked,
    /// Too dark, too bright or too blurred.
    NotFit,
    /// A marker shows that this is another location.
    OtherLocation,
}

/// A picture of the empty slot, prepared once for many comparisons.
#[derive(Debug, Clone)]
pub struct Reference {
    slot: Slot,
}

impl Reference {
    /// Prepares a picture of the empty slot.
    pub fn prepare(picture: &Luma, slot: &Slot) -> Self {
        let _ = picture;
        Self { slot: *slot }
    }

    /// Where things are on it.
    pub fn slot(&self) -> &Slot {
        &self.slot
    }
}

/// Holds a picture against references.
pub fn judge(picture: &Luma, references: &[&Reference]) -> Occupancy {
    let _ = (picture, references);
    Occupancy { verdict: Presence::Unsure, score: 0.5, unsure: Some(Unsure::NoReference), reference: None, shift: [0.0; 2] }
}
