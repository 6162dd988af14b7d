//! Is the slot empty? Held against pictures of it, or of its like, that show it empty.
//!
//! The picture is laid on the references by the rack itself ([`References`]), then its edges are compared with theirs ([`Evidence`]): a load
//! stands on the carrying beam, so what is new directly above that beam says most. What is seen through the slot changes on its own: only
//! what no reference shows counts, and by itself it proves nothing.

mod evidence;
mod reference;
mod references;
mod score;

pub use evidence::Evidence;
pub use reference::Reference;
pub use references::References;

use crate::structure::gradient::Gradient;
use crate::structure::opening;
use crate::structure::scaled::Scaled;
use crate::{Luma, Region};

/// Where things are on the pictures of a slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Framing {
    /// The opening through which the slot is seen: between the uprights, from the beam above down to the beam that carries the load.
    pub opening: Region,
    /// The upper edge of the carrying beam, as a share of the picture's height; none: it is found on the reference.
    pub beam: Option<f32>,
    /// Whether a person drew it. What was found may be wrong, so an empty slot must look more empty.
    pub is_drawn: bool,
}

impl Default for Framing {
    /// Nobody knows where things are.
    fn default() -> Self {
        Self { opening: Region::WHOLE, beam: None, is_drawn: false }
    }
}

impl Framing {
    /// As somebody drew it.
    pub fn drawn(opening: Region, beam: Option<f32>) -> Self {
        Self { opening, beam, is_drawn: true }
    }

    /// Where nobody drew it, it is found on pictures of the empty slot; the whole picture where none shows a rack.
    #[must_use]
    pub fn found_on(self, pictures: &[Luma]) -> Self {
        if self.is_drawn {
            return self;
        }
        let gradients: Vec<Gradient> = pictures.iter().map(|picture| Gradient::of(&Scaled::fit(picture))).collect();
        Self { opening: opening::find(&gradients).unwrap_or(Region::WHOLE), ..self }
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
    /// What the score is made of; none where the picture could not be laid on a reference.
    pub evidence: Option<Evidence>,
    /// What an empty picture of this slot usually gives.
    pub usual: Option<Evidence>,
}

impl Occupancy {
    /// The picture does not tell, for that reason.
    pub fn unsure(why: Unsure) -> Self {
        Self { verdict: Presence::Unsure, score: 0.5, unsure: Some(why), reference: None, shift: [0.0; 2], evidence: None, usual: None }
    }
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
    /// Nothing of the rack is to be seen behind the beam, so that nothing could be hidden: it would look empty with a load too.
    NothingBehind,
}

/// Holds a picture against references. Where several pictures are held against the same ones, [`References`] does what can be done once.
pub fn judge(picture: &Luma, references: &[&Reference]) -> Occupancy {
    References::of(references).judge(picture, None)
}
