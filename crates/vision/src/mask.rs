//! The difference mask: what a person is to look at first.

use crate::occupancy::Reference;
use crate::structure::cells::{Cells, place};
use crate::structure::difference::{Difference, Known};
use crate::structure::gradient::Gradient;
use crate::structure::registration::Registration;
use crate::structure::scaled::{Scaled, between};
use crate::structure::warp::Warp;
use crate::{Luma, Region};

/// The widest mask in pixels.
pub const WIDEST: u32 = crate::structure::scaled::LONGEST as u32;

/// From this difference on a cell is shown, 0 to 1.
const SHOWN: f32 = 0.25;
/// With this difference a cell is white.
const WHITE: f32 = 0.6;
/// A cell is shown only where so many of the nine around it differ too: noise stands alone, things do not.
const COMPANY: usize = 3;

/// Draws where a picture differs in structure from a reference: a gray PNG, white where it does, at most [`WIDEST`] pixels wide, laid out
/// like the reference. `shift` moves the picture onto the reference, in pixels of the picture; the rest is found by the rack. Empty if it
/// cannot be encoded.
pub fn difference(picture: &Luma, before: &Reference, shift: [f32; 2]) -> Vec<u8> {
    let opening = before.framing().opening;
    let (width, height) = (before.picture.width, before.picture.height);
    let scaled = Scaled::sized(picture, width, height);
    let gradient = Gradient::of(&scaled);
    let unmoved = Warp::identity(width, height);
    let moved = |by: f32, from: u32, to: usize| if by.is_finite() { -by * to as f32 / from as f32 } else { 0.0 };
    let start = unmoved.shifted(moved(shift[0], picture.width(), width), moved(shift[1], picture.height(), height));
    let found = Registration::find(&gradient, &before.rack.edges, Some(start));
    // Where the rack is not recognised, the caller's shift is the best that is known.
    let warp = if found.share(&before.rack.edges, |_| true).is_some_and(|share| share >= 0.5) { found.warp } else { start };
    let level = &before.rack.beam;
    let Some(known) = Known::of([&Cells::of(&before.picture, &unmoved, level)]) else { return Vec::new() };
    let gain = found.gain(&gradient, &before.rack.edges);
    let differs = Difference::of(&Cells::of(&scaled, &warp, level), gain, &known);
    let cells = shown(&differs);
    let [left, top, wide, high] =
        if opening.is_sound() { opening } else { Region::WHOLE }.pixels(width as u32, height as u32).map(|edge| edge as usize);
    let mut mask = vec![0u8; width * height];
    for y in top..(top + high).min(height) {
        for x in left..(left + wide).min(width) {
            let [column, row] = place(level, x as f32, y as f32);
            let value = between(&cells, differs.across, differs.down, column, row);
            mask[y * width + x] = (255.0 * ((value - SHOWN) / (WHITE - SHOWN)).clamp(0.0, 1.0)) as u8;
        }
    }
    encode(&mask, width as u32, height as u32).unwrap_or_default()
}

/// How much each cell differs, with what stands alone taken out and what lies between differing cells filled in.
fn shown(differs: &Difference) -> Vec<f32> {
    let strength = |cell: usize| {
        let (new, gone) = (differs.new[cell].iter(), differs.gone[cell].iter());
        if differs.is_known[cell] { new.chain(gone).fold(0.0f32, |most, value| most.max(*value)) } else { 0.0 }
    };
    let strengths: Vec<f32> = (0..differs.new.len()).map(strength).collect();
    let around = |cells: &[f32], cell: usize| {
        let (x, y) = (cell % differs.across, cell / differs.across);
        let (rows, columns) = (y.saturating_sub(1)..(y + 2).min(differs.down), x.saturating_sub(1)..(x + 2).min(differs.across));
        rows.flat_map(|y| columns.clone().map(move |x| (x, y))).map(|(x, y)| cells[y * differs.across + x]).collect::<Vec<f32>>()
    };
    let has_company = |cell: usize| around(&strengths, cell).into_iter().filter(|value| *value >= SHOWN).count() >= COMPANY;
    let kept: Vec<f32> = (0..strengths.len()).map(|cell| if has_company(cell) { strengths[cell] } else { 0.0 }).collect();
    let mean = |cell: usize| {
        let values = around(&kept, cell);
        values.iter().sum::<f32>() / values.len() as f32
    };
    (0..kept.len()).map(|cell| kept[cell].max(mean(cell))).collect()
}

/// A gray PNG.
fn encode(pixels: &[u8], width: u32, height: u32) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().ok()?.write_image_data(pixels).ok()?;
    Some(bytes)
}
