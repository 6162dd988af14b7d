//! Kind `command`: any program that prints the tags.
//!
//! The page `docs/devices/command-reader.md` describes what is expected of the program, and the settings.

use std::path::PathBuf;
use std::sync::Arc;

use pandian_domain::{Code, Inventory};
use schemars::JsonSchema;
use serde::Deserialize;

use super::wire;
use crate::catalog::{Build, BuildContext};
use crate::json;
use crate::process::{CommandLine, ProcessPool, Program};
use crate::settings::ByteSize;
use crate::{DeviceError, DevicePending, Probe, TagReader, Visit};

/// Settings of a tag reader of kind `command`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandReaderSettings {
    /// The program and its arguments.
    pub command: CommandLine,
    /// Where it runs: the configuration's folder unless given.
    pub cwd: Option<PathBuf>,
    /// The most that it may print: 4MiB unless given.
    #[serde(default = "max_output")]
    pub max_output: ByteSize,
}

fn max_output() -> ByteSize {
    ByteSize(4 << 20)
}

impl Build<dyn TagReader> for CommandReaderSettings {
    fn build(&self, context: &BuildContext) -> Result<Arc<dyn TagReader>, DeviceError> {
        let program = Program::new(context, "reader", &self.command, self.cwd.as_deref(), self.max_output)?;
        let address = program.executable.display().to_string();
        Ok(Arc::new(CommandReader { pool: context.processes.clone(), program, address }))
    }
}

struct CommandReader {
    pool: ProcessPool,
    program: Program,
    address: String,
}

impl CommandReader {
    async fn read(&self, visit: &Visit) -> Result<Inventory, DeviceError> {
        let printed = self.pool.start(&self.program, visit).await?.finish().await?;
        json::read_aside(printed.into(), wire::tags_or_note).await.map_err(|error| {
            DeviceError::new(Code::DeviceBadReply, format!("{} printed what cannot be understood: {error}", self.program.who))
                .because(error)
        })
    }
}

impl TagReader for CommandReader {
    fn inventory<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Inventory> {
        Box::pin(self.read(visit))
    }

    fn probe(&self) -> DevicePending<'_, Probe> {
        Box::pin(self.program.probe())
    }

    fn address(&self) -> &str {
        &self.address
    }
}
