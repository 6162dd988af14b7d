//! One stop: a crane's visit at a location, and the states it passes through.

use serde::{Deserialize, Serialize};

use crate::ids::StopId;
use crate::location::LocationCode;
use crate::record::Fact;
use crate::verdict::{Stage, Verdict};

/// Why a crane visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The count that was asked for.
    #[default]
    Count,
    /// A second look, with observations of its own.
    Recount,
    /// A neighbour visited to settle whose tag it is; never reported as a count.
    Listen,
    /// The crane stood in another's way: it goes there and does nothing.
    GiveWay,
}

impl Purpose {
    /// Whether a location is counted.
    pub fn is_count(&self) -> bool {
        *self == Self::Count
    }
}

/// One visit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stop {
    /// Its identity, the base of every idempotency key.
    pub id: StopId,
    /// Where the crane is sent.
    pub location: LocationCode,
    /// Why.
    pub purpose: Purpose,
}

/// Where a stop stands, by its records: what may follow what. Records that the engine makes are held against it in its tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StopState {
    /// In a queue.
    #[default]
    Waiting,
    /// The crane was told to go there.
    Travelling,
    /// The crane stands there; inventory and capture are under way.
    Acquiring {
        /// The tags are read, or reading them was given up.
        inventoried: bool,
        /// The picture is taken, or taking it was given up.
        captured: bool,
    },
    /// Everything was acquired; the comparison may still run.
    Comparing,
    /// It has a judgement that may still change.
    Provisional,
    /// It has its final judgement.
    Judged,
}

/// A fact that cannot follow in the state a stop is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("\"{fact}\" cannot follow while the stop is {state:?}")]
pub struct Impossible {
    fact: &'static str,
    state: StopState,
}

impl StopState {
    /// The state after a fact of this stop, or why that fact cannot be. Facts that repeat after a restart (the crane sent again, …)
    /// are possible; a judged stop never goes back.
    pub fn after(self, fact: &Fact) -> Result<Self, Impossible> {
        use StopState::{Acquiring, Comparing, Judged, Provisional, Travelling, Waiting};
        let impossible = Impossible { fact: fact.type_name(), state: self };
        Ok(match (self, fact) {
            (Waiting | Travelling | Acquiring { .. }, Fact::CraneSent { .. }) => Travelling,
            (Travelling, Fact::CraneArrived { .. }) => Acquiring { inventoried: false, captured: false },
            (Acquiring { captured, .. }, Fact::InventoryDone { .. }) => Acquiring { inventoried: true, captured }.settled(),
            (Acquiring { inventoried, .. }, Fact::CaptureDone { .. }) => Acquiring { inventoried, captured: true }.settled(),
            (state, Fact::OperationFailed { .. }) if state != Judged => state,
            // An abandoned stop is left by its crane and judged *not counted*.
            (state, Fact::StopAbandoned { .. }) if state != Judged => Comparing,
            // A camera that works on after `acquired` lets the crane go before its picture is there; after strict release the
            // judgement is there before the crane goes.
            (state @ (Acquiring { .. } | Comparing | Provisional | Judged), Fact::CraneReleased {}) => state,
            (Acquiring { .. } | Comparing, Fact::Compared { .. }) => self,
            (Comparing, Fact::CaptureDone { .. } | Fact::InventoryDone { .. }) => Comparing,
            // Only a stop that is given up ends before its crane arrived.
            (Travelling, Fact::Judged { judgement, .. }) if judgement.verdict != Verdict::NotCounted => return Err(impossible),
            (_, Fact::Judged { stage: Stage::Provisional, .. }) if self != Judged => Provisional,
            (_, Fact::Judged { stage: Stage::Final, .. }) if self != Judged => Judged,
            _ => return Err(impossible),
        })
    }

    fn settled(self) -> Self {
        match self {
            Self::Acquiring { inventoried: true, captured: true } => Self::Comparing,
            other => other,
        }
    }
}
