//! A program and its children, which live and die together.

use std::process::ExitStatus;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

/// A process group with the program at its head. Whatever is left of it is killed when it is dropped; the program's remains are
/// collected by the runtime.
pub(super) struct ProcessGroup {
    head: Child,
    id: Option<Pid>,
}

impl ProcessGroup {
    /// Starts a program that is told to lead a group of its own. Blocks while the system loads it.
    pub(super) fn spawn(command: &mut Command) -> std::io::Result<Self> {
        let head = command.spawn()?;
        let id = head.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(Self { head, id })
    }

    pub(super) fn take_pipes(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.head.stdout.take(), self.head.stderr.take())
    }

    /// Waits for the program's end and kills the children that it left behind.
    pub(super) async fn end(&mut self) -> std::io::Result<ExitStatus> {
        let status = self.head.wait().await;
        self.kill();
        status
    }

    /// Kills everything that is left of the group. The id cannot have passed to another group while a child lives, and a number
    /// that was freed this instant is not given out again before all others were.
    fn kill(&mut self) {
        if let Some(id) = self.id.take() {
            // It fails where nothing is left to kill.
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.kill();
    }
}
