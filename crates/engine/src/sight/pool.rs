//! Threads that look at pictures.
//!
//! Their own, and less urgent than all others: what computes for tens of milliseconds on every core may not keep the event loop waiting.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use pandian_domain::{Code, Failure};
use tokio::sync::oneshot;

type Work = Box<dyn FnOnce() + Send>;

/// How much less urgent, in steps of `nice`.
const YIELDING: i32 = 5;

/// As many threads as there are cores. They end with the pool.
pub(super) struct LookPool(mpsc::Sender<Work>);

impl LookPool {
    /// Starts the threads.
    pub(super) fn new() -> Self {
        let (sender, receiver) = mpsc::channel::<Work>();
        let receiver = Arc::new(Mutex::new(receiver));
        for number in 0..thread::available_parallelism().map_or(1, usize::from) {
            let receiver = receiver.clone();
            let work = move || {
                // Where that is not allowed, it works all the same.
                let _ = rustix::process::setpriority_process(None, YIELDING);
                loop {
                    let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(work) = next else { return };
                    // A panic is told by the answer that does not come.
                    let _ = catch_unwind(AssertUnwindSafe(work));
                }
            };
            if let Err(error) = thread::Builder::new().name(format!("look-{number}")).spawn(work) {
                tracing::error!(%error, "a thread that looks at pictures cannot be started");
            }
        }
        Self(sender)
    }

    /// Has a thread do the work.
    pub(super) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
        let (answer, answered) = oneshot::channel();
        let work = move || drop(answer.send(work()));
        let lost = || Failure::new(Code::Internal, "looking at a picture ended without an answer");
        self.0.send(Box::new(work)).map_err(|_| lost())?;
        answered.await.map_err(|_| lost())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_panics_is_an_error_and_its_thread_goes_on() {
        let pool = LookPool::new();
        for _ in 0..8 {
            let lost = pool
                .run(|| {
                    if true {
                        panic!("on purpose")
                    }
                })
                .await
                .unwrap_err();
            assert_eq!(lost.code, Code::Internal);
            assert_eq!(pool.run(|| 1 + 1).await.unwrap(), 2);
        }
    }
}
