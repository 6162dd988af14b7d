//! Does the operations of a stop on the devices, with the configured time-outs and retries, and writes down what came of them.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pandian_devices::camera::picture::media_type;
use pandian_devices::{Camera, DeviceError, Shot, ShotEnd, Visit};
use pandian_domain::history::StopHistory;
use pandian_domain::retry::AfterFailure;
use pandian_domain::verdict::{self, Seen};
use pandian_domain::{
    BookSnapshot, Code, Digest, Fact, Failure, Inventory, OpKind, Picture, Purpose, Reason, Record, Sided, StopId, Verdict,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::watch;

use crate::archive::Archive;
use crate::assignment::Assignment;
use crate::clock::Clock;
use crate::flow::{Captured, Op, Out};
use crate::journal::{Journal, Receipt};
use crate::judgements::{Judgements, distinct, final_verdict};
use crate::sight::{Looked, Looker};
use crate::site::{Devices, Site};

/// Does steps. In process on the devices, or anywhere else.
pub trait Executor: Send + Sync {
    /// Does one step of a stop. `history` is what was on record of the stop when it was taken up: what has its result there is not
    /// done again. At-least-once: a step may be asked for again after a crash, with the same attempt and so the same key.
    fn exec<'a>(&'a self, assignment: &'a Assignment, history: &'a StopHistory, op: Op) -> BoxFuture<'a, Result<Out, Failure>>;
}

type Rest = BoxFuture<'static, Result<ShotEnd, DeviceError>>;

/// The executor that has the devices in its own process.
pub struct DeviceExecutor {
    site: Arc<Site>,
    journal: Arc<dyn Journal>,
    clock: Clock,
    chance: Mutex<StdRng>,
    /// Captures whose device works on while the crane travels, with the number of the try.
    working: Mutex<HashMap<StopId, (Rest, u16)>>,
    archive: Arc<Archive>,
    looker: Option<Looker>,
    pub(crate) judgements: Judgements,
}

impl DeviceExecutor {
    /// Makes the executor. `seed` feeds the jitter of retries.
    pub fn new(site: Arc<Site>, journal: Arc<dyn Journal>, clock: Clock, seed: u64) -> Self {
        let archive = Arc::new(Archive::new(journal.clone()));
        Self {
            judgements: Judgements::new(site.clone(), journal.clone(), clock),
            looker: Looker::new(site.clone(), archive.clone()),
            site,
            journal,
            clock,
            chance: Mutex::new(StdRng::seed_from_u64(seed)),
            working: Mutex::default(),
            archive,
        }
    }

    /// Why evidence cannot be kept at present, if so.
    pub fn stalled(&self) -> watch::Receiver<Option<Failure>> {
        self.archive.stalled()
    }

    fn devices(&self, assignment: &Assignment) -> &Devices {
        &self.site.devices[assignment.lane_index]
    }

    fn record(&self, assignment: &Assignment, attempt: Option<u16>, fact: Fact) -> Record {
        Record {
            at: self.clock.now(),
            fact,
            stocktake: Some(assignment.stocktake),
            stop: Some(assignment.stop.id),
            lane: Some(assignment.lane.clone()),
            crane: Some(assignment.crane.clone()),
            location: Some(assignment.stop.location.clone()),
            attempt,
        }
    }

    fn tell(&self, assignment: &Assignment, attempt: impl Into<Option<u16>>, fact: Fact) -> Receipt {
        self.journal.append(vec![self.record(assignment, attempt.into(), fact)], Vec::new())
    }

    /// Tries an operation until it succeeds or its rule gives up. Each failure is on record. Gives the result and the try that brought it.
    async fn retrying<T, F>(
        &self,
        assignment: &Assignment,
        op: OpKind,
        first: u16,
        address: &str,
        operate: impl Fn(Visit) -> F + Send,
    ) -> Result<(T, u16), Failure>
    where
        F: Future<Output = Result<T, DeviceError>> + Send,
    {
        let rule = self.devices(assignment).rules.of(op);
        let mut attempt = first;
        loop {
            if op == OpKind::Goto {
                drop(self.tell(assignment, attempt, Fact::CraneSent { purpose: assignment.stop.purpose }));
            }
            assignment.begin(op, attempt);
            let tried = tokio::time::timeout(rule.timeout, operate(assignment.visit(op, attempt, rule.timeout))).await;
            assignment.end(op);
            let failure = match tried {
                Ok(Ok(brought)) => return Ok((brought, attempt)),
                Ok(Err(error)) => Failure::from(error),
                Err(_elapsed) => {
                    let message =
                        format!("{} of crane {} at {address}: no answer within {:?}", op.as_str(), assignment.crane, rule.timeout);
                    Failure::new(Code::DeviceTimeout, message)
                }
            };
            let next = rule.after(attempt - first + 1, &failure, self.jitter());
            self.tell_failure(assignment, op, attempt, &failure, next);
            match next {
                AfterFailure::Retry(pause) => tokio::time::sleep(pause).await,
                AfterFailure::GiveUpAttemptsUsed | AfterFailure::GiveUpPermanent => return Err(failure),
            }
            attempt = attempt.saturating_add(1);
        }
    }

    fn tell_failure(&self, assignment: &Assignment, op: OpKind, attempt: u16, failure: &Failure, next: AfterFailure) {
        let retry_in_ms = match next {
            AfterFailure::Retry(pause) => Some(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)),
            AfterFailure::GiveUpAttemptsUsed | AfterFailure::GiveUpPermanent => None,
        };
        let Failure { code, message } = failure.clone();
        drop(self.tell(assignment, attempt, Fact::OperationFailed { operation: op, code, message: message.into(), retry_in_ms }));
    }

    fn jitter(&self) -> f64 {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner).random()
    }

    async fn goto(&self, assignment: &Assignment, history: &StopHistory) -> Result<Out, Failure> {
        // Only where something still has to be acquired need the crane stand there; an arrival from before a restart is worth nothing.
        let devices = self.devices(assignment);
        if history.is_acquired(devices.reader.is_some(), devices.camera.is_some()) {
            return Ok(Out::Arrived(history.book.clone()));
        }
        let crane = &devices.crane;
        let first = history.next_attempt(OpKind::Goto);
        let mut travelled = false;
        let travel = async {
            travelled = true;
            let go = |visit: Visit| async move { crane.go_to(&visit).await };
            self.retrying(assignment, OpKind::Goto, first, crane.address(), go).await.map(|(_arrival, attempt)| attempt)
        };
        let attempt = assignment.ride.arrival.get_or_init(|| travel).await.clone()?;
        let attempt = if travelled { attempt } else { first };
        if !travelled {
            // It came along with the stop of the other side.
            drop(self.tell(assignment, attempt, Fact::CraneSent { purpose: assignment.stop.purpose }));
        }
        let book = if assignment.stop.purpose == Purpose::Count { self.book_at(assignment) } else { None };
        drop(self.tell(assignment, attempt, Fact::CraneArrived { book: book.clone() }));
        Ok(Out::Arrived(book))
    }

    fn book_at(&self, assignment: &Assignment) -> Option<BookSnapshot> {
        let book = self.site.book.as_ref()?;
        Some(BookSnapshot { source: book.source(), at: self.clock.now(), lines: book.lines(&assignment.stop.location)? })
    }

    async fn inventory(&self, assignment: &Assignment, history: &StopHistory) -> Result<Out, Failure> {
        let Some(reader) = self.devices(assignment).reader.on(assignment.side()) else { return Ok(Out::Inventoried(None)) };
        if let Some(kept) = &history.inventory {
            return match kept.reads {
                Some(reads) => Ok(Out::Inventoried(Some(self.reads(assignment.stop.id, reads).await?))),
                None => Ok(Out::Inventoried(Some(Inventory { tags: None, note: kept.note.clone() }))),
            };
        }
        if let Some(failure) = history.given_up(OpKind::Inventory) {
            return Err(failure.clone());
        }
        // One reader for both sides does one after the other.
        let _turn = match self.devices(assignment).reader {
            Sided::One(_) => Some(assignment.ride.reader.lock().await),
            _ => None,
        };
        let first = history.next_attempt(OpKind::Inventory);
        let read = |visit: Visit| async move { reader.inventory(&visit).await };
        let (inventory, attempt) = self.retrying(assignment, OpKind::Inventory, first, reader.address(), read).await?;
        let (tags, reads) = match &inventory.tags {
            Some(tags) => (distinct(tags), Some(Bytes::from(json(&inventory)?))),
            None => (0, None),
        };
        let kept = reads.as_ref().map(|bytes| self.journal.digest(bytes));
        let fact = Fact::InventoryDone { tags, reads: kept, note: inventory.note.clone() };
        drop(self.journal.append(vec![self.record(assignment, Some(attempt), fact)], reads.into_iter().collect()));
        Ok(Out::Inventoried(Some(inventory)))
    }

    async fn reads(&self, stop: StopId, digest: Digest) -> Result<Inventory, Failure> {
        let bytes = self.archive.read_back(|| self.journal.reads_of(stop)).await?;
        let bytes =
            bytes.ok_or_else(|| Failure::new(Code::EvidenceBroken, format!("tag reads {digest} are missing from the data directory")))?;
        serde_json::from_slice(&bytes).map_err(|error| Failure::new(Code::EvidenceBroken, format!("tag reads {digest}: {error}")))
    }

    async fn capture(&self, assignment: &Assignment, history: &StopHistory) -> Result<Out, Failure> {
        let Some(camera) = self.devices(assignment).camera.on(assignment.side()) else { return Ok(Out::Captured(None)) };
        if let Some(kept) = &history.capture {
            let (picture, findings) = (kept.picture.clone(), kept.findings.clone());
            return Ok(Out::Captured(Some(Captured { picture, bytes: None, findings, working: false })));
        }
        if let Some(failure) = history.given_up(OpKind::Capture) {
            return Err(failure.clone());
        }
        if history.given_up(OpKind::Compare).is_some() {
            return Ok(Out::Captured(Some(Captured::default())));
        }
        let _turn = match self.devices(assignment).camera {
            Sided::One(_) => Some(assignment.ride.camera.lock().await),
            _ => None,
        };
        let first = history.next_attempt(OpKind::Capture);
        let capture = |visit: Visit| async move {
            let shot = camera.capture(&visit).await?;
            if let Shot::Whole(ShotEnd { picture: Some(picture), findings: None, .. }) = &shot {
                self.check_fit(assignment, camera.as_ref(), picture.clone()).await?;
            }
            Ok(shot)
        };
        let (shot, attempt) = self.retrying(assignment, OpKind::Capture, first, camera.address(), capture).await?;
        match shot {
            Shot::Whole(end) => Ok(Out::Captured(Some(self.keep_shot(assignment, attempt, end).await))),
            Shot::Working(rest) => {
                self.working.lock().unwrap_or_else(PoisonError::into_inner).insert(assignment.stop.id, (rest, attempt));
                Ok(Out::Captured(Some(Captured { working: true, ..Captured::default() })))
            }
        }
    }

    /// Whoever looks at pictures here, if that camera's are looked at: it does not find out itself what is on them.
    fn looker_for(&self, camera: &dyn Camera) -> Option<&Looker> {
        let every_camera = self.site.sighting.as_ref().is_some_and(|sighting| sighting.rules.every_camera);
        let is_its_own = camera.comparer().is_some() || !(every_camera || camera.brings_only_pictures());
        self.looker.as_ref().filter(|_| !is_its_own)
    }

    /// A picture that is not fit to be looked at is as good as none: while the crane still stands there, another one can be taken.
    async fn check_fit(&self, assignment: &Assignment, camera: &dyn Camera, picture: Bytes) -> Result<(), DeviceError> {
        let Some(looker) = self.looker_for(camera) else { return Ok(()) };
        let Err(failure) = looker.check(camera_of(assignment, camera), picture.clone()).await else { return Ok(()) };
        // What was refused is kept: somebody will want to see why.
        let kept = self.archive.keep_picture(&picture).await;
        Err(DeviceError::new(failure.code, format!("{}; it is kept as {kept}", failure.message)))
    }

    async fn keep_shot(&self, assignment: &Assignment, attempt: u16, end: ShotEnd) -> Captured {
        let picture = match &end.picture {
            Some(bytes) => Some(Picture {
                sha256: self.archive.keep_picture(bytes).await,
                bytes: bytes.len() as u64,
                media_type: media_type(bytes).unwrap_or("application/octet-stream").into(),
            }),
            None => None,
        };
        let fact = Fact::CaptureDone {
            picture: picture.as_ref().map(|picture| picture.sha256),
            bytes: picture.as_ref().map(|picture| picture.bytes),
            media_type: picture.as_ref().map(|picture| picture.media_type.clone()),
            findings: end.findings.clone(),
            note: end.note.map(Into::into),
        };
        drop(self.tell(assignment, attempt, fact));
        Captured { picture, bytes: end.picture, findings: end.findings, working: false }
    }

    async fn compare(&self, assignment: &Assignment, history: &StopHistory, captured: Captured) -> Result<Out, Failure> {
        if let Some(findings) = &history.compared {
            return Ok(Out::Compared(findings.clone()));
        }
        if let Some(failure) = history.given_up(OpKind::Compare) {
            return Err(failure.clone());
        }
        let captured = if captured.working { self.rest_of_capture(assignment).await? } else { captured };
        let camera = self.devices(assignment).camera.on(assignment.side());
        let comparer = camera.and_then(|camera| camera.comparer());
        let (findings, sight, attempt) = match (captured.findings, comparer, &captured.picture) {
            (None, Some(comparer), Some(picture)) => {
                let bytes = self.bytes_of(captured.bytes, picture).await?;
                let address = camera.map_or("", |camera| camera.address());
                let first = history.next_attempt(OpKind::Compare);
                let compare = |visit: Visit| {
                    let bytes = bytes.clone();
                    async move { comparer.compare(&visit, bytes).await }
                };
                let (findings, attempt) = self.retrying(assignment, OpKind::Compare, first, address, compare).await?;
                (Some(findings), None, Some(attempt))
            }
            (None, None, Some(picture)) => match camera.and_then(|camera| Some((camera, self.looker_for(camera.as_ref())?))) {
                Some((camera, looker)) => {
                    let bytes = self.bytes_of(captured.bytes, picture).await?;
                    let (Looked { findings, sight, .. }, attempt) = self.look(assignment, history, camera.as_ref(), looker, bytes).await?;
                    (Some(findings), Some(sight), Some(attempt))
                }
                None => (None, None, None),
            },
            (findings, ..) => (findings, None, None),
        };
        drop(self.tell(assignment, attempt, Fact::Compared { findings: findings.clone(), sight }));
        Ok(Out::Compared(findings))
    }

    /// Looks at a picture. What fails here fails again: there is one try.
    async fn look(
        &self,
        assignment: &Assignment,
        history: &StopHistory,
        camera: &dyn Camera,
        looker: &Looker,
        bytes: Bytes,
    ) -> Result<(Looked, u16), Failure> {
        let attempt = history.next_attempt(OpKind::Compare);
        // The books as they were at arrival: the verdict goes by them.
        let book = history.book.clone().or_else(|| self.book_at(assignment));
        let looked = looker.look(camera_of(assignment, camera), assignment, book, bytes).await;
        let mut looked = looked.inspect_err(|failure| {
            self.tell_failure(assignment, OpKind::Compare, attempt, failure, AfterFailure::GiveUpPermanent);
        })?;
        if let Some(mask) = &looked.mask {
            looked.sight.mask = Some(self.archive.keep_picture(mask).await);
        }
        Ok((looked, attempt))
    }

    async fn bytes_of(&self, at_hand: Option<Bytes>, picture: &Picture) -> Result<Bytes, Failure> {
        match at_hand {
            Some(bytes) => Ok(bytes),
            None => self.picture(picture.sha256).await,
        }
    }

    async fn rest_of_capture(&self, assignment: &Assignment) -> Result<Captured, Failure> {
        let working = self.working.lock().unwrap_or_else(PoisonError::into_inner).remove(&assignment.stop.id);
        let Some((rest, attempt)) = working else {
            return Err(Failure::new(
                Code::ComparisonLost,
                format!("the camera of crane {} no longer works on its picture", assignment.crane),
            ));
        };
        let timeout = self.devices(assignment).rules.compare.timeout;
        let failure = match tokio::time::timeout(timeout, rest).await {
            Ok(Ok(end)) => return Ok(self.keep_shot(assignment, attempt, end).await),
            Ok(Err(error)) => Failure::from(error),
            Err(_elapsed) => Failure::new(
                Code::DeviceTimeout,
                format!("camera of crane {}: no result within {timeout:?} after the picture", assignment.crane),
            ),
        };
        // The crane has left: there is no second try in this stop.
        self.tell_failure(assignment, OpKind::Compare, attempt, &failure, AfterFailure::GiveUpAttemptsUsed);
        Err(failure)
    }

    async fn picture(&self, digest: Digest) -> Result<Bytes, Failure> {
        let bytes = self.archive.picture(digest).await?;
        bytes.ok_or_else(|| Failure::new(Code::EvidenceBroken, format!("picture {digest} is missing from the data directory")))
    }

    async fn release(&self, assignment: &Assignment, history: &StopHistory) -> Result<Out, Failure> {
        // On disk, and with it everything before it: only now may the crane leave what it saw.
        let released = match history.released_at {
            None => self.tell(assignment, None, Fact::CraneReleased {}),
            Some(_before) => self.journal.append(Vec::new(), Vec::new()),
        };
        released.await?;
        Ok(Out::Released)
    }

    async fn judge(&self, assignment: &Assignment, seen: Seen) -> Result<Out, Failure> {
        Ok(Out::Judged(self.judgements.judge(assignment, seen).await?))
    }

    /// Both records at once: a stop given up without its verdict would be visited again.
    async fn abandon(&self, assignment: &Assignment, failure: Failure) -> Result<Out, Failure> {
        let judgement = verdict::not_counted(not_counted_because(failure.code), self.book_at(assignment).as_ref());
        let abandoned = Fact::StopAbandoned { code: failure.code, message: failure.message.into() };
        let records = [abandoned, final_verdict(judgement, None, None)].map(|fact| self.record(assignment, None, fact));
        self.journal.append(records.into(), Vec::new()).await?;
        let slot = self.site.layout.index_of(assignment.stop.location.as_str());
        let mut judged = self.judgements.close(slot.into_iter().collect()).await?;
        judged.settled.push((assignment.stop.id, Verdict::NotCounted));
        Ok(Out::Judged(judged))
    }

    /// An operator broke the stop off: what was under way has failed, so that it is not asked for again under the same key, when the
    /// crane may stand elsewhere or be another.
    pub fn broken_off(&self, assignment: &Assignment) {
        self.forget(assignment);
        let under_way = std::mem::take(&mut *assignment.under_way.lock().unwrap_or_else(PoisonError::into_inner));
        for (op, attempt) in under_way {
            let failure =
                Failure::new(Code::CraneOut, format!("{} of crane {}: broken off by the operator", op.as_str(), assignment.crane));
            self.tell_failure(assignment, op, attempt, &failure, AfterFailure::Retry(Duration::ZERO));
        }
    }

    /// Lets go of a capture that its device still works on.
    pub fn forget(&self, assignment: &Assignment) {
        self.working.lock().unwrap_or_else(PoisonError::into_inner).remove(&assignment.stop.id);
    }

    /// Judges a stop that no crane will make.
    pub fn give_up_unvisited(&self, assignment: &Assignment, reason: Reason) -> (Verdict, Receipt) {
        let judgement = verdict::not_counted(reason, self.book_at(assignment).as_ref());
        (Verdict::NotCounted, self.tell(assignment, None, final_verdict(judgement, None, None)))
    }
}

impl Executor for DeviceExecutor {
    fn exec<'a>(&'a self, assignment: &'a Assignment, history: &'a StopHistory, op: Op) -> BoxFuture<'a, Result<Out, Failure>> {
        match op {
            Op::Goto => self.goto(assignment, history).boxed(),
            Op::Inventory => self.inventory(assignment, history).boxed(),
            Op::Capture => self.capture(assignment, history).boxed(),
            Op::Release => self.release(assignment, history).boxed(),
            Op::Compare(captured) => self.compare(assignment, history, captured).boxed(),
            Op::Judge(seen) => self.judge(assignment, seen).boxed(),
            Op::Attend(seen) => async move { Ok(Out::Judged(self.judgements.attend(assignment, seen).await?)) }.boxed(),
            Op::Abandon(failure) => self.abandon(assignment, failure).boxed(),
        }
    }
}

/// A camera, as messages name it.
fn camera_of(assignment: &Assignment, camera: &dyn Camera) -> String {
    format!("the camera of crane {} at {}", assignment.crane, camera.address())
}

fn not_counted_because(code: Code) -> Reason {
    match code {
        Code::Internal | Code::EvidenceBroken | Code::StoreUnavailable => Reason::ProgramFailed,
        _ => Reason::CraneFailed,
    }
}

fn json(inventory: &Inventory) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(inventory).map_err(|error| Failure::new(Code::Internal, format!("tag reads as JSON: {error}")))
}
