//! The layer under the messages: cursors over bytes, fields, and parameters as TLV or TV.
//!
//! A structure (message or parameter) is a run of fields followed by parameters. The parameters may come in any order; those that a
//! structure does not list (vendors' customs, later versions' parameters) are kept raw, in the order of the wire, in its `extensions`.
//! What this crate does not type, a vendor's parameter say, is added from outside by implementing [`Parameter`].

mod bits;
mod field;
mod raw;
mod reader;
mod slot;
mod structure;
mod text;
mod writer;

pub(crate) use bits::bytes_of;
pub use bits::{BitString, PartByte};
pub use field::Field;
pub use raw::{CUSTOM, CustomParameter, RawParameter, RawParameters, RawRef, tv_body_length};
pub use reader::Reader;
pub use slot::Slot;
pub use text::Text;
pub use writer::Writer;

pub(crate) use structure::{bit_set, choice, custom, listed, structure, tlv, tv};

use crate::error::DecodeError;

/// The most that parameters may be nested. The standard's deepest structure needs eight.
pub const MAX_DEPTH: u8 = 24;

/// A message or parameter without its header: fields, then parameters.
pub trait Structure: Sized {
    /// Its name, as in the types of this crate.
    const NAME: &'static str;
    /// Reads all that is left in `reader`.
    ///
    /// # Errors
    /// When the bytes are no such structure.
    fn read(reader: Reader<'_>) -> Result<Self, DecodeError>;
    /// Appends fields and parameters, the parameters in the order of the standard.
    fn write(&self, writer: &mut Writer<'_>);
}

/// A parameter: a structure with a header that tells what it is.
pub trait Parameter: Sized {
    /// Its name, as in the types of this crate.
    const NAME: &'static str;
    /// Whether `raw` is one, by its number (and a custom by its vendor and subtype).
    fn accepts(raw: &RawRef<'_>) -> bool;
    /// Reads `raw`, which [`Self::accepts`] took.
    ///
    /// # Errors
    /// When the bytes are no such parameter.
    fn read(raw: RawRef<'_>) -> Result<Self, DecodeError>;
    /// Appends the parameter with its header.
    fn write(&self, writer: &mut Writer<'_>);
}

impl<P: Parameter> Parameter for Box<P> {
    const NAME: &'static str = P::NAME;

    fn accepts(raw: &RawRef<'_>) -> bool {
        P::accepts(raw)
    }

    fn read(raw: RawRef<'_>) -> Result<Self, DecodeError> {
        P::read(raw).map(Box::new)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        (**self).write(writer);
    }
}
