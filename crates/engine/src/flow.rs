//! The seam: what a stop sees of the engine it runs on.
//!
//! Steps are data, since they travel to other hosts. A step takes its place when it is called, not when it is polled, and the engine
//! owns the join: an engine that replays a journal needs both.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use pandian_domain::observation::Witness;
use pandian_domain::verdict::Seen;
use pandian_domain::{BookSnapshot, Failure, Findings, Inventory, Picture};
use serde::{Deserialize, Serialize};

use crate::judgements::Judged;

/// One step of a stop.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Send the crane; done when it stands there.
    Goto,
    /// Read the tags.
    Inventory,
    /// Take the picture; done when the crane may leave.
    Capture,
    /// Let the crane go: done when everything acquired is on disk.
    Release,
    /// Compare the picture.
    Compare(Captured),
    /// Judge and write the judgement down.
    Judge(Seen),
    /// Take in what was heard and seen here for the neighbours' sake.
    Attend(Seen),
    /// Give the stop up.
    Abandon(Failure),
}

/// What a step brought.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Out {
    /// The crane arrived; what the books say at this moment.
    Arrived(Option<BookSnapshot>),
    /// The tags; none where the crane has no reader.
    Inventoried(Option<Inventory>),
    /// The picture; none where the crane has no camera.
    Captured(Option<Captured>),
    /// What the comparison found; none where nothing compares.
    Compared(Option<Findings>),
    /// A capture and its comparison, of two steps.
    Looked(Witness<Captured>, Witness<Findings>),
    /// The crane may go.
    Released,
    /// The location has its judgement, and it is on disk; so are those that it settled.
    Judged(Judged),
}

/// A capture that lets the crane go.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Captured {
    /// The picture, by reference: pictures never travel through a journal.
    pub picture: Option<Picture>,
    /// Its bytes, where they are still at hand in this process.
    #[serde(skip)]
    pub bytes: Option<Bytes>,
    /// What the device itself found.
    pub findings: Option<Findings>,
    /// The device works on; picture and findings come with the comparison.
    pub working: bool,
}

/// Why a step brought nothing.
#[derive(Debug, Clone, Serialize, Deserialize, thiserror::Error)]
pub enum Fail {
    /// It failed for good.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// The stop is broken off: cancelled, shut down, or its crane taken out.
    #[error("the stop was broken off")]
    BrokenOff,
}

/// The future of a step.
pub type Pending<'a> = BoxFuture<'a, Result<Out, Fail>>;

/// What a stop sees.
pub trait Flow: Sync {
    /// Begins a step.
    fn step(&self, op: Op) -> Pending<'_>;
    /// Awaits two steps that run at the same time; both, whatever becomes of either.
    fn both<'a>(&'a self, a: Pending<'a>, b: Pending<'a>) -> BoxFuture<'a, (Result<Out, Fail>, Result<Out, Fail>)>;
}
