//! A cursor over the bytes of one structure.

use super::{MAX_DEPTH, RawParameters};
use crate::error::DecodeError;

/// A cursor over the bytes of one structure. Knows its name and its place in the message for errors.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u8,
    structure: &'static str,
}

impl<'a> Reader<'a> {
    /// Over the body of a message.
    pub fn new(structure: &'static str, body: &'a [u8]) -> Self {
        Self { bytes: body, at: 0, depth: 0, structure }
    }

    /// Over the body of a parameter that lies `depth` deep and whose body begins at `at`.
    pub(super) fn nested(structure: &'static str, body: &'a [u8], at: usize, depth: u8) -> Result<Self, DecodeError> {
        if depth > MAX_DEPTH {
            return Err(DecodeError::TooDeep { structure, at });
        }
        Ok(Self { bytes: body, at, depth, structure })
    }

    /// The name of the structure.
    pub fn structure(&self) -> &'static str {
        self.structure
    }

    /// Takes the next `count` bytes for `field`.
    ///
    /// # Errors
    /// [`DecodeError::FieldCut`] when fewer are left.
    pub fn take(&mut self, field: &'static str, count: usize) -> Result<&'a [u8], DecodeError> {
        let Some((taken, rest)) = self.bytes.split_at_checked(count) else {
            let (structure, at, left) = (self.structure, self.at, self.bytes.len());
            return Err(DecodeError::FieldCut { structure, field, at, needed: count, left });
        };
        self.bytes = rest;
        self.at += count;
        Ok(taken)
    }

    /// Takes the next `N` bytes for `field`.
    ///
    /// # Errors
    /// [`DecodeError::FieldCut`] when fewer are left.
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let taken = self.take(field, N)?;
        let (structure, at) = (self.structure, self.at);
        taken.try_into().map_err(|_| DecodeError::FieldCut { structure, field, at, needed: N, left: taken.len() })
    }

    /// Takes all that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = self.bytes;
        self.at += rest.len();
        self.bytes = &[];
        rest
    }

    /// The parameters that follow.
    pub fn parameters(self) -> RawParameters<'a> {
        RawParameters::new(self.structure, self.bytes, self.at, self.depth.saturating_add(1))
    }

    /// Makes sure that nothing is left.
    ///
    /// # Errors
    /// [`DecodeError::Trailing`] when something is.
    pub fn end(self) -> Result<(), DecodeError> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        Err(DecodeError::Trailing { structure: self.structure, at: self.at, count: self.bytes.len() })
    }
}
