//! Bits read from, and written to, the EPC memory of a tag.

use std::fmt;

use crate::error::EpcError;
use crate::scheme::Scheme;

/// The most bits the EPC memory can hold: 31 words of 16 bits, what the length field of the PC word can say (TDS 9.3).
pub const MAX_BITS: usize = 496;

/// A copy of the bits of one EPC, with zeros behind the end, so that sixteen bytes can be loaded at any bit.
pub(crate) struct Memory {
    bytes: [u8; 80],
    len: usize,
}

impl Memory {
    pub(crate) fn new(source: &[u8], bits: usize) -> Result<Self, EpcError> {
        if bits == 0 {
            return Err(EpcError::Empty);
        }
        if bits > MAX_BITS {
            return Err(EpcError::TooLong { bits });
        }
        let used = bits.div_ceil(8);
        let mut bytes = [0; 80];
        let (Some(from), Some(to)) = (source.get(..used), bytes.get_mut(..used)) else {
            return Err(EpcError::BitLength { bits, available: source.len().saturating_mul(8) });
        };
        to.copy_from_slice(from);
        if let Some(last) = to.last_mut() {
            *last &= 0xFF_u8 << (used * 8 - bits);
        }
        Ok(Self { bytes, len: bits })
    }

    /// How many bits there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The `count` (at most 64) bits at `at` as an integer; bits behind the end are zero.
    pub(crate) fn get(&self, at: usize, count: u32) -> u64 {
        let Some(window) = self.bytes.get(at / 8..).and_then(|rest| rest.first_chunk::<16>()) else { return 0 };
        let word = u128::from_be_bytes(*window) << (at % 8);
        word.checked_shr(128 - count).unwrap_or(0) as u64
    }

    /// The first bit set at or behind `at`.
    pub(crate) fn first_set(&self, at: usize) -> Option<usize> {
        let mut at = at;
        while at < self.len {
            let word = self.get(at, 64);
            if word != 0 {
                return Some(at + word.leading_zeros() as usize);
            }
            at += 64;
        }
        None
    }
}

/// Reads one field behind the other, and says so when the bits end.
pub(crate) struct Reader<'a> {
    memory: &'a Memory,
    scheme: Scheme,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(memory: &'a Memory, scheme: Scheme, at: usize) -> Self {
        Self { memory, scheme, at }
    }

    /// Where the next field starts.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The next `count` (at most 64) bits.
    pub(crate) fn take(&mut self, count: u32) -> Result<u64, EpcError> {
        let end = self.at + count as usize;
        if end > self.memory.len {
            return Err(EpcError::TooShort { scheme: self.scheme, needed: end, bits: self.memory.len });
        }
        let value = self.memory.get(self.at, count);
        self.at = end;
        Ok(value)
    }

    /// The next `count` (at most 128) bits.
    pub(crate) fn take_wide(&mut self, count: u32) -> Result<u128, EpcError> {
        let high = self.take(count.saturating_sub(64))?;
        let low = self.take(count.min(64))?;
        Ok(u128::from(high) << 64 | u128::from(low))
    }

    /// Passes `count` bits that must be zero.
    pub(crate) fn zeros(&mut self, count: u32) -> Result<(), EpcError> {
        let mut left = count;
        while left > 0 {
            let step = left.min(64);
            let value = self.take(step)?;
            if value != 0 {
                let position = self.at - (64 - value.leading_zeros() as usize);
                return Err(EpcError::TrailingBits { scheme: self.scheme, position });
            }
            left -= step;
        }
        Ok(())
    }
}

/// The bits of an encoded EPC. `Display` is upper-case hexadecimal of [`Binary::as_bytes`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Binary {
    bytes: [u8; 64],
    len: u16,
}

impl Binary {
    pub(crate) fn new() -> Self {
        Self { bytes: [0; 64], len: 0 }
    }

    /// How many bits the EPC has, without the padding.
    pub fn bit_len(&self) -> usize {
        usize::from(self.len)
    }

    /// The bytes to write into a tag: the EPC, filled up with zeros to whole words of 16 bits (TDS 15.1.1).
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.words() * 2).unwrap_or_default()
    }

    /// How many words of 16 bits that is: the length for the PC word.
    pub fn words(&self) -> usize {
        self.bit_len().div_ceil(16)
    }

    /// Appends the low `count` (at most 64) bits of `value`.
    pub(crate) fn push(&mut self, value: u64, count: u32) {
        let mut left = count;
        while left > 0 {
            let room = 8 - u32::from(self.len) % 8;
            let step = room.min(left);
            let chunk = (value >> (left - step)) as u8 & (0xFF >> (8 - step));
            // The longest EPC (ADI-var, 434 bits) leaves room: nothing is ever dropped.
            if let Some(byte) = self.bytes.get_mut(usize::from(self.len / 8)) {
                *byte |= chunk << (room - step);
                self.len += step as u16;
            }
            left -= step;
        }
    }

    /// Appends the low `count` (at most 128) bits of `value`.
    pub(crate) fn push_wide(&mut self, value: u128, count: u32) {
        self.push((value >> 64) as u64, count.saturating_sub(64));
        self.push(value as u64, count.min(64));
    }
}

impl fmt::Display for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let mut text = [0; 128];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.as_bytes()) {
            pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
        f.pad(std::str::from_utf8(text.get(..self.words() * 4).unwrap_or_default()).unwrap_or_default())
    }
}

impl fmt::Debug for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Binary({self}, {} bits)", self.len)
    }
}

/// Hexadecimal text as bytes, with their length in bits (four for each digit). Upper and lower case.
pub(crate) fn from_hex(text: &str) -> Result<([u8; 64], usize), EpcError> {
    let mut bytes = [0; 64];
    if text.is_empty() {
        return Err(EpcError::Empty);
    }
    for (position, character) in text.bytes().enumerate() {
        let digit = match character {
            b'0'..=b'9' => character - b'0',
            b'a'..=b'f' => character - b'a' + 10,
            b'A'..=b'F' => character - b'A' + 10,
            _ => return Err(EpcError::NotHex { position }),
        };
        let Some(byte) = bytes.get_mut(position / 2) else {
            return Err(EpcError::TooLong { bits: text.len().saturating_mul(4) });
        };
        *byte |= if position % 2 == 0 { digit << 4 } else { digit };
    }
    Ok((bytes, text.len() * 4))
}
