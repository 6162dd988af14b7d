//! Judgements: made of what stops saw, and written down.
//!
//! Where readers hear the neighbours' tags too, a location is judged provisionally when its stop is done and finally when no other stop can
//! change it any more ([`Docket`]); elsewhere it is judged finally at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use pandian_domain::book::Book;
use pandian_domain::docket::{Docket, Progress, Settled};
use pandian_domain::verdict::{Attributed, Seen, judge};
use pandian_domain::{Code, CraneId, Fact, Failure, Judgement, LaneId, Record, Stage, StocktakeId, StopId, TagRead, Verdict};
use serde::{Deserialize, Serialize};

use crate::assignment::Assignment;
use crate::clock::Clock;
use crate::journal::{Journal, Receipt};
use crate::site::Site;

/// Final judgements that are on disk, and where to listen for the sake of others.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Judged {
    /// Stops whose locations are settled, the one that was judged among them unless it still waits for others.
    pub settled: Vec<(StopId, Verdict)>,
    /// Slots to be visited so that their neighbours' tags become clear, as indices of the layout.
    pub listen: Vec<u32>,
}

impl Judged {
    fn and(mut self, other: Self) -> Self {
        self.settled.extend(other.settled);
        self.listen.extend(other.listen);
        self
    }
}

/// How many units one record names at most.
const UNITS_PER_RECORD: usize = 1000;

/// Makes judgements and writes them down.
#[derive(Clone)]
pub(crate) struct Judgements {
    site: Arc<Site>,
    journal: Arc<dyn Journal>,
    clock: Clock,
    docket: Option<Arc<Mutex<Filed>>>,
    /// Stops to come that the docket has not been told of yet: whoever adds them does not wait for it.
    opened: Arc<Mutex<Vec<u32>>>,
}

/// The docket, and by which lane and crane each stop on it was made.
struct Filed {
    docket: Docket,
    made_by: HashMap<StopId, MadeBy>,
}

#[derive(Clone)]
struct MadeBy {
    stocktake: StocktakeId,
    lane: Option<LaneId>,
    crane: Option<CraneId>,
}

impl Judgements {
    pub(crate) fn new(site: Arc<Site>, journal: Arc<dyn Journal>, clock: Clock) -> Self {
        let docket = site.new_docket().map(|docket| Arc::new(Mutex::new(Filed { docket, made_by: HashMap::new() })));
        Self { site, journal, clock, docket, opened: Arc::default() }
    }

    /// Goes on with a docket that was made anew from records.
    pub(crate) fn take_up(&self, docket: Docket, filed: impl IntoIterator<Item = (StocktakeId, StopId, Option<LaneId>, Option<CraneId>)>) {
        if let Some(known) = &self.docket {
            let made_by = filed.into_iter().map(|(stocktake, stop, lane, crane)| (stop, MadeBy { stocktake, lane, crane }));
            *known.lock().unwrap_or_else(PoisonError::into_inner) = Filed { docket, made_by: made_by.collect() };
        }
    }

    /// Stops are to come that count these slots.
    pub(crate) fn open(&self, slots: impl IntoIterator<Item = u32>) {
        if self.docket.is_some() {
            self.opened.lock().unwrap_or_else(PoisonError::into_inner).extend(slots);
        }
    }

    /// Judges a stop's location; done when that is on disk.
    pub(crate) async fn judge(&self, assignment: &Assignment, seen: Seen) -> Result<Judged, Failure> {
        let slot = self.slot(assignment);
        match slot.filter(|_| self.is_attributed(assignment)) {
            Some(slot) => self.file(assignment, slot, seen).await,
            None => {
                let location = &assignment.stop.location;
                let book = self.site.book.as_deref();
                let judgement = judge(location, &seen, &Attributed::all_of(&seen), |code| book.and_then(|book| book.whereabouts(code)));
                let tags = seen.rfid.saw().and_then(|inventory| inventory.tags.as_deref()).map(distinct);
                let verdict = judgement.verdict;
                let fact = final_verdict(judgement, tags, None);
                let record = self.record(&made_by(assignment), assignment.stop.id, location.clone(), fact);
                self.journal.append(vec![record], Vec::new()).await?;
                let judged = Judged { settled: vec![(assignment.stop.id, verdict)], listen: Vec::new() };
                Ok(judged.and(self.close(slot.into_iter().collect()).await?))
            }
        }
    }

    /// Takes in what was heard and seen at a slot for its neighbours' sake.
    pub(crate) async fn attend(&self, assignment: &Assignment, seen: Seen) -> Result<Judged, Failure> {
        let Some(slot) = self.slot(assignment) else { return Ok(Judged::default()) };
        self.settle(move |docket, book| docket.hear(slot, &seen, book)).await
    }

    /// No stop will come to these slots any more, or it brought nothing: others may be settled by that.
    pub(crate) async fn close(&self, slots: Vec<u32>) -> Result<Judged, Failure> {
        self.settle(move |docket, _| slots.iter().for_each(|slot| docket.close(*slot))).await
    }

    /// No stop will come at all any more: everything is settled as it stands.
    pub(crate) async fn close_all(&self) -> Result<Judged, Failure> {
        self.settle(|docket, _| docket.close_all()).await
    }

    /// What is to be said when a stocktake ends: what lies where nobody asked for a count, and what was learnt of the readers.
    pub(crate) async fn remarks(&self, stocktake: StocktakeId) -> Result<Vec<Record>, Failure> {
        let this = self.clone();
        Ok(self.with_docket(move |filed| this.remarks_of(&mut filed.docket, stocktake)).await?.unwrap_or_default())
    }

    fn remarks_of(&self, docket: &mut Docket, stocktake: StocktakeId) -> Vec<Record> {
        let record = |fact, stocktake| Record {
            at: self.clock.now(),
            fact,
            stocktake,
            stop: None,
            lane: None,
            crane: None,
            location: None,
            attempt: None,
        };
        let traced = docket.traced();
        let traced = traced.chunks(UNITS_PER_RECORD).map(|part| record(Fact::UnitsTraced { traced: part.to_vec() }, Some(stocktake)));
        let calibration = docket.calibration().lines();
        let learnt = record(Fact::RadioLearnt { warehouse: self.site.name.clone(), calibration }, None);
        traced.chain([learnt]).collect()
    }

    async fn file(&self, assignment: &Assignment, slot: u32, seen: Seen) -> Result<Judged, Failure> {
        let (this, stop, made_by) = (self.clone(), assignment.stop.clone(), made_by(assignment));
        let (judged, provisional, receipt) = self
            .with_docket(move |filed| {
                filed.made_by.insert(stop.id, made_by.clone());
                let book = this.site.book.as_deref();
                filed.docket.file(stop.id, slot, seen, None, book);
                let progress = filed.docket.progress(Some(slot), book);
                let provisional = progress.settled.iter().all(|settled| settled.slot != slot);
                // Last, so that its number is the receipt's.
                let last = provisional.then(|| {
                    let (judgement, tags) = filed.docket.judged_so_far(slot, book);
                    let fact = Fact::Judged { judgement, stage: Stage::Provisional, tags: Some(tags), supersedes: None };
                    this.record(&made_by, stop.id, stop.location.clone(), fact)
                });
                let (judged, receipt) = this.write(filed, progress, last);
                (judged, provisional, receipt)
            })
            .await?
            .unwrap_or_else(|| (Judged::default(), false, Box::pin(std::future::ready(Ok(0)))));
        let seq = receipt.await?;
        if !provisional {
            return Ok(judged);
        }
        Ok(judged.and(self.settle(move |docket, _| docket.recorded(slot, seq)).await?))
    }

    /// Changes the docket, and writes down what is final then.
    async fn settle(&self, change: impl FnOnce(&mut Docket, Option<&dyn Book>) + Send + 'static) -> Result<Judged, Failure> {
        let this = self.clone();
        let written = self.with_docket(move |filed| {
            let book = this.site.book.as_deref();
            change(&mut filed.docket, book);
            let progress = filed.docket.progress(None, book);
            this.write(filed, progress, None)
        });
        let Some((judged, receipt)) = written.await? else { return Ok(Judged::default()) };
        if !judged.settled.is_empty() {
            receipt.await?;
        }
        Ok(judged)
    }

    /// Writes down what is final, and one record more. Under the docket's lock, so that records come in the order of its decisions.
    fn write(&self, filed: &mut Filed, progress: Progress, last: Option<Record>) -> (Judged, Receipt) {
        let Progress { settled, listen } = progress;
        let verdicts = settled.iter().map(|settled| (settled.stop, settled.judgement.verdict)).collect();
        let finals = settled.into_iter().filter_map(|Settled { stop, slot, judgement, tags, supersedes }| {
            let made_by = filed.made_by.remove(&stop)?;
            let location = self.site.layout.slot(slot).code.clone();
            Some(self.record(&made_by, stop, location, final_verdict(judgement, Some(tags), supersedes)))
        });
        let records: Vec<Record> = finals.chain(last).collect();
        (Judged { settled: verdicts, listen }, self.journal.append(records, Vec::new()))
    }

    /// Works on the docket, off the event loop: it computes. None where there is none.
    async fn with_docket<T: Send + 'static>(&self, work: impl FnOnce(&mut Filed) -> T + Send + 'static) -> Result<Option<T>, Failure> {
        let Some(docket) = self.docket.clone() else { return Ok(None) };
        let opened = self.opened.clone();
        let working = move || {
            let mut filed = docket.lock().unwrap_or_else(PoisonError::into_inner);
            filed.docket.open(std::mem::take(&mut *opened.lock().unwrap_or_else(PoisonError::into_inner)));
            work(&mut filed)
        };
        let worked = tokio::task::spawn_blocking(working).await;
        worked.map(Some).map_err(|error| Failure::new(Code::Internal, format!("attributing tags: {error}")))
    }

    /// Whether what a stop heard has to be attributed: its reader hears the neighbours too, and someone knows where it stands.
    fn is_attributed(&self, assignment: &Assignment) -> bool {
        assignment.place.is_some() && self.site.is_attributed(assignment.lane_index, assignment.side())
    }

    fn slot(&self, assignment: &Assignment) -> Option<u32> {
        self.site.layout.index_of(assignment.stop.location.as_str())
    }

    fn record(&self, made_by: &MadeBy, stop: StopId, location: pandian_domain::LocationCode, fact: Fact) -> Record {
        Record {
            at: self.clock.now(),
            fact,
            stocktake: Some(made_by.stocktake),
            stop: Some(stop),
            lane: made_by.lane.clone(),
            crane: made_by.crane.clone(),
            location: Some(location),
            attempt: None,
        }
    }
}

fn made_by(assignment: &Assignment) -> MadeBy {
    MadeBy { stocktake: assignment.stocktake, lane: Some(assignment.lane.clone()), crane: Some(assignment.crane.clone()) }
}

/// The record of a final judgement.
pub(crate) fn final_verdict(judgement: Judgement, tags: Option<u64>, supersedes: Option<u64>) -> Fact {
    Fact::Judged { judgement, stage: Stage::Final, tags, supersedes }
}

/// How many different tags were read.
pub(crate) fn distinct(tags: &[TagRead]) -> u64 {
    let mut epcs: Vec<&str> = tags.iter().map(|read| read.epc.as_str()).collect();
    epcs.sort_unstable();
    epcs.dedup();
    epcs.len() as u64
}
