//! Kind `folder`: the newest picture that a vendor's tool drops into a folder.
//!
//! The page `docs/devices/folder-camera.md` describes what is expected of the tool, and the settings.

use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::access::{check_max_picture, max_picture};
use crate::catalog::{Build, BuildContext};
use crate::settings::ByteSize;
use crate::{Camera, DeviceError, DevicePending, Probe, Shot, Visit};

mod listing;
mod pattern;
mod session;
mod taken;

pub use pattern::NamePattern;
use session::FolderCamera;
pub(super) use taken::Taken;

/// Settings of a camera of kind `folder`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FolderCameraSettings {
    /// The folder that pictures are dropped into. Relative paths begin in the configuration's folder.
    pub folder: PathBuf,
    /// Which files are pictures: `*` is any text, placeholders of a visit are filled in. All that are not hidden unless given.
    #[serde(default = "NamePattern::any")]
    pub pattern: NamePattern,
    /// Whether a file is removed once its picture was taken over.
    #[serde(default)]
    pub remove: bool,
    /// The largest picture that is read: 16MiB unless given.
    #[serde(default = "max_picture")]
    pub max_picture: ByteSize,
}

impl Build<dyn Camera> for FolderCameraSettings {
    fn check(&self) -> Result<(), String> {
        check_max_picture(self.max_picture)
    }

    fn build(&self, context: &BuildContext) -> Result<Arc<dyn Camera>, DeviceError> {
        Ok(Arc::new(FolderCamera::new(context, self)))
    }
}

impl Camera for FolderCamera {
    fn capture<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Shot> {
        Box::pin(self.shoot(visit))
    }

    fn probe(&self) -> DevicePending<'_, Probe> {
        Box::pin(self.try_out())
    }

    fn address(&self) -> &str {
        self.shown()
    }

    fn brings_only_pictures(&self) -> bool {
        true
    }
}
