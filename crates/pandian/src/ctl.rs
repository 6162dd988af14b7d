//! The control socket: JSON lines over a local socket in the data directory.

use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use pandian_domain::{Code, Failure, StocktakeId};
use pandian_engine::{Command, Controller, Status};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use crate::fault::Fault;

const SOCKET: &str = "ctl.sock";
/// A command names at most some thousand locations.
const LINE_LIMIT: u64 = 16 << 20;
/// Longer than the running process takes to say that a command is not on disk yet.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// So many connections are served at once; further ones wait.
const CONNECTIONS: usize = 64;
/// A connection on which nothing moves for so long makes room for another.
const SILENT_FOR: Duration = Duration::from_secs(30);
/// Pause after a connection could not be taken: what lacked (descriptors, memory) may be there again.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug, Serialize, Deserialize)]
struct Request {
    /// The stocktake's id or its beginning.
    stocktake: String,
    #[serde(flatten)]
    command: Command,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Status(Box<Status>),
    Failure(Failure),
}

/// The socket of a running stocktake; removed when dropped.
pub struct ControlSocket {
    path: PathBuf,
    _serving: AbortOnDropHandle<()>,
}

impl ControlSocket {
    /// Listens in the data directory. The directory is locked by this process, so a socket found there is a dead one's.
    pub fn bind(data: &Path, controller: Controller) -> io::Result<Self> {
        let path = data.join(SOCKET);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = at_short_path(data, |short| UnixListener::bind(short))?;
        let serving = tokio::spawn(async move {
            let room = Arc::new(Semaphore::new(CONNECTIONS));
            // The semaphore is never closed.
            while let Ok(place) = room.clone().acquire_owned().await {
                let stream = match listener.accept().await {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        tracing::warn!(%error, "a control connection could not be taken");
                        sleep(PAUSE).await;
                        continue;
                    }
                };
                let controller = controller.clone();
                tokio::spawn(async move {
                    let _place = place;
                    if let Err(error) = serve(stream, &controller).await {
                        tracing::debug!(%error, "a control connection ended");
                    }
                });
            }
        });
        Ok(Self { path, _serving: AbortOnDropHandle::new(serving) })
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A socket's path is at most 108 bytes long, a data directory's may be longer: it is reached through its open descriptor.
fn at_short_path<T>(data: &Path, open: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let folder = std::fs::File::open(data)?;
    open(&PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(SOCKET))
}

async fn serve(stream: UnixStream, controller: &Controller) -> io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut lines = BufReader::new(reading.take(LINE_LIMIT)).lines();
    while let Some(line) = timeout(SILENT_FOR, lines.next_line()).await?? {
        let answer = match serde_json::from_str(&line) {
            Ok(request) => answer(request, controller).await,
            Err(error) => Answer::Failure(Failure::new(Code::UsageInvalid, format!("not a command: {error}"))),
        };
        let mut text = serde_json::to_vec(&answer)?;
        text.push(b'\n');
        timeout(SILENT_FOR, writing.write_all(&text)).await??;
    }
    Ok(())
}

async fn answer(Request { stocktake, command }: Request, controller: &Controller) -> Answer {
    let running = controller.status().stocktake;
    if !running.starts_with(&stocktake) {
        return Answer::Failure(Failure::new(Code::NotRunning, format!("stocktake {stocktake} is not running; {running} is")));
    }
    match controller.control(command).await {
        Ok(status) => Answer::Status(Box::new(status)),
        Err(error) => Answer::Failure(Failure::new(error.code(), error.to_string())),
    }
}

/// Sends a command to the process that runs a stocktake in this data directory.
pub async fn send(data: &Path, stocktake: &str, command: Command) -> Result<Status, Fault> {
    let not_running = |error: io::Error| {
        let message = match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => format!("no stocktake is running in {}", data.display()),
            _ => format!("control socket in {}: {error}", data.display()),
        };
        Fault::new(Code::NotRunning, message)
    };
    let connecting = at_short_path(data, |short| std::os::unix::net::UnixStream::connect(short));
    let stream = connecting.map_err(not_running)?;
    stream.set_nonblocking(true).map_err(not_running)?;
    let mut stream = UnixStream::from_std(stream).map_err(not_running)?;
    let exchange = async {
        let mut text = serde_json::to_vec(&Request { stocktake: stocktake.to_owned(), command })?;
        text.push(b'\n');
        stream.write_all(&text).await?;
        let mut line = String::new();
        BufReader::new((&mut stream).take(LINE_LIMIT)).read_line(&mut line).await?;
        Ok::<_, io::Error>(serde_json::from_str::<Answer>(&line)?)
    };
    match timeout(ANSWER_WITHIN, exchange).await {
        Ok(Ok(Answer::Status(status))) => Ok(*status),
        Ok(Ok(Answer::Failure(failure))) => Err(failure.into()),
        Ok(Err(error)) => Err(not_running(error)),
        Err(_elapsed) => Err(Fault::new(Code::NotRunning, format!("the process in {} does not answer", data.display()))),
    }
}

/// The stocktake that is running in this data directory, if one is.
pub async fn running(data: &Path, known: &[StocktakeId]) -> Option<Status> {
    for id in known.iter().rev() {
        if let Ok(status) = send(data, &id.to_string(), Command::Status).await {
            return Some(status);
        }
    }
    None
}
