//! The built program as other programs meet it: started, read line by line, waited for with a deadline, killed.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::ffi::OsStr;
use std::fmt::Debug;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// How long a program of these tests may take before it counts as hung.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// `pandian` with these arguments, in English, with its pipes open.
pub(crate) fn pandian<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pandian"));
    command.args(arguments).args(["--lang", "en"]).env_remove("PANDIAN_LOG");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What a program that has ended left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// The whole lines of standard output; a last one that was cut off by a kill is not among them.
    pub(crate) lines: Vec<String>,
    pub(crate) stderr: String,
}

impl Ended {
    /// The exit code; none after a signal.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Standard output as one JSON object a line.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.lines.iter().map(|line| event(line)).collect()
    }
}

/// One line of JSON.
pub(crate) fn event(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in the line {line}"))
}

/// Runs `pandian` to its end.
pub(crate) fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ended {
    Running::start(&mut pandian(arguments)).end()
}

/// A program that runs. Killed when dropped.
pub(crate) struct Running {
    child: Child,
    stdout: Receiver<String>,
    stderr: Option<JoinHandle<String>>,
    lines: Vec<String>,
}

impl Running {
    /// Starts a program whose pipes are open.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{error}: {command:?}"));
        let (say, stdout) = channel();
        let mut reading = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
        std::thread::spawn(move || {
            let mut line = Vec::new();
            while reading.read_until(b'\n', &mut line).is_ok() && line.pop() == Some(b'\n') {
                let whole = String::from_utf8(std::mem::take(&mut line)).expect("standard output is UTF-8");
                if say.send(whole).is_err() {
                    return;
                }
            }
        });
        let stderr = child.stderr.take().map(|stderr| std::thread::spawn(move || text(stderr)));
        Self { child, stdout, stderr, lines: Vec::new() }
    }

    /// Waits for a line of standard output.
    pub(crate) fn wait_for_line(&mut self, what: impl Debug, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.stdout.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.lines.push(line);
                    let line = &self.lines[self.lines.len() - 1];
                    if wanted(line) {
                        return line.clone();
                    }
                }
                Err(why) => panic!("{why} before {what:?}: {:#?}", self.lines),
            }
        }
    }

    /// Waits for an event of this type.
    pub(crate) fn wait_for_event(&mut self, kind: &str) -> Value {
        event(&self.wait_for_line(kind, |line| event(line)["type"] == kind))
    }

    /// Lets it run so long, or to its end if that comes first. True once it has ended.
    pub(crate) fn ends_within(&mut self, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        loop {
            match self.stdout.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.lines.push(line),
                Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
    }

    /// Its id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a child that was not waited for can be signalled");
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        assert!(self.ends_within(PATIENCE), "hangs after {:#?}", self.lines);
        let status = self.child.wait().expect("a child can be waited for");
        let stderr = self.stderr.take().map(|reading| reading.join().expect("standard error is readable")).unwrap_or_default();
        Ended { status, lines: std::mem::take(&mut self.lines), stderr }
    }

    /// Kills it where it stands (SIGKILL).
    pub(crate) fn kill(self) -> Ended {
        self.signal(Signal::KILL);
        self.end()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An ended child is buried by this too; nothing is left to do if it cannot be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(mut stderr: ChildStderr) -> String {
    let mut bytes = Vec::new();
    // What was read before an error is still worth showing.
    let _ = stderr.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `pandian sim` in a process of its own, on a free port.
pub(crate) struct Simulator {
    _running: Running,
    /// `127.0.0.1:PORT`
    pub(crate) address: String,
}

impl Simulator {
    /// Serves the devices of a warehouse there.
    pub(crate) fn start(folder: &Path) -> Self {
        let mut running =
            Running::start(&mut pandian([OsStr::new("sim"), folder.as_os_str(), "--listen".as_ref(), "127.0.0.1:0".as_ref()]));
        let line = running.wait_for_line("its address", |line| line.contains("http://"));
        let address = line.split_once("http://").expect("the line has the address").1.to_owned();
        Self { _running: running, address }
    }
}
