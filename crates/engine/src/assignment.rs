//! A stop in the hands of a lane.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pandian_devices::Visit;
use pandian_domain::{CraneId, Failure, LaneId, OpKind, Place, Side, StocktakeId, Stop};
use tokio::sync::OnceCell;

/// A stop in the hands of a lane.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The stocktake.
    pub stocktake: StocktakeId,
    /// The stop.
    pub stop: Stop,
    /// Index of the lane in the site.
    pub lane_index: usize,
    /// The lane.
    pub lane: LaneId,
    /// Its crane.
    pub crane: CraneId,
    /// Where the location is.
    pub place: Option<Place>,
    /// Tries that have begun and not ended.
    pub under_way: Arc<Mutex<Vec<(OpKind, u16)>>>,
    /// What it shares with the other stop of its visit.
    pub ride: Arc<Ride>,
}

/// One visit of a crane: the stops of both sides of the aisle share their way there, and a device that serves both sides.
#[derive(Debug, Default)]
pub struct Ride {
    /// The try that brought the crane there, or why none did. Made once, by whichever stop needs the crane first.
    pub arrival: OnceCell<Result<u16, Failure>>,
    /// Whose turn it is with the one reader.
    pub reader: tokio::sync::Mutex<()>,
    /// Whose turn it is with the one camera.
    pub camera: tokio::sync::Mutex<()>,
}

impl Assignment {
    pub(crate) fn side(&self) -> Option<Side> {
        self.place.map(|place| place.side)
    }

    pub(crate) fn begin(&self, op: OpKind, attempt: u16) {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).push((op, attempt));
    }

    pub(crate) fn end(&self, op: OpKind) {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).retain(|(other, _)| *other != op);
    }

    pub(crate) fn visit(&self, op: OpKind, attempt: u16, timeout: Duration) -> Visit {
        Visit {
            stop: self.stop.id,
            op,
            attempt,
            timeout,
            location: self.stop.location.clone(),
            place: self.place,
            lane: self.lane.clone(),
            crane: self.crane.clone(),
        }
    }
}
