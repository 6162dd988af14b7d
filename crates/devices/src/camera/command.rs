//! Kind `command`: any program that takes a picture.
//!
//! The page `docs/devices/command-camera.md` describes what is expected of the program, and the settings.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use pandian_domain::Code;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio_util::task::AbortOnDropHandle;

use super::picture;
use super::wire::{self, PictureAt};
use crate::catalog::{Build, BuildContext};
use crate::error::root_reason;
use crate::json;
use crate::process::{CommandLine, Milestone, ProcessPool, Program};
use crate::settings::ByteSize;
use crate::{Camera, DeviceError, DevicePending, Probe, Shot, ShotEnd, Visit};

/// Settings of a camera of kind `command`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandCameraSettings {
    /// The program and its arguments.
    pub command: CommandLine,
    /// Where it runs, and where the path of its picture begins: the configuration's folder unless given.
    pub cwd: Option<PathBuf>,
    /// The most that it may print: 4MiB unless given.
    #[serde(default = "max_output")]
    pub max_output: ByteSize,
    /// The largest picture that is taken over: 32MiB unless given.
    #[serde(default = "max_picture")]
    pub max_picture: ByteSize,
}

fn max_output() -> ByteSize {
    ByteSize(4 << 20)
}

fn max_picture() -> ByteSize {
    ByteSize(32 << 20)
}

impl Build<dyn Camera> for CommandCameraSettings {
    fn build(&self, context: &BuildContext) -> Result<Arc<dyn Camera>, DeviceError> {
        let program = Arc::new(Program::new(context, "camera", &self.command, self.cwd.as_deref(), self.max_output)?);
        let address = program.executable.display().to_string();
        Ok(Arc::new(CommandCamera { pool: context.processes.clone(), program, max_picture: self.max_picture, address }))
    }
}

struct CommandCamera {
    pool: ProcessPool,
    program: Arc<Program>,
    max_picture: ByteSize,
    address: String,
}

impl CommandCamera {
    async fn shoot(&self, visit: &Visit) -> Result<Shot, DeviceError> {
        let (program, max_picture) = (self.program.clone(), self.max_picture);
        match self.pool.start(&program, visit).await?.milestone().await {
            Milestone::Ended(printed) => take_over(&program, printed?, max_picture).await.map(Shot::Whole),
            Milestone::Acquired(rest) => {
                let who = program.who.clone();
                // A program that nobody listens to stops in the middle of a long output: it is listened to even before anybody waits.
                let rest = AbortOnDropHandle::new(tokio::spawn(async move { take_over(&program, rest.await?, max_picture).await }));
                Ok(Shot::Working(Box::pin(async move {
                    rest.await
                        .unwrap_or_else(|error| Err(DeviceError::new(Code::Internal, format!("{who} was lost: {error}")).because(error)))
                })))
            }
        }
    }
}

/// Reads what the program printed, and the picture that it names.
async fn take_over(program: &Program, printed: Vec<u8>, max_picture: ByteSize) -> Result<ShotEnd, DeviceError> {
    let who = &program.who;
    let report = json::read_aside(printed.into(), wire::report_or_note).await.map_err(|error| {
        DeviceError::new(Code::DeviceBadReply, format!("{who} printed what cannot be understood: {error}")).because(error)
    })?;
    let picture = match report.picture {
        None => None,
        Some(PictureAt::Here(bytes)) => Some(bytes),
        Some(PictureAt::Address(path)) => Some(read_picture(who, program.folder.join(path), max_picture).await?),
    };
    if let Some(bytes) = &picture {
        picture::check(bytes)
            .map_err(|error| DeviceError::new(Code::CameraBadPicture, format!("{who} brought no whole picture: {error}")).because(error))?;
    }
    Ok(ShotEnd { picture, findings: report.findings, note: report.note.map(|note| note.to_string()) })
}

/// Reads a picture's file. Links are not followed, and nothing but a file is opened for long: a pipe could be waited for in vain.
async fn read_picture(who: &str, path: PathBuf, bound: ByteSize) -> Result<Bytes, DeviceError> {
    let shown = path.display().to_string();
    let read = tokio::task::spawn_blocking(move || read_file(&path, bound)).await.map_err(std::io::Error::other).flatten();
    match read {
        Ok(bytes) if bytes.len() <= bound.0 => Ok(bytes.into()),
        Ok(_) => Err(DeviceError::new(Code::DeviceTooLarge, format!("{who} names the picture {shown}, which is larger than {bound}"))),
        Err(error) => {
            let what = format!("{who} names the picture {shown}, which cannot be read: {}", root_reason(&error));
            Err(DeviceError::new(Code::CameraBadPicture, what).because(error))
        }
    }
}

/// The bytes of a file, at most one more than the bound.
fn read_file(path: &Path, bound: ByteSize) -> std::io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| match error {
        Errno::LOOP => std::io::Error::other("it is a symbolic link"),
        other => other.into(),
    })?;
    let file = File::from(file);
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    file.take(bound.0 as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Camera for CommandCamera {
    fn capture<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Shot> {
        Box::pin(self.shoot(visit))
    }

    fn probe(&self) -> DevicePending<'_, Probe> {
        Box::pin(self.program.probe())
    }

    fn address(&self) -> &str {
        &self.address
    }
}
