//! A lane keeps one crane busy: it takes a stop, runs it, and takes the next as soon as the crane is free.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pandian_domain::history::StopHistory;
use pandian_domain::lane::LaneIndex;
use pandian_domain::stocktake::{GaveUp, Left, Next, Outage};
use pandian_domain::{Code, Fact, Failure, Stop};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::sync::CancellationToken;

use crate::executor::{Assignment, Executor};
use crate::flow::{Fail, Flow, Op, Out, Pending};
use crate::run::Shared;
use crate::stop::visit;

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
            Some((stop, broken_off)) => {
                let left = drive(&shared, lane, stop.clone(), broken_off, permit).await;
                shared.left(lane, &stop, left);
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

/// Starts the stop's program and waits until its crane is free.
async fn drive(shared: &Arc<Shared>, lane: LaneIndex, stop: Stop, broken_off: CancellationToken, permit: OwnedSemaphorePermit) -> Left {
    let (free, freed) = oneshot::channel();
    shared.visits.spawn({
        let shared = shared.clone();
        async move {
            // Reading the history waits for the disk, and the disk may be full.
            if let Some(history) = broken_off.run_until_cancelled(shared.history_of(stop.id)).await {
                let assignment = shared.assignment(lane, stop);
                let flow = LaneFlow { shared: &shared, assignment, history, broken_off, free: Mutex::new(Some(free)) };
                flow.run().await;
            }
            drop(permit);
            shared.progress.notify_one();
        }
    });
    // A program that ended without letting the crane go was broken off.
    freed.await.unwrap_or(Left::Interrupted)
}

/// A stop's view of the embedded engine: steps run here and now, in this process.
struct LaneFlow<'s> {
    shared: &'s Shared,
    assignment: Assignment,
    history: StopHistory,
    broken_off: CancellationToken,
    free: Mutex<Option<oneshot::Sender<Left>>>,
}

impl LaneFlow<'_> {
    fn free_crane(&self, left: Left) {
        if let Some(free) = self.free.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Nobody waits any more only when the whole run is gone.
            let _ = free.send(left);
        }
    }

    async fn perform(&self, op: Op) -> Result<Out, Fail> {
        let lets_go = match &op {
            Op::Release => Some(Left::Acquired),
            Op::Abandon(_) => Some(Left::GivenUp),
            _ => None,
        };
        // A verdict that is being written stands, whoever breaks the stop off: only the end of the process leaves it open.
        let stopper = match &op {
            Op::Judge(_) | Op::Abandon(_) if self.broken_off.is_cancelled() => return Err(Fail::BrokenOff),
            Op::Abandon(_) if !self.shared.let_go(self.assignment.lane_index, &self.broken_off) => return Err(Fail::BrokenOff),
            Op::Judge(_) | Op::Abandon(_) => &self.shared.interrupted,
            _ => &self.broken_off,
        };
        let out = tokio::select! {
            biased;
            () = stopper.cancelled() => return Err(Fail::BrokenOff),
            out = self.shared.executor.exec(&self.assignment, &self.history, op) => out?,
        };
        if let Out::Judged(verdict) = out {
            self.shared.settle(self.assignment.stop.id, verdict);
        }
        match lets_go {
            // Broken off while the release was being written: the stop waits again, and finds everything on record then.
            Some(Left::Acquired) if !self.shared.let_go(self.assignment.lane_index, &self.broken_off) => Err(Fail::BrokenOff),
            Some(left) => {
                self.free_crane(left);
                Ok(out)
            }
            None => Ok(out),
        }
    }

    /// Runs the stop's program to its end. Where the program itself fails, or panics, the stop is given up.
    async fn run(&self) {
        let program = visit(self, self.shared.site.settings.release);
        match AssertUnwindSafe(program).catch_unwind().await {
            Ok(Ok(())) => {}
            Ok(Err(Fail::BrokenOff)) if self.shared.over.is_cancelled() => self.shared.executor.forget(&self.assignment),
            Ok(Err(Fail::BrokenOff)) => self.shared.executor.broken_off(&self.assignment),
            Ok(Err(Fail::Failed(failure))) => self.fault(failure).await,
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
    /// The next stop of a lane, and what breaks it off; under one lock, so that a crane taken out meanwhile is never sent.
    fn take(&self, lane: LaneIndex) -> Option<(Stop, CancellationToken)> {
        let mut stocktake = self.stocktake();
        let Next::Visit(stop) = stocktake.take(lane) else { return None };
        let broken_off = self.over.child_token();
        self.at_work(lane, Some(broken_off.clone()));
        Some((stop, broken_off))
    }

    /// The crane left its stop: the lane is free, or has given up once too often.
    fn left(&self, lane: LaneIndex, stop: &Stop, left: Left) {
        self.at_work(lane, None);
        self.crane_free();
        if left == Left::Interrupted {
            self.touch(stop.id);
        } else {
            self.one_done(lane);
        }
        let gave_up = self.stocktake().leave(lane, stop.id, left);
        if let Some(GaveUp { in_a_row, out }) = gave_up {
            let message: Arc<str> = format!("{in_a_row} stops given up one after the other, the last at {}", stop.location).into();
            for lane in out.lanes {
                let hand_on = self.site.settings.lanes.hand_on;
                drop(self.tell_lane(lane, Fact::LaneOut { code: Code::CraneOut, message: message.clone(), by: Outage::GaveUp, hand_on }));
            }
            self.wake();
        } else if left == Left::Interrupted {
            self.wake();
        }
    }
}
