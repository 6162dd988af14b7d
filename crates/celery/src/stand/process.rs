//! Processes that do not outlive whoever started them.

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::time::{Instant, sleep};

/// Pause between two looks at a state.
const LOOK: Duration = Duration::from_millis(20);
/// How much of a log a panic shows, in bytes.
const SHOWN: usize = 3_000;

/// Runs the program in `$2…` beside a guard: standard input is a pipe whose other end only the starter holds, and when that is gone the
/// guard kills the group and removes the directory `$1`. The guard leaves the group first, or it would kill itself half way.
const GUARDED: &str = r#"
exec 3<&0 </dev/null
(trap '' TERM; read -r _ <&3; exec setsid sh -c 'kill -KILL "-$0"; rm -rf -- "$1"' "$$" "$1") >/dev/null 2>&1 &
shift
exec "$@" 3<&-
"#;

/// A process with its group. Killed when dropped.
#[derive(Debug)]
pub(super) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    /// Where its part of the log begins: earlier ones of the same name have written there, too.
    begin: u64,
    /// Nothing is left of it, and its id may be another's.
    is_over: bool,
}

impl Process {
    /// Starts a program, with arguments and environment as they stand in `command`. What it prints goes to a log in the directory, which
    /// is removed if this program is killed.
    pub(super) fn start(name: &str, directory: &Path, command: &Command) -> Self {
        let log = directory.join(format!("{name}.log"));
        let failed = |error: std::io::Error| -> ! { panic!("{name} cannot be started: {error}: {command:?}") };
        let output = OpenOptions::new().create(true).append(true).open(&log).unwrap_or_else(|error| failed(error));
        let begin = output.metadata().map_or(0, |about| about.len());
        let mut guarded = Command::new("sh");
        guarded.args(["-c", GUARDED, "sh"]).arg(directory).arg(command.get_program()).args(command.get_args());
        guarded.current_dir(command.get_current_dir().unwrap_or(directory));
        for (variable, value) in command.get_envs() {
            match value {
                Some(value) => guarded.env(variable, value),
                None => guarded.env_remove(variable),
            };
        }
        let errors = output.try_clone().unwrap_or_else(|error| failed(error));
        guarded.stdin(Stdio::piped()).stdout(output).stderr(errors).process_group(0);
        let child = guarded.spawn().unwrap_or_else(|error| failed(error));
        Self { name: name.to_owned(), child, log, begin, is_over: false }
    }

    /// Its id, and that of its group.
    pub(super) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// What it has printed so far.
    pub(super) fn log(&self) -> String {
        let mut bytes = Vec::new();
        let read = std::fs::File::open(&self.log).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.begin))?;
            file.read_to_end(&mut bytes)
        });
        match read {
            Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => format!("{}: {error}", self.log.display()),
        }
    }

    /// Waits until it is ready.
    pub(super) async fn ready(&mut self, within: Duration, is_ready: impl AsyncFn(&Self) -> bool) {
        let deadline = Instant::now() + within;
        while !is_ready(self).await {
            let ended = self.child.try_wait().ok().flatten();
            if ended.is_some() || Instant::now() > deadline {
                let why = ended.map_or_else(|| format!("is not ready after {within:?}"), |status| format!("has ended: {status}"));
                panic!("{} {why}; its last words:\n{}", self.name, last_of(&self.log()));
            }
            sleep(LOOK).await;
        }
    }

    /// Asks it to end (SIGTERM), and kills what does not heed that in time.
    pub(super) async fn stop(&mut self, within: Duration) {
        // One that has ended and was not waited for keeps its id, so this reaches nobody else.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process(self.pid(), Signal::TERM);
        }
        let deadline = Instant::now() + within;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            sleep(LOOK).await;
        }
        self.kill();
    }

    /// Kills it with its group (SIGKILL).
    pub(super) fn kill(&mut self) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        // The guard is in the group until now, even if everybody else has ended: the id is still the group's.
        let _ = kill_process_group(self.pid(), Signal::KILL);
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn last_of(log: &str) -> &str {
    &log[log.floor_char_boundary(log.len().saturating_sub(SHOWN))..]
}

/// Waits for a state, and panics if it does not come.
pub(super) async fn until(what: &str, within: Duration, is_so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + within;
    while !is_so().await {
        assert!(Instant::now() < deadline, "{what}: not within {within:?}");
        sleep(LOOK).await;
    }
}
