//! Is a picture fit to be looked at? Asked while the crane still stands there, so that another one can be taken.

use crate::Luma;
use crate::structure::scaled::Scaled;

/// From which values on a picture is unfit. The defaults refuse what shows nothing, not what is merely dim, pale or soft: a gate that says
/// no costs the crane another picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GateSettings {
    /// Dark below this mean brightness, 0 to 255.
    pub darkest: f32,
    /// Overexposed above this mean brightness, 0 to 255.
    pub brightest: f32,
    /// Blank below this contrast, 0 to 255.
    pub contrast: f32,
    /// Blurred below this sharpness, 0 to 1.
    pub sharpness: f32,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self { darkest: 10.0, brightest: 240.0, contrast: 12.0, sharpness: 0.16 }
    }
}

/// What is measured of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gates {
    /// Mean brightness, 0 to 255.
    pub brightness: f32,
    /// Difference between the darkest and the brightest twentieth, 0 to 255.
    pub contrast: f32,
    /// How sharp its sharpest parts are, 0 (blurred away) to 1; in the direction in which it is worse, where it was moved.
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

impl Unfit {
    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dark => "too dark",
            Self::Bright => "overexposed",
            Self::Blank => "blank",
            Self::Blurred => "blurred",
        }
    }
}

/// The picture is measured at this size: a code's bars are still told apart, and the work is bounded.
const LONGEST: usize = 960;
/// An edge's whole rise is looked for within so many pixels to either side.
const RISE: usize = 6;
/// With fewer edges than this in a direction, nothing is said of its sharpness.
const FEW: usize = 40;

/// Measures a picture.
pub fn measure(picture: &Luma, settings: &GateSettings) -> Gates {
    let scaled = Scaled::within(picture, LONGEST);
    let brightness = scaled.pixels.iter().sum::<f32>() / scaled.pixels.len().max(1) as f32;
    let contrast = contrast(&scaled);
    let sharpness = sharpness(&scaled, contrast);
    let unfit = match () {
        // A lamp in an otherwise black picture does not make it fit, but a dim picture with contrast is.
        () if brightness < settings.darkest && contrast < 3.0 * settings.contrast => Some(Unfit::Dark),
        () if brightness > settings.brightest => Some(Unfit::Bright),
        () if contrast < settings.contrast => Some(Unfit::Blank),
        () if sharpness < settings.sharpness => Some(Unfit::Blurred),
        () => None,
    };
    Gates { brightness, contrast, sharpness, unfit }
}

/// The difference between the darkest and the brightest twentieth.
pub(crate) fn contrast(picture: &Scaled) -> f32 {
    let mut counts = [0usize; 256];
    picture.pixels.iter().for_each(|&pixel| counts[pixel.clamp(0.0, 255.0) as usize] += 1);
    let level = |share: f32| {
        let wanted = (picture.pixels.len() as f32 * share) as usize;
        let mut seen = 0;
        counts.iter().position(|&count| {
            seen += count;
            seen > wanted
        })
    };
    let (dark, bright) = (level(0.05).unwrap_or(0), level(0.95).unwrap_or(255));
    bright.saturating_sub(dark) as f32
}

/// How much of an edge's rise happens within one pixel, for the sharpest tenth of the clear edges, in the worse of the two directions.
fn sharpness(picture: &Scaled, contrast: f32) -> f32 {
    let clear = (0.25 * contrast).max(10.0);
    let right = steepest(picture.height, picture.width, |line, along| picture.pixels[line * picture.width + along], clear);
    let down = steepest(picture.width, picture.height, |line, along| picture.pixels[along * picture.width + line], clear);
    match (right, down) {
        (Some(right), Some(down)) => right.min(down),
        (Some(one), None) | (None, Some(one)) => one,
        // Not one clear edge: either there is nothing, which is another gate's to say, or everything is blurred away.
        (None, None) => 0.0,
    }
}

/// The steepness of the sharpest tenth of the edges along lines: 1 is a step from one pixel to the next.
fn steepest(lines: usize, length: usize, pixel: impl Fn(usize, usize) -> f32, clear: f32) -> Option<f32> {
    let mut steps = Vec::new();
    let mut values = vec![0.0; length];
    for line in (0..lines).step_by(2) {
        values.iter_mut().enumerate().for_each(|(along, value)| *value = pixel(line, along));
        let mut along = 1;
        while along + 1 < length {
            let step = values[along + 1] - values[along];
            let is_crest = |other: usize| (values[other + 1] - values[other]) * step.signum() <= step.abs();
            if step.abs() < 0.04 * clear || !is_crest(along - 1) || (along + 2 < length && !is_crest(along + 1)) {
                along += 1;
                continue;
            }
            let around = &values[along.saturating_sub(RISE)..(along + 2 + RISE).min(length)];
            let (low, high) =
                around.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)));
            if high - low >= clear {
                steps.push(step.abs() / (high - low));
            }
            along += 2;
        }
    }
    if steps.len() < FEW {
        return None;
    }
    let at = steps.len() * 9 / 10;
    Some(steps.select_nth_unstable_by(at, f32::total_cmp).1.min(1.0))
}
