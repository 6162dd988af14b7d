//! LLRP 1.0.1 and 1.1: messages and parameters of RFID readers, bytes to values and back.
//!
//! The standard is EPCglobal's *Low Level Reader Protocol*, version 1.0.1 (2007) and 1.1 (2010). There is no I/O here and no session: bytes
//! that arrive go into a [`Framer`], which gives [`Frame`]s; [`Frame::decode`] makes a [`Message`] of one, [`TagReports`] reads the tags of
//! a report in place; [`Message::encode`] makes the bytes to send.
//!
//! ```
//! use pandian_llrp::message::{GetReaderCapabilities, ReaderCapabilitiesRequest};
//! use pandian_llrp::{Frame, Message, Version};
//!
//! let request = Message::GetReaderCapabilities(GetReaderCapabilities { requested: ReaderCapabilitiesRequest::All, ..Default::default() });
//! let bytes = request.encode(Version::V1_0_1, 17)?;
//! assert_eq!(bytes, b"\x04\x01\0\0\0\x0B\0\0\0\x11\0");
//!
//! let frame = Frame::parse(&bytes)?;
//! assert_eq!((frame.id, frame.decode()?), (17, request));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What holds for all of it:
//!
//! - Parameters are taken in any order. Those that a structure does not list, vendors' ones among them, are kept raw. Numbers that the
//!   standard does not list are kept as numbers, text that is not UTF-8 as bytes.
//! - Decoding and encoding again gives the same bytes when the reserved bits are zero and the parameters come in the standard's order, with
//!   what is not listed last. The parameters of a tag keep any order.
//! - Something wrong in a message costs that message; only a header that is none ends the stream.
//! - No input makes it panic. A [`Message`] takes at most some sixty times the bytes it was made of, [`TagReports`] no memory at all.
//! - What the standard asks of values (ranges, at least one of a kind) is not checked: that is for the reader, or for its emulator.

pub mod impinj;
pub mod message;
pub mod parameter;
pub mod wire;
pub mod zebra;

mod error;
mod frame;
mod framer;
mod report;
#[cfg(test)]
mod tests;

pub use error::{DecodeError, EncodeError};
pub use frame::{Frame, FrameError, FrameHeader, HEADER, Version};
pub use framer::{DEFAULT_LIMIT, Framer};
pub use message::{Message, message_name, message_type, reply_to};
pub use report::{Epc, TagReport, TagReports};
pub use wire::{BitString, RawParameter, Text};
