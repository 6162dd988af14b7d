//! The door of a device: whoever wants a picture of it asks one at a time, and leaves it alone while it asks for that.

use std::time::Duration;

use pandian_domain::Code;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::freshness::{PictureDigest, Recent};
use crate::settings::Period;
use crate::{DeviceError, Visit};

/// How much earlier than the engine a wait gives up, so that it can still say why.
const EARLIER: Duration = Duration::from_millis(500);
/// How long trying a device waits for its turn.
const PATIENCE: Duration = Duration::from_secs(8);
/// How many pictures of a device are remembered.
const REMEMBERED: usize = 64;

/// The door of a device. All channels of a recorder are behind one: small devices answer 503, or crash, when two ask.
pub(super) struct Door(Mutex<Known>);

/// What is known of a device; whoever holds it may ask.
struct Known {
    recent: Recent<PictureDigest>,
    /// The device was busy, and asked not to be asked before.
    rest_until: Option<Instant>,
}

/// The right to ask a device.
pub(super) struct Turn<'a>(MutexGuard<'a, Known>);

impl Default for Door {
    fn default() -> Self {
        Self(Mutex::new(Known { recent: Recent::of(REMEMBERED), rest_until: None }))
    }
}

/// Until when a visit waits for its turn.
pub(super) fn deadline_of(visit: &Visit) -> Instant {
    Instant::now() + visit.timeout.saturating_sub(EARLIER.min(visit.timeout / 4))
}

/// Until when a trial waits for its turn.
pub(super) fn deadline_of_trial() -> Instant {
    Instant::now() + PATIENCE
}

impl Door {
    /// Waits for a turn. `who` names the device in errors.
    pub(super) async fn turn(&self, who: &str, deadline: Instant) -> Result<Turn<'_>, DeviceError> {
        let mut known = timeout_at(deadline, self.0.lock()).await.map_err(|_| {
            DeviceError::new(Code::DeviceTimeout, format!("{who}: other pictures took all the time; it is asked for one at a time"))
        })?;
        if let Some(rest_until) = known.rest_until {
            if rest_until > deadline {
                let left = Period(Duration::from_secs(rest_until.saturating_duration_since(Instant::now()).as_secs() + 1));
                let what = format!("{who} is busy, and asked to be left alone for another {left}");
                return Err(DeviceError::new(Code::CameraBusy, what));
            }
            sleep_until(rest_until).await;
            known.rest_until = None;
        }
        Ok(Turn(known))
    }
}

impl Turn<'_> {
    /// The device is left alone for so long.
    pub(super) fn rest(&mut self, time: Option<Duration>) {
        self.0.rest_until = time.map(|time| Instant::now() + time);
    }

    /// Whether a picture is none of the last ones of the device; it is remembered as one of them.
    pub(super) fn is_new(&mut self, picture: PictureDigest) -> bool {
        self.0.recent.is_new(picture)
    }
}
