//! What the engine asks of a device.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use pandian_domain::{CraneId, Findings, Inventory, LaneId, LocationCode, OpKind, Place, StopId, TagRead, Timestamp};

use crate::DeviceError;

/// The future of a device operation. Dropping it ends the operation: the connection is closed, the program killed with its children.
pub type DevicePending<'a, T> = BoxFuture<'a, Result<T, DeviceError>>;

/// One operation at one stop, as a device is told of it.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The stop.
    pub stop: StopId,
    /// Which of its operations.
    pub op: OpKind,
    /// Which try, from 1.
    pub attempt: u16,
    /// How long the engine waits for the operation. A driver that knows what it waits for may end a little earlier and say so.
    pub timeout: Duration,
    /// Where.
    pub location: LocationCode,
    /// Where the rack has it, if anyone said so.
    pub place: Option<Place>,
    /// The lane that the stop runs on.
    pub lane: LaneId,
    /// The crane, or the dispatcher.
    pub crane: CraneId,
}

impl Visit {
    /// The idempotency key of the operation: the same after a restart, another for another try.
    pub fn key(&self) -> String {
        format!("{}/{}/{}", self.stop, self.op.as_str(), self.attempt)
    }
}

/// The crane stands where it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Arrival {
    /// What the crane's own clock said, if it says.
    pub device_at: Option<Timestamp>,
}

/// What an idle device says of itself when it is tried (`pandian devices`). Nothing moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// One line for a person: what answered, and how.
    pub summary: String,
}

/// Something that carries reader and camera to a location.
pub trait Crane: Send + Sync {
    /// Sends the crane; resolves when it stands there. Being there already is an arrival too.
    fn go_to<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Arrival>;
    /// Tries the device without moving anything.
    fn probe(&self) -> DevicePending<'_, Probe>;
    /// The address that messages name.
    fn address(&self) -> &str;
}

/// Something that reads RFID tags.
pub trait TagReader: Send + Sync {
    /// Reads the tags around the crane. No tag is a result, not an error.
    fn inventory<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Inventory>;
    /// Tries the device without a location.
    fn probe(&self) -> DevicePending<'_, Probe>;
    /// The address that messages name.
    fn address(&self) -> &str;
    /// Whether it tells every tag that it hears, of other locations too, so that tags still have to be attributed to theirs. Others
    /// have done that themselves.
    fn hears_strays(&self) -> bool {
        false
    }
    /// The ability to tell tags as they are heard. Absent for most devices.
    fn live(&self) -> Option<&dyn LiveReader> {
        None
    }
}

/// An optional ability of a reader: it tells tags as it hears them.
pub trait LiveReader: Send + Sync {
    /// Reads until the future is dropped, or until the reader fails. `heard` gets what was read of a tag since it was last told, `noticed`
    /// what a person should know of the reader, one line each.
    fn listen<'a>(
        &'a self,
        heard: &'a (dyn Fn(TagRead) + Send + Sync),
        noticed: &'a (dyn Fn(String) + Send + Sync),
    ) -> DevicePending<'a, ()>;
}

/// Something that takes pictures.
pub trait Camera: Send + Sync {
    /// Takes the picture; resolves as soon as the crane may leave ("acquired").
    fn capture<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Shot>;
    /// Tries the device without a location.
    fn probe(&self) -> DevicePending<'_, Probe>;
    /// The address that messages name.
    fn address(&self) -> &str;
    /// Whether it brings pictures and nothing else, so that somebody else has to look at them. Others may find out themselves what is on
    /// them.
    fn brings_only_pictures(&self) -> bool {
        false
    }
    /// The ability to compare a stored picture later, while the crane travels. Absent for most devices.
    fn comparer(&self) -> Option<&dyn Comparer> {
        None
    }
}

/// An optional ability of a camera: it compares a picture that it took before.
pub trait Comparer: Send + Sync {
    /// Compares; repeatable, with the same picture the same answer.
    fn compare<'a>(&'a self, visit: &'a Visit, picture: Bytes) -> DevicePending<'a, Findings>;
}

/// A capture whose crane may leave.
pub enum Shot {
    /// All is there.
    Whole(ShotEnd),
    /// The picture exists and the device works on: the rest comes when this future ends. It dies with the process, so until then
    /// the capture is not on record, and a restart takes it again.
    Working(BoxFuture<'static, Result<ShotEnd, DeviceError>>),
}

impl std::fmt::Debug for Shot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(end) => f.debug_tuple("Whole").field(end).finish(),
            Self::Working(_) => f.write_str("Working"),
        }
    }
}

/// What a capture brought.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShotEnd {
    /// The picture's bytes, checked to begin like a picture and to be whole.
    pub picture: Option<Bytes>,
    /// What the device itself found on it.
    pub findings: Option<Findings>,
    /// Free text from the device.
    pub note: Option<String>,
}

#[cfg(test)]
pub(crate) fn visit_for_tests(location: &str) -> Visit {
    use pandian_domain::StocktakeId;
    let stocktake = StocktakeId::new(Timestamp::UNIX_EPOCH, [7; 10]);
    Visit {
        stop: stocktake.stop(1),
        op: OpKind::Goto,
        attempt: 1,
        timeout: Duration::from_secs(60),
        location: location.into(),
        place: None,
        lane: "C1".into(),
        crane: "C1".into(),
    }
}
