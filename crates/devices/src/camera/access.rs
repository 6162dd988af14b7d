//! What the settings of cameras that are asked for a picture have in common.

use std::borrow::Cow;
use std::time::Duration;

use pandian_domain::retry::RetryPolicy;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::snapshot::Snapshot;
use crate::DeviceError;
use crate::catalog::{BuildContext, unbuildable};
use crate::http::{Credentials, HttpClient, HttpUrl, Login};
use crate::secret::Secret;
use crate::settings::{ByteSize, Period};
use crate::tls::TlsSettings;

/// The largest picture that is read unless something else is said.
pub(super) const MAX_PICTURE: ByteSize = ByteSize(16 << 20);
/// The bounds of that setting.
const PICTURES: [ByteSize; 2] = [ByteSize(1 << 10), ByteSize(256 << 20)];
/// The longest pause before a picture.
const LONGEST_SETTLE: Period = Period::from_millis(60_000);

/// A camera's address: `host`, `host:port`, `[IPv6]` or `[IPv6]:port`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct CameraAddress(String);

/// A text that is no [`CameraAddress`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write a camera's address as \"10.0.4.2\", \"camera-1:8080\" or \"[fd00::7]:80\"")]
pub struct NotACameraAddress;

impl CameraAddress {
    /// The address as it stands in a URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CameraAddress {
    type Error = NotACameraAddress;

    fn try_from(text: String) -> Result<Self, NotACameraAddress> {
        let is_host = !text.contains(['/', '?', '{', '%']) && HttpUrl::parse(&format!("http://{text}/")).is_ok();
        if is_host { Ok(Self(text)) } else { Err(NotACameraAddress) }
    }
}

impl JsonSchema for CameraAddress {
    fn schema_name() -> Cow<'static, str> {
        "CameraAddress".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": ["10.0.4.2", "camera-1:8080", "[fd00::7]:80"] })
    }
}

/// Settings that several kinds have, as they stand in either.
pub(super) struct Access<'a> {
    pub(super) user: Option<&'a str>,
    pub(super) password: Option<&'a Secret>,
    pub(super) allow_basic: bool,
    pub(super) tls: Option<&'a TlsSettings>,
    pub(super) settle: Period,
    pub(super) max_picture: ByteSize,
}

impl Access<'_> {
    /// What no single field can tell.
    pub(super) fn check(&self) -> Result<(), String> {
        check_user(self.user, self.password)?;
        if self.allow_basic && self.user.is_none() {
            return Err("`allow_basic` says how `password` may be shown: it needs `user` and `password`".to_owned());
        }
        self.tls.map_or(Ok(()), TlsSettings::check)?;
        check_settle(self.settle)?;
        check_max_picture(self.max_picture)
    }

    /// Prepares to ask the camera at an address.
    pub(super) fn open(&self, context: &BuildContext, address: &HttpUrl) -> Result<Snapshot, DeviceError> {
        let refused = |why: String| unbuildable(context, "camera", why);
        let http = match self.tls {
            None => context.http.clone(),
            Some(tls) => {
                let trust = tls.trust(context).map_err(refused)?;
                HttpClient::trusting(trust, tls.server_name.clone()).map_err(|why| refused(format!("`tls`: {why}")))?
            }
        };
        let credentials = credentials(self.user, self.password).map_err(refused)?;
        let login = Login::new(credentials.map(|(user, password)| Credentials { user, password, allow_basic: self.allow_basic }));
        let who = format!("the camera of crane {} at {}", context.crane, address.shown());
        Ok(Snapshot::new(who, http, login, self.max_picture, self.settle.0))
    }
}

/// User name and password belong together.
pub(super) fn check_user(user: Option<&str>, password: Option<&Secret>) -> Result<(), String> {
    match (user, password) {
        (Some(_), None) | (None, Some(_)) => Err("`user` and `password` belong together".to_owned()),
        (Some(user), _) if user.is_empty() || user.contains(':') || user.contains(char::is_control) => {
            Err("`user` is a name without colons and control characters".to_owned())
        }
        _ => Ok(()),
    }
}

/// User name and password, with what the environment holds.
pub(super) fn credentials(user: Option<&str>, password: Option<&Secret>) -> Result<Option<(String, String)>, String> {
    let (Some(user), Some(password)) = (user, password) else { return Ok(None) };
    Ok(Some((user.to_owned(), password.resolve("password")?)))
}

/// A pause, not a halt.
pub(super) fn check_settle(settle: Period) -> Result<(), String> {
    if settle <= LONGEST_SETTLE { Ok(()) } else { Err(format!("`settle` is a pause before each picture: {LONGEST_SETTLE} at most")) }
}

/// Within what fits memory.
pub(super) fn check_max_picture(bound: ByteSize) -> Result<(), String> {
    let [least, most] = PICTURES;
    if (least..=most).contains(&bound) {
        Ok(())
    } else {
        Err(format!("`max_picture` is {bound}; it is at least {least} and at most {most}"))
    }
}

/// Cameras that keep a picture for a second or two send it again when they are asked too soon: pauses begin at a second.
pub(super) fn usual_rule(settle: Period) -> RetryPolicy {
    RetryPolicy {
        attempts: 3,
        timeout: Duration::from_secs(20) + settle.0,
        first_delay: Duration::from_secs(2),
        max_delay: Duration::from_secs(5),
    }
}

/// Unless something else is said.
pub(super) fn max_picture() -> ByteSize {
    MAX_PICTURE
}

/// Unless something else is said.
pub(super) fn no_pause() -> Period {
    Period::from_millis(0)
}
