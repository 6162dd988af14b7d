//! Kind `http-snapshot`: a network camera that sends a picture over HTTP to whoever asks.
//!
//! The page `docs/devices/http-snapshot-camera.md` describes what is asked, and the settings.

use std::borrow::Cow;
use std::sync::Arc;

use pandian_domain::Code;
use pandian_domain::retry::RetryPolicy;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::access::{CameraAddress, access_of, max_picture, no_pause, usual_rule};
use super::snapshot::Snapshot;
use crate::catalog::{Build, BuildContext, unbuildable};
use crate::http::{HeaderLines, HttpUrl, UrlTemplate};
use crate::secret::Secret;
use crate::settings::{ByteSize, Period};
use crate::tls::TlsSettings;
use crate::{Camera, DeviceError, DevicePending, Probe, Shot, Visit};

/// Settings of a camera of kind `http-snapshot`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpSnapshotSettings {
    /// Where a picture is asked for, or else `preset` and `address`.
    pub url: Option<UrlTemplate>,
    /// Whose camera it is: that gives the path.
    pub preset: Option<Preset>,
    /// Where the camera of a preset is: `host`, `host:port` or `[IPv6]:port`.
    pub address: Option<CameraAddress>,
    /// Which picture of the camera or recorder of a preset. `hikvision`: the number of the camera × 100 and the stream, 101 unless given.
    /// `axis`: the number of the camera.
    #[schemars(range(min = 1))]
    pub channel: Option<u32>,
    /// How large a picture the camera of a preset is asked for, such as `1920x1080`. As the camera likes unless given.
    pub resolution: Option<Resolution>,
    /// The camera's user.
    pub user: Option<String>,
    /// The user's password: `env:NAME`, from the environment.
    pub password: Option<Secret>,
    /// Whether the password may be shown readable over a connection that is not encrypted, to a camera that takes no digest.
    #[serde(default)]
    pub allow_basic: bool,
    /// How the camera is recognised over TLS. By the public authorities unless given. With a preset it also says that there is TLS.
    pub tls: Option<TlsSettings>,
    /// A pause between the crane's arrival and the picture: none unless given.
    #[serde(default = "no_pause")]
    pub settle: Period,
    /// The largest picture that is read: 16MiB unless given.
    #[serde(default = "max_picture")]
    pub max_picture: ByteSize,
}

/// A maker whose cameras are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// Hikvision, and what is built by them: ISAPI.
    Hikvision,
    /// Axis: VAPIX.
    Axis,
}

/// A picture's width and height, written `1920x1080`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Resolution {
    width: u16,
    height: u16,
}

/// A text that is no [`Resolution`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write width and height in pixels, such as \"1920x1080\"")]
pub struct NotAResolution;

impl TryFrom<String> for Resolution {
    type Error = NotAResolution;

    fn try_from(text: String) -> Result<Self, NotAResolution> {
        let side = |text: &str| text.parse().ok().filter(|side: &u16| *side > 0 && text.bytes().all(|byte| byte.is_ascii_digit()));
        let (width, height) = text.split_once('x').ok_or(NotAResolution)?;
        Ok(Self { width: side(width).ok_or(NotAResolution)?, height: side(height).ok_or(NotAResolution)? })
    }
}

impl JsonSchema for Resolution {
    fn schema_name() -> Cow<'static, str> {
        "Resolution".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]+x[0-9]+$", "examples": ["1920x1080"] })
    }
}

impl Preset {
    /// Path and query of a picture.
    fn path(self, channel: Option<u32>, resolution: Option<Resolution>) -> String {
        match self {
            Self::Hikvision => {
                let size = resolution.map_or_else(String::new, |Resolution { width, height }| {
                    format!("?videoResolutionWidth={width}&videoResolutionHeight={height}")
                });
                format!("/ISAPI/Streaming/channels/{}/picture{size}", channel.unwrap_or(101))
            }
            Self::Axis => {
                let size = resolution.map(|Resolution { width, height }| format!("resolution={width}x{height}"));
                let parameters: Vec<String> = size.into_iter().chain(channel.map(|channel| format!("camera={channel}"))).collect();
                let query = if parameters.is_empty() { String::new() } else { format!("?{}", parameters.join("&")) };
                format!("/axis-cgi/jpg/image.cgi{query}")
            }
        }
    }
}

access_of!(HttpSnapshotSettings);

impl HttpSnapshotSettings {
    /// Where a picture is asked for.
    fn target(&self) -> Result<UrlTemplate, String> {
        match (&self.url, self.preset, &self.address) {
            (Some(_), None, None) if self.channel.is_some() || self.resolution.is_some() => {
                Err("`channel` and `resolution` belong to a `preset`: write them into the `url`".to_owned())
            }
            (Some(url), None, None) => {
                if self.tls.is_some() && url.base().uri().scheme_str() != Some("https") {
                    return Err("`tls` needs a `url` that begins with https://".to_owned());
                }
                Ok(url.clone())
            }
            (None, Some(preset), Some(address)) => {
                let scheme = if self.tls.is_some() { "https" } else { "http" };
                let url = format!("{scheme}://{}{}", address.as_str(), preset.path(self.channel, self.resolution));
                UrlTemplate::parse(&url).map_err(|error| error.to_string())
            }
            _ => Err("a camera is given as `url`, or as `preset` with its `address`".to_owned()),
        }
    }
}

impl Build<dyn Camera> for HttpSnapshotSettings {
    fn check(&self) -> Result<(), String> {
        if self.channel == Some(0) {
            return Err("`channel` counts from 1".to_owned());
        }
        self.target()?;
        self.access().check()
    }

    fn usual_rule(&self) -> RetryPolicy {
        usual_rule(self.settle)
    }

    fn secrets(&self) -> Vec<String> {
        self.access().secrets()
    }

    fn build(&self, context: &BuildContext) -> Result<Arc<dyn Camera>, DeviceError> {
        let url = self.target().map_err(|why| unbuildable(context, "camera", why))?;
        let base = url.base_of(&context.crane);
        let camera = self.access().open(context, &base)?;
        Ok(Arc::new(HttpSnapshotCamera { camera, headers: HeaderLines::of(&base), base, url }))
    }
}

struct HttpSnapshotCamera {
    camera: Snapshot,
    url: UrlTemplate,
    /// The URL with nothing filled in but the crane.
    base: HttpUrl,
    headers: HeaderLines,
}

impl HttpSnapshotCamera {
    async fn shoot(&self, visit: &Visit) -> Result<Shot, DeviceError> {
        let who = &self.camera.who;
        let uri = self.url.fill(visit.into()).map_err(|error| {
            DeviceError::new(Code::ConfigInvalid, format!("{who} has no URL for the location \"{}\"", visit.location)).because(error)
        })?;
        let mut turn = self.camera.turn(visit).await?;
        turn.ask(&uri, &self.headers).await?.taken(who)
    }

    async fn try_out(&self) -> Result<Probe, DeviceError> {
        let picture = self.camera.turn_of_trial().await?.ask(self.base.uri(), &self.headers).await?;
        Ok(picture.probed(&self.camera.login, &self.base))
    }
}

impl Camera for HttpSnapshotCamera {
    fn capture<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Shot> {
        Box::pin(self.shoot(visit))
    }

    fn probe(&self) -> DevicePending<'_, Probe> {
        Box::pin(self.try_out())
    }

    fn address(&self) -> &str {
        self.base.shown()
    }

    fn brings_only_pictures(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_know_the_paths_of_their_makers() {
        let size = Resolution::try_from("1280x720".to_owned()).unwrap();
        for (preset, channel, resolution, path) in [
            (Preset::Hikvision, None, None, "/ISAPI/Streaming/channels/101/picture"),
            (
                Preset::Hikvision,
                Some(201),
                Some(size),
                "/ISAPI/Streaming/channels/201/picture?videoResolutionWidth=1280&videoResolutionHeight=720",
            ),
            (Preset::Axis, None, None, "/axis-cgi/jpg/image.cgi"),
            (Preset::Axis, Some(2), None, "/axis-cgi/jpg/image.cgi?camera=2"),
            (Preset::Axis, Some(2), Some(size), "/axis-cgi/jpg/image.cgi?resolution=1280x720&camera=2"),
        ] {
            assert_eq!(preset.path(channel, resolution), path);
        }
    }

    #[test]
    fn a_resolution_is_two_numbers() {
        for text in ["", "1920", "1920x", "x1080", "0x1", "+1x1", "1920X1080", "1x2x3", "99999x1", "1920 x 1080"] {
            assert_eq!(Resolution::try_from(text.to_owned()), Err(NotAResolution), "{text}");
        }
    }
}
