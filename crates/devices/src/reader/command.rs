//! Driver.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::catalog::{Build, BuildContext, unbuildable};
use crate::{DeviceError, TagReader};

/// Settings.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandReaderSettings {}

impl Build<dyn TagReader> for CommandReaderSettings {
    fn build(&self, context: &BuildContext) -> Result<Arc<dyn TagReader>, DeviceError> {
        Err(unbuildable(context, "device", "not built yet"))
    }
}
