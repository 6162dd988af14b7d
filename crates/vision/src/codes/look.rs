//! What the rungs do to a picture: each makes another gray picture of it, and tells the way back where places move.

use super::view::Affine;
use crate::{Luma, Point};

/// No view has more pixels, so that no rung takes long.
const MOST_PIXELS: f32 = 4_000_000.0;

const WHITE: u8 = 255;

/// A picture of that size whose pixels are told row by row.
fn by_rows(width: u32, height: u32, mut row: impl FnMut(usize, &mut [u8])) -> Luma {
    let (width, height) = (width.max(1), height.max(1));
    let mut pixels = vec![WHITE; width as usize * height as usize];
    pixels.chunks_exact_mut(width as usize).enumerate().for_each(|(y, pixels)| row(y, pixels));
    Luma::of(width, height, pixels)
}

/// A picture of the same size, every pixel made of the one at its place.
fn by_pixels(base: &Luma, pixels: impl Iterator<Item = u8>) -> Luma {
    Luma::of(base.width(), base.height(), pixels.collect())
}

/// As much white around it as any symbology wants at the usual sizes.
const RIM: u32 = 32;

pub(super) fn padded(base: &Luma) -> (Luma, Affine) {
    let luma = by_rows(base.width() + 2 * RIM, base.height() + 2 * RIM, |y, row| {
        if let Some(y) = y.checked_sub(RIM as usize).filter(|&y| y < base.height() as usize) {
            row[RIM as usize..][..base.width() as usize].copy_from_slice(base.row(y as u32));
        }
    });
    (luma, Affine::moved(-(RIM as f32), -(RIM as f32)))
}

pub(super) fn doubled(base: &Luma) -> (Luma, Affine) {
    resized(base, 2.0)
}

/// So many times as large, as far as the bound on pixels allows.
pub(super) fn scaled(base: Luma, factor: f32) -> (Luma, Affine) {
    if factor == 1.0 && pixels(&base) <= MOST_PIXELS { (base, Affine::IDENTITY) } else { resized(&base, factor) }
}

fn pixels(base: &Luma) -> f32 {
    base.width() as f32 * base.height() as f32
}

fn resized(base: &Luma, factor: f32) -> (Luma, Affine) {
    let factor = factor.min((MOST_PIXELS / pixels(base)).sqrt());
    let [width, height] = [base.width(), base.height()].map(|side| ((side as f32 * factor) as u32).max(1));
    // Rounded sizes are what places are told by.
    let back = Affine::scaled(base.width() as f32 / width as f32, base.height() as f32 / height as f32);
    let [columns, rows] =
        [(width, base.width(), back.0[0]), (height, base.height(), back.0[4])].map(|(new, old, step)| Between::all(new, old, step));
    let luma = by_rows(width, height, |y, row| {
        let Between { first, second, share } = rows[y];
        let (upper, lower) = (base.row(first), base.row(second));
        for (pixel, column) in row.iter_mut().zip(&columns) {
            let across = |row: &[u8]| {
                256 * u32::from(row[column.first as usize]) + column.share * u32::from(row[column.second as usize])
                    - column.share * u32::from(row[column.first as usize])
            };
            *pixel = ((across(upper) * (256 - share) + across(lower) * share + (1 << 15)) >> 16) as u8;
        }
    });
    (luma, back)
}

/// Where between two pixels of a row or column something lies.
#[derive(Clone, Copy)]
struct Between {
    first: u32,
    second: u32,
    /// How much of the second, of 256.
    share: u32,
}

impl Between {
    fn all(new: u32, old: u32, step: f32) -> Vec<Self> {
        (0..new).map(|at| Self::of((at as f32 + 0.5) * step - 0.5, old)).collect()
    }

    fn of(at: f32, size: u32) -> Self {
        let at = at.clamp(0.0, (size - 1) as f32);
        let first = at as u32;
        Self { first, second: (first + 1).min(size - 1), share: ((at - first as f32) * 256.0) as u32 }
    }
}

/// Every pixel the mean of those up to so far away across and down.
fn mean(base: &Luma, across: usize, down: usize) -> Luma {
    let (width, height) = (base.width() as usize, base.height() as usize);
    // The sum over the rows around each row slides along with it.
    let mut columns = vec![0u32; width];
    let add = |columns: &mut [u32], y: usize| columns.iter_mut().zip(base.row(y as u32)).for_each(|(sum, &pixel)| *sum += u32::from(pixel));
    (0..down.min(height)).for_each(|y| add(&mut columns, y));
    by_rows(base.width(), base.height(), |y, row| {
        if y + down < height {
            add(&mut columns, y + down);
        }
        if let Some(gone) = y.checked_sub(down + 1) {
            columns.iter_mut().zip(base.row(gone as u32)).for_each(|(sum, &pixel)| *sum -= u32::from(pixel));
        }
        let rows = ((y + down + 1).min(height) - y.saturating_sub(down)) as u32;
        let mut sum: u32 = columns[..across.min(width)].iter().sum();
        for (x, pixel) in row.iter_mut().enumerate() {
            sum += columns.get(x + across).copied().unwrap_or(0);
            sum -= x.checked_sub(across + 1).map_or(0, |gone| columns[gone]);
            let count = rows * ((x + across + 1).min(width) - x.saturating_sub(across)) as u32;
            *pixel = ((sum + count / 2) / count) as u8;
        }
    })
}

/// What a pixel differs from those around it, so many times as much.
fn unsharp(base: &Luma, radius: usize, amount: f32) -> Luma {
    let soft = mean(base, radius, radius);
    let sharp = |(&pixel, &soft): (&u8, &u8)| (f32::from(pixel) + amount * (f32::from(pixel) - f32::from(soft))) as u8;
    by_pixels(base, base.pixels().iter().zip(soft.pixels()).map(sharp))
}

pub(super) fn sharpened(base: &Luma) -> Luma {
    unsharp(base, 2, 1.5)
}

/// Bars that stand upright are the same a few rows above and below: their noise is not.
pub(super) fn averaged(base: &Luma) -> (Luma, Affine) {
    let (doubled, back) = resized(&mean(base, 0, 4), 2.0);
    (unsharp(&doubled, 5, 4.0), back)
}

pub(super) fn smoothed(base: &Luma) -> Luma {
    mean(&mean(base, 1, 1), 1, 1)
}

/// Tiles a side.
const TILES: usize = 8;

/// No gray of a tile counts for more than so many times its even share: what is flat stays so.
const STEEPEST: u32 = 4;

/// Contrast evened out tile by tile: adaptive histogram equalisation with a limit on the contrast (Zuiderveld, Graphics Gems IV).
pub(super) fn evened(base: &Luma) -> Luma {
    let (width, height) = (base.width() as usize, base.height() as usize);
    // Too few pixels a tile tell nothing of its grays.
    if width.min(height) < 4 * TILES {
        return base.clone();
    }
    let edge = |tile: usize, size: usize| tile * size / TILES;
    let mut curves = vec![[0u8; 256]; TILES * TILES];
    for (at, curve) in curves.iter_mut().enumerate() {
        let [left, right] = [at % TILES, at % TILES + 1].map(|tile| edge(tile, width));
        let [top, bottom] = [at / TILES, at / TILES + 1].map(|tile| edge(tile, height));
        let mut counts = [0u32; 256];
        for y in top..bottom {
            base.row(y as u32)[left..right].iter().for_each(|&gray| counts[usize::from(gray)] += 1);
        }
        *curve = equalising(counts, ((right - left) * (bottom - top)) as u32);
    }
    let [columns, rows] = [width, height].map(|size| {
        let step = TILES as f32 / size as f32;
        Between::all(size as u32, TILES as u32, step)
    });
    by_rows(base.width(), base.height(), |y, row| {
        let Between { first: upper, second: lower, share } = rows[y];
        let [upper, lower] = [upper, lower].map(|tile| &curves[tile as usize * TILES..][..TILES]);
        for ((pixel, &gray), column) in row.iter_mut().zip(base.row(y as u32)).zip(&columns) {
            let across = |curves: &[[u8; 256]]| {
                let [first, second] = [column.first, column.second].map(|tile| u32::from(curves[tile as usize][usize::from(gray)]));
                first * (256 - column.share) + second * column.share
            };
            *pixel = ((across(upper) * (256 - share) + across(lower) * share) >> 16) as u8;
        }
    })
}

/// The curve that spreads these grays over the whole scale.
fn equalising(mut counts: [u32; 256], total: u32) -> [u8; 256] {
    let limit = (STEEPEST * total / 256).max(1);
    let beyond: u32 = counts.iter().map(|&count| count.saturating_sub(limit)).sum();
    counts.iter_mut().for_each(|count| *count = (*count).min(limit));
    // What was cut off is shared out evenly.
    let (mut sum, total) = (0, u64::from(total.max(1)));
    let mut at = 0;
    counts.map(|count| {
        sum += count;
        at += 1;
        let with_share = u64::from(sum) + u64::from(beyond) * at / 256;
        (with_share * 255 / total).min(255) as u8
    })
}

pub(super) fn turned(base: &Luma, degrees: f32) -> (Luma, Affine) {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (old_width, old_height) = (base.width() as f32, base.height() as f32);
    let (full_width, full_height) = (old_width * cos.abs() + old_height * sin.abs(), old_width * sin.abs() + old_height * cos.abs());
    let factor = (MOST_PIXELS / (full_width * full_height)).sqrt().min(1.0);
    let [width, height] = [full_width, full_height].map(|side| (side * factor).ceil());
    let turn = Affine([cos / factor, sin / factor, 0.0, -sin / factor, cos / factor, 0.0]);
    let back = Affine::moved(old_width / 2.0, old_height / 2.0).after(&turn).after(&Affine::moved(-width / 2.0, -height / 2.0));
    let inside = |at: f32, size: f32| (-0.5..=size + 0.5).contains(&at);
    let luma = by_rows(width as u32, height as u32, |y, row| {
        for (x, pixel) in row.iter_mut().enumerate() {
            let from = back.apply(Point { x: x as f32 + 0.5, y: y as f32 + 0.5 });
            if inside(from.x, old_width) && inside(from.y, old_height) {
                *pixel = between(base, from);
            }
        }
    });
    (luma, back)
}

/// The gray at a place between pixels.
fn between(base: &Luma, place: Point) -> u8 {
    let (column, row) = (Between::of(place.x - 0.5, base.width()), Between::of(place.y - 0.5, base.height()));
    let across =
        |row: &[u8]| u32::from(row[column.first as usize]) * (256 - column.share) + u32::from(row[column.second as usize]) * column.share;
    ((across(base.row(row.first)) * (256 - row.share) + across(base.row(row.second)) * row.share + (1 << 15)) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: u32, height: u32) -> Luma {
        Luma::new(width, height, (0..width * height).map(|at| (at * 7 % 251) as u8).collect()).unwrap()
    }

    #[test]
    fn a_mean_is_that_of_the_pixels_around() {
        let base = ramp(13, 9);
        for (across, down) in [(0, 0), (1, 2), (3, 0), (20, 20)] {
            let soft = mean(&base, across, down);
            for (y, x) in [(0usize, 0usize), (4, 6), (8, 12), (0, 12)] {
                let rows = y.saturating_sub(down)..=(y + down).min(8);
                let around: Vec<u32> = rows
                    .flat_map(|y| &base.row(y as u32)[x.saturating_sub(across)..=(x + across).min(12)])
                    .map(|&gray| gray.into())
                    .collect();
                let wanted = (around.iter().sum::<u32>() + around.len() as u32 / 2) / around.len() as u32;
                assert_eq!(u32::from(soft.row(y as u32)[x]), wanted, "{across} {down} at {x} {y}");
            }
        }
    }

    #[test]
    fn every_look_works_on_any_size_and_keeps_flat_pictures_flat() {
        for (width, height) in [(1, 1), (1, 40), (40, 1), (7, 5), (33, 64), (330, 640)] {
            let flat = Luma::new(width, height, vec![90; (width * height) as usize]).unwrap();
            for luma in [doubled(&flat).0, sharpened(&flat), averaged(&flat).0, smoothed(&flat)] {
                assert!(luma.pixels().iter().all(|&gray| gray == 90), "{width} × {height}");
            }
            let evened = evened(&flat);
            // A tile of few pixels has few grays.
            let is_flat = evened.pixels().windows(2).all(|pair| pair[0].abs_diff(pair[1]) <= 1);
            assert!(is_flat || width.min(height) < 256, "{width} × {height}");
            assert!(turned(&flat, 30.0).0.pixels().contains(&90));
            assert_eq!(padded(&flat).0.width(), width + 64);
        }
    }

    #[test]
    fn no_look_makes_more_pixels_than_allowed() {
        let large = Luma::new(6000, 1000, vec![0; 6_000_000]).unwrap();
        let (bounded, back) = scaled(large.clone(), 1.0);
        for luma in [&bounded, &doubled(&large).0, &turned(&bounded, 45.0).0] {
            assert!(pixels(luma) <= 1.01 * MOST_PIXELS, "{luma:?}");
        }
        let corner = back.apply(Point { x: bounded.width() as f32, y: bounded.height() as f32 });
        assert!((corner.x - 6000.0).abs() < 0.1 && (corner.y - 1000.0).abs() < 0.1, "{corner:?}");
    }

    #[test]
    fn contrast_is_evened_out_across_a_picture_that_is_dark_on_one_side() {
        let faint = |at: u32| (20 + at % 320 / 2 + if (at / 4).is_multiple_of(2) { 12 } else { 0 }) as u8;
        let base = Luma::new(320, 64, (0..320 * 64).map(faint).collect()).unwrap();
        let steps = |luma: &Luma| luma.row(32).windows(4).map(|four| u32::from(four[0].abs_diff(four[3]))).sum::<u32>();
        assert!(steps(&evened(&base)) > 2 * steps(&base), "{} {}", steps(&evened(&base)), steps(&base));
    }
}
