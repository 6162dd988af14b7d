//! Threads that look at pictures.
//!
//! Their own, and less urgent than all others: what computes for tens of milliseconds on every core may not keep the event loop waiting.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use pandian_domain::{Code, Failure};
use tokio::sync::oneshot;

type Work = Box<dyn FnOnce() + Send>;

/// How much less urgent, in steps of `nice`.
const YIELDING: i32 = 5;

/// What waits for work to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    /// A crane, at the rack.
    Crane,
    /// The result: nobody stands still for it.
    Result,
}

/// As many threads as there are cores. They end with the pool.
pub(super) struct LookPool(Arc<Queue>);

#[derive(Default)]
struct Queue {
    waiting: Mutex<Lines>,
    is_more: Condvar,
}

/// What is to be done, the oldest first.
#[derive(Default)]
struct Lines {
    /// What cranes wait for goes first.
    cranes: VecDeque<Work>,
    results: VecDeque<Work>,
    is_closed: bool,
}

impl Queue {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, waiting: Waiting, work: Work) {
        let mut lines = self.lines();
        match waiting {
            Waiting::Crane => lines.cranes.push_back(work),
            Waiting::Result => lines.results.push_back(work),
        }
        self.is_more.notify_one();
    }

    /// The next work; none once the pool is gone.
    fn next(&self) -> Option<Work> {
        let mut lines = self.lines();
        loop {
            if lines.is_closed {
                return None;
            }
            if let Some(work) = lines.cranes.pop_front().or_else(|| lines.results.pop_front()) {
                return Some(work);
            }
            lines = self.is_more.wait(lines).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl LookPool {
    /// Starts the threads.
    pub(super) fn new() -> Self {
        let queue = Arc::new(Queue::default());
        for number in 0..thread::available_parallelism().map_or(1, usize::from) {
            let queue = queue.clone();
            let work = move || {
                // Where that is not allowed, it works all the same.
                let _ = rustix::process::setpriority_process(None, YIELDING);
                while let Some(work) = queue.next() {
                    // A panic is told by the answer that does not come.
                    let _ = catch_unwind(AssertUnwindSafe(work));
                }
            };
            if let Err(error) = thread::Builder::new().name(format!("look-{number}")).spawn(work) {
                tracing::error!(%error, "a thread that looks at pictures cannot be started");
            }
        }
        Self(queue)
    }

    /// Has a thread do the work, unless nobody waits for it any more when its turn comes.
    pub(super) async fn run<T: Send + 'static>(&self, waiting: Waiting, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
        let (answer, answered) = oneshot::channel();
        let work = Box::new(move || {
            if !answer.is_closed() {
                drop(answer.send(work()));
            }
        });
        self.0.add(waiting, work);
        answered.await.map_err(|_| Failure::new(Code::Internal, "looking at a picture ended without an answer"))
    }
}

impl Drop for LookPool {
    fn drop(&mut self) {
        self.0.lines().is_closed = true;
        self.0.is_more.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn work_that_panics_is_an_error_and_its_thread_goes_on() {
        let pool = LookPool::new();
        for _ in 0..8 {
            let panics = || {
                if true {
                    panic!("on purpose")
                }
            };
            assert_eq!(pool.run(Waiting::Result, panics).await.unwrap_err().code, Code::Internal);
            assert_eq!(pool.run(Waiting::Result, || 1 + 1).await.unwrap(), 2);
        }
    }

    #[tokio::test]
    async fn what_a_crane_waits_for_goes_first_and_what_nobody_waits_for_is_not_done() {
        let pool = Arc::new(LookPool::new());
        let threads = thread::available_parallelism().map_or(1, usize::from);
        // Every thread is held up until all else is in the queue.
        let (starts, begun) = mpsc::channel();
        let mut gates = Vec::new();
        for _ in 0..threads {
            let (open, gate) = mpsc::channel::<()>();
            let (pool, starts) = (pool.clone(), starts.clone());
            tokio::spawn(async move {
                let held = move || {
                    starts.send(()).unwrap();
                    let _ = gate.recv();
                };
                pool.run(Waiting::Result, held).await
            });
            gates.push(open);
        }
        tokio::task::spawn_blocking(move || (0..threads).for_each(|_| begun.recv().unwrap())).await.unwrap();
        let (done, order) = mpsc::channel();
        let task = |waiting, name: &'static str| {
            let (pool, done) = (pool.clone(), done.clone());
            tokio::spawn(async move { pool.run(waiting, move || done.send(name).unwrap()).await })
        };
        let given_up = task(Waiting::Crane, "given up");
        let result = task(Waiting::Result, "result");
        let queued = |cranes, results| {
            let lines = pool.0.lines();
            (lines.cranes.len(), lines.results.len()) == (cranes, results)
        };
        while !queued(1, 1) {
            tokio::task::yield_now().await;
        }
        given_up.abort();
        assert!(given_up.await.unwrap_err().is_cancelled());
        let crane = task(Waiting::Crane, "crane");
        while !queued(2, 1) {
            tokio::task::yield_now().await;
        }
        // One thread alone goes on, so that the order is its own.
        gates.pop();
        crane.await.unwrap().unwrap();
        result.await.unwrap().unwrap();
        assert_eq!(order.try_iter().collect::<Vec<_>>(), ["crane", "result"]);
    }
}
