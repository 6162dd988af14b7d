//! Vendors' messages.

use crate::error::{DecodeError, EncodeError};
use crate::wire::{CUSTOM, Field, Reader, Structure, Writer};

/// A vendor's message, its data raw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CustomMessage {
    /// The vendor's IANA private enterprise number.
    pub vendor: u32,
    /// The vendor's number for it.
    pub subtype: u8,
    /// What is behind vendor and subtype.
    pub data: Vec<u8>,
}

/// The typed data of a vendor's message.
pub trait VendorMessage: Structure {
    /// The vendor's IANA private enterprise number.
    const VENDOR: u32;
    /// The vendor's number for it.
    const SUBTYPE: u8;
}

impl CustomMessage {
    /// `message` as raw data.
    ///
    /// # Errors
    /// What keeps it from being encoded.
    pub fn of<M: VendorMessage>(message: &M) -> Result<Self, EncodeError> {
        let mut data = Vec::new();
        let mut writer = Writer::new(M::NAME, &mut data);
        message.write(&mut writer);
        writer.finish()?;
        Ok(Self { vendor: M::VENDOR, subtype: M::SUBTYPE, data })
    }

    /// The data as `M`. Places in errors count from the start of the data.
    ///
    /// # Errors
    /// [`DecodeError::OtherMessage`] when it is another message, or what is wrong in it.
    pub fn decode<M: VendorMessage>(&self) -> Result<M, DecodeError> {
        if (self.vendor, self.subtype) != (M::VENDOR, M::SUBTYPE) {
            return Err(DecodeError::OtherMessage { expected: M::NAME, number: CUSTOM });
        }
        M::read(Reader::new(M::NAME, &self.data))
    }
}

impl Structure for CustomMessage {
    const NAME: &'static str = "CustomMessage";

    fn read(mut reader: Reader<'_>) -> Result<Self, DecodeError> {
        let vendor = Field::read(&mut reader, "vendor")?;
        let subtype = Field::read(&mut reader, "subtype")?;
        Ok(Self { vendor, subtype, data: reader.rest().to_vec() })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        self.vendor.write("vendor", writer);
        self.subtype.write("subtype", writer);
        writer.bytes(&self.data);
    }
}

#[cfg(test)]
impl crate::tests::sample::Sample for CustomMessage {
    fn sample(choices: &mut crate::tests::sample::Choices) -> Self {
        use crate::tests::sample::Sample;
        Self { vendor: Sample::sample(choices), subtype: Sample::sample(choices), data: Sample::sample(choices) }
    }
}
