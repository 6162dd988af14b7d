//! Bytes being made.

use super::raw::CUSTOM;
use crate::error::EncodeError;

/// Bytes being made. The first error is kept and told at the end, so that writing reads as a straight line.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
    structure: &'static str,
    error: Option<EncodeError>,
}

impl<'a> Writer<'a> {
    /// Appends to `out`.
    pub fn new(structure: &'static str, out: &'a mut Vec<u8>) -> Self {
        Self { out, structure, error: None }
    }

    /// Ends, and tells the first error.
    ///
    /// # Errors
    /// What was noted while writing.
    pub fn finish(self) -> Result<(), EncodeError> {
        self.error.map_or(Ok(()), Err)
    }

    /// Appends bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Appends the 16-bit count that stands before the elements of `field`.
    pub fn count(&mut self, field: &'static str, count: usize) {
        let wire = u16::try_from(count).unwrap_or_else(|_| {
            self.note(EncodeError::TooManyElements { structure: self.structure, field, count });
            0
        });
        self.bytes(&wire.to_be_bytes());
    }

    /// Appends a TLV parameter: its header, and the body that `body` writes. `structure` names it in errors.
    pub fn tlv(&mut self, structure: &'static str, number: u16, body: impl FnOnce(&mut Self)) {
        if number > 0x3FF {
            self.note(EncodeError::Number { number });
        }
        let outer = std::mem::replace(&mut self.structure, structure);
        let start = self.out.len();
        self.bytes(&(number & 0x3FF).to_be_bytes());
        self.bytes(&[0, 0]);
        body(self);
        self.structure = outer;
        let length = self.out.len() - start;
        match u16::try_from(length) {
            Ok(wire) => {
                if let Some(place) = self.out.get_mut(start + 2..start + 4) {
                    place.copy_from_slice(&wire.to_be_bytes());
                }
            }
            Err(_) => self.note(EncodeError::ParameterTooLong { number, length }),
        }
    }

    /// Appends a vendor's parameter: TLV 1023 with vendor and subtype before its body.
    pub fn custom(&mut self, structure: &'static str, vendor: u32, subtype: u32, body: impl FnOnce(&mut Self)) {
        self.tlv(structure, CUSTOM, |writer| {
            writer.bytes(&vendor.to_be_bytes());
            writer.bytes(&subtype.to_be_bytes());
            body(writer);
        });
    }

    /// Appends a TV parameter: the number, and the body that `body` writes.
    pub fn tv(&mut self, number: u8, body: impl FnOnce(&mut Self)) {
        self.bytes(&[0x80 | number]);
        body(self);
    }

    /// Notes an error; the first one is kept.
    pub fn note(&mut self, error: EncodeError) {
        self.error.get_or_insert(error);
    }
}
