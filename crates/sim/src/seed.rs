//! Chance that can be asked again: every draw is a pure function of the seed, of what is drawn, and for whom.

/// The seed of a world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seed(pub(crate) u64);

/// What is drawn. Draws for different purposes are independent of each other.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Draw {
    Filled = 1,
    UnitCount,
    Article,
    Price,
    Quantity,
    Shuffle,
    PairMoved,
    PairDirection,
    SingleDiffers,
    SingleKind,
    WhichUnit,
    Travel,
    Signal,
    Confidence,
    Picture,
    Fault,
    Block,
    TagUnread,
    TagOffset,
    TagStrength,
    Shadowing,
    Read,
    ReadNoise,
    Unlabelled,
    Mislabelled,
    OtherLabel,
    ViewBlocked,
    Exposure,
    SlotLook,
    Nonce,
}

impl Seed {
    /// 64 evenly distributed bits.
    pub(crate) fn bits(self, draw: Draw, of: u64) -> u64 {
        mix(mix(self.0 ^ (draw as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)) ^ of)
    }

    /// A number in 0..1.
    pub(crate) fn fraction(self, draw: Draw, of: u64) -> f64 {
        (self.bits(draw, of) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number of the normal distribution with mean 0 and deviation 1 (Box and Muller 1958).
    pub(crate) fn normal(self, draw: Draw, of: u64) -> f64 {
        let bits = self.bits(draw, of);
        let unit = |bits: u32| (f64::from(bits) + 0.5) / 2_f64.powi(32);
        let (radius, turn) = (unit((bits >> 32) as u32), unit(bits as u32));
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * turn).cos()
    }

    /// A number of the Laplace distribution with mean 0 and deviation 1.
    pub(crate) fn laplace(self, draw: Draw, of: u64) -> f64 {
        let from_middle = self.fraction(draw, of) - 0.5;
        // The lowest fraction of all would be infinitely far out.
        -from_middle.signum() * (1.0 - 2.0 * from_middle.abs()).max(f64::EPSILON).ln() / std::f64::consts::SQRT_2
    }

    /// A number in 0..`bound`; 0 where `bound` is 0.
    pub(crate) fn below(self, draw: Draw, of: u64, bound: u64) -> u64 {
        ((u128::from(self.bits(draw, of)) * u128::from(bound)) >> 64) as u64
    }
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit.
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A text as 64 bits.
pub(crate) fn hash_text(text: &str) -> u64 {
    let start = mix(text.len() as u64);
    text.as_bytes().chunks(8).fold(start, |state, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        mix(state ^ u64::from_le_bytes(word))
    })
}

/// A shuffle of `0..size` that needs no memory and can be undone: a Feistel network over the next power of four, walked until
/// it is back within the range (cycle walking, Black and Rogaway 2002).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shuffle {
    keys: [u64; 4],
    size: u32,
    half_bits: u32,
}

impl Shuffle {
    pub(crate) fn new(seed: Seed, size: u32) -> Self {
        let bits = u64::from(size.max(2) - 1).ilog2() + 1;
        let keys = std::array::from_fn(|round| seed.bits(Draw::Shuffle, round as u64));
        Self { keys, size, half_bits: bits.div_ceil(2) }
    }

    /// Where an index below `size` goes.
    pub(crate) fn forward(&self, index: u32) -> u32 {
        self.walk(index, |this, (left, right), round| (right, left ^ this.half(right, round)), [0, 1, 2, 3])
    }

    /// The index that goes there.
    pub(crate) fn back(&self, position: u32) -> u32 {
        self.walk(position, |this, (left, right), round| (right ^ this.half(left, round), left), [3, 2, 1, 0])
    }

    fn half(&self, value: u64, round: usize) -> u64 {
        mix(value ^ self.keys[round]) & ((1 << self.half_bits) - 1)
    }

    fn walk(&self, start: u32, step: impl Fn(&Self, (u64, u64), usize) -> (u64, u64), rounds: [usize; 4]) -> u32 {
        let mut value = u64::from(start);
        loop {
            let halves = (value >> self.half_bits, value & ((1 << self.half_bits) - 1));
            let (left, right) = rounds.iter().fold(halves, |halves, round| step(self, halves, *round));
            value = (left << self.half_bits) | right;
            // The network is a permutation, so the walk from a value in range comes back into the range.
            if value < u64::from(self.size) {
                return value as u32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_hits_every_index_once_and_can_be_undone() {
        for size in [1, 2, 3, 5, 16, 17, 1000, 4097] {
            let shuffle = Shuffle::new(Seed(7), size);
            let mut hit = vec![false; size as usize];
            for index in 0..size {
                let there = shuffle.forward(index);
                assert!(!std::mem::replace(&mut hit[there as usize], true), "{there} twice among {size}");
                assert_eq!(shuffle.back(there), index);
            }
        }
    }

    #[test]
    fn draws_are_even_and_differ_by_purpose() {
        let seed = Seed(42);
        let mean = (0..10_000).map(|of| seed.fraction(Draw::Filled, of)).sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
        assert_ne!(seed.bits(Draw::Filled, 1), seed.bits(Draw::Quantity, 1));
        assert!((0..1000).all(|of| seed.below(Draw::Quantity, of, 7) < 7));
    }

    #[test]
    fn normal_and_laplace_have_mean_0_and_deviation_1_and_laplace_the_heavier_tails() {
        let moments = |draw: fn(Seed, Draw, u64) -> f64| {
            let draws: Vec<f64> = (0..100_000).map(|of| draw(Seed(42), Draw::Shadowing, of)).collect();
            let mean = |power| draws.iter().map(|draw| draw.powi(power)).sum::<f64>() / draws.len() as f64;
            (mean(1), mean(2), mean(4))
        };
        for (draw, kurtosis) in [(Seed::normal as fn(Seed, Draw, u64) -> f64, 3.0), (Seed::laplace, 6.0)] {
            let (mean, variance, fourth) = moments(draw);
            assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
            assert!((fourth / kurtosis - 1.0).abs() < 0.1, "{fourth}");
        }
    }

    #[test]
    fn texts_that_only_differ_in_trailing_zeros_differ() {
        assert_ne!(hash_text("a"), hash_text("a\0"));
        assert_ne!(hash_text("1号"), hash_text("11号"));
    }
}
