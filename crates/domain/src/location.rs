//! Storage locations: an opaque code, and where the rack has the slot, if anyone said so.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A location code (货位号), kept byte for byte: never trimmed, folded or normalised.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LocationCode(Arc<str>);

impl LocationCode {
    /// Takes the text as it is.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The code's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LocationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for LocationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl From<&str> for LocationCode {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl std::borrow::Borrow<str> for LocationCode {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// The side of the aisle (排), seen along rising bay numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// `L`
    Left,
    /// `R`
    Right,
}

impl Side {
    /// `L` or `R`, as it stands in code patterns and lists.
    pub fn letter(self) -> char {
        match self {
            Self::Left => 'L',
            Self::Right => 'R',
        }
    }
}

/// Where a slot is: aisle (its index in the warehouse), side, bay (列, x), level (层, y), and depth from the aisle (1 = front).
/// Bays, levels and depths count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Index of the aisle in the warehouse.
    pub aisle: u16,
    /// Side of the aisle.
    pub side: Side,
    /// Column along the aisle, from 1.
    pub bay: u32,
    /// Height, from 1.
    pub level: u32,
    /// Position behind the face, 1 = front.
    pub depth: u8,
}
