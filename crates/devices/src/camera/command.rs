//! Kind `command`: any program that takes a picture.
//!
//! The page `docs/devices/command-camera.md` describes what is expected of the program, and the settings.

use std::path::PathBuf;
use std::sync::Arc;

use pandian_domain::Code;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio_util::task::AbortOnDropHandle;

use super::reference;
use super::wire::{self, PictureAt};
use crate::catalog::{Build, BuildContext};
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
        Some(PictureAt::Address(path)) => Some(reference::read(who, program.folder.join(path), max_picture).await?),
    };
    let picture = picture.map(|bytes| reference::whole(who, bytes, None)).transpose()?;
    Ok(ShotEnd { picture, findings: report.findings, note: report.note.map(|note| note.to_string()) })
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
