//! GS1 EPC Tag Data Standard: EPCs in binary, URI and element string, decoded and encoded.
//!
//! [`Epc`] is the value in the middle; it is small, `Copy`, and valid by construction.
//!
//! | form | read by | written by |
//! |------|---------|------------|
//! | bits of a tag | [`Epc::decode`], [`Epc::decode_tag`], [`Epc::from_hex`] | [`Epc::encode`] |
//! | tag URI `urn:epc:tag:sgtin-96:3.0614141.812345.6789` | [`Epc::from_tag_uri`] | [`Epc::tag_uri`] |
//! | pure identity URI `urn:epc:id:sgtin:0614141.812345.6789` | [`Epc::from_pure_uri`] | [`Epc::pure_uri`] |
//! | GS1 element string `(01)80614141123458(21)6789` | [`Epc::from_element_string`] | [`Epc::element_string`] |
//!
//! All 22 schemes of table 14-1 of the standard (release 2.3) that have URIs are here, and the twelve `+` schemes of TDS 2. The
//! `++` schemes of release 2.3, which carry a host name, are recognised and refused; data behind a `+` scheme (TDS 15.3) are
//! left alone. Section numbers in this documentation are those of release 2.3.
//!
//! Nothing panics and nothing is allocated: text is displayed into the caller's writer. What is not an EPC is an
//! [`EpcError`] with a stable [`code`](EpcError::code) that says which field is wrong and where.
//!
//! Bits are taken strictly. A value out of its range, a wrong check digit, a bit set in reserved or trailing bits is an error,
//! so that whatever decodes also encodes to the same bits.

mod assemble;
mod bits;
mod date;
mod decode;
mod digits;
mod element;
mod encode;
mod epc;
mod error;
mod key;
mod protocol_control;
mod scheme;
mod text;
mod uri;
mod variable;

pub use bits::{Binary, MAX_BITS};
pub use date::{Date, DateKind};
pub use element::ElementString;
pub use epc::{Epc, Value};
pub use error::{EpcError, Field};
pub use key::Key;
pub use protocol_control::ProtocolControl;
pub use scheme::{Family, Scheme};
pub use text::Text;
pub use uri::{PureUri, TagUri};
