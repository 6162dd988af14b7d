//! How a task comes to no result.

use std::sync::Arc;

/// Why a server does not serve at present.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{address}: {reason}")]
pub struct Trouble {
    /// What kind of trouble.
    pub kind: TroubleKind,
    /// The server's address, without credentials.
    pub address: Arc<str>,
    /// What is the matter, in one line.
    pub reason: Arc<str>,
}

/// Kinds of [`Trouble`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// Nothing answers, or the connection was lost.
    Unreachable,
    /// It answers, and refuses: the credentials, the virtual host, a right.
    Refused,
    /// It answers, and is not what it should be.
    Foreign,
}

/// Why a call brought no result.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TaskError {
    /// The broker could not be reached in time.
    #[error("the broker at {0}")]
    Broker(Trouble),
    /// The result backend could not be reached in time.
    #[error("the result backend at {0}")]
    Backend(Trouble),
    /// Nobody consumes the queue.
    #[error("no worker listens on queue \"{queue}\" ({})", if *.exists { "it has no consumer" } else { "there is no such queue" })]
    NoWorker {
        /// The queue.
        queue: String,
        /// The queue is there; it has no consumer.
        exists: bool,
    },
    /// Workers listen, and none brought a result in time.
    #[error("no result in time; {}", progress(.begun, .consumers))]
    Overdue {
        /// The last state that the worker reported, such as `STARTED`; many report none.
        begun: Option<String>,
        /// How many consumers the queue has, where that could be asked.
        consumers: Option<u32>,
    },
    /// The worker knows no task of this name.
    #[error("the worker knows no task \"{0}\"")]
    Unknown(String),
    /// The task failed.
    #[error("the task failed: {kind}: {message}")]
    Failed {
        /// The exception's type.
        kind: String,
        /// The exception's message.
        message: String,
        /// The worker's traceback, lines and all.
        traceback: Option<String>,
    },
    /// The task was revoked, or terminated, or had expired: the worker's word for it.
    #[error("the task was revoked ({0})")]
    Revoked(String),
    /// The worker put the task off, and did not come back to it in time. Why it did so.
    #[error("the worker put the task off and did not come back to it in time: {0}")]
    Retrying(String),
    /// The result is larger than it may be.
    #[error("the result is larger than the {bound} bytes that it may have{}", .bytes.map_or(String::new(), |bytes| format!(": {bytes}")))]
    TooLarge {
        /// Its size, where known.
        bytes: Option<u64>,
        /// The bound.
        bound: usize,
    },
    /// What stands in the backend cannot be understood.
    #[error("what is stored as the result cannot be understood: {0}")]
    Garbled(String),
}

fn progress(begun: &Option<String>, consumers: &Option<u32>) -> String {
    let workers = match consumers {
        Some(1) => "1 consumer listens on the queue".to_owned(),
        Some(count) => format!("{count} consumers listen on the queue"),
        None => "the queue could not be looked at".to_owned(),
    };
    match begun {
        Some(state) => format!("the worker's last word is {state}; {workers}"),
        None => format!("no worker has said that it began; {workers}"),
    }
}
