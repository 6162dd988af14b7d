//! What was wrong with a request, as LLRPStatus tells it (LLRP 1.0.1 sections 14 and 16.2.8).

use pandian_llrp::parameter::status::{FieldError, LlrpStatus, ParameterError, StatusCode};
use pandian_llrp::{DecodeError, RawParameter};

/// Something wrong, from the innermost structure outwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    at: At,
    description: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum At {
    /// A field of the structure at hand.
    Field(FieldError),
    /// A parameter in the structure at hand.
    Parameter(ParameterError),
}

impl Wrong {
    /// The field of that place, from 0, has a value that does not make sense.
    pub(super) fn invalid(field: u16, description: impl Into<String>) -> Self {
        Self { at: At::Field(FieldError { field, code: StatusCode::AInvalid }), description: description.into() }
    }

    /// The field of that place, from 0, has a value out of its range.
    pub(super) fn out_of_range(field: u16, description: impl Into<String>) -> Self {
        Self { at: At::Field(FieldError { field, code: StatusCode::AOutOfRange }), description: description.into() }
    }

    /// The parameter of that number is wrong as a whole.
    pub(super) fn parameter(parameter: u16, code: StatusCode, description: impl Into<String>) -> Self {
        Self { at: At::Parameter(ParameterError { parameter, code, ..ParameterError::default() }), description: description.into() }
    }

    /// What was at hand is the parameter of that number.
    pub(super) fn within(self, parameter: u16) -> Self {
        let error = match self.at {
            At::Field(field) => {
                ParameterError { parameter, code: StatusCode::PFieldError, field: Some(field), ..ParameterError::default() }
            }
            At::Parameter(inner) => {
                ParameterError { parameter, code: StatusCode::PParameterError, inner: Some(Box::new(inner)), ..ParameterError::default() }
            }
        };
        Self { at: At::Parameter(error), ..self }
    }

    /// What was at hand is the message.
    pub(super) fn status(self) -> LlrpStatus {
        let (code, field, parameter) = match self.at {
            At::Field(field) => (StatusCode::MFieldError, Some(field), None),
            At::Parameter(parameter) => (StatusCode::MParameterError, None, Some(parameter)),
        };
        LlrpStatus { field, parameter, ..LlrpStatus::failure(code, self.description) }
    }
}

/// Refuses every parameter that is not a vendor's of `vendor`.
pub(super) fn known_only(extensions: &[RawParameter], vendor: Option<u32>) -> Result<(), Wrong> {
    extensions.iter().try_for_each(|raw| match raw.custom() {
        Some((known, ..)) if Some(known) == vendor => Ok(()),
        Some((other, subtype, _)) => {
            let description = format!("parameter {subtype} of vendor {other} is not known, or not enabled");
            Err(Wrong::parameter(raw.number, StatusCode::PUnknownParameter, description))
        }
        None => Err(Wrong::parameter(raw.number, StatusCode::PUnexpectedParameter, "the parameter does not belong here")),
    })
}

/// The status of a message that could not be decoded.
pub(super) fn undecoded(error: &DecodeError) -> LlrpStatus {
    let code = match error {
        DecodeError::Missing { .. } => StatusCode::MMissingParameter,
        DecodeError::Duplicate { .. } => StatusCode::MDuplicateParameter,
        DecodeError::UnknownTv { .. } | DecodeError::TlvNumber { .. } => StatusCode::MUnknownParameter,
        DecodeError::FieldCut { .. } | DecodeError::Trailing { .. } => StatusCode::MFieldError,
        _ => StatusCode::MParameterError,
    };
    LlrpStatus::failure(code, error.to_string())
}
