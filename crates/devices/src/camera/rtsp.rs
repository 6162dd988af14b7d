//! Kind `rtsp`: a picture out of a camera's video stream. Built with the feature `rtsp` only; without it the kind is refused with advice.
//!
//! The page `docs/devices/rtsp-camera.md` describes what is done, and the settings.

use std::borrow::Cow;
use std::sync::Arc;

use pandian_domain::retry::RetryPolicy;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::access::{check_max_picture, check_settle, check_user, max_picture, no_pause, usual_rule};
use crate::catalog::{Build, BuildContext};
use crate::http::HttpUrl;
use crate::secret::Secret;
use crate::settings::{ByteSize, Period};
use crate::{Camera, DeviceError};

#[cfg(feature = "rtsp")]
mod challenge;
#[cfg(feature = "rtsp")]
mod decode;
#[cfg(feature = "rtsp")]
mod session;

/// Settings of a camera of kind `rtsp`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RtspCameraSettings {
    /// The stream: `rtsp://host:554/path`.
    pub url: RtspUrl,
    /// The camera's user.
    pub user: Option<String>,
    /// The user's password: `env:NAME`, from the environment.
    pub password: Option<Secret>,
    /// Whether the password may be shown readable, to a camera that takes no digest: there is no encryption.
    #[serde(default)]
    pub allow_basic: bool,
    /// A pause between the crane's arrival and the picture: none unless given.
    #[serde(default = "no_pause")]
    pub settle: Period,
    /// The largest picture that is taken out of the stream: 16MiB unless given.
    #[serde(default = "max_picture")]
    pub max_picture: ByteSize,
}

/// The URL of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct RtspUrl {
    text: String,
    shown: String,
}

impl RtspUrl {
    /// The whole URL.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The URL as messages may show it: without the query, where secrets may stand.
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

impl TryFrom<String> for RtspUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let rest = text.strip_prefix("rtsp://").ok_or("a stream's URL begins with rtsp://")?;
        // Apart from its scheme it is a URL like others.
        let like = HttpUrl::parse(&format!("http://{rest}")).map_err(|error| error.to_string())?;
        let shown = like.shown().replacen("http", "rtsp", 1);
        Ok(Self { text: like.uri().to_string().replacen("http", "rtsp", 1), shown })
    }
}

impl JsonSchema for RtspUrl {
    fn schema_name() -> Cow<'static, str> {
        "RtspUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^rtsp://[^@#\\s]+$", "description": "The URL of a stream." })
    }
}

impl Build<dyn Camera> for RtspCameraSettings {
    fn check(&self) -> Result<(), String> {
        check_user(self.user.as_deref(), self.password.as_ref(), self.allow_basic)?;
        check_settle(self.settle)?;
        check_max_picture(self.max_picture)?;
        if cfg!(feature = "rtsp") { Ok(()) } else { Err(NOT_BUILT.to_owned()) }
    }

    fn usual_rule(&self) -> RetryPolicy {
        usual_rule(self.settle)
    }

    fn secrets(&self) -> Vec<String> {
        self.password.iter().map(|password| password.variable().to_owned()).collect()
    }

    #[cfg(feature = "rtsp")]
    fn build(&self, context: &BuildContext) -> Result<Arc<dyn Camera>, DeviceError> {
        Ok(Arc::new(session::RtspCamera::new(context, self)?))
    }

    #[cfg(not(feature = "rtsp"))]
    fn build(&self, context: &BuildContext) -> Result<Arc<dyn Camera>, DeviceError> {
        Err(crate::catalog::unbuildable(context, "camera", NOT_BUILT))
    }
}

/// What to do about it.
const NOT_BUILT: &str =
    "this pandian speaks no RTSP: build it with `cargo build --release --features rtsp`, or use the kind \"http-snapshot\"";
