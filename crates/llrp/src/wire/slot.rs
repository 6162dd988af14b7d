//! Where the parameters of a structure go: one, one or none, any number.

use super::{Parameter, RawRef, Writer};
use crate::error::DecodeError;

/// A member of a structure that holds parameters: `P` is exactly one, `Option<P>` one or none, `Vec<P>` any number.
pub trait Slot: Sized {
    /// What was found so far.
    type Found: Default;
    /// Whether `raw` belongs here.
    fn accepts(raw: &RawRef<'_>) -> bool;
    /// Puts `raw` in.
    ///
    /// # Errors
    /// When it is malformed, or one too many.
    fn put(found: &mut Self::Found, structure: &'static str, raw: RawRef<'_>) -> Result<(), DecodeError>;
    /// Ends.
    ///
    /// # Errors
    /// When it is missing.
    fn end(found: Self::Found, structure: &'static str) -> Result<Self, DecodeError>;
    /// Appends them.
    fn write(&self, writer: &mut Writer<'_>);
}

impl<P: Parameter> Slot for P {
    type Found = Option<P>;

    fn accepts(raw: &RawRef<'_>) -> bool {
        P::accepts(raw)
    }

    fn put(found: &mut Self::Found, structure: &'static str, raw: RawRef<'_>) -> Result<(), DecodeError> {
        if found.is_some() {
            return Err(DecodeError::Duplicate { structure, parameter: P::NAME, at: raw.at() });
        }
        *found = Some(P::read(raw)?);
        Ok(())
    }

    fn end(found: Self::Found, structure: &'static str) -> Result<Self, DecodeError> {
        found.ok_or(DecodeError::Missing { structure, parameter: P::NAME })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        Parameter::write(self, writer);
    }
}

impl<P: Parameter> Slot for Option<P> {
    type Found = Self;

    fn accepts(raw: &RawRef<'_>) -> bool {
        P::accepts(raw)
    }

    fn put(found: &mut Self, structure: &'static str, raw: RawRef<'_>) -> Result<(), DecodeError> {
        <P as Slot>::put(found, structure, raw)
    }

    fn end(found: Self, _: &'static str) -> Result<Self, DecodeError> {
        Ok(found)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        if let Some(parameter) = self {
            Parameter::write(parameter, writer);
        }
    }
}

impl<P: Parameter> Slot for Vec<P> {
    type Found = Self;

    fn accepts(raw: &RawRef<'_>) -> bool {
        P::accepts(raw)
    }

    fn put(found: &mut Self, _: &'static str, raw: RawRef<'_>) -> Result<(), DecodeError> {
        found.push(P::read(raw)?);
        Ok(())
    }

    fn end(found: Self, _: &'static str) -> Result<Self, DecodeError> {
        Ok(found)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        self.iter().for_each(|parameter| Parameter::write(parameter, writer));
    }
}
