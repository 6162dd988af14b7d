//! The clock that is handed in.

use std::time::Duration;

use pandian_domain::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// Where instants come from.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The machine's own clock, UTC.
    System,
    /// An instant of departure and the time that tokio's clock has moved since: real or paused, so that virtual time shows in records.
    Since {
        /// What the clock shows at `origin`.
        base: Timestamp,
        /// When the clock was started.
        origin: tokio::time::Instant,
    },
}

impl Clock {
    /// A clock that shows `base` now and moves with tokio's.
    pub fn starting_at(base: Timestamp) -> Self {
        Self::Since { base, origin: tokio::time::Instant::now() }
    }

    /// The instant now, in whole microseconds.
    pub fn now(&self) -> Timestamp {
        match self {
            #[allow(clippy::disallowed_methods, reason = "this is the clock that is handed in")]
            Self::System => Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap_or(Timestamp::MAX),
            Self::Since { base, origin } => {
                let micros = i64::try_from(origin.elapsed().as_micros()).unwrap_or(i64::MAX);
                Timestamp::from_microsecond(base.as_microsecond().saturating_add(micros)).unwrap_or(Timestamp::MAX)
            }
        }
    }
}

/// How long this thread has been computing.
pub fn computing_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
