//! A stop as its records tell it: the one fold behind resuming and reporting.

use std::sync::Arc;

use crate::Timestamp;
use crate::book::BookSnapshot;
use crate::code::{Code, Failure};
use crate::ids::Digest;
use crate::lane::{CraneId, LaneId};
use crate::location::LocationCode;
use crate::observation::{Findings, Picture};
use crate::record::{Fact, OpKind, Record};
use crate::verdict::{Judgement, Stage};

/// The reads of a stop: how many, and where they are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadsKept {
    /// Number of different tags.
    pub tags: u64,
    /// Address in the evidence store; none when the device gave only a note.
    pub reads: Option<Digest>,
    /// Free text from the device.
    pub note: Option<Arc<str>>,
}

/// The capture of a stop.
#[derive(Debug, Clone, PartialEq)]
pub struct CaptureKept {
    /// The picture, if there is one.
    pub picture: Option<Picture>,
    /// What the device itself found.
    pub findings: Option<Findings>,
}

/// Everything known of one stop.
#[derive(Debug, Clone, Default)]
pub struct StopHistory {
    /// Where.
    pub location: Option<LocationCode>,
    /// On which lane.
    pub lane: Option<LaneId>,
    /// Which crane.
    pub crane: Option<CraneId>,
    /// When the crane was last sent.
    pub sent_at: Option<Timestamp>,
    /// When it last arrived.
    pub arrived_at: Option<Timestamp>,
    /// When it was released.
    pub released_at: Option<Timestamp>,
    /// When it was judged.
    pub judged_at: Option<Timestamp>,
    /// The book at arrival.
    pub book: Option<BookSnapshot>,
    /// The tags.
    pub inventory: Option<ReadsKept>,
    /// The picture.
    pub capture: Option<CaptureKept>,
    /// The comparison: `Some(None)` when nothing compares.
    pub compared: Option<Option<Findings>>,
    /// Given up.
    pub abandoned: Option<Failure>,
    /// The verdict.
    pub judgement: Option<(Judgement, Stage)>,
    /// The sequence number of the record with the verdict.
    pub judged_seq: u64,
    /// How many tags it reckons to the location.
    pub tags: Option<u64>,
    /// The last try begun, by operation.
    begun: [u16; 4],
    /// The last try whose outcome is known, by operation.
    ended: [u16; 4],
    /// The last failure, by operation, and whether it was the last try.
    failures: [Option<Failure>; 4],
}

impl StopHistory {
    /// Takes one more record of this stop, with its sequence number, into account, in the order in which they were committed: where a fact repeats, the last one holds.
    pub fn apply(&mut self, seq: u64, record: &Record) {
        self.location = record.location.clone().or(self.location.take());
        self.lane = record.lane.clone().or(self.lane.take());
        self.crane = record.crane.clone().or(self.crane.take());
        let attempt = record.attempt.unwrap_or(0);
        let begun = &mut self.begun;
        let mut begin = |op: OpKind| begun[op as usize] = begun[op as usize].max(attempt);
        let ended = &mut self.ended;
        let mut end = |op: OpKind| {
            begin(op);
            ended[op as usize] = ended[op as usize].max(attempt);
        };
        match &record.fact {
            Fact::CraneSent { .. } => {
                begin(OpKind::Goto);
                self.sent_at = Some(record.at);
            }
            Fact::CraneArrived { book } => {
                end(OpKind::Goto);
                self.arrived_at = Some(record.at);
                self.book.clone_from(book);
            }
            Fact::InventoryDone { tags, reads, note } => {
                end(OpKind::Inventory);
                self.inventory = Some(ReadsKept { tags: *tags, reads: *reads, note: note.clone() });
            }
            fact @ Fact::CaptureDone { findings, .. } => {
                end(OpKind::Capture);
                self.capture = Some(CaptureKept { picture: fact.picture(), findings: findings.clone() });
            }
            Fact::CraneReleased {} => self.released_at = Some(record.at),
            Fact::Compared { findings, .. } => {
                end(OpKind::Compare);
                self.compared = Some(findings.clone());
            }
            Fact::Judged { judgement, stage, tags, .. } => {
                self.tags = *tags;
                self.judged_at = Some(record.at);
                self.judged_seq = seq;
                self.judgement = Some((judgement.clone(), *stage));
            }
            Fact::OperationFailed { operation, code, message, retry_in_ms } => {
                end(*operation);
                if retry_in_ms.is_none() {
                    self.failures[*operation as usize] = Some(Failure { code: *code, message: message.to_string() });
                }
            }
            Fact::StopAbandoned { code, message } => {
                self.abandoned = Some(Failure { code: *code, message: message.to_string() });
            }
            _ => {}
        }
    }

    /// The number of the next try. A try whose outcome nobody knows (the process died) is repeated under its own number, and so
    /// with its own idempotency key.
    pub fn next_attempt(&self, op: OpKind) -> u16 {
        self.ended[op as usize].saturating_add(1)
    }

    /// The most tries that any operation of the stop needed; 0 before the first.
    pub fn most_attempts(&self) -> u16 {
        self.begun.into_iter().max().unwrap_or(0)
    }

    /// The failure an operation was given up with.
    pub fn given_up(&self, op: OpKind) -> Option<&Failure> {
        self.failures[op as usize].as_ref()
    }

    /// Whether everything that needs the crane is on record, as far as it has a reader and a camera: it need not go there again.
    pub fn is_acquired(&self, has_reader: bool, has_camera: bool) -> bool {
        let inventoried = self.inventory.is_some() || self.given_up(OpKind::Inventory).is_some();
        // A comparison given up without a picture: the camera failed after it had let the crane go.
        let captured = self.capture.is_some() || self.given_up(OpKind::Capture).is_some() || self.given_up(OpKind::Compare).is_some();
        (inventoried || !has_reader) && (captured || !has_camera)
    }

    /// The reason a location could not be counted, if the stop was given up.
    pub fn not_counted_code(&self) -> Option<Code> {
        self.abandoned.as_ref().map(|failure| failure.code)
    }
}
