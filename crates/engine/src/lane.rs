//! A lane keeps one crane busy: it takes a stop, runs it, and takes the next as soon as the crane is free.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pandian_domain::history::StopHistory;
use pandian_domain::lane::LaneIndex;
use pandian_domain::stocktake::{Left, Next, Outage};
use pandian_domain::{Code, Fact, Failure, Stop};
use tokio::sync::{Semaphore, oneshot};
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
        let next = shared.stocktake().take(lane);
        match next {
            Next::Visit(stop) => {
                let left = drive(&shared, lane, stop.clone(), permit).await;
                shared.left(lane, &stop, left);
            }
            Next::Wait(_) => {
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
async fn drive(shared: &Arc<Shared>, lane: LaneIndex, stop: Stop, permit: tokio::sync::OwnedSemaphorePermit) -> Left {
    let broken_off = shared.over.child_token();
    shared.at_work(lane, Some(broken_off.clone()));
    let (free, freed) = oneshot::channel();
    shared.visits.spawn({
        let shared = shared.clone();
        async move {
            let history = shared.history_of(stop.id).await;
            let assignment = shared.assignment(lane, stop);
            let flow = LaneFlow { shared: &shared, assignment, history, broken_off, free: Mutex::new(Some(free)) };
            flow.run().await;
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
        let left = match &op {
            Op::Release => Some(Left::Acquired),
            Op::Abandon(_) => Some(Left::GivenUp),
            _ => None,
        };
        let out = tokio::select! {
            biased;
            () = self.broken_off.cancelled() => return Err(Fail::BrokenOff),
            out = self.shared.executor.exec(&self.assignment, &self.history, op) => out?,
        };
        if let Out::Judged(verdict) = out {
            self.shared.settle(self.assignment.stop.id, verdict);
        }
        match left {
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
            Ok(Ok(()) | Err(Fail::BrokenOff)) => {}
            Ok(Err(Fail::Failed(failure))) => self.fault(failure).await,
            Err(_panic) => self.fault(Failure::new(Code::Internal, "a fault of the program; its message is in the log")).await,
        }
    }

    /// The stop's program failed (evidence unreadable, the journal closed, a fault of ours): its location is not counted.
    async fn fault(&self, failure: Failure) {
        tracing::error!(stop = %self.assignment.stop.id, %failure, "a stop failed");
        if let Err(Fail::Failed(again)) = self.perform(Op::Abandon(failure)).await {
            tracing::error!(stop = %self.assignment.stop.id, failure = %again, "a failed stop could not be given up");
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

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, Result<(), Fail>> {
        async move {
            tokio::select! {
                () = self.broken_off.cancelled() => Err(Fail::BrokenOff),
                () = tokio::time::sleep(duration) => Ok(()),
            }
        }
        .boxed()
    }
}

impl Shared {
    /// The crane left its stop: the lane is free, or has given up once too often.
    fn left(&self, lane: LaneIndex, stop: &Stop, left: Left) {
        self.at_work(lane, None);
        self.crane_free();
        if left != Left::Interrupted {
            self.one_done(lane);
        }
        let given_up = {
            let mut stocktake = self.stocktake();
            let given_up = stocktake.leave(lane, stop.id, left);
            if left == Left::Interrupted {
                self.touch(stop.id);
                if let (pandian_domain::stocktake::Standing::Out(_), true) = (stocktake.lane(lane).0, self.hands_on(lane)) {
                    stocktake.hand_on(self.site.layout.lanes()[lane as usize].queue);
                    self.wake();
                }
            }
            given_up
        };
        let limit = self.site.settings.give_up_after;
        if left == Left::GivenUp && limit > 0 && given_up >= limit {
            let message = format!("{given_up} stops given up one after the other, the last at {}", stop.location);
            let hand_on = self.site.settings.hand_on;
            let out = self.stocktake().take_out(&[lane], Outage::GaveUp, hand_on);
            if let Ok(out) = out {
                for lane in out.lanes {
                    drop(self.tell_lane(lane, Fact::LaneOut { code: Code::CraneOut, message: message.as_str().into(), by: Outage::GaveUp, hand_on }));
                }
            }
            self.wake();
        }
    }
}
