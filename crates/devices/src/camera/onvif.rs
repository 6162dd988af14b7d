//! Kind `onvif`: a camera that is asked over ONVIF where its pictures are, and then for them.
//!
//! The page `docs/devices/onvif-camera.md` describes what is asked, and the settings.

use std::sync::Arc;

use pandian_domain::retry::RetryPolicy;
use schemars::JsonSchema;
use serde::Deserialize;

use super::access::{CameraAddress, access_of, max_picture, no_pause, usual_rule};
use crate::catalog::{Build, BuildContext, unbuildable};
use crate::http::HttpUrl;
use crate::secret::Secret;
use crate::settings::{ByteSize, Period};
use crate::tls::TlsSettings;
use crate::{Camera, DeviceError, DevicePending, Probe, Shot, Visit};

mod session;
mod wire;
mod xml;

use session::OnvifCamera;

/// Reads bytes as every answer of a camera. What is read of a question's own envelope is what was written; a failed check panics.
#[cfg(feature = "suite")]
pub(crate) fn check_reply(bytes: &[u8]) {
    let _answers = (wire::clock(bytes), wire::media_of_services(bytes), wire::media_of_capabilities(bytes), wire::snapshot_uri(bytes));
    // Carriage returns and the like do not come through as text.
    let plain = |profile: &wire::Profile| !profile.token.contains(char::is_control);
    for profile in wire::profiles(bytes).unwrap_or_default().into_iter().filter(plain) {
        let asked = wire::Question::SnapshotUri(wire::Media::One, &profile.token).envelope(None);
        let read = xml::Element::parse(asked.as_bytes()).ok();
        let token = read.as_ref().and_then(|root| root.at(&["Body", "GetSnapshotUri", "ProfileToken"]));
        assert_eq!(token.map(|token| token.text.as_str()), Some(profile.token.trim()));
    }
}

/// Settings of a camera of kind `onvif`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnvifSettings {
    /// Where the camera is: `host`, `host:port` or `[IPv6]:port`.
    pub address: CameraAddress,
    /// The path of its device service: `/onvif/device_service` unless given.
    #[serde(default = "service")]
    pub service: String,
    /// The camera's user.
    pub user: Option<String>,
    /// The user's password: `env:NAME`, from the environment.
    pub password: Option<Secret>,
    /// The profile whose picture is taken, by its token or its name: the camera's first unless given.
    pub profile: Option<String>,
    /// Whether the camera may send us to other hosts than its own, which are shown user and password too.
    #[serde(default)]
    pub allow_other_host: bool,
    /// Whether the password may be shown readable over a connection that is not encrypted, to a camera that takes no digest.
    #[serde(default)]
    pub allow_basic: bool,
    /// Encryption, and how the camera is recognised.
    pub tls: Option<TlsSettings>,
    /// A pause between the crane's arrival and the picture: none unless given.
    #[serde(default = "no_pause")]
    pub settle: Period,
    /// The largest picture that is read: 16MiB unless given.
    #[serde(default = "max_picture")]
    pub max_picture: ByteSize,
}

fn service() -> String {
    "/onvif/device_service".to_owned()
}

access_of!(OnvifSettings);

impl OnvifSettings {
    fn target(&self) -> Result<HttpUrl, String> {
        if !self.service.starts_with('/') {
            return Err("`service` is the path of the camera's device service and begins with a slash".to_owned());
        }
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        HttpUrl::parse(&format!("{scheme}://{}{}", self.address.as_str(), self.service)).map_err(|error| format!("`service`: {error}"))
    }
}

impl Build<dyn Camera> for OnvifSettings {
    fn check(&self) -> Result<(), String> {
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
        let service = self.target().map_err(|why| unbuildable(context, "camera", why))?;
        let camera = self.access().open(context, &service)?;
        Ok(Arc::new(OnvifCamera::new(camera, service, self.profile.clone(), self.allow_other_host)))
    }
}

impl Camera for OnvifCamera {
    fn capture<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Shot> {
        Box::pin(self.shoot(visit))
    }

    fn probe(&self) -> DevicePending<'_, Probe> {
        Box::pin(self.try_out())
    }

    fn address(&self) -> &str {
        self.service().shown()
    }

    fn brings_only_pictures(&self) -> bool {
        true
    }
}
