//! What the lanes, the stops and the operator of one run share.

use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pandian_domain::history::StopHistory;
use pandian_domain::lane::LaneIndex;
use pandian_domain::stocktake::{Mode, Refusal, Standing, Stocktake};
use pandian_domain::{Fact, Failure, LaneSpec, Purpose, Reason, Record, StocktakeId, Stop, StopId, Timestamp, Verdict};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::forecast::Forecast;
use super::{Ending, RunError, STOPS_PER_RECORD, Summary};
use crate::assignment::{Assignment, Ride};
use crate::clock::Clock;
use crate::control::LaneStatus;
use crate::executor::DeviceExecutor;
use crate::journal::{Journal, Receipt};
use crate::judgements::Judged;
use crate::site::Site;

/// Everything of a run that more than one of its tasks needs.
pub(crate) struct Shared {
    id: StocktakeId,
    pub(crate) site: Arc<Site>,
    pub(crate) executor: DeviceExecutor,
    /// The program of every stop that is under way.
    pub(crate) visits: TaskTracker,
    /// Raised whenever a waiting lane may find something to do.
    pub(crate) changed: watch::Sender<()>,
    /// Told whenever the run may have come to its end.
    pub(crate) progress: Notify,
    /// Told whenever a queue may need another order.
    pub(crate) replan: Notify,
    /// Cancelled when no lane may begin anything any more.
    pub(crate) over: CancellationToken,
    pub(crate) journal: Arc<dyn Journal>,
    clock: Clock,
    pub(super) started_at: Timestamp,
    stocktake: Mutex<Stocktake>,
    lanes: Vec<LaneWork>,
    forecast: Mutex<Forecast>,
    /// Stops that have records from an earlier try.
    touched: Mutex<HashSet<StopId>>,
    pub(super) free_at: AtomicI64,
    /// Cancelled when the process is to end.
    pub(crate) interrupted: CancellationToken,
    /// Why the run cannot go on.
    pub(super) failure: Mutex<Option<Failure>>,
}

#[derive(Default)]
struct LaneWork {
    /// Break off the stops that the crane is busy with.
    break_off: Mutex<Vec<(StopId, CancellationToken)>>,
    done: AtomicU64,
    free_at: AtomicI64,
}

impl Shared {
    pub(super) fn new(
        site: Arc<Site>,
        journal: Arc<dyn Journal>,
        clock: Clock,
        started_at: Timestamp,
        stocktake: Stocktake,
        touched: HashSet<StopId>,
        seed: u64,
    ) -> Self {
        let lanes = site.layout.lanes().iter().map(|_| LaneWork::default()).collect();
        Self {
            id: stocktake.id(),
            executor: DeviceExecutor::new(site.clone(), journal.clone(), clock, seed),
            visits: TaskTracker::new(),
            changed: watch::Sender::new(()),
            progress: Notify::new(),
            replan: Notify::new(),
            forecast: Mutex::new(Forecast::new(site.layout.lanes().len())),
            over: CancellationToken::new(),
            stocktake: Mutex::new(stocktake),
            touched: Mutex::new(touched),
            free_at: AtomicI64::new(started_at.as_microsecond()),
            interrupted: CancellationToken::new(),
            failure: Mutex::default(),
            lanes,
            site,
            journal,
            clock,
            started_at,
        }
    }

    /// Until every location has its verdict, and that is on record.
    pub(super) async fn to_the_end(&self, lanes: &TaskTracker) -> Result<Ending, RunError> {
        // Of a stocktake that is taken up again, something may be final by now.
        self.close(Vec::new()).await;
        loop {
            if self.over.is_cancelled() {
                lanes.wait().await;
                self.visits.close();
                self.visits.wait().await;
                let barred = self.stocktake().strand();
                self.not_counted(barred).await?;
                // What was counted stands, as far as it is known by now.
                let judged = self.executor.judgements.close_all().await.map_err(RunError::Failed)?;
                judged.settled.iter().for_each(|(stop, verdict)| self.settle(*stop, *verdict));
                let rest: Vec<_> = self.stocktake().unsettled().map(|stop| (stop, Reason::Cancelled)).collect();
                self.not_counted(rest).await?;
                break;
            }
            let stranded = {
                let mut stocktake = self.stocktake();
                if stocktake.finish() {
                    break;
                }
                stocktake.strand()
            };
            if !stranded.is_empty() {
                self.not_counted(stranded).await?;
                // A lane may have waited for the way to one of these, and can reach what comes behind it.
                self.wake();
            }
            tokio::select! {
                () = self.progress.notified() => {}
                () = self.over.cancelled() => {}
            }
        }
        self.over.cancel();
        lanes.wait().await;
        // Cranes may still be on their way to listen for someone who is settled by now.
        self.visits.close();
        self.visits.wait().await;
        self.finish().await
    }

    /// Ends the run: it can write nothing down any more.
    pub(crate) fn end_for(&self, failure: Failure) {
        tracing::error!(%failure, "the run ends");
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
        self.interrupted.cancel();
    }

    pub(crate) fn stocktake(&self) -> MutexGuard<'_, Stocktake> {
        self.stocktake.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets waiting lanes and the run look again.
    pub(crate) fn wake(&self) {
        self.changed.send_replace(());
        self.progress.notify_one();
        self.replan.notify_one();
    }

    pub(crate) fn tell(&self, fact: Fact) -> Receipt {
        self.journal.append(vec![self.record(fact)], Vec::new())
    }

    pub(crate) fn tell_lane(&self, lane: LaneIndex, fact: Fact) -> Receipt {
        let spec = &self.site.layout.lanes()[lane as usize];
        let record = Record { lane: Some(spec.id.clone()), crane: Some(spec.crane.clone()), ..self.record(fact) };
        self.journal.append(vec![record], Vec::new())
    }

    /// Which stops from a number on went to another queue than their location's own, for whoever takes the stocktake up again.
    pub(crate) fn assigned(&self, first: u32) -> Vec<Record> {
        self.assigned_of(&self.stocktake(), first)
    }

    pub(crate) fn assigned_of(&self, stocktake: &Stocktake, first: u32) -> Vec<Record> {
        let lanes = self.site.layout.lanes();
        let mut records = Vec::new();
        for (queue, stops) in stocktake.assigned_elsewhere(first) {
            let Some(spec) = lanes.iter().find(|lane| lane.queue == queue) else { continue };
            for part in stops.chunks(STOPS_PER_RECORD) {
                let fact = Fact::StopsAssigned { stops: part.to_vec() };
                records.push(Record { lane: Some(spec.id.clone()), crane: Some(spec.crane.clone()), ..self.record(fact) });
            }
        }
        records
    }

    pub(crate) fn record(&self, fact: Fact) -> Record {
        Record { at: self.clock.now(), fact, stocktake: Some(self.id), stop: None, lane: None, crane: None, location: None, attempt: None }
    }

    pub(crate) fn assignment(&self, lane: LaneIndex, stop: Stop, ride: Arc<Ride>) -> Assignment {
        let spec = &self.site.layout.lanes()[lane as usize];
        Assignment {
            stocktake: self.id,
            lane_index: lane as usize,
            lane: spec.id.clone(),
            crane: spec.crane.clone(),
            place: self.site.layout.find(stop.location.as_str()).and_then(|slot| slot.place),
            under_way: Arc::default(),
            ride,
            stop,
        }
    }

    /// What is on record of a stop that was begun before.
    pub(crate) async fn history_of(&self, stop: StopId) -> StopHistory {
        if !self.touched.lock().unwrap_or_else(PoisonError::into_inner).contains(&stop) {
            return StopHistory::default();
        }
        loop {
            match self.journal.history(stop).await {
                Ok(history) => return history,
                Err(error) => {
                    tracing::error!(%stop, %error, "the records of a stop cannot be read; trying again");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// A stop has records now and may be taken up again.
    pub(crate) fn touch(&self, stop: StopId) {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).insert(stop);
    }

    pub(crate) fn settle(&self, stop: StopId, verdict: Verdict) {
        self.stocktake().settle(stop, verdict);
    }

    /// Takes in what judging led to: locations that are settled, and neighbours to listen at.
    pub(crate) fn take_in(&self, judged: &Judged) {
        for (stop, verdict) in &judged.settled {
            self.settle(*stop, *verdict);
        }
        if !judged.listen.is_empty() {
            // Under one lock, so that the records come in the order of the stops' numbers.
            let mut stocktake = self.stocktake();
            if let Some(first) = stocktake.listen(&judged.listen) {
                let mut records = Vec::new();
                for (part, first) in judged.listen.chunks(STOPS_PER_RECORD).zip((first..).step_by(STOPS_PER_RECORD)) {
                    let planned = part.iter().map(|slot| self.site.layout.slot(*slot).code.clone()).collect();
                    records.push(self.record(Fact::StocktakePlanned { first, planned, purpose: Purpose::Listen }));
                }
                records.extend(self.assigned_of(&stocktake, first));
                drop(self.journal.append(records, Vec::new()));
            }
        }
        if !judged.listen.is_empty() || !judged.settled.is_empty() {
            self.wake();
        }
    }

    /// No stop will come to these slots any more.
    pub(crate) async fn close(&self, slots: Vec<u32>) {
        match self.executor.judgements.close(slots).await {
            Ok(judged) => self.take_in(&judged),
            Err(failure) => self.end_for(failure),
        }
    }

    /// The tokens that break off what a lane's crane is busy with; none while the crane is free.
    pub(crate) fn at_work(&self, lane: LaneIndex, tokens: Vec<(StopId, CancellationToken)>) {
        let work = &self.lanes[lane as usize];
        if tokens.is_empty() {
            work.free_at.store(self.clock.now().as_microsecond(), Ordering::Relaxed);
        }
        *work.break_off.lock().unwrap_or_else(PoisonError::into_inner) = tokens;
    }

    /// From here on taking the crane out no longer breaks the stop off: it needs the crane no more. False if that has happened already.
    pub(crate) fn let_go(&self, lane: usize, stop: StopId, token: &CancellationToken) -> bool {
        let mut break_off = self.lanes[lane].break_off.lock().unwrap_or_else(PoisonError::into_inner);
        if token.is_cancelled() {
            return false;
        }
        break_off.retain(|(other, _)| *other != stop);
        true
    }

    /// A lane has so many stops less before it.
    pub(crate) fn done(&self, lane: LaneIndex, stops: usize) {
        self.lanes[lane as usize].done.fetch_add(stops as u64, Ordering::Relaxed);
    }

    /// Breaks off what a lane's crane is busy with.
    pub(crate) fn break_off(&self, lane: LaneIndex) {
        let work = &self.lanes[lane as usize];
        for (_, token) in &*work.break_off.lock().unwrap_or_else(PoisonError::into_inner) {
            token.cancel();
        }
    }

    /// Takes part in the forecast, at this instant in seconds since the start.
    pub(crate) fn forecast<T>(&self, part: impl FnOnce(&mut Forecast, f64) -> T) -> T {
        part(&mut self.forecast.lock().unwrap_or_else(PoisonError::into_inner), self.seconds())
    }

    pub(crate) fn crane_free(&self) {
        self.free_at.fetch_max(self.clock.now().as_microsecond(), Ordering::Relaxed);
    }

    /// Ends the stocktake at the operator's wish.
    pub(crate) fn cancel(&self) -> Result<Receipt, Refusal> {
        self.stocktake().cancel()?;
        let receipt = self.tell(Fact::Cancelled {});
        self.over.cancel();
        Ok(receipt)
    }

    async fn not_counted(&self, stops: Vec<(Stop, Reason)>) -> Result<(), RunError> {
        let mut last = None;
        let slots = stops.iter().filter_map(|(stop, _)| self.site.layout.index_of(stop.location.as_str())).collect();
        for (stop, reason) in stops.into_iter().filter(|(stop, _)| stop.purpose != Purpose::Listen) {
            let id = stop.id;
            let lane = self.lane_for(&stop);
            let assignment = self.assignment(lane, stop, Arc::default());
            let (verdict, receipt) = self.executor.give_up_unvisited(&assignment, reason);
            self.settle(id, verdict);
            last = Some(receipt);
        }
        if let Some(receipt) = last {
            receipt.await?;
        }
        self.close(slots).await;
        Ok(())
    }

    /// The lane that would have served a stop.
    fn lane_for(&self, stop: &Stop) -> LaneIndex {
        let layout = &self.site.layout;
        let queue = layout.find(stop.location.as_str()).map(|slot| slot.queue);
        layout.lanes().iter().position(|lane| Some(lane.queue) == queue).unwrap_or(0) as LaneIndex
    }

    async fn finish(&self) -> Result<Ending, RunError> {
        let (mode, tally) = {
            let stocktake = self.stocktake();
            (stocktake.mode(), stocktake.tally())
        };
        let remarks = self.executor.judgements.remarks(self.id).await.map_err(RunError::Failed)?;
        if !remarks.is_empty() {
            self.journal.append(remarks, Vec::new()).await?;
        }
        let head = self.journal.head().await?;
        let mut summary = Summary {
            stocktake: self.id,
            tally,
            seconds: since(self.started_at, self.clock.now().as_microsecond()),
            makespan_seconds: since(self.started_at, self.free_at.load(Ordering::Relaxed)),
            lanes: self.lane_times(),
            head,
        };
        let cancelled = mode == Mode::Cancelled;
        let finished = self.tell(Fact::StocktakeFinished {
            r#final: tally.settled,
            ambiguous: tally.ambiguous,
            not_counted: tally.not_counted,
            seconds: summary.seconds,
            makespan_seconds: summary.makespan_seconds,
            head,
            cancelled,
        });
        finished.await?;
        summary.head = self.journal.head().await?;
        Ok(if cancelled { Ending::Cancelled(summary) } else { Ending::Finished(summary) })
    }

    fn lane_times(&self) -> Vec<(LaneStatus, f64)> {
        let statuses = self.lane_statuses(&self.stocktake());
        let free_at = |work: &LaneWork| work.free_at.load(Ordering::Relaxed).max(self.started_at.as_microsecond());
        statuses.into_iter().zip(&self.lanes).map(|(status, work)| (status, since(self.started_at, free_at(work)))).collect()
    }

    pub(crate) fn lane_statuses(&self, stocktake: &Stocktake) -> Vec<LaneStatus> {
        let moves = stocktake.mode() == Mode::Running;
        let status = |forecast: &mut Forecast, now: f64| {
            let lanes = self.site.layout.lanes().iter().zip(&self.lanes).zip(0..);
            let status = |((spec, work), index): ((&LaneSpec, &LaneWork), LaneIndex)| {
                let (standing, at, waiting) = stocktake.lane(index);
                let goes_on = moves && (standing == Standing::In || at.is_some());
                let (waits, waited_seconds) = forecast.waits(index, now);
                LaneStatus {
                    lane: spec.id.to_string(),
                    crane: spec.crane.to_string(),
                    standing,
                    location: at.map(|stop| stop.location),
                    waiting,
                    done: work.done.load(Ordering::Relaxed),
                    eta_seconds: goes_on.then(|| forecast.eta(stocktake, &self.site, index, now)).flatten(),
                    waits,
                    waited_seconds,
                }
            };
            lanes.map(status).collect()
        };
        self.forecast(status)
    }

    /// Seconds since the start.
    pub(crate) fn seconds(&self) -> f64 {
        since(self.started_at, self.clock.now().as_microsecond())
    }

    /// Why nothing can be written at present, if so.
    pub(crate) fn stall(&self) -> Option<Failure> {
        self.executor.stalled().borrow().clone().or_else(|| self.journal.stalled())
    }
}

/// Seconds between two instants.
fn since(start: Timestamp, end_us: i64) -> f64 {
    (end_us - start.as_microsecond()) as f64 / 1e6
}
