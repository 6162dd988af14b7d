//! What can be wrong with bytes that should be LLRP, and with values that should become bytes.

/// Why the body of a message could not be decoded. The frame alone is lost: the stream goes on with the next one.
///
/// `at` counts bytes from the start of the message's body, which is the tenth byte of the frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A field needs more bytes than its structure has.
    #[error("{structure}: the field {field} at byte {at} needs {needed} bytes and {left} are left")]
    FieldCut {
        /// The message or parameter.
        structure: &'static str,
        /// The field.
        field: &'static str,
        /// Where the field begins.
        at: usize,
        /// Bytes it needs.
        needed: usize,
        /// Bytes left in the structure.
        left: usize,
    },
    /// A parameter's header is cut, or its length is below that of its header or beyond the structure it is in.
    #[error("{structure}: the parameter at byte {at} claims {claimed} bytes and {left} are left")]
    ParameterLength {
        /// The message or parameter it is in.
        structure: &'static str,
        /// Where the parameter begins.
        at: usize,
        /// Its length with its header, as it says or as the table of TV parameters does.
        claimed: usize,
        /// Bytes left in the structure.
        left: usize,
    },
    /// A TV parameter whose number is in no table: its length is unknown, nothing behind it can be read.
    #[error("{structure}: unknown TV parameter {number} at byte {at}")]
    UnknownTv {
        /// The message or parameter it is in.
        structure: &'static str,
        /// Its number, 0 to 127.
        number: u16,
        /// Where it begins.
        at: usize,
    },
    /// A TLV parameter with a number below 128, which the standard keeps for TV parameters.
    #[error("{structure}: TLV parameter at byte {at} with the number {number} of a TV parameter")]
    TlvNumber {
        /// The message or parameter it is in.
        structure: &'static str,
        /// Its number.
        number: u16,
        /// Where it begins.
        at: usize,
    },
    /// A required parameter is not there.
    #[error("{structure}: the parameter {parameter} is missing")]
    Missing {
        /// The message or parameter it should be in.
        structure: &'static str,
        /// The parameter.
        parameter: &'static str,
    },
    /// A parameter that may be there once is there again.
    #[error("{structure}: the parameter {parameter} comes a second time at byte {at}")]
    Duplicate {
        /// The message or parameter it is in.
        structure: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// Where the second one begins.
        at: usize,
    },
    /// Bytes behind the last field of a structure that holds no parameters.
    #[error("{structure}: ends at byte {at} and goes on for {count} more")]
    Trailing {
        /// The message or parameter.
        structure: &'static str,
        /// Where they begin.
        at: usize,
        /// How many.
        count: usize,
    },
    /// Parameters nested deeper than [`crate::wire::MAX_DEPTH`].
    #[error("{structure}: parameters nested more than {} deep at byte {at}", crate::wire::MAX_DEPTH)]
    TooDeep {
        /// The innermost structure that was still read.
        structure: &'static str,
        /// Where it begins.
        at: usize,
    },
    /// The parameter is another one than asked for.
    #[error("parameter {number} at byte {at} is not a {expected}")]
    OtherParameter {
        /// What was asked for.
        expected: &'static str,
        /// What it is.
        number: u16,
        /// Where it begins.
        at: usize,
    },
    /// The message is another one than asked for.
    #[error("message {number} is not a {expected}")]
    OtherMessage {
        /// What was asked for.
        expected: &'static str,
        /// What it is.
        number: u16,
    },
}

impl DecodeError {
    /// A stable, kebab-case name of the reason, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::FieldCut { .. } => "field-cut",
            Self::ParameterLength { .. } => "parameter-length",
            Self::UnknownTv { .. } => "unknown-tv",
            Self::TlvNumber { .. } => "tlv-number",
            Self::Missing { .. } => "missing",
            Self::Duplicate { .. } => "duplicate",
            Self::Trailing { .. } => "trailing",
            Self::TooDeep { .. } => "too-deep",
            Self::OtherParameter { .. } => "other-parameter",
            Self::OtherMessage { .. } => "other-message",
        }
    }
}

/// Why a value has no encoding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// More elements than the 16-bit count before them can say.
    #[error("{structure}: the field {field} has {count} elements, the most are 65535")]
    TooManyElements {
        /// The message or parameter.
        structure: &'static str,
        /// The field.
        field: &'static str,
        /// How many there are.
        count: usize,
    },
    /// A parameter longer than its 16-bit length can say.
    #[error("the parameter {number} takes {length} bytes, the most are 65535")]
    ParameterTooLong {
        /// Its number.
        number: u16,
        /// Its length with its header.
        length: usize,
    },
    /// A raw TV parameter whose body has not the length of the table, or whose number is not in it.
    #[error("a TV parameter {number} of {length} bytes is not one")]
    TvBody {
        /// Its number.
        number: u16,
        /// Bytes given for its body.
        length: usize,
    },
    /// A number of a message or parameter beyond its ten bits.
    #[error("the number {number} does not fit in ten bits")]
    Number {
        /// The number.
        number: u16,
    },
    /// A message longer than its 32-bit length can say.
    #[error("the message takes {length} bytes, the most are 4294967295")]
    MessageTooLong {
        /// Its length with its header.
        length: usize,
    },
}
