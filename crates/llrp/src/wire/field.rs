//! Fields: what stands before the parameters of a structure.

use super::{PartByte, Reader, Writer};
use crate::error::DecodeError;

/// A field of a structure, most significant byte first.
pub trait Field: Sized {
    /// Takes the field from `reader`; `field` names it in errors.
    ///
    /// # Errors
    /// When bytes are missing.
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, DecodeError>;
    /// Appends the field; `field` names it in errors.
    fn write(&self, field: &'static str, writer: &mut Writer<'_>);
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Field for $number {
            fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, DecodeError> {
                reader.array(field).map(Self::from_be_bytes)
            }

            fn write(&self, _: &'static str, writer: &mut Writer<'_>) {
                writer.bytes(&self.to_be_bytes());
            }
        }
    )*};
}

numbers!(u8, u16, u32, u64, i8, i16, i32);

impl<const N: usize> Field for [u8; N] {
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, DecodeError> {
        reader.array(field)
    }

    fn write(&self, _: &'static str, writer: &mut Writer<'_>) {
        writer.bytes(self);
    }
}

/// A list: a 16-bit count, then the elements.
impl<F: Field> Field for Vec<F> {
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, DecodeError> {
        let count = u16::read(reader, field)?;
        (0..count).map(|_| F::read(reader, field)).collect()
    }

    fn write(&self, field: &'static str, writer: &mut Writer<'_>) {
        writer.count(field, self.len());
        self.iter().for_each(|element| element.write(field, writer));
    }
}

/// A byte of which the standard uses only the top bits.
impl<P: PartByte> Field for P {
    fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, DecodeError> {
        u8::read(reader, field).map(P::from_byte)
    }

    fn write(&self, _: &'static str, writer: &mut Writer<'_>) {
        writer.bytes(&[self.to_byte()]);
    }
}

/// A flag in the top bit, then seven reserved ones.
impl PartByte for bool {
    fn from_byte(byte: u8) -> Self {
        byte & 0x80 != 0
    }

    fn to_byte(&self) -> u8 {
        u8::from(*self) << 7
    }
}
