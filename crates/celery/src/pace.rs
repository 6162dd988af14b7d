//! How often a session wakes.
//!
//! Waking costs a program more than what it wakes for. With few tasks under way everything is done at once; with many, what comes within
//! a few milliseconds is done together, and a stop that takes seconds is none the later for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// So many tasks under way are few.
const FEW: usize = 8;
/// With more of them, a session wakes this often at most.
const BEAT: Duration = Duration::from_millis(5);

/// How many tasks are under way.
#[derive(Debug, Clone, Default)]
pub(crate) struct UnderWay(Arc<AtomicUsize>);

/// One task that is under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct OneOf(UnderWay);

impl UnderWay {
    /// One more.
    pub(crate) fn one(&self) -> OneOf {
        self.0.fetch_add(1, Ordering::Relaxed);
        OneOf(self.clone())
    }

    fn are_many(&self) -> bool {
        self.0.load(Ordering::Relaxed) > FEW
    }
}

impl Drop for OneOf {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The pace of one session.
#[derive(Debug)]
pub(crate) struct Pace {
    under_way: UnderWay,
    last: Instant,
}

impl Pace {
    pub(crate) fn new(under_way: UnderWay) -> Self {
        Self { under_way, last: Instant::now() }
    }

    /// Rests until it is time to wake again; not at all with few tasks under way.
    pub(crate) async fn rest(&mut self) {
        if self.under_way.are_many() {
            sleep_until(self.last + BEAT).await;
        }
        self.last = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_session_rests_only_while_many_tasks_are_under_way() {
        let under_way = UnderWay::default();
        let mut pace = Pace::new(under_way.clone());
        let begun = Instant::now();
        pace.rest().await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
        let many: Vec<OneOf> = (0..=FEW).map(|_| under_way.one()).collect();
        pace.rest().await;
        pace.rest().await;
        assert!(begun.elapsed() >= 2 * BEAT, "{:?}", begun.elapsed());
        drop(many);
        let begun = Instant::now();
        pace.rest().await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}
