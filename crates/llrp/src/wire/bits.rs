//! Strings of bits of any length.

use std::fmt;

use super::{Field, Reader, Writer};
use crate::error::DecodeError;

/// Some of the top bits of a byte, in three bits or fewer; the bits below are reserved.
pub trait PartByte: Sized {
    /// From the byte; reserved bits are ignored.
    fn from_byte(byte: u8) -> Self;
    /// To the byte; reserved bits are zero.
    fn to_byte(&self) -> u8;
}

/// A string of up to 65,535 bits, the first in the top bit of the first byte. Bits behind the last one are kept as they came; zero in what
/// is made here.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct BitString {
    length: u16,
    bytes: Vec<u8>,
}

impl BitString {
    /// `length` bits out of `bytes`; `None` when these are more or fewer bytes than the bits fill. The bits behind the last one become zero.
    pub fn new(length: u16, mut bytes: Vec<u8>) -> Option<Self> {
        if bytes.len() != bytes_of(length) {
            return None;
        }
        if let (used @ 1.., Some(last)) = (length % 8, bytes.last_mut()) {
            *last &= 0xFF << (8 - used);
        }
        Some(Self { length, bytes })
    }

    /// All bits of `bytes`; `None` when these are more than 8,191.
    pub fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        Self::new(u16::try_from(bytes.len().checked_mul(8)?).ok()?, bytes)
    }

    /// How many bits.
    pub fn length(&self) -> u16 {
        self.length
    }

    /// The bytes they fill.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// How many bytes hold `length` bits.
pub(crate) fn bytes_of(length: u16) -> usize {
    usize::from(length).div_ceil(8)
}

impl fmt::Debug for BitString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.length)?;
        self.bytes.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl Field for BitString {
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, DecodeError> {
        let length = u16::read(reader, field)?;
        Ok(Self { length, bytes: reader.take(field, bytes_of(length))?.to_vec() })
    }

    fn write(&self, field: &'static str, writer: &mut Writer<'_>) {
        self.length.write(field, writer);
        writer.bytes(&self.bytes);
    }
}
