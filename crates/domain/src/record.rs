//! What is written down: one record a fact, appended and never changed. The event stream is these records, in order.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::attribution::CalibrationLine;
use crate::book::BookSnapshot;
use crate::code::Code;
use crate::docket::Traced;
use crate::ids::{Digest, StocktakeId, StopId};
use crate::lane::{CraneId, LaneId};
use crate::location::LocationCode;
use crate::observation::{Findings, Picture};
use crate::reference::ReferenceName;
use crate::sight::Sight;
use crate::stocktake::{Outage, Sequence};
use crate::stop::Purpose;
use crate::verdict::{Judgement, Stage};

/// The four operations of a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpKind {
    /// Send the crane.
    Goto,
    /// Read the tags.
    Inventory,
    /// Take the picture.
    Capture,
    /// Compare the picture.
    Compare,
}

impl OpKind {
    /// The operation's name in keys, records and texts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Goto => "goto",
            Self::Inventory => "inventory",
            Self::Capture => "capture",
            Self::Compare => "compare",
        }
    }
}

/// One record. As JSON it is one flat object: `at`, `type`, then what applies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When it happened (not when it was written).
    #[serde(with = "micros")]
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub fact: Fact,
    /// To which stocktake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stocktake: Option<StocktakeId>,
    /// To which stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopId>,
    /// On which lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<LaneId>,
    /// With which crane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crane: Option<CraneId>,
    /// At which location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationCode>,
    /// Which try of the operation, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u16>,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Fact {
    /// The order of the stocktake and the settings that decide how it runs.
    StocktakeStarted {
        /// How many locations were asked for.
        locations: u64,
        /// The warehouse's name.
        warehouse: Arc<str>,
        /// The configuration's file.
        warehouse_file: Arc<str>,
        /// SHA-256 of the configuration it was started with.
        configuration: Digest,
        /// Where the book stock comes from.
        book_source: Option<Arc<str>>,
        /// Version of the stop's program.
        stop_version: u32,
        /// In which order cranes visit.
        #[serde(default)]
        order: Sequence,
    },
    /// A part of the ordered list of locations; stops are numbered in this order. Not part of the event stream.
    StocktakePlanned {
        /// Number of the first stop of this part, from 1.
        first: u32,
        /// Locations, in order.
        planned: Vec<LocationCode>,
        /// Why these are visited.
        purpose: Purpose,
    },
    /// Stops were given to the lane's queue, which is not that of their locations: cranes share their aisle. Not part of the event stream.
    StopsAssigned {
        /// Numbers of the stops.
        stops: Vec<u32>,
    },
    /// Locations were dropped from the running stocktake; they get no judgement. Not part of the event stream.
    LocationsDropped {
        /// Which.
        dropped: Vec<LocationCode>,
    },
    /// The crane was told to go.
    CraneSent {
        /// Why it goes there, unless to count.
        #[serde(default, skip_serializing_if = "Purpose::is_count")]
        purpose: Purpose,
    },
    /// The crane stands at the location.
    CraneArrived {
        /// What the books said at this moment; the stop is judged against it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        book: Option<BookSnapshot>,
    },
    /// The tags are read.
    InventoryDone {
        /// How many different tags.
        tags: u64,
        /// Address of the reads in the evidence store.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reads: Option<Digest>,
        /// Free text from the device.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Arc<str>>,
    },
    /// The picture is taken.
    CaptureDone {
        /// Address of the picture in the evidence store.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        picture: Option<Digest>,
        /// Number of bytes of the picture.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<u64>,
        /// Kind of the picture.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        media_type: Option<Arc<str>>,
        /// What the device itself found on it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        findings: Option<Findings>,
        /// Free text from the device.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Arc<str>>,
    },
    /// The crane may go on.
    CraneReleased {},
    /// The comparison ended.
    Compared {
        /// What it found; `None`: nothing compares pictures here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        findings: Option<Findings>,
        /// What they rest on, where pandian itself compared.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sight: Option<Box<Sight>>,
    },
    /// The verdict on the location.
    Judged {
        /// The verdict and why.
        #[serde(flatten)]
        judgement: Judgement,
        /// Whether a later stop can still change it.
        stage: Stage,
        /// How many different tags are taken to lie there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tags: Option<u64>,
        /// Sequence number of the judgement that this one replaces.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        supersedes: Option<u64>,
    },
    /// A try of an operation failed.
    OperationFailed {
        /// Which operation.
        operation: OpKind,
        /// How.
        code: Code,
        /// What exactly, where.
        message: Arc<str>,
        /// Pause before the next try; none when it was the last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_in_ms: Option<u64>,
    },
    /// The stop was given up; its location is judged *not counted*.
    StopAbandoned {
        /// Why.
        code: Code,
        /// What exactly.
        message: Arc<str>,
    },
    /// The lane's crane is out of work.
    LaneOut {
        /// Why.
        code: Code,
        /// What exactly.
        message: Arc<str>,
        /// Who took it out.
        by: Outage,
        /// Whether its queue was handed to other lanes.
        hand_on: bool,
    },
    /// The lane's crane is back.
    LaneIn {},
    /// No crane gets another stop until it is resumed.
    Paused {},
    /// Goes on after a pause, or after a restart.
    Resumed {
        /// After a restart: digest of the configuration it goes on with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        configuration: Option<Digest>,
        /// After a restart: version of the stop's program it goes on with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stop_version: Option<u32>,
    },
    /// The operator ended it.
    Cancelled {},
    /// What was learnt of how loud tags are heard from where. Of no stocktake, and not part of the event stream.
    RadioLearnt {
        /// The warehouse's name.
        warehouse: Arc<str>,
        /// The table, a line a bearing.
        calibration: Vec<CalibrationLine>,
    },
    /// Units that lie where nobody asked for a count, and do not belong there. Not part of the event stream.
    UnitsTraced {
        /// Which.
        traced: Vec<Traced>,
    },
    /// Every location has a final judgement or the reason why not.
    StocktakeFinished {
        /// Locations with a final judgement that is not ambiguous.
        r#final: u64,
        /// Locations left to a person.
        ambiguous: u64,
        /// Locations not counted.
        not_counted: u64,
        /// From the start to the last verdict.
        seconds: f64,
        /// From the start until the last crane was free.
        makespan_seconds: f64,
        /// Head of the record chain before this record.
        head: Digest,
        /// Whether it was cancelled.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        cancelled: bool,
    },
    /// A list of book stock was taken into the data directory.
    BookImported {
        /// Name of the file.
        source: Arc<str>,
        /// Address of the list in the evidence store.
        list: Digest,
        /// Number of lines.
        lines: u64,
    },
    /// A picture of an empty slot was put on record.
    ReferenceTaken {
        /// Its name.
        reference: ReferenceName,
        /// Address of the picture in the evidence store.
        picture: Digest,
        /// Number of bytes.
        bytes: u64,
        /// Kind of the picture.
        media_type: Arc<str>,
        /// Where it is from: a file, a camera.
        source: Arc<str>,
    },
    /// A person says that it shows the slot empty and as it is: pictures are held against it from now on.
    ReferenceAccepted {
        /// Which.
        reference: ReferenceName,
        /// Who.
        by: Arc<str>,
    },
    /// A person says that it does not, or no longer.
    ReferenceRejected {
        /// Which.
        reference: ReferenceName,
        /// Who.
        by: Arc<str>,
        /// Why.
        reason: Arc<str>,
    },
}

impl Fact {
    /// The `type` of the event.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::StocktakeStarted { .. } => "stocktake_started",
            Self::StocktakePlanned { .. } => "stocktake_planned",
            Self::StopsAssigned { .. } => "stops_assigned",
            Self::LocationsDropped { .. } => "locations_dropped",
            Self::CraneSent { .. } => "crane_sent",
            Self::CraneArrived { .. } => "crane_arrived",
            Self::InventoryDone { .. } => "inventory_done",
            Self::CaptureDone { .. } => "capture_done",
            Self::CraneReleased {} => "crane_released",
            Self::Compared { .. } => "compared",
            Self::Judged { .. } => "judged",
            Self::OperationFailed { .. } => "operation_failed",
            Self::StopAbandoned { .. } => "stop_abandoned",
            Self::LaneOut { .. } => "lane_out",
            Self::LaneIn {} => "lane_in",
            Self::Paused {} => "paused",
            Self::Resumed { .. } => "resumed",
            Self::Cancelled {} => "cancelled",
            Self::RadioLearnt { .. } => "radio_learnt",
            Self::UnitsTraced { .. } => "units_traced",
            Self::StocktakeFinished { .. } => "stocktake_finished",
            Self::BookImported { .. } => "book_imported",
            Self::ReferenceTaken { .. } => "reference_taken",
            Self::ReferenceAccepted { .. } => "reference_accepted",
            Self::ReferenceRejected { .. } => "reference_rejected",
        }
    }

    /// Whether facts of that `type` belong to the event stream that other programs read.
    pub fn is_event(type_name: &str) -> bool {
        !matches!(
            type_name,
            "stocktake_planned"
                | "stops_assigned"
                | "locations_dropped"
                | "cancelled"
                | "book_imported"
                | "radio_learnt"
                | "units_traced"
                | "reference_taken"
                | "reference_accepted"
                | "reference_rejected"
        )
    }

    fn kind_byte(&self) -> Option<u8> {
        Some(match self {
            Self::CraneSent { .. } => 1,
            Self::CraneArrived { .. } => 2,
            Self::InventoryDone { .. } => 3,
            Self::CaptureDone { .. } => 4,
            Self::CraneReleased {} => 5,
            Self::Compared { .. } => 6,
            Self::Judged { .. } => 7,
            Self::StopAbandoned { .. } => 8,
            Self::OperationFailed { operation, .. } => 16 + *operation as u8,
            _ => return None,
        })
    }

    /// The picture of a capture.
    pub fn picture(&self) -> Option<Picture> {
        match self {
            Self::CaptureDone { picture: Some(sha256), bytes, media_type, .. } => {
                Some(Picture { sha256: *sha256, bytes: bytes.unwrap_or(0), media_type: media_type.clone().unwrap_or_default() })
            }
            _ => None,
        }
    }
}

/// What makes a fact of a stop recognisable when it comes a second time: stop, kind of fact, and attempt. The first commit wins.
/// The bytes sort by stop, so that one index finds a stop's records too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordKey(pub [u8; 19]);

impl Record {
    /// The key of a fact of a stop. Results (the tags, the picture, the comparison, the release, the verdict) are one a stop:
    /// whichever attempt brings them first, they are the result; of verdicts, one a stage. Sending, arriving and failing are one an attempt.
    pub fn key(&self) -> Option<RecordKey> {
        let kind = self.fact.kind_byte()?;
        let attempt = match kind {
            1 | 2 | 16.. => self.attempt.unwrap_or(1),
            7 => u16::from(matches!(self.fact, Fact::Judged { stage: Stage::Final, .. })),
            _ => 0,
        };
        let mut key = [0; 19];
        key[..16].copy_from_slice(self.stop?.as_bytes());
        key[16] = kind;
        key[17..].copy_from_slice(&attempt.to_be_bytes());
        Some(RecordKey(key))
    }
}

/// Instants with exactly six decimals, so that texts sort by time.
mod micros {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::Timestamp;

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{at:.6}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_flat_object_and_reads_back_the_same() {
        let id = StocktakeId::new("2026-01-02T03:04:05Z".parse().unwrap(), [1; 10]);
        let record = Record {
            at: "2026-01-02T03:04:05.1Z".parse().unwrap(),
            fact: Fact::OperationFailed {
                operation: OpKind::Goto,
                code: Code::CraneAlarm,
                message: "alarm 17".into(),
                retry_in_ms: Some(500),
            },
            stocktake: Some(id),
            stop: Some(id.stop(3)),
            lane: Some("C1".into()),
            crane: Some("C1".into()),
            location: Some("1号".into()),
            attempt: Some(2),
        };
        let json = serde_json::to_value(&record).unwrap();
        assert_eq!(json["at"], "2026-01-02T03:04:05.100000Z");
        assert_eq!(json["type"], "operation_failed");
        assert_eq!(json["code"], "crane-alarm");
        assert_eq!(json["location"], "1号");
        assert_eq!(serde_json::from_value::<Record>(json).unwrap(), record);
        assert_eq!(record.key().unwrap().0[16..], [16, 0, 2]);
    }
}
