//! Error codes: one per way of failing, each with a page in `docs/errors/`.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $text:literal),* $(,)?) => {
        /// A stable name of one way of failing. `pandian explain CODE` shows its page.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Code {
            $($(#[doc = $doc])* #[serde(rename = $text)] $variant,)*
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code's text.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

codes! {
    /// Nothing answers at the device's address: refused, no route, no such name.
    DeviceUnreachable = "device-unreachable",
    /// The device did not answer within its time-out.
    DeviceTimeout = "device-timeout",
    /// The connection ended before the reply was whole.
    DeviceDropped = "device-dropped",
    /// The reply cannot be understood: no JSON, a missing field, a wrong type.
    DeviceBadReply = "device-bad-reply",
    /// The device answered with an HTTP status that is not success.
    DeviceHttpStatus = "device-http-status",
    /// The device sent more than the configured bound.
    DeviceTooLarge = "device-too-large",
    /// The crane's reply bears another `code` than that of an arrival.
    CraneWrongCode = "crane-wrong-code",
    /// The crane says that it arrived, but not at the location it was sent to.
    CraneWrongLocation = "crane-wrong-location",
    /// The crane reports an alarm.
    CraneAlarm = "crane-alarm",
    /// The crane system no longer knows the task it was given.
    CraneTaskUnknown = "crane-task-unknown",
    /// Another client holds the reader, which serves one at a time.
    ReaderHeld = "reader-held",
    /// The reader refuses a request; its status says why.
    ReaderRefused = "reader-refused",
    /// No antenna that an inventory needs is connected to the reader.
    ReaderAntenna = "reader-antenna",
    /// The reader reported a fault of its own, and read nothing.
    ReaderException = "reader-exception",
    /// What came from the camera is not a whole picture.
    CameraBadPicture = "camera-bad-picture",
    /// The camera sent the same picture as before: it is not a new one.
    CameraStale = "camera-stale",
    /// The picture is too dark, too bright, blank or blurred.
    CameraUnfit = "camera-unfit",
    /// The camera is busy, and says so.
    CameraBusy = "camera-busy",
    /// The program of a `command` device could not be started.
    CommandNotStarted = "command-not-started",
    /// The program of a `command` device ended with a status other than 0.
    CommandFailed = "command-failed",
    /// A Celery task failed in its worker.
    CeleryTaskFailed = "celery-task-failed",
    /// A Celery task was revoked, terminated, or had expired.
    CeleryTaskRevoked = "celery-task-revoked",
    /// A Celery worker put the task off and did not come back to it in time.
    CeleryTaskRetrying = "celery-task-retrying",
    /// The Celery worker knows no task of the configured name.
    CeleryTaskUnknown = "celery-task-unknown",
    /// No Celery worker listens on the configured queue.
    CeleryNoWorker = "celery-no-worker",
    /// The broker or the result backend refuses the credentials, the virtual host or a right.
    CeleryAccessRefused = "celery-access-refused",
    /// The comparison's result was lost with the process that computed it.
    ComparisonLost = "comparison-lost",
    /// The configuration cannot be read or is wrong.
    ConfigInvalid = "config-invalid",
    /// A list of locations or of book stock cannot be read or is wrong.
    ListInvalid = "list-invalid",
    /// A list names a location that the warehouse does not have.
    LocationUnknown = "location-unknown",
    /// The command was used in a way that makes no sense.
    UsageInvalid = "usage-invalid",
    /// There is no such stocktake in the data directory.
    StocktakeUnknown = "stocktake-unknown",
    /// The command does not fit the state that the stocktake is in.
    StocktakeRefused = "stocktake-refused",
    /// No running process serves the data directory.
    NotRunning = "not-running",
    /// Another process is using the data directory.
    DataInUse = "data-in-use",
    /// The data directory or its database cannot be used.
    StoreUnavailable = "store-unavailable",
    /// The disk is full.
    DiskFull = "disk-full",
    /// The file system cannot be written to.
    ReadOnly = "read-only",
    /// Another program holds a lock on the database.
    DatabaseLocked = "database-locked",
    /// The chain of records is broken: something was altered, lost or reordered.
    ChainBroken = "chain-broken",
    /// A stored picture or list of reads is missing or altered.
    EvidenceBroken = "evidence-broken",
    /// The crane is out of work.
    CraneOut = "crane-out",
    /// The stocktake was cancelled.
    Cancelled = "cancelled",
    /// Stopped by a signal; it can be resumed.
    Interrupted = "interrupted",
    /// A fault of the program itself.
    Internal = "internal",
}

impl Code {
    /// Whether trying the same operation again cannot help.
    pub fn is_permanent(self) -> bool {
        matches!(self, Self::CommandNotStarted | Self::Cancelled | Self::ConfigInvalid | Self::Internal)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Code {
    type Err = UnknownCode;
    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or_else(|| UnknownCode(text.to_owned()))
    }
}

/// A text that is no error code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no error code \"{0}\"")]
pub struct UnknownCode(String);

/// A failed operation: what kind, and one sentence that names the thing and its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message} [{code}]")]
pub struct Failure {
    /// The kind.
    pub code: Code,
    /// What happened, where.
    pub message: String,
}

impl Failure {
    /// Makes a failure.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}
