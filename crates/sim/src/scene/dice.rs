//! Chance of a scene: a row of draws that a seed and a purpose begin.

use crate::seed::mix;

/// What is drawn. Rows for different purposes are independent of each other.
#[derive(Debug, Clone, Copy)]
pub(super) enum Row {
    Look = 1,
    Wear,
    Behind,
    Goods,
    Unit,
    Lamp,
    Pose,
    Grain,
    Distortion,
    Texture,
    Symbol,
}

/// A row of draws.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64, row: Row) -> Self {
        Self(mix(seed ^ mix((row as u64) << 48)))
    }

    /// 64 evenly distributed bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mix(self.0)
    }

    /// A number in 0..1.
    pub(super) fn fraction(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1_u64 << 24) as f32
    }

    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.fraction()
    }

    /// The mean of three even draws: mostly in the middle.
    pub(super) fn about(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * (self.fraction() + self.fraction() + self.fraction()) / 3.0
    }

    /// A whole number below a bound that is not 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.bits()) * bound as u128) >> 64) as usize
    }

    pub(super) fn chance(&mut self, share: f32) -> bool {
        self.fraction() < share
    }

    /// One of several; there is at least one.
    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// A number of about the normal distribution with mean 0 and deviation 1 (a sum of even draws).
    pub(super) fn normal(&mut self) -> f32 {
        (0..6).map(|_| self.fraction()).sum::<f32>() * std::f32::consts::SQRT_2 - 3.0 * std::f32::consts::SQRT_2
    }
}
