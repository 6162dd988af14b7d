//! One picture of the empty slot.

use super::Framing;
use crate::structure::gradient::Gradient;
use crate::structure::rack::Rack;
use crate::structure::scaled::Scaled;
use crate::{Luma, Point, Quad};

/// A picture of the empty slot, prepared once for many comparisons.
#[derive(Debug, Clone)]
pub struct Reference {
    framing: Framing,
    pub(crate) picture: Scaled,
    pub(crate) gradient: Gradient,
    pub(crate) rack: Rack,
    /// Where the front marker is, in shares of its width and height.
    pub(crate) marker: Option<Quad>,
}

impl Reference {
    /// Prepares a picture of the empty slot.
    pub fn prepare(picture: &Luma, framing: &Framing) -> Self {
        let scaled = Scaled::fit(picture);
        let gradient = Gradient::of(&scaled);
        let rack = Rack::find(&gradient, framing);
        Self { framing: *framing, picture: scaled, gradient, rack, marker: None }
    }

    /// The same, with the place of the front marker on that picture, in pixels of it.
    #[must_use]
    pub fn with_marker(mut self, picture: &Luma, marker: &Quad) -> Self {
        self.marker = Some(in_shares(picture, marker));
        self
    }

    /// Where things are on it.
    pub fn framing(&self) -> &Framing {
        &self.framing
    }
}

/// A quad in shares of a picture's width and height.
pub(super) fn in_shares(picture: &Luma, quad: &Quad) -> Quad {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    quad.map(|corner| Point { x: corner.x / width, y: corner.y / height })
}
