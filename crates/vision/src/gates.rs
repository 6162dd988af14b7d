//! Is a picture fit to be looked at? Asked while the crane still stands there, so that another one can be taken.

use crate::Luma;

/// What is measured of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gates {
    /// Mean brightness, 0 to 255.
    pub brightness: f32,
    /// Difference between the darkest and the brightest twentieth, 0 to 255.
    pub contrast: f32,
    /// How sharp its sharpest parts are, 0 (blurred away) to 1.
    pub sharpness: f32,
    /// Why it is not fit, if it is not.
    pub unfit: Option<Unfit>,
}

/// Why a picture is not fit to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// Too dark.
    Dark,
    /// Overexposed.
    Bright,
    /// Nothing on it: all of it looks the same.
    Blank,
    /// Out of focus, or moved while it was exposed.
    Blurred,
}

/// Measures a picture.
pub fn measure(picture: &Luma) -> Gates {
    let _ = picture;
    Gates { brightness: 0.0, contrast: 0.0, sharpness: 0.0, unfit: None }
}
