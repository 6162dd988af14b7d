//! Kind `celery`: readers and cameras that are tasks of Celery workers. What both have in common; what a task returns is read in
//! `reader/celery.rs` and `camera/celery.rs`.
//!
//! The page `docs/devices/celery.md` describes workers, settings and mapping.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use pandian_celery::{Abandoned, BackendUrl, Call, Client, ClientSettings, Reached, Task, TaskError, Trouble, TroubleKind, task_id};
use pandian_domain::Code;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use crate::catalog::{BuildContext, unbuildable};
use crate::error::excerpt;
use crate::json::{self, BadJson};
use crate::settings::ByteSize;
use crate::template::ValueTemplate;
use crate::{DeviceError, Visit};

mod address;
mod probe;

pub use address::{BackendAddress, BrokerAddress};

/// Settings of a reader or a camera of kind `celery`. `R` says how what the task returns is read.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CelerySettings<R: Default> {
    /// The broker that the workers are connected to.
    pub broker: BrokerAddress,
    /// Where the workers store their results.
    pub backend: BackendAddress,
    /// A file of certificates (PEM) of an authority that is trusted for `amqps` and `rediss` beside the public ones.
    pub ca: Option<PathBuf>,
    /// The name that the task is registered under.
    pub task: String,
    /// The queue that its workers consume: `celery` unless given.
    #[serde(default = "queue")]
    pub queue: String,
    /// Positional arguments; texts may have placeholders.
    #[serde(default)]
    pub args: Vec<ValueTemplate>,
    /// Keyword arguments; texts may have placeholders.
    #[serde(default)]
    pub kwargs: BTreeMap<String, ValueTemplate>,
    /// What becomes of a task that nobody waits for any longer, after a time-out or a cancellation: `revoke` unless given.
    #[serde(default)]
    pub abandoned: AbandonedTask,
    /// The longest result that is read: 4MiB unless given.
    #[serde(default = "max_result")]
    pub max_result: ByteSize,
    /// How what the task returns is read.
    #[serde(default)]
    pub result: R,
}

/// Redis cuts off a subscriber for whom 32 MB wait.
const LARGEST_RESULT: ByteSize = ByteSize(24 << 20);

/// What becomes of a task that nobody waits for any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AbandonedTask {
    /// It runs, sooner or later.
    Leave,
    /// It is not begun if it was not; what has begun runs to its end.
    #[default]
    Revoke,
    /// It is not begun if it was not; what has begun is ended by SIGTERM (workers of the prefork pool only).
    Terminate,
}

fn queue() -> String {
    "celery".to_owned()
}

fn max_result() -> ByteSize {
    ByteSize(4 << 20)
}

/// The clients of all devices: those with the same servers share one, and so its two connections.
#[derive(Clone, Default)]
pub struct CeleryClients {
    /// Made up when the first client needs it; none for a program that does not come back.
    name: Option<Arc<LazyName>>,
    clients: Arc<Mutex<HashMap<ClientSettings, Client>>>,
}

type LazyName = LazyLock<Arc<str>, Box<dyn FnOnce() -> Arc<str> + Send>>;

impl CeleryClients {
    /// Clients of a program of this name, which is asked for when there is a client. It must be the same after a restart, and no other's
    /// that uses the same servers: results that came in between are found by it.
    pub fn named(name: impl FnOnce() -> String + Send + 'static) -> Self {
        let name: Box<dyn FnOnce() -> Arc<str> + Send> = Box::new(|| name().into());
        Self { name: Some(Arc::new(LazyLock::new(name))), clients: Arc::default() }
    }

    fn name(&self) -> Arc<str> {
        self.name.as_ref().map_or_else(|| "".into(), |name| LazyLock::force(name).clone())
    }

    /// The program is about to end: workers are told nothing of the tasks that are dropped with it. Its next life asks for the same tasks,
    /// and finds their results.
    pub fn leave_tasks(&self) {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).values().for_each(Client::leave_tasks);
    }

    fn get(&self, settings: ClientSettings) -> Client {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.entry(settings).or_insert_with_key(|settings| Client::new(settings.clone())).clone()
    }
}

impl std::fmt::Debug for CeleryClients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CeleryClients")
    }
}

impl<R: Default> CelerySettings<R> {
    /// What no single field can tell.
    pub(crate) fn check_common(&self) -> Result<(), String> {
        if self.max_result > LARGEST_RESULT {
            return Err(format!("`max_result` is {LARGEST_RESULT} at most: Redis sends no subscriber more at once"));
        }
        for (field, value) in [("task", &self.task), ("queue", &self.queue)] {
            // AMQP's own bound on names.
            if value.is_empty() || value.len() > 255 || value.contains(char::is_control) {
                return Err(format!("`{field}` is a name of 1 to 255 bytes without control characters"));
            }
        }
        Ok(())
    }

    /// The environment variables that addresses come from.
    pub(crate) fn variables(&self) -> Vec<String> {
        [self.broker.variable(), self.backend.variable()].into_iter().flatten().map(str::to_owned).collect()
    }

    /// The device's task, ready to be called.
    pub(crate) fn prepare(&self, context: &BuildContext, what: &str) -> Result<Worked, DeviceError> {
        let refused = |why: String| unbuildable(context, what, why);
        let broker = self.broker.resolve().map_err(refused)?;
        let backend = self.backend.resolve().map_err(refused)?;
        let ca = match &self.ca {
            None => None,
            Some(file) => {
                let file = context.folder.join(file);
                let read = std::fs::read(&file).map_err(|error| refused(format!("`ca` {} cannot be read: {error}", file.display())))?;
                Some(Arc::<[u8]>::from(read))
            }
        };
        let address: Arc<str> = broker.to_string().into();
        let backend_shown = backend.to_string();
        let is_rpc = backend == BackendUrl::Rpc;
        let name = context.celery.name();
        let client = context.celery.get(ClientSettings { broker, backend, ca, name, max_result: self.max_result.0 });
        Ok(Worked {
            who: format!("the {what} of crane {} (task {} on queue {} at {address})", context.crane, self.task, self.queue),
            address,
            backend: if is_rpc { None } else { Some(backend_shown) },
            client,
            task: self.task.clone(),
            queue: self.queue.clone(),
            args: self.args.clone(),
            kwargs: self.kwargs.clone(),
            abandoned: match self.abandoned {
                AbandonedTask::Leave => Abandoned::Leave,
                AbandonedTask::Revoke => Abandoned::Revoke,
                AbandonedTask::Terminate => Abandoned::Terminate,
            },
        })
    }
}

/// A device whose work is a task.
pub(crate) struct Worked {
    /// The device, its task and its broker, as messages name them.
    pub(crate) who: String,
    /// The broker.
    pub(crate) address: Arc<str>,
    /// The result backend, where it is not the broker.
    backend: Option<String>,
    client: Client,
    task: String,
    queue: String,
    args: Vec<ValueTemplate>,
    kwargs: BTreeMap<String, ValueTemplate>,
    abandoned: Abandoned,
}

/// How much earlier than the engine a driver gives up, so that it can still say what it waited for.
const EARLIER: Duration = Duration::from_millis(500);

impl Worked {
    /// Begins the task of a visit; its id is the same each time the visit is repeated.
    pub(crate) fn begin(&self, visit: &Visit) -> Call {
        let task = Task {
            id: task_id(&visit.key()),
            name: self.task.clone(),
            queue: self.queue.clone(),
            args: self.args.iter().map(|argument| argument.fill(visit.into())).collect(),
            kwargs: self.kwargs.iter().map(|(name, argument)| (name.clone(), argument.fill(visit.into()))).collect(),
        };
        self.client.call(task, self.abandoned)
    }

    /// When to give up waiting.
    pub(crate) fn deadline(visit: &Visit) -> Option<Instant> {
        Instant::now().checked_add(visit.timeout.saturating_sub(EARLIER.min(visit.timeout / 4)))
    }

    /// The result of a visit's task, as JSON.
    pub(crate) async fn run(&self, visit: &Visit) -> Result<Bytes, DeviceError> {
        let mut call = self.begin(visit);
        match call.until(None, Self::deadline(visit)).await {
            Ok(Reached::Ended(result)) => Ok(result),
            Ok(Reached::State) => Err(DeviceError::new(Code::Internal, format!("{} stopped at a state that was not asked for", self.who))),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Reads a result off the event loop if it is long.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        result: Bytes,
        read: impl Fn(&[u8]) -> Result<T, BadJson> + Send + 'static,
    ) -> Result<T, DeviceError> {
        json::read_aside(result, read).await.map_err(|error| self.not_understood(error))
    }

    pub(crate) fn not_understood(&self, error: BadJson) -> DeviceError {
        let why = in_one_line(&error.to_string());
        DeviceError::new(Code::DeviceBadReply, format!("{} returned what cannot be understood: {why}", self.who)).because(error)
    }

    /// A call's failure as the device's.
    pub(crate) fn failed(&self, error: TaskError) -> DeviceError {
        let code = match &error {
            TaskError::Broker(trouble) | TaskError::Backend(trouble) => code_of(trouble),
            TaskError::NoWorker { .. } => Code::CeleryNoWorker,
            TaskError::Overdue { .. } => Code::DeviceTimeout,
            TaskError::Unknown(_) => Code::CeleryTaskUnknown,
            TaskError::Failed { .. } => Code::CeleryTaskFailed,
            TaskError::Revoked(_) => Code::CeleryTaskRevoked,
            TaskError::Retrying(_) => Code::CeleryTaskRetrying,
            TaskError::TooLarge { .. } => Code::DeviceTooLarge,
            TaskError::Garbled(_) => Code::DeviceBadReply,
        };
        let message = match &error {
            TaskError::Failed { kind, message, traceback } => {
                let traceback = traceback.as_deref().map(|traceback| format!("; traceback: {}", in_one_line(traceback)));
                format!("{}: the task failed: {}: {}{}", self.who, excerpt(kind), excerpt(message), traceback.unwrap_or_default())
            }
            error => format!("{}: {}", self.who, in_one_line(&error.to_string())),
        };
        DeviceError::new(code, message).because(error)
    }
}

fn code_of(trouble: &Trouble) -> Code {
    match trouble.kind {
        TroubleKind::Unreachable => Code::DeviceUnreachable,
        TroubleKind::Refused => Code::CeleryAccessRefused,
        TroubleKind::Foreign => Code::DeviceBadReply,
    }
}

/// How much of a traceback a message bears, in characters. Its end says most.
const TRACEBACK: usize = 2000;

/// A text of several lines as one, no longer than a message may be; what is cut off is its middle's beginning.
fn in_one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let line: String = lines.join(" | ").chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let length = line.chars().count();
    if length <= TRACEBACK { line } else { format!("… {}", line.chars().skip(length - TRACEBACK).collect::<String>()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceback_becomes_one_line_and_keeps_its_end() {
        let text = "Traceback (most recent call last):\n  File \"tasks.py\", line 9, in rfid\n    raise ValueError(\"\u{1b}[1m\")\nValueError: x\n";
        let line = in_one_line(text);
        assert_eq!(
            line,
            "Traceback (most recent call last): | File \"tasks.py\", line 9, in rfid | raise ValueError(\" [1m\") | ValueError: x"
        );
        let long = in_one_line(&format!("{}\nthe end", "x\n".repeat(5000)));
        assert!(long.starts_with('…') && long.ends_with("the end") && long.chars().count() <= TRACEBACK + 2);
    }
}
