//! Driver.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::catalog::{Build, BuildContext, unbuildable};
use crate::{DeviceError, Crane};

/// Settings.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpCraneSettings {}

impl Build<dyn Crane> for HttpCraneSettings {
    fn build(&self, context: &BuildContext) -> Result<Arc<dyn Crane>, DeviceError> {
        Err(unbuildable(context, "device", "not built yet"))
    }
}
