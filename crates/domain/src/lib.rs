//! What a stocktake is and how it decides.
//!
//! Everything here is pure: values in, decisions and reasons out. No I/O, no clock, no randomness of its own; instants and
//! random bits are handed in. The engine runs these decisions, the store keeps the records they lead to.

pub mod attribution;
pub mod book;
pub mod code;
pub mod docket;
pub mod history;
pub mod ids;
pub mod lane;
pub mod layout;
pub mod location;
pub mod observation;
pub mod plan;
pub mod record;
pub mod reference;
pub mod retry;
pub mod route;
pub mod sided;
pub mod sight;
pub mod statistics;
pub mod stocktake;
pub mod stop;
pub mod travel;
pub mod verdict;

pub use book::{BookLine, BookSnapshot};
pub use code::{Code, Failure};
pub use ids::{Digest, StocktakeId, StopId};
pub use lane::{CraneId, LaneId, LaneSpec};
pub use layout::{Aisle, Barred, Layout, Position, QueueSpec, Rail, Slot};
pub use location::{LocationCode, Place, Side};
pub use observation::{Epc, Findings, Inventory, Picture, TagRead};
pub use record::{Fact, OpKind, Record, RecordKey};
pub use reference::{ReferenceName, References};
pub use sided::Sided;
pub use sight::Sight;
pub use stop::{Purpose, Stop};
pub use verdict::{Judgement, Reason, Stage, Verdict};

/// UTC with microseconds; the clock that gives it is the engine's.
pub type Timestamp = jiff::Timestamp;
