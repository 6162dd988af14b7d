//! What pictures of a slot show alike although all else changes: what stands there for good.

use super::gradient::Gradient;
use super::rack::Beam;
use crate::Region;

/// The side of a block in working pixels.
pub(crate) const BLOCK: usize = 8;
/// What a block's slopes are held against, so that noise is like nothing.
const QUIET: f32 = 2.0;
/// From block to block, in pixels.
const STEP: usize = 4;
/// So far a block may be off, in pixels.
const OFF: isize = 1;
/// A block with slopes of this strength all over, in gray levels a pixel, counts fully.
const CLEAR: f32 = 4.0;
/// A block with less than this share of that tells nothing.
const FAINT: f32 = 0.15;

/// The slopes that several pictures, laid on each other, have in common behind the carrying beam.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    width: usize,
    right: Vec<f32>,
    down: Vec<f32>,
    /// Where there is something to be seen: left, top, and how much.
    blocks: Vec<(usize, usize, f32)>,
}

/// How much of what stands in a block is seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Block {
    /// The middle of the block, in pixels.
    pub(crate) x: f32,
    /// The same downwards.
    pub(crate) y: f32,
    /// How much there is to be seen, 0 to 1.
    pub(crate) weight: f32,
    /// How alike the picture is, whatever the light: 0 to 1.
    pub(crate) likeness: f32,
}

impl Standing {
    /// What pictures have in common within the opening, above the beam. Each comes with how strong its edges are in the light of the first.
    pub(crate) fn of(pictures: &[(Gradient, f32)], opening: &Region, beam: &Beam) -> Option<Self> {
        let (first, _) = pictures.first()?;
        let share = 1.0 / pictures.len() as f32;
        let mean = |values: &dyn Fn(&Gradient) -> &[f32]| {
            let mut sums = vec![0.0f32; first.right.len()];
            for (picture, gain) in pictures {
                sums.iter_mut().zip(values(picture)).for_each(|(sum, value)| *sum += value / gain * share);
            }
            sums
        };
        let (mut right, mut down) = (mean(&|picture| &picture.right), mean(&|picture| &picture.down));
        // What only some show is less than what all show together: it is weighed down by the part that they agree on.
        for index in 0..right.len() {
            let energy: f32 =
                pictures.iter().map(|(picture, gain)| (picture.right[index] / gain).powi(2) + (picture.down[index] / gain).powi(2)).sum();
            let agreed = (right[index].powi(2) + down[index].powi(2)) / (energy * share + 0.5);
            right[index] *= agreed;
            down[index] *= agreed;
        }
        let mut standing = Self { width: first.width, right, down, blocks: Vec::new() };
        let [left, top, wide, _] = opening.pixels(first.width as u32, first.height as u32).map(|edge| edge as usize);
        // No block reaches over the rim: places are looked at a little beside where they should be.
        let margin = OFF as usize + 1;
        let (right, bottom) =
            ((left + wide).min(first.width.saturating_sub(margin)), (beam.top.max(0.0) as usize).min(first.height.saturating_sub(margin)));
        for top in (top.max(margin)..bottom.saturating_sub(BLOCK)).step_by(STEP) {
            for left in (left.max(margin)..right.saturating_sub(BLOCK)).step_by(STEP) {
                let weight = (standing.energy(left, top) / (BLOCK * BLOCK) as f32).sqrt() / CLEAR;
                if weight >= FAINT {
                    standing.blocks.push((left, top, weight.min(1.0)));
                }
            }
        }
        Some(standing)
    }

    /// How much of it a picture shows that is laid on it, block by block.
    pub(crate) fn seen_on(&self, picture: &Gradient) -> Vec<Block> {
        if picture.right.len() != self.right.len() {
            return Vec::new();
        }
        let seen = |&(left, top, weight): &(usize, usize, f32)| {
            let shifts = (-OFF..=OFF).flat_map(|down| (-OFF..=OFF).map(move |right| (right, down)));
            let likeness = shifts.map(|shift| self.likeness(picture, left, top, shift)).fold(0.0f32, f32::max).min(1.0);
            let middle = BLOCK as f32 / 2.0;
            Block { x: left as f32 + middle, y: top as f32 + middle, weight, likeness }
        };
        self.blocks.iter().map(seen).collect()
    }

    /// The sum of the squared slopes of a block.
    fn energy(&self, left: usize, top: usize) -> f32 {
        let row = |y: usize| y * self.width + left..y * self.width + left + BLOCK;
        (top..top + BLOCK).map(|y| self.right[row(y)].iter().chain(&self.down[row(y)]).map(|value| value * value).sum::<f32>()).sum()
    }

    /// How alike a block of a picture is where it is moved by so much. Only what stands where something is expected is compared.
    fn likeness(&self, picture: &Gradient, left: usize, top: usize, (right, down): (isize, isize)) -> f32 {
        let (mut product, mut of_wanted, mut of_found) = (0.0f32, 0.0f32, 0.0f32);
        for y in top..top + BLOCK {
            let here = y * self.width + left;
            let there = (here as isize + down * self.width as isize + right) as usize;
            let wanted = self.right[here..here + BLOCK].iter().zip(&self.down[here..here + BLOCK]);
            let found = picture.right[there..there + BLOCK].iter().zip(&picture.down[there..there + BLOCK]);
            for ((a, b), (c, d)) in wanted.zip(found) {
                let square = a * a + b * b;
                product += a * c + b * d;
                of_wanted += square;
                of_found += (c * c + d * d) * (square / (square + 4.0));
            }
        }
        product.abs() / ((of_wanted * of_found).sqrt() + QUIET)
    }
}
