//! What a program says on standard error: the line `acquired`, and its last line.

use tokio::io::AsyncReadExt;
use tokio::process::ChildStderr;
use tokio::sync::oneshot;

/// How much of a line is kept.
const LINE_BYTES: usize = 1024;

/// Listens to standard error as long as the program runs, keeping one line.
pub(super) struct Stderr {
    say_acquired: Option<oneshot::Sender<()>>,
    line: Vec<u8>,
    last: Vec<u8>,
}

impl Stderr {
    pub(super) fn new(say_acquired: oneshot::Sender<()>) -> Self {
        Self { say_acquired: Some(say_acquired), line: Vec::new(), last: Vec::new() }
    }

    pub(super) async fn read(&mut self, stderr: Option<ChildStderr>) -> std::io::Result<()> {
        let Some(mut stderr) = stderr else { return Ok(()) };
        let mut chunk = vec![0; 4096];
        loop {
            let length = stderr.read(&mut chunk).await?;
            if length == 0 {
                self.end_line();
                return Ok(());
            }
            self.take(&chunk[..length]);
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = piece.strip_suffix(b"\n").map_or((piece, false), |text| (text, true));
            let room = LINE_BYTES - self.line.len();
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            if ends {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        if line == b"acquired" {
            if let Some(say) = self.say_acquired.take() {
                // Nobody listens if the program is only awaited to its end.
                let _ = say.send(());
            }
        } else if !line.trim_ascii().is_empty() {
            self.last = line.trim_ascii().to_vec();
        }
        self.line.clear();
    }

    /// The last line that was not empty and not `acquired`; of a long one the beginning.
    pub(super) fn last_line(&self) -> String {
        let line = if self.line.trim_ascii().is_empty() { &self.last } else { &self.line };
        String::from_utf8_lossy(line).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acquired_is_a_whole_line_and_the_last_other_line_is_kept() {
        let (say, mut heard) = oneshot::channel();
        let mut stderr = Stderr::new(say);
        stderr.take(b"not acquired\nacquired too\n acquired\nacqu");
        assert!(heard.try_recv().is_err());
        stderr.take(b"ired\r\nlens \xff dirty\n\n  \n");
        assert!(heard.try_recv().is_ok());
        stderr.take(b"acquired\n");
        assert_eq!(stderr.last_line(), "lens \u{fffd} dirty");
    }

    #[test]
    fn a_line_without_end_is_kept_in_part() {
        let mut stderr = Stderr::new(oneshot::channel().0);
        for _ in 0..100 {
            stderr.take(&[b'x'; 1000]);
        }
        assert_eq!(stderr.last_line().len(), LINE_BYTES);
    }
}
