//! When a failed operation is tried again, and when it is given up.

use std::time::Duration;

use crate::code::Failure;

/// The rule of one operation of one device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// How often the operation is tried in one stop, at least 1.
    pub attempts: u16,
    /// One try may take this long.
    pub timeout: Duration,
    /// Pause before the second try; doubled for each further one.
    pub first_delay: Duration,
    /// The pause never grows beyond this.
    pub max_delay: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 3, timeout: Duration::from_secs(60), first_delay: Duration::from_millis(500), max_delay: Duration::from_secs(10) }
    }
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// Try again after the pause.
    Retry(Duration),
    /// No try is left.
    GiveUpAttemptsUsed,
    /// Trying again would not help (the device said so for good).
    GiveUpPermanent,
}

impl RetryPolicy {
    /// Decides after the failure of try number `attempt` (from 1). `jitter` in 0..1 is handed in; the pause lies between half of
    /// its nominal length and all of it, so that devices that failed together are not asked together.
    pub fn after(&self, attempt: u16, failure: &Failure, jitter: f64) -> AfterFailure {
        if failure.code.is_permanent() {
            return AfterFailure::GiveUpPermanent;
        }
        if attempt >= self.attempts {
            return AfterFailure::GiveUpAttemptsUsed;
        }
        let doublings = u32::from(attempt.saturating_sub(1)).min(20);
        let nominal = self.first_delay.saturating_mul(1 << doublings).min(self.max_delay);
        AfterFailure::Retry(nominal.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;

    #[test]
    fn pauses_double_up_to_their_bound_and_the_last_try_is_the_last() {
        let policy =
            RetryPolicy { attempts: 5, first_delay: Duration::from_secs(1), max_delay: Duration::from_secs(3), ..RetryPolicy::default() };
        let failure = Failure::new(Code::DeviceTimeout, "no reply");
        let pause = |attempt| policy.after(attempt, &failure, 1.0);
        assert_eq!(pause(1), AfterFailure::Retry(Duration::from_secs(1)));
        assert_eq!(pause(2), AfterFailure::Retry(Duration::from_secs(2)));
        assert_eq!(pause(3), AfterFailure::Retry(Duration::from_secs(3)));
        assert_eq!(pause(5), AfterFailure::GiveUpAttemptsUsed);
        assert_eq!(policy.after(1, &failure, 0.0), AfterFailure::Retry(Duration::from_millis(500)));
    }
}
