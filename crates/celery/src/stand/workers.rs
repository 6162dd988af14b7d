//! Celery workers.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;

use super::process::Process;

/// How long a worker may take to start: an interpreter, and what it imports.
const START: Duration = Duration::from_secs(60);
/// How long it may take to end: it finishes the tasks it has begun.
const STOP: Duration = Duration::from_secs(30);

/// One worker to be started: `celery -A MODULE worker`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerSpec {
    /// The folder with the module.
    pub folder: PathBuf,
    /// The module with the application.
    pub module: String,
    /// The broker's address. The worker gets it as `CELERY_BROKER_URL`.
    pub broker: String,
    /// The result backend's address. The worker gets it as `CELERY_RESULT_BACKEND`.
    pub backend: String,
    /// The queues it consumes.
    pub queues: Vec<String>,
    /// Its name before the `@`.
    pub name: String,
    /// `prefork`, `threads`, `solo`, `gevent`, …
    pub pool: String,
    /// How many tasks it runs at the same time.
    pub concurrency: u16,
    /// Further arguments.
    pub args: Vec<String>,
    /// Further variables of its environment.
    pub env: Vec<(String, OsString)>,
    /// The Python that has Celery: [`python()`] unless given.
    pub python: Option<OsString>,
}

impl WorkerSpec {
    /// A worker `name` that consumes the queue of that name and runs one task at a time, in a process beside its own.
    pub fn new(folder: impl Into<PathBuf>, module: &str, broker: &str, backend: &str, name: &str) -> Self {
        Self {
            folder: folder.into(),
            module: module.to_owned(),
            broker: broker.to_owned(),
            backend: backend.to_owned(),
            queues: vec![name.to_owned()],
            name: name.to_owned(),
            pool: "prefork".to_owned(),
            concurrency: 1,
            args: Vec::new(),
            env: Vec::new(),
            python: None,
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.python.clone().unwrap_or_else(python));
        command.args(["-m", "celery", "-A", &self.module, "worker", "--loglevel=INFO", "--without-gossip", "--without-mingle"]);
        command.args(["-Q", &self.queues.join(","), "-n", &format!("{}@localhost", self.name), "--pool", &self.pool]);
        command.args(["--concurrency", &self.concurrency.to_string()]).args(&self.args).current_dir(&self.folder);
        command.env("CELERY_BROKER_URL", &self.broker).env("CELERY_RESULT_BACKEND", &self.backend);
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUNBUFFERED", "1");
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// A worker that runs, with its pool.
#[derive(Debug)]
pub struct Workers {
    // Dropped before the directory.
    process: Process,
    _directory: TempDir,
}

impl Workers {
    /// Starts it, and waits until it consumes its queues.
    pub async fn start(spec: &WorkerSpec) -> Self {
        let directory = tempfile::Builder::new().prefix("pandian-worker-").tempdir();
        let directory = directory.unwrap_or_else(|error| panic!("no directory for a worker: {error}"));
        let mut process = Process::start(&spec.name, directory.path(), &spec.command());
        let ready = format!("{}@localhost ready.", spec.name);
        process.ready(START, async |process| process.log().contains(&ready)).await;
        Self { process, _directory: directory }
    }

    /// The id of the process that the pool belongs to.
    pub fn pid(&self) -> u32 {
        self.process.pid().as_raw_nonzero().get().unsigned_abs()
    }

    /// Kills it and its pool (SIGKILL), whatever they are at.
    pub fn kill(mut self) {
        self.process.kill();
    }

    /// Asks it to end (SIGTERM), and waits until it has finished what it has begun.
    pub async fn stop(mut self) {
        self.process.stop(STOP).await;
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.process.log()
    }
}

/// The Python that has Celery: the one that `PANDIAN_PYTHON` names, or else `python3`.
pub fn python() -> OsString {
    static PYTHON: OnceLock<OsString> = OnceLock::new();
    PYTHON
        .get_or_init(|| {
            let python = std::env::var_os("PANDIAN_PYTHON").unwrap_or_else(|| "python3".into());
            let tried = Command::new(&python).args(["-c", "import celery, kombu.transport.redis"]).output();
            let why = match tried {
                Ok(tried) if tried.status.success() => return python,
                Ok(tried) => String::from_utf8_lossy(&tried.stderr).trim_end().to_owned(),
                Err(error) => error.to_string(),
            };
            panic!("{python:?} cannot import celery with its part for Redis; ./test installs them, and PANDIAN_PYTHON names another Python\n{why}");
        })
        .clone()
}
