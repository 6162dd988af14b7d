//! Parameters as they stand in the bytes, and kept raw.

use super::{Parameter, Reader, Writer};
use crate::error::{DecodeError, EncodeError};

/// The number of vendors' parameters and messages.
pub const CUSTOM: u16 = 1023;

/// Bytes in the body of TV parameter `number`, without the byte of its header; `None` when there is no such parameter
/// (1.0.1 section 16.2, and 1.1 section 17.2 for 15, 19 and 20).
pub const fn tv_body_length(number: u16) -> Option<usize> {
    Some(match number {
        1 | 7 | 8 | 10 | 11 | 12 | 14 | 15 | 17 | 19 | 20 => 2,
        2..=5 => 8,
        6 => 1,
        9 | 16 | 18 => 4,
        13 => 12,
        _ => return None,
    })
}

/// A parameter in borrowed bytes: its number and its body without header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawRef<'a> {
    /// Its number: 1 to 127 are TV, 128 to 1023 TLV.
    pub number: u16,
    /// What is behind its header.
    pub body: &'a [u8],
    pub(crate) at: usize,
    pub(crate) depth: u8,
}

impl<'a> RawRef<'a> {
    /// Whether its header is the single byte of a TV parameter.
    pub fn is_tv(&self) -> bool {
        self.number < 128
    }

    /// Where its body begins, in bytes from the start of the message's body.
    pub fn at(&self) -> usize {
        self.at
    }

    /// A vendor's parameter as vendor, subtype and data; `None` for any other one.
    pub fn custom(&self) -> Option<(u32, u32, &'a [u8])> {
        split_custom(self.number, self.body)
    }

    /// A cursor over its body; `structure` names it in errors.
    ///
    /// # Errors
    /// [`DecodeError::TooDeep`]
    pub fn reader(&self, structure: &'static str) -> Result<Reader<'a>, DecodeError> {
        Reader::nested(structure, self.body, self.at, self.depth)
    }

    /// The parameter as `P`.
    ///
    /// # Errors
    /// [`DecodeError::OtherParameter`] when it is another one, or what is wrong in it.
    pub fn decode<P: Parameter>(self) -> Result<P, DecodeError> {
        if P::accepts(&self) {
            P::read(self)
        } else {
            Err(DecodeError::OtherParameter { expected: P::NAME, number: self.number, at: self.at })
        }
    }

    /// The same, with bytes of its own.
    pub fn to_owned(&self) -> RawParameter {
        RawParameter { number: self.number, body: self.body.to_vec() }
    }
}

/// The parameters of a structure, in the order of the wire. Ends after the first error.
#[derive(Debug, Clone)]
pub struct RawParameters<'a> {
    structure: &'static str,
    bytes: &'a [u8],
    at: usize,
    depth: u8,
}

impl<'a> RawParameters<'a> {
    pub(super) fn new(structure: &'static str, bytes: &'a [u8], at: usize, depth: u8) -> Self {
        Self { structure, bytes, at, depth }
    }

    #[inline]
    fn step(&mut self) -> Result<RawRef<'a>, DecodeError> {
        let (structure, at, left) = (self.structure, self.at, self.bytes.len());
        let (number, header, length) = match *self.bytes {
            [first, ..] if first & 0x80 != 0 => {
                let number = u16::from(first & 0x7F);
                let Some(body) = tv_body_length(number) else { return Err(DecodeError::UnknownTv { structure, number, at }) };
                (number, 1, 1 + body)
            }
            [first, second, third, fourth, ..] => {
                let number = u16::from_be_bytes([first & 0x03, second]);
                if number < 128 {
                    return Err(DecodeError::TlvNumber { structure, number, at });
                }
                (number, 4, usize::from(u16::from_be_bytes([third, fourth])))
            }
            _ => return Err(DecodeError::ParameterLength { structure, at, claimed: 4, left }),
        };
        let (Some(body), Some(rest)) = (self.bytes.get(header..length), self.bytes.get(length..)) else {
            return Err(DecodeError::ParameterLength { structure, at, claimed: length, left });
        };
        self.bytes = rest;
        self.at += length;
        Ok(RawRef { number, body, at: at + header, depth: self.depth })
    }
}

impl<'a> Iterator for RawParameters<'a> {
    type Item = Result<RawRef<'a>, DecodeError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.bytes.is_empty() {
            return None;
        }
        let step = self.step();
        if step.is_err() {
            self.bytes = &[];
        }
        Some(step)
    }
}

/// A parameter kept as it came: one that its structure does not list, a vendor's, or one of a later version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RawParameter {
    /// Its number: 1 to 127 are TV, 128 to 1023 TLV.
    pub number: u16,
    /// What is behind its header.
    pub body: Vec<u8>,
}

impl RawParameter {
    /// A typed parameter, a vendor's for instance, as raw bytes.
    ///
    /// # Errors
    /// What keeps it from being encoded.
    pub fn of<P: Parameter>(parameter: &P) -> Result<Self, EncodeError> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(P::NAME, &mut bytes);
        parameter.write(&mut writer);
        writer.finish()?;
        let header = if bytes.first().is_some_and(|first| first & 0x80 != 0) { 1 } else { 4 };
        let number = match *bytes {
            [first, ..] if header == 1 => u16::from(first & 0x7F),
            [first, second, ..] => u16::from_be_bytes([first & 0x03, second]),
            _ => 0,
        };
        Ok(Self { number, body: bytes.split_off(header.min(bytes.len())) })
    }

    /// A vendor's parameter.
    pub fn new_custom(vendor: u32, subtype: u32, data: &[u8]) -> Self {
        Self { number: CUSTOM, body: [&vendor.to_be_bytes()[..], &subtype.to_be_bytes(), data].concat() }
    }

    /// A vendor's parameter as vendor, subtype and data; `None` for any other one.
    pub fn custom(&self) -> Option<(u32, u32, &[u8])> {
        split_custom(self.number, &self.body)
    }

    /// Borrowed. Places in errors count from the start of this parameter's body.
    pub fn view(&self) -> RawRef<'_> {
        RawRef { number: self.number, body: &self.body, at: 0, depth: 1 }
    }

    /// The parameter as `P`.
    ///
    /// # Errors
    /// [`DecodeError::OtherParameter`] when it is another one, or what is wrong in it.
    pub fn decode<P: Parameter>(&self) -> Result<P, DecodeError> {
        self.view().decode()
    }

    /// The first `P` among `parameters`.
    ///
    /// # Errors
    /// What is wrong in it.
    pub fn find<P: Parameter>(parameters: &[Self]) -> Result<Option<P>, DecodeError> {
        parameters.iter().map(Self::view).find(|raw| P::accepts(raw)).map(P::read).transpose()
    }
}

/// Any parameter.
impl Parameter for RawParameter {
    const NAME: &'static str = "RawParameter";

    fn accepts(_: &RawRef<'_>) -> bool {
        true
    }

    fn read(raw: RawRef<'_>) -> Result<Self, DecodeError> {
        Ok(raw.to_owned())
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match u8::try_from(self.number) {
            Ok(number) if number < 128 => {
                if tv_body_length(self.number) != Some(self.body.len()) {
                    writer.note(EncodeError::TvBody { number: self.number, length: self.body.len() });
                }
                writer.tv(number, |writer| writer.bytes(&self.body));
            }
            _ => writer.tlv(Self::NAME, self.number, |writer| writer.bytes(&self.body)),
        }
    }
}

/// A vendor's parameter where the standard gives it a place of its own, between operations for instance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CustomParameter {
    /// The vendor's IANA private enterprise number.
    pub vendor: u32,
    /// The vendor's number for it.
    pub subtype: u32,
    /// What is behind vendor and subtype.
    pub data: Vec<u8>,
}

/// For [`RawParameter::decode`].
impl From<CustomParameter> for RawParameter {
    fn from(custom: CustomParameter) -> Self {
        Self::new_custom(custom.vendor, custom.subtype, &custom.data)
    }
}

impl Parameter for CustomParameter {
    const NAME: &'static str = "CustomParameter";

    fn accepts(raw: &RawRef<'_>) -> bool {
        raw.custom().is_some()
    }

    fn read(raw: RawRef<'_>) -> Result<Self, DecodeError> {
        let (vendor, subtype, data) =
            raw.custom().ok_or(DecodeError::OtherParameter { expected: Self::NAME, number: raw.number, at: raw.at })?;
        Ok(Self { vendor, subtype, data: data.to_vec() })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.custom(Self::NAME, self.vendor, self.subtype, |writer| writer.bytes(&self.data));
    }
}

fn split_custom(number: u16, body: &[u8]) -> Option<(u32, u32, &[u8])> {
    let (vendor, rest) = body.split_first_chunk()?;
    let (subtype, data) = rest.split_first_chunk()?;
    (number == CUSTOM).then_some((u32::from_be_bytes(*vendor), u32::from_be_bytes(*subtype), data))
}
