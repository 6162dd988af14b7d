//! Views: the picture as a rung of the ladder shows it to the reader, and the way back to the picture's own pixels.

use std::borrow::Cow;

use super::Rung;
use super::look::{averaged, doubled, evened, padded, scaled, sharpened, smoothed, turned};
use crate::{Luma, Point, Region};

/// What a rung shows.
pub(super) struct View<'a> {
    pub(super) luma: Cow<'a, Luma>,
    /// The part that is looked at: left, top, width and height.
    pub(super) part: [u32; 4],
    /// From places on the view to those on the picture.
    pub(super) back: Affine,
}

/// x → a x + b y + c, y → d x + e y + f. Places count from the upper left corner of the first pixel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Affine(pub(super) [f32; 6]);

impl Affine {
    pub(super) const IDENTITY: Self = Self([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);

    pub(super) fn moved(x: f32, y: f32) -> Self {
        Self([1.0, 0.0, x, 0.0, 1.0, y])
    }

    pub(super) fn scaled(across: f32, down: f32) -> Self {
        Self([across, 0.0, 0.0, 0.0, down, 0.0])
    }

    pub(super) fn apply(&self, point: Point) -> Point {
        let [a, b, c, d, e, f] = self.0;
        Point { x: a * point.x + b * point.y + c, y: d * point.x + e * point.y + f }
    }

    /// This one after the other.
    pub(super) fn after(&self, other: &Self) -> Self {
        let ([a, b, c, d, e, f], [a2, b2, c2, d2, e2, f2]) = (self.0, other.0);
        Self([a * a2 + b * d2, a * b2 + b * e2, a * c2 + b * f2 + c, d * a2 + e * d2, d * b2 + e * e2, d * c2 + e * f2 + f])
    }
}

/// What the rungs work on: the part of the picture where labels can be.
pub(super) struct Base<'a> {
    picture: &'a Luma,
    part: [u32; 4],
    /// That part by itself, and the way back from it. Made when the first rung wants it: most pictures never need one.
    bounded: Option<(Luma, Affine)>,
}

impl<'a> Base<'a> {
    pub(super) fn new(picture: &'a Luma, region: &Region) -> Self {
        Self { picture, part: region.pixels(picture.width(), picture.height()), bounded: None }
    }

    /// The picture as a rung shows it.
    pub(super) fn view(&mut self, rung: Rung) -> View<'_> {
        if rung == Rung::Plain {
            return View { luma: Cow::Borrowed(self.picture), part: self.part, back: Affine::IDENTITY };
        }
        let (picture, part) = (self.picture, self.part);
        let (base, to_picture) = self.bounded.get_or_insert_with(|| bounded(picture, part));
        let (luma, to_base) = match rung {
            Rung::Plain => (base.clone(), Affine::IDENTITY),
            Rung::Padded => padded(base),
            Rung::Doubled => doubled(base),
            Rung::Sharpened => (sharpened(base), Affine::IDENTITY),
            Rung::Evened => (evened(base), Affine::IDENTITY),
            Rung::Averaged => averaged(base),
            Rung::Smoothed => (smoothed(base), Affine::IDENTITY),
            Rung::Turned(tenths) => turned(base, f32::from(tenths) / 10.0),
        };
        let part = [0, 0, luma.width(), luma.height()];
        View { luma: Cow::Owned(luma), part, back: to_picture.after(&to_base) }
    }
}

/// A part of the picture by itself, with no more pixels than the rungs take.
fn bounded(picture: &Luma, part: [u32; 4]) -> (Luma, Affine) {
    let [left, top, width, height] = part;
    let columns = left as usize..(left + width) as usize;
    let pixels: Vec<u8> = (top..top + height).flat_map(|y| &picture.row(y)[columns.clone()]).copied().collect();
    let to_picture = Affine::moved(left as f32, top as f32);
    // A part of a picture is never empty.
    let Some(whole) = Luma::new(width, height, pixels) else { return (picture.clone(), Affine::IDENTITY) };
    let (luma, to_part) = scaled(whole, 1.0);
    (luma, to_picture.after(&to_part))
}
