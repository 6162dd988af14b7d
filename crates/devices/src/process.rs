//! Programs as devices: a bounded pool, and a way to run one that leaves nothing behind.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pandian_domain::Code;
use tokio::io::AsyncReadExt;
use tokio::process::{ChildStdout, Command};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::catalog::{BuildContext, unbuildable};
use crate::error::{excerpt, root_reason};
use crate::template::{Slot, Values};
use crate::{ByteSize, DeviceError, Probe, Visit};

mod command_line;
mod group;
mod stderr;

pub use command_line::CommandLine;
use group::ProcessGroup;
use stderr::Stderr;

/// The bounded pool that programs run in; clones share its bound. A program that finds the pool full waits for its turn, and that
/// waiting counts in its operation's time-out: make it as large as everything that may run at once.
#[derive(Debug, Clone)]
pub struct ProcessPool {
    slots: Arc<Semaphore>,
    /// Environment variables that programs do not get.
    withheld: Arc<[String]>,
}

/// A program with its arguments, as one device runs it.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// The device and the program, as messages name them.
    pub(crate) who: String,
    pub(crate) command: CommandLine,
    /// The executable: absolute, or a bare name that is looked up in `PATH`.
    pub(crate) executable: PathBuf,
    /// Where it runs, and where the paths that it prints begin.
    pub(crate) folder: PathBuf,
    pub(crate) max_output: ByteSize,
}

/// A program that runs. Dropping it kills the program and its children.
pub(crate) struct Running {
    end: BoxFuture<'static, Result<Vec<u8>, DeviceError>>,
    acquired: oneshot::Receiver<()>,
}

/// What a running program came to first.
pub(crate) enum Milestone {
    /// It wrote the line `acquired` and runs on.
    Acquired(BoxFuture<'static, Result<Vec<u8>, DeviceError>>),
    /// It ended; this is its standard output.
    Ended(Result<Vec<u8>, DeviceError>),
}

impl ProcessPool {
    /// How many programs a pool of no stated size runs at once.
    pub const AT_ONCE: usize = 64;

    /// A pool in which at most `at_once` programs (at least one) run at the same time.
    pub fn new(at_once: usize) -> Self {
        Self { slots: Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS))), withheld: Arc::default() }
    }

    /// The same pool, whose programs do not get these environment variables.
    #[must_use]
    pub fn withholding(self, variables: Vec<String>) -> Self {
        Self { withheld: variables.into(), ..self }
    }

    /// Starts a program for a visit, once there is room.
    pub(crate) async fn start(&self, program: &Program, visit: &Visit) -> Result<Running, DeviceError> {
        let mut command = program.command(visit, &self.withheld)?;
        let slot = self.slots.clone().acquire_owned().await.map_err(|error| program.not_started(&error).because(error))?;
        // Forking and loading a program from a slow disk would hold up the event loop.
        let spawned = tokio::task::spawn_blocking(move || ProcessGroup::spawn(&mut command)).await;
        let group = match spawned {
            Ok(Ok(group)) => group,
            Ok(Err(error)) => return Err(program.not_started(&error).because(error)),
            Err(error) => return Err(program.not_started(&error).because(error)),
        };
        let (say_acquired, acquired) = oneshot::channel();
        let end = run(group, program.who.clone(), program.max_output, say_acquired, slot).boxed();
        Ok(Running { end, acquired })
    }
}

impl Default for ProcessPool {
    fn default() -> Self {
        Self::new(Self::AT_ONCE)
    }
}

impl Running {
    /// Runs until the program says `acquired` or ends.
    pub(crate) async fn milestone(mut self) -> Milestone {
        tokio::select! {
            biased;
            ended = &mut self.end => Milestone::Ended(ended),
            // The sender is dropped without a word when the program ends, and then the other branch has the end.
            Ok(()) = &mut self.acquired => Milestone::Acquired(self.end),
        }
    }

    /// Runs to the end; this is the program's standard output.
    pub(crate) async fn finish(self) -> Result<Vec<u8>, DeviceError> {
        self.end.await
    }
}

impl Program {
    /// Prepares the program of a device: paths begin at the folder of the configuration.
    pub(crate) fn new(
        context: &BuildContext,
        what: &str,
        command: &CommandLine,
        cwd: Option<&Path>,
        max_output: ByteSize,
    ) -> Result<Self, DeviceError> {
        let absolute =
            |path: &Path| std::path::absolute(context.folder.join(path)).map_err(|error| unbuildable(context, what, root_reason(&error)));
        let name = Path::new(command.program());
        let executable = if name.components().count() > 1 { absolute(name)? } else { name.to_owned() };
        let who = format!("the {what} of crane {} (program {})", context.crane, executable.display());
        Ok(Self { who, command: command.clone(), executable, folder: absolute(cwd.unwrap_or(Path::new("")))?, max_output })
    }

    fn command(&self, visit: &Visit, withheld: &[String]) -> Result<Command, DeviceError> {
        let values = Values::from(visit);
        let arguments = self
            .command
            .arguments(values)
            .map_err(|error| DeviceError::new(Code::CommandNotStarted, format!("{} was not started: {error}", self.who)).because(error))?;
        let mut command = Command::new(&self.executable);
        command.args(arguments);
        for variable in withheld {
            command.env_remove(variable);
        }
        for slot in Slot::OF_VISIT {
            values.with(*slot, |value| command.env(format!("PANDIAN_{}", slot.name().to_ascii_uppercase()), value));
        }
        command.env("PANDIAN_OPERATION", visit.op.as_str()).current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
        Ok(command)
    }

    fn not_started(&self, error: &(dyn std::error::Error + 'static)) -> DeviceError {
        DeviceError::new(
            Code::CommandNotStarted,
            format!("{} cannot be started in {}: {}", self.who, self.folder.display(), root_reason(error)),
        )
    }

    /// Whether the program is there and may be executed; it is not run.
    pub(crate) async fn probe(&self) -> Result<Probe, DeviceError> {
        let (executable, folder) = (self.executable.clone(), self.folder.clone());
        let found = tokio::task::spawn_blocking(move || {
            if !folder.is_dir() {
                return Err(std::io::Error::new(std::io::ErrorKind::NotADirectory, "its folder is missing"));
            }
            find_executable(&executable)
        });
        match found.await.map_err(std::io::Error::other).flatten() {
            Ok(path) => Ok(Probe { summary: format!("{} is there and executable (not run)", path.display()) }),
            Err(error) => Err(self.not_started(&error).because(error)),
        }
    }
}

/// Finds a program as the system would: a path as it stands, a bare name along `PATH`.
fn find_executable(name: &Path) -> std::io::Result<PathBuf> {
    let executable = |path: &Path| -> std::io::Result<()> {
        rustix::fs::access(path, rustix::fs::Access::EXEC_OK)?;
        if path.is_file() { Ok(()) } else { Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, "it is no file")) }
    };
    if name.components().count() > 1 {
        return executable(name).map(|()| name.to_owned());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| executable(path).is_ok());
    found.ok_or_else(|| std::io::Error::new(std::io::ErrorKind::NotFound, "it is in no folder of PATH"))
}

/// How long to wait for the rest of a dead program's output. Its group is dead too, so only a child that left the group can keep a
/// pipe open.
const LEFTOVERS_WITHIN: Duration = Duration::from_secs(1);

/// Reads what a program prints while it runs, and buries it with its children.
async fn run(
    mut group: ProcessGroup,
    who: String,
    max_output: ByteSize,
    say_acquired: oneshot::Sender<()>,
    _slot: OwnedSemaphorePermit,
) -> Result<Vec<u8>, DeviceError> {
    let stopped = |stop: Stop| match stop {
        Stop::Beyond => {
            DeviceError::new(Code::DeviceTooLarge, format!("{who} printed more than the {max_output} that it may, and was killed"))
        }
        Stop::Lost(error) => DeviceError::new(Code::CommandFailed, format!("{who} was lost: {}", root_reason(&error))).because(error),
    };
    let (stdout, stderr) = group.take_pipes();
    let mut printed = Vec::new();
    let mut said = Stderr::new(say_acquired);
    let status = {
        let mut exit = pin!(group.end());
        let mut pipes =
            pin!(async { tokio::try_join!(read_at_most(stdout, max_output.0, &mut printed), async { Ok(said.read(stderr).await?) }) });
        tokio::select! {
            status = &mut exit => {
                // What was written before the end is still in the pipes.
                if let Ok(read) = tokio::time::timeout(LEFTOVERS_WITHIN, pipes).await {
                    read.map_err(stopped)?;
                }
                status
            }
            read = &mut pipes => {
                read.map_err(stopped)?;
                exit.await
            }
        }
    };
    let status = status.map_err(|error| stopped(Stop::Lost(error)))?;
    if status.success() {
        return Ok(printed);
    }
    let last = said.last_line();
    let last = if last.is_empty() { last } else { format!(": {}", excerpt(&last)) };
    Err(DeviceError::new(Code::CommandFailed, format!("{who} ended with {status}{last}")))
}

/// Why reading a program's output stopped before its end.
enum Stop {
    /// It passed its bound.
    Beyond,
    Lost(std::io::Error),
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Lost(error)
    }
}

async fn read_at_most(stdout: Option<ChildStdout>, bound: usize, printed: &mut Vec<u8>) -> Result<(), Stop> {
    if let Some(stdout) = stdout {
        // One byte more than the bound tells that it was passed.
        stdout.take(bound as u64 + 1).read_to_end(printed).await?;
    }
    if printed.len() > bound { Err(Stop::Beyond) } else { Ok(()) }
}
