//! Lanes: queues of stops, each served by one crane.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The name of a lane. Normally the crane's own; lanes of a dispatcher are numbered (`WCS/1`).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LaneId(Arc<str>);

/// The name of a crane, or of the dispatcher that picks one.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CraneId(Arc<str>);

macro_rules! name {
    ($name:ident) => {
        impl $name {
            /// Takes the text as it is.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }
            /// The name's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
    };
}
name!(LaneId);
name!(CraneId);

/// A lane as the warehouse defines it.
#[derive(Debug, Clone)]
pub struct LaneSpec {
    /// The lane's name.
    pub id: LaneId,
    /// The crane, or the dispatcher.
    pub crane: CraneId,
    /// The queue it draws from: one of its own, or the one it shares with its dispatcher's other lanes.
    pub queue: QueueIndex,
}

/// Index of a queue in the warehouse.
pub type QueueIndex = u32;
/// Index of a lane in the warehouse.
pub type LaneIndex = u32;
