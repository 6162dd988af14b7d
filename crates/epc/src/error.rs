//! Why an EPC cannot be read or written.

use std::fmt;

use crate::scheme::Scheme;

/// A part of an EPC, named in an [`EpcError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// The filter value.
    Filter,
    /// The GS1 company prefix; in a GID the general manager number.
    CompanyPrefix,
    /// Item, location, asset type, document type, service, coupon or part reference; in a GID the object class.
    Reference,
    /// The piece number of an ITIP.
    Piece,
    /// The total number of pieces of an ITIP.
    Total,
    /// Serial number, extension, or reference of an individual asset.
    Serial,
    /// CAGE code or DoDAAC.
    Cage,
    /// The date of a `dsgtin+`.
    Date,
    /// The whole GS1 key of a `+` scheme or of an element string.
    Key,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Filter => "filter",
            Self::CompanyPrefix => "company prefix",
            Self::Reference => "reference",
            Self::Piece => "piece",
            Self::Total => "total",
            Self::Serial => "serial",
            Self::Cage => "cage code",
            Self::Date => "date",
            Self::Key => "key",
        })
    }
}

/// Why an EPC cannot be read or written. [`EpcError::code`] is stable, the message is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum EpcError {
    /// There is nothing to read: no bits, or empty text.
    #[error("the EPC is empty")]
    Empty,
    /// More bits than the EPC memory of a tag can hold (TDS 9.3).
    #[error("an EPC has at most {max} bits, this one has {bits}", max = crate::MAX_BITS)]
    TooLong {
        /// Bits given.
        bits: usize,
    },
    /// The bit length is greater than the bytes given hold.
    #[error("{bits} bits are announced, but the bytes hold {available}")]
    BitLength {
        /// Bits announced.
        bits: usize,
        /// Bits in the bytes given.
        available: usize,
    },
    /// The text is not hexadecimal.
    #[error("character {position} is no hexadecimal digit")]
    NotHex {
        /// Byte offset in the text, from 0.
        position: usize,
    },
    /// The toggle bit of the PC word says that the memory holds an ISO code, not an EPC (TDS 9.3).
    #[error("the tag holds an ISO code with application family identifier {afi:#04x}, not an EPC")]
    IsoTag {
        /// The application family identifier.
        afi: u8,
    },
    /// Header 00: the tag has not been written.
    #[error("the tag has not been programmed (header 0x00)")]
    Unprogrammed,
    /// Header E2: the tag identification memory, or the number a factory leaves in the EPC memory (TDS 14.2).
    #[error("header 0xe2 is a tag identification (TID), not an EPC")]
    TagIdentification,
    /// A `++` scheme of TDS 2.3, which carries a host name: known, but not read by this crate.
    #[error("header {header:#04x} is a `++` scheme with a host name, which is not supported")]
    Unsupported {
        /// The header byte.
        header: u8,
    },
    /// A header that the standard does not assign.
    #[error("header {header:#04x} is not assigned to an EPC scheme")]
    UnknownHeader {
        /// The header byte.
        header: u8,
    },
    /// The bits end within the EPC.
    #[error("{scheme} needs at least {needed} bits, there are {bits}")]
    TooShort {
        /// The scheme of the header.
        scheme: Scheme,
        /// Bits needed, as far as is known where the bits end.
        needed: usize,
        /// Bits given.
        bits: usize,
    },
    /// The partition is not one of 0 to 6.
    #[error("{scheme} has no partition {partition}")]
    Partition {
        /// The scheme.
        scheme: Scheme,
        /// The partition value.
        partition: u8,
    },
    /// A number is greater than its field allows.
    #[error("the {field} of {scheme} is out of range")]
    OutOfRange {
        /// The scheme.
        scheme: Scheme,
        /// The field.
        field: Field,
    },
    /// A character that the field does not allow.
    #[error("character {position} of the {field} is not allowed in {scheme}")]
    Character {
        /// The scheme.
        scheme: Scheme,
        /// The field.
        field: Field,
        /// Which character of the field, from 0.
        position: usize,
    },
    /// A field without a single character.
    #[error("the {field} of {scheme} is empty")]
    Missing {
        /// The scheme.
        scheme: Scheme,
        /// The field.
        field: Field,
    },
    /// A field with too many or too few characters.
    #[error("the {field} of {scheme} has {length} characters, {expected} allowed")]
    Length {
        /// The scheme.
        scheme: Scheme,
        /// The field.
        field: Field,
        /// Characters found.
        length: usize,
        /// Characters allowed (at most, or exactly).
        expected: usize,
    },
    /// A number with leading zeros where the scheme cannot keep them.
    #[error("{scheme} cannot keep the leading zeros of the {field}")]
    LeadingZero {
        /// The scheme.
        scheme: Scheme,
        /// The field.
        field: Field,
    },
    /// The check digit of a key is wrong.
    #[error("the check digit of {scheme} is {found}, but should be {expected}")]
    CheckDigit {
        /// The scheme.
        scheme: Scheme,
        /// The digit found.
        found: u8,
        /// The digit that the others give.
        expected: u8,
    },
    /// An encoding indicator that the standard reserves (TDS table E).
    #[error("{scheme} has the reserved encoding indicator {indicator}")]
    Indicator {
        /// The scheme.
        scheme: Scheme,
        /// The encoding indicator.
        indicator: u8,
    },
    /// A date type that the standard reserves, or a day that does not exist (TDS 14.5.3).
    #[error("the date of {scheme} is no day, or of a reserved kind")]
    Date {
        /// The scheme.
        scheme: Scheme,
    },
    /// A bit is set where the standard demands zeros: reserved bits, filling of text, or padding behind the EPC.
    #[error("bit {position} of {scheme} is set, where only zeros are allowed")]
    TrailingBits {
        /// The scheme.
        scheme: Scheme,
        /// The bit, from 0 at the start of the header.
        position: usize,
    },
    /// The text is not of the form expected.
    #[error("expected {expected}")]
    Syntax {
        /// The form expected.
        expected: &'static str,
    },
    /// No scheme has this name.
    #[error("unknown EPC scheme")]
    UnknownScheme,
    /// The scheme asked for does not write identities of this kind, or lacks something that they have.
    #[error("{scheme} cannot hold this identity")]
    WrongScheme {
        /// The scheme asked for.
        scheme: Scheme,
    },
    /// The length of the company prefix is needed and was not given, or is not 6 to 12.
    #[error("{scheme} needs the number of digits of the company prefix, 6 to 12")]
    CompanyPrefixDigits {
        /// The scheme asked for.
        scheme: Scheme,
    },
}

impl EpcError {
    /// A stable, kebab-case name of the reason, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong { .. } => "too-long",
            Self::BitLength { .. } => "bit-length",
            Self::NotHex { .. } => "not-hex",
            Self::IsoTag { .. } => "iso-tag",
            Self::Unprogrammed => "unprogrammed",
            Self::TagIdentification => "tag-identification",
            Self::Unsupported { .. } => "unsupported-scheme",
            Self::UnknownHeader { .. } => "unknown-header",
            Self::TooShort { .. } => "too-short",
            Self::Partition { .. } => "partition",
            Self::OutOfRange { .. } => "out-of-range",
            Self::Character { .. } => "character",
            Self::Missing { .. } => "missing",
            Self::Length { .. } => "length",
            Self::LeadingZero { .. } => "leading-zero",
            Self::CheckDigit { .. } => "check-digit",
            Self::Indicator { .. } => "encoding-indicator",
            Self::Date { .. } => "date",
            Self::TrailingBits { .. } => "trailing-bits",
            Self::Syntax { .. } => "syntax",
            Self::UnknownScheme => "unknown-scheme",
            Self::WrongScheme { .. } => "wrong-scheme",
            Self::CompanyPrefixDigits { .. } => "company-prefix-digits",
        }
    }
}
