//! Driver.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::catalog::{Build, BuildContext, unbuildable};
use crate::{DeviceError, Camera};

/// Settings.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandCameraSettings {}

impl Build<dyn Camera> for CommandCameraSettings {
    fn build(&self, context: &BuildContext) -> Result<Arc<dyn Camera>, DeviceError> {
        Err(unbuildable(context, "device", "not built yet"))
    }
}
