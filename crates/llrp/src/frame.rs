//! One message in its bytes: header and body (1.0.1 section 16.1, 1.1 section 17.1).

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;

/// Bytes of the header before the body.
pub const HEADER: usize = 10;

/// The version of the protocol that a frame speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Version {
    /// LLRP 1.0.1, `1` on the wire.
    #[default]
    V1_0_1,
    /// LLRP 1.1, `2` on the wire.
    V1_1,
    /// LLRP 2.0, `3` on the wire: the header is the same; what is new in its messages stays raw.
    V2_0,
}

impl Version {
    /// From the number of the wire.
    pub const fn from_wire(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::V1_0_1),
            2 => Some(Self::V1_1),
            3 => Some(Self::V2_0),
            _ => None,
        }
    }

    /// The number of the wire.
    pub const fn to_wire(self) -> u8 {
        match self {
            Self::V1_0_1 => 1,
            Self::V1_1 => 2,
            Self::V2_0 => 3,
        }
    }
}

/// Why bytes are no frames. There is no way to find the next frame after it: the connection is to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A version that is none of LLRP.
    #[error("frame of an unknown version {version}")]
    Version {
        /// The three bits of the header.
        version: u8,
    },
    /// A length below that of the header.
    #[error("frame of {length} bytes, the header alone has ten")]
    TooShort {
        /// The length of the header.
        length: u32,
    },
    /// A length above the limit.
    #[error("frame of {length} bytes, the limit is {limit}")]
    TooLong {
        /// The length of the header.
        length: u32,
        /// The limit.
        limit: usize,
    },
    /// Fewer or more bytes than the one frame they should be.
    #[error("frame of {length} bytes in {given} bytes")]
    Bytes {
        /// The length of the header, or the ten bytes of the header itself.
        length: usize,
        /// The bytes there are.
        given: usize,
    },
}

impl FrameError {
    /// A stable, kebab-case name of the reason, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Version { .. } => "version",
            Self::TooShort { .. } => "too-short",
            Self::TooLong { .. } => "too-long",
            Self::Bytes { .. } => "frame-length",
        }
    }
}

/// What stands before the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// The version of the protocol.
    pub version: Version,
    /// The number of the message, ten bits: see [`crate::message_type`].
    pub message_type: u16,
    /// Bytes of the frame with its header, ten or more.
    pub length: u32,
    /// The id by which replies are matched to requests.
    pub id: u32,
}

impl FrameHeader {
    /// From the ten bytes of the wire. The three reserved bits are ignored.
    ///
    /// # Errors
    /// [`FrameError::Version`], [`FrameError::TooShort`]
    pub fn parse(bytes: &[u8; HEADER]) -> Result<Self, FrameError> {
        let [first, second, l0, l1, l2, l3, i0, i1, i2, i3] = *bytes;
        let number = (first >> 2) & 7;
        let version = Version::from_wire(number).ok_or(FrameError::Version { version: number })?;
        let length = u32::from_be_bytes([l0, l1, l2, l3]);
        if usize::try_from(length).is_ok_and(|length| length < HEADER) {
            return Err(FrameError::TooShort { length });
        }
        let message_type = u16::from_be_bytes([first & 3, second]);
        Ok(Self { version, message_type, length, id: u32::from_be_bytes([i0, i1, i2, i3]) })
    }
}

/// One message in borrowed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The version of the protocol.
    pub version: Version,
    /// The number of the message, ten bits: see [`crate::message_type`].
    pub message_type: u16,
    /// The id by which replies are matched to requests.
    pub id: u32,
    /// What is behind the header.
    pub body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Takes `bytes` as one whole frame.
    ///
    /// # Errors
    /// [`FrameError`]; [`FrameError::Bytes`] when a part is missing or more follows.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FrameError> {
        let given = bytes.len();
        let Some((header, body)) = bytes.split_first_chunk() else { return Err(FrameError::Bytes { length: HEADER, given }) };
        let header = FrameHeader::parse(header)?;
        let length = usize::try_from(header.length).unwrap_or(usize::MAX);
        if length != given {
            return Err(FrameError::Bytes { length, given });
        }
        Ok(Self::of(header, body))
    }

    pub(crate) fn of(header: FrameHeader, body: &'a [u8]) -> Self {
        Self { version: header.version, message_type: header.message_type, id: header.id, body }
    }

    /// The message in it.
    ///
    /// # Errors
    /// What is wrong in this frame; those after it are not touched by it.
    pub fn decode(&self) -> Result<Message, DecodeError> {
        Message::decode(self.message_type, self.body)
    }

    /// Appends the frame to `out`.
    ///
    /// # Errors
    /// [`EncodeError::Number`], [`EncodeError::MessageTooLong`]; `out` is then as before.
    pub fn write_to(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        write_frame(out, self.version, self.message_type, self.id, |out| {
            out.extend_from_slice(self.body);
            Ok(())
        })
    }
}

/// Appends a frame whose body `body` appends.
pub(crate) fn write_frame(
    out: &mut Vec<u8>,
    version: Version,
    message_type: u16,
    id: u32,
    body: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    if message_type > 0x3FF {
        return Err(EncodeError::Number { number: message_type });
    }
    let start = out.len();
    out.extend_from_slice(&(u16::from(version.to_wire()) << 10 | message_type).to_be_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&id.to_be_bytes());
    let written = body(out).and_then(|()| {
        let length = out.len() - start;
        let wire = u32::try_from(length).map_err(|_| EncodeError::MessageTooLong { length })?;
        if let Some(place) = out.get_mut(start + 2..start + 6) {
            place.copy_from_slice(&wire.to_be_bytes());
        }
        Ok(())
    });
    if written.is_err() {
        out.truncate(start);
    }
    written
}
