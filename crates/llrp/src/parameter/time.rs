//! Points in time (1.0.1 section 16.2.2).

use crate::wire::{choice, tlv};

tlv! {
    /// A time of a reader that has a clock.
    UtcTimestamp = 128 {
        /// Microseconds since 1970-01-01T00:00:00Z.
        microseconds: u64,
    }
    /// A time of a reader that has no clock.
    Uptime = 129 {
        /// Microseconds since the reader started.
        microseconds: u64,
    }
}

choice! {
    /// When something happened.
    Timestamp {
        /// By the clock.
        Utc(UtcTimestamp),
        /// Since the reader started.
        Uptime(Uptime),
    }
}
