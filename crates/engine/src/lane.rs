//! A lane keeps one crane busy: it takes a stop, runs it, and takes the next as soon as the crane is free.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pandian_domain::history::StopHistory;
use pandian_domain::lane::LaneIndex;
use pandian_domain::observation::Witness;
use pandian_domain::stocktake::{GaveUp, Idle, Left, Next, Outage};
use pandian_domain::verdict::Seen;
use pandian_domain::{Code, Fact, Failure, Purpose, Stop};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::sync::CancellationToken;

use crate::assignment::{Assignment, Ride};
use crate::executor::Executor;
use crate::flow::{Fail, Flow, Op, Out, Pending};
use crate::run::Shared;
use crate::stop::{give_way, listen, visit};

/// Serves one lane until the run ends.
pub(crate) async fn lane(shared: Arc<Shared>, lane: LaneIndex) {
    let mut changed = shared.changed.subscribe();
    // One stop at the rack and so many comparisons behind it: a lane waits for its own comparisons, never for another crane.
    let room = Arc::new(Semaphore::new(shared.site.settings.comparisons_per_lane + 1));
    loop {
        changed.borrow_and_update();
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        if shared.over.is_cancelled() {
            return;
        }
        match shared.take(lane) {
            Some(visit) => {
                let left = drive(&shared, lane, visit, permit).await;
                shared.left(lane, &left);
            }
            None => {
                drop(permit);
                shared.progress.notify_one();
                tokio::select! {
                    _ = changed.changed() => {}
                    () = shared.over.cancelled() => return,
                }
            }
        }
    }
}

/// Stops that a crane makes at once, and what breaks each off.
type Visit = Vec<(Stop, CancellationToken)>;

/// Starts the program of each of a visit's stops, and waits until the crane is free of all of them.
async fn drive(shared: &Arc<Shared>, lane: LaneIndex, visit: Visit, permit: OwnedSemaphorePermit) -> Vec<(Stop, Left)> {
    let ride = Arc::new(Ride::default());
    let permit = Arc::new(permit);
    let mut visited = Vec::with_capacity(visit.len());
    for (stop, broken_off) in visit {
        let (free, freed) = oneshot::channel();
        visited.push((stop.clone(), freed));
        let (shared, ride, permit) = (shared.clone(), ride.clone(), permit.clone());
        shared.clone().visits.spawn(async move {
            // Reading the history waits for the disk, and the disk may be full.
            if let Some(history) = broken_off.run_until_cancelled(shared.history_of(stop.id)).await {
                let assignment = shared.assignment(lane, stop, ride);
                let flow = LaneFlow {
                    shared: &shared,
                    lane,
                    assignment,
                    history,
                    broken_off,
                    free: Mutex::new(Some(free)),
                    freed_at: OnceLock::new(),
                };
                flow.run().await;
            }
            drop(permit);
            shared.progress.notify_one();
        });
    }
    let mut left = Vec::with_capacity(visited.len());
    for (stop, freed) in visited {
        // A program that ended without letting the crane go was broken off.
        left.push((stop, freed.await.unwrap_or(Left::Interrupted)));
    }
    left
}

/// A stop's view of the embedded engine: steps run here and now, in this process.
struct LaneFlow<'s> {
    shared: &'s Shared,
    lane: LaneIndex,
    assignment: Assignment,
    history: StopHistory,
    broken_off: CancellationToken,
    free: Mutex<Option<oneshot::Sender<Left>>>,
    /// When the crane was let go, in seconds since the start.
    freed_at: OnceLock<f64>,
}

impl LaneFlow<'_> {
    fn free_crane(&self, left: Left) {
        let _ = self.freed_at.set(self.shared.seconds());
        if let Some(free) = self.free.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Nobody waits any more only when the whole run is gone.
            let _ = free.send(left);
        }
    }

    async fn perform(&self, op: Op) -> Result<Out, Fail> {
        let goes = matches!(op, Op::Goto);
        let lets_go = match &op {
            Op::Release => Some(Left::Acquired),
            // Where it was released before, that holds.
            Op::Abandon(_) | Op::Attend(Seen { rfid: Witness::Failed(_), .. }) => Some(Left::GivenUp),
            _ => None,
        };
        // A verdict that is being written stands, whoever breaks the stop off: only the end of the process leaves it open.
        let stopper = match &op {
            Op::Judge(_) | Op::Attend(_) | Op::Abandon(_) if self.broken_off.is_cancelled() => return Err(Fail::BrokenOff),
            Op::Abandon(_) if !self.shared.let_go(self.assignment.lane_index, self.assignment.stop.id, &self.broken_off) => {
                return Err(Fail::BrokenOff);
            }
            Op::Judge(_) | Op::Attend(_) | Op::Abandon(_) => &self.shared.interrupted,
            _ => &self.broken_off,
        };
        let out = tokio::select! {
            biased;
            () = stopper.cancelled() => return Err(Fail::BrokenOff),
            out = self.shared.executor.exec(&self.assignment, &self.history, op) => out?,
        };
        if goes {
            self.shared.arrived(self.lane);
        }
        if let Out::Judged(judged) = &out {
            self.shared.take_in(judged);
            if let Some(freed_at) = self.freed_at.get() {
                self.shared.forecast(|forecast, now| forecast.judged(self.lane, now - freed_at));
            }
        }
        match lets_go {
            // Broken off while the release was being written: the stop waits again, and finds everything on record then.
            Some(Left::Acquired) if !self.shared.let_go(self.assignment.lane_index, self.assignment.stop.id, &self.broken_off) => {
                Err(Fail::BrokenOff)
            }
            Some(left) => {
                self.free_crane(left);
                Ok(out)
            }
            None => Ok(out),
        }
    }

    /// Runs the stop's program to its end. Where the program itself fails, or panics, the stop is given up.
    async fn run(&self) {
        let purpose = self.assignment.stop.purpose;
        let gives_way = purpose == Purpose::GiveWay;
        let program = match purpose {
            Purpose::Count | Purpose::Recount => visit(self, self.shared.site.settings.release).boxed(),
            Purpose::Listen => listen(self, self.shared.site.settings.release).boxed(),
            Purpose::GiveWay => give_way(self).boxed(),
        };
        let ended = AssertUnwindSafe(program).catch_unwind().await;
        if purpose == Purpose::Listen && !matches!(ended, Ok(Err(Fail::BrokenOff))) {
            // Whatever became of it, nothing is judged there; who waits for it may go on.
            self.free_crane(Left::GivenUp);
            self.shared.stocktake().end_listening(self.assignment.stop.id);
            if !matches!(ended, Ok(Ok(()))) {
                self.shared.close(self.shared.site.layout.index_of(self.assignment.stop.location.as_str()).into_iter().collect()).await;
            }
            return;
        }
        match ended {
            Ok(Ok(())) => {}
            // Nothing was to be counted there, so nothing is judged.
            Ok(Err(Fail::Failed(_))) if gives_way => self.free_crane(Left::GivenUp),
            Ok(Err(Fail::BrokenOff)) if self.shared.over.is_cancelled() => self.shared.executor.forget(&self.assignment),
            Ok(Err(Fail::BrokenOff)) => self.shared.executor.broken_off(&self.assignment),
            Ok(Err(Fail::Failed(failure))) => self.fault(failure).await,
            Err(_panic) if gives_way => self.free_crane(Left::GivenUp),
            Err(_panic) => self.fault(Failure::new(Code::Internal, "a fault of the program; its message is in the log")).await,
        }
    }

    /// The stop's program failed (evidence unreadable, the journal closed, a fault of ours): its location is not counted. Where not
    /// even that can be written down, the run ends.
    async fn fault(&self, failure: Failure) {
        tracing::error!(stop = %self.assignment.stop.id, %failure, "a stop failed");
        if let Err(Fail::Failed(again)) = self.perform(Op::Abandon(failure)).await {
            self.shared.end_for(again);
        }
    }
}

impl Flow for LaneFlow<'_> {
    fn step(&self, op: Op) -> Pending<'_> {
        self.perform(op).boxed()
    }

    fn both<'a>(&'a self, a: Pending<'a>, b: Pending<'a>) -> BoxFuture<'a, (Result<Out, Fail>, Result<Out, Fail>)> {
        async move { tokio::join!(a, b) }.boxed()
    }
}

impl Shared {
    /// What a lane does next, and what breaks it off; under one lock, so that a crane taken out meanwhile is never sent.
    fn take(&self, lane: LaneIndex) -> Option<Visit> {
        let mut stocktake = self.stocktake();
        let (crane, _) = stocktake.ahead(lane);
        let stops = match stocktake.take(lane) {
            Next::Visit(stops) => stops,
            Next::GiveWay(stop) => {
                let (first, planned) = (stop.id.number(), vec![stop.location.clone()]);
                // Its number is on record before anything that happens under it.
                drop(self.tell_lane(lane, Fact::StocktakePlanned { first, planned, purpose: Purpose::GiveWay }));
                vec![stop]
            }
            Next::Wait(idle) => {
                match idle {
                    Idle::WayBlocked => self.forecast(|forecast, now| forecast.blocked(lane, now)),
                    Idle::TakenOver => self.wake(),
                    Idle::Planning => self.replan.notify_one(),
                    _ => {}
                }
                return None;
            }
        };
        let visit: Visit = stops.into_iter().map(|stop| (stop, self.over.child_token())).collect();
        self.at_work(lane, visit.iter().map(|(stop, token)| (stop.id, token.clone())).collect());
        let pace = self.site.paces.get(crane.queue as usize).copied().flatten();
        let to = self.site.layout.index_of(visit[0].0.location.as_str()).and_then(|slot| self.site.layout.position(slot));
        let travel = pace.zip(crane.from).zip(to).map(|((pace, from), to)| pace.travel(from, to));
        let gives_way = visit[0].0.purpose == Purpose::GiveWay;
        self.forecast(|forecast, now| forecast.set_out(lane, crane.queue, now, travel, !gives_way));
        Some(visit)
    }

    /// The crane stands there. On a rail, the other one may have waited for that.
    fn arrived(&self, lane: LaneIndex) {
        self.stocktake().arrived(lane);
        self.forecast(|forecast, now| forecast.arrived(lane, now));
        if self.site.layout.rail_of(self.site.layout.lanes()[lane as usize].queue).is_some() {
            self.wake();
        }
    }

    /// The crane is done with a visit: the lane is free, or has given up once too often.
    fn left(&self, lane: LaneIndex, visit: &[(Stop, Left)]) {
        self.at_work(lane, Vec::new());
        self.crane_free();
        for (stop, _) in visit.iter().filter(|(_, left)| *left == Left::Interrupted) {
            self.touch(stop.id);
        }
        let counted = |(stop, left): &&(Stop, Left)| *left != Left::Interrupted && stop.purpose != Purpose::GiveWay;
        self.done(lane, visit.iter().filter(counted).count());
        let acquired = visit.iter().any(|(stop, left)| *left == Left::Acquired && stop.purpose != Purpose::GiveWay);
        self.forecast(|forecast, now| forecast.left(lane, now, acquired));
        let left: Vec<_> = visit.iter().map(|(stop, left)| (stop.id, *left)).collect();
        let gave_up = self.stocktake().leave(lane, &left);
        let interrupted = left.iter().any(|(_, left)| *left == Left::Interrupted);
        if let Some(GaveUp { in_a_row, out }) = gave_up {
            let last = visit.last().map(|(stop, _)| stop.location.to_string()).unwrap_or_default();
            let message: Arc<str> = format!("{in_a_row} stops given up one after the other, the last at {last}").into();
            for lane in out.lanes {
                let hand_on = self.site.settings.lanes.hand_on;
                drop(self.tell_lane(lane, Fact::LaneOut { code: Code::CraneOut, message: message.clone(), by: Outage::GaveUp, hand_on }));
            }
            self.wake();
        } else if interrupted || self.site.layout.rail_of(self.site.layout.lanes()[lane as usize].queue).is_some() {
            self.wake();
        }
    }
}
