//! Arbitrary values of every structure, made from a run of bytes so that proptest can shrink them.

use crate::wire::{BitString, CustomParameter, RawParameter, RawRef, Text, tv_body_length};

/// Where arbitrary values come from. Once used up it gives zeros: nothing optional, empty lists.
pub(crate) struct Choices {
    bytes: std::vec::IntoIter<u8>,
    /// Only what the standard lists, in its order: what other implementations must understand.
    pub(crate) by_the_book: bool,
}

impl Choices {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes: bytes.into_iter(), by_the_book: false }
    }

    pub(crate) fn by_the_book(bytes: Vec<u8>) -> Self {
        Self { by_the_book: true, ..Self::new(bytes) }
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.bytes.next().unwrap_or(0)
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }
}

pub(crate) trait Sample {
    fn sample(choices: &mut Choices) -> Self;
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Sample for $number {
            fn sample(choices: &mut Choices) -> Self {
                Self::from_be_bytes(choices.array())
            }
        }
    )*};
}

numbers!(u8, u16, u32, u64, i8, i16, i32);

impl Sample for bool {
    fn sample(choices: &mut Choices) -> Self {
        choices.byte() & 1 == 1
    }
}

impl<const N: usize> Sample for [u8; N] {
    fn sample(choices: &mut Choices) -> Self {
        choices.array()
    }
}

impl Sample for Text {
    fn sample(choices: &mut Choices) -> Self {
        let count = choices.below(9);
        let bytes = choices.bytes(count);
        if choices.by_the_book { Self::from("nine word".split_at(count).0) } else { Self::from(bytes) }
    }
}

impl Sample for BitString {
    fn sample(choices: &mut Choices) -> Self {
        let length = choices.byte() & if choices.by_the_book { 0xF8 } else { 0xFF };
        let bytes = choices.bytes(usize::from(length).div_ceil(8));
        Self::new(u16::from(length), bytes).unwrap()
    }
}

impl<S: Sample> Sample for Option<S> {
    fn sample(choices: &mut Choices) -> Self {
        bool::sample(choices).then(|| S::sample(choices))
    }
}

impl<S: Sample> Sample for Vec<S> {
    fn sample(choices: &mut Choices) -> Self {
        // Most lists of the standard have one element at least.
        let least = usize::from(choices.by_the_book);
        (0..choices.below(4).max(least)).map(|_| S::sample(choices)).collect()
    }
}

impl<S: Sample> Sample for Box<S> {
    fn sample(choices: &mut Choices) -> Self {
        Self::new(S::sample(choices))
    }
}

impl Sample for CustomParameter {
    fn sample(choices: &mut Choices) -> Self {
        Self { vendor: u32::sample(choices) | 1 << 31, subtype: u32::sample(choices), data: Vec::sample(choices) }
    }
}

/// Parameters that no structure lists: customs of no vendor known here, and numbers without a meaning.
pub(crate) fn extensions(choices: &mut Choices, is_listed: impl Fn(&RawRef<'_>) -> bool) -> Vec<RawParameter> {
    let mut extensions: Vec<_> = (0..choices.below(3))
        .map(|_| if bool::sample(choices) { RawParameter::of(&CustomParameter::sample(choices)).unwrap() } else { unlisted(choices) })
        .collect();
    extensions.retain(|raw| !choices.by_the_book && !is_listed(&raw.view()));
    extensions
}

fn unlisted(choices: &mut Choices) -> RawParameter {
    let number = 900 + choices.below(100) as u16;
    RawParameter { number, body: Vec::sample(choices) }
}

/// A parameter that no choice has a variant for.
impl Sample for RawParameter {
    fn sample(choices: &mut Choices) -> Self {
        match choices.below(2) {
            0 => unlisted(choices),
            _ => Self { number: 18, body: choices.bytes(tv_body_length(18).unwrap()) },
        }
    }
}
