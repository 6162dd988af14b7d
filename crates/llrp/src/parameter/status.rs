//! How a request ended (1.0.1 section 16.2.8).

use std::fmt;

use crate::wire::{Text, listed, tlv};

listed! {
    /// How a request ended: `M…` is about the message, `P…` about a parameter, `A…` about a field (1.0.1 section 14, 1.1 section 15).
    StatusCode: u16 {
        /// Done.
        Success = 0,
        /// A parameter is wrong: see the nested error.
        MParameterError = 100,
        /// A field is wrong: see the nested error.
        MFieldError = 101,
        /// A parameter that does not belong there.
        MUnexpectedParameter = 102,
        /// A required parameter is missing.
        MMissingParameter = 103,
        /// A parameter that may be there once.
        MDuplicateParameter = 104,
        /// More parameters than the reader takes.
        MOverflowParameter = 105,
        /// More elements than the reader takes.
        MOverflowField = 106,
        /// Not known to the reader.
        MUnknownParameter = 107,
        /// Not known to the reader.
        MUnknownField = 108,
        /// Not supported.
        MUnsupportedMessage = 109,
        /// Not supported.
        MUnsupportedVersion = 110,
        /// Not supported.
        MUnsupportedParameter = 111,
        /// A message that does not belong there (1.1).
        MUnexpectedMessage = 112,
        /// A parameter is wrong: see the nested error.
        PParameterError = 200,
        /// A field is wrong: see the nested error.
        PFieldError = 201,
        /// A parameter that does not belong there.
        PUnexpectedParameter = 202,
        /// A required parameter is missing.
        PMissingParameter = 203,
        /// A parameter that may be there once.
        PDuplicateParameter = 204,
        /// More parameters than the reader takes.
        POverflowParameter = 205,
        /// More elements than the reader takes.
        POverflowField = 206,
        /// Not known to the reader.
        PUnknownParameter = 207,
        /// Not known to the reader.
        PUnknownField = 208,
        /// Not supported.
        PUnsupportedParameter = 209,
        /// A value that does not make sense.
        AInvalid = 300,
        /// A value out of range.
        AOutOfRange = 301,
        /// The reader itself has an error.
        RDeviceError = 401,
    }
}

tlv! {
    /// How a request ended, and what was wrong with it.
    LlrpStatus = 287 {
        /// How.
        code: StatusCode,
        /// In the reader's words.
        description: Text,
    } + {
        /// A field of the message that was wrong.
        field: Option<FieldError>,
        /// A parameter of the message that was wrong.
        parameter: Option<ParameterError>,
    }
    /// A field that was wrong.
    FieldError = 288 {
        /// Its place in the structure, from 0.
        field: u16,
        /// What was wrong.
        code: StatusCode,
    }
    /// A parameter that was wrong.
    ParameterError = 289 {
        /// Its number.
        parameter: u16,
        /// What was wrong.
        code: StatusCode,
    } + {
        /// A field of it that was wrong.
        field: Option<FieldError>,
        /// A parameter in it that was wrong.
        inner: Option<Box<ParameterError>>,
    }
}

impl LlrpStatus {
    /// Done.
    pub fn success() -> Self {
        Self::default()
    }

    /// Not done, for this reason.
    pub fn failure(code: StatusCode, description: impl Into<Text>) -> Self {
        Self { code, description: description.into(), ..Self::default() }
    }

    /// Whether it is done.
    pub fn is_success(&self) -> bool {
        self.code == StatusCode::Success
    }
}

/// All of it in one line: code, description, and where in the request the fault is.
impl fmt::Display for LlrpStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if !self.description.is_empty() {
            write!(f, " \"{}\"", self.description)?;
        }
        write_errors(f, self.field.as_ref(), self.parameter.as_ref())
    }
}

/// Name and number.
impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlisted(number) => write!(f, "{number}"),
            listed => write!(f, "{listed:?} ({})", listed.to_wire()),
        }
    }
}

fn write_errors(f: &mut fmt::Formatter<'_>, field: Option<&FieldError>, mut parameter: Option<&ParameterError>) -> fmt::Result {
    let mut field = field;
    loop {
        if let Some(FieldError { field, code }) = field {
            write!(f, ", field {field}: {code}")?;
        }
        let Some(error) = parameter else { return Ok(()) };
        write!(f, ", parameter {}: {}", error.parameter, error.code)?;
        (field, parameter) = (error.field.as_ref(), error.inner.as_deref());
    }
}
