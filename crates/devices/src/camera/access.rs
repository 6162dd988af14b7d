//! What the settings of cameras that are asked for a picture have in common.

use std::borrow::Cow;
use std::time::Duration;

use pandian_domain::retry::RetryPolicy;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::snapshot::Snapshot;
use crate::DeviceError;
use crate::catalog::{BuildContext, unbuildable};
use crate::http::{Credentials, HttpClient, HttpUrl};
use crate::secret::Secret;
use crate::settings::{ByteSize, Period};
use crate::tls::TlsSettings;

/// The largest picture that is read unless something else is said.
pub(super) const MAX_PICTURE: ByteSize = ByteSize(16 << 20);
/// The bounds of that setting. Larger ones are not decoded by whoever looks at the pictures (`vision`, `Limits`).
const PICTURES: [ByteSize; 2] = [ByteSize(1 << 10), ByteSize(32 << 20)];
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

/// Settings that several kinds have, as they stand in either ([`access_of`]).
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
        check_user(self.user, self.password, self.allow_basic)?;
        self.tls.map_or(Ok(()), TlsSettings::check)?;
        check_settle(self.settle)?;
        check_max_picture(self.max_picture)
    }

    /// The environment variables that hold secrets.
    pub(super) fn secrets(&self) -> Vec<String> {
        self.password.iter().map(|password| password.variable().to_owned()).collect()
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
        let credentials = credentials(self.user, self.password, self.allow_basic).map_err(refused)?;
        Ok(Snapshot {
            who: format!("the camera of crane {} at {}", context.crane, address.shown()),
            http,
            login: context.cameras.login(address.origin(), credentials),
            door: context.cameras.door(address.origin()),
            max_picture: self.max_picture,
            settle: self.settle.0,
        })
    }
}

/// The [`Access`] of settings. Flattened into them it would cost the places of errors in the file.
macro_rules! access_of {
    ($settings:ty) => {
        impl $settings {
            fn access(&self) -> $crate::camera::access::Access<'_> {
                $crate::camera::access::Access {
                    user: self.user.as_deref(),
                    password: self.password.as_ref(),
                    allow_basic: self.allow_basic,
                    tls: self.tls.as_ref(),
                    settle: self.settle,
                    max_picture: self.max_picture,
                }
            }
        }
    };
}
pub(super) use access_of;

/// User name and password belong together, and how they may be shown to them.
pub(super) fn check_user(user: Option<&str>, password: Option<&Secret>, allow_basic: bool) -> Result<(), String> {
    match (user, password) {
        (None, None) if allow_basic => Err("`allow_basic` says how `password` may be shown: it needs `user` and `password`".to_owned()),
        (Some(_), None) | (None, Some(_)) => Err("`user` and `password` belong together".to_owned()),
        (Some(user), _) if user.is_empty() || user.contains(':') || user.contains(char::is_control) => {
            Err("`user` is a name without colons and control characters".to_owned())
        }
        _ => Ok(()),
    }
}

/// User name and password, with what the environment holds.
pub(super) fn credentials(user: Option<&str>, password: Option<&Secret>, allow_basic: bool) -> Result<Option<Credentials>, String> {
    let (Some(user), Some(password)) = (user, password) else { return Ok(None) };
    Ok(Some(Credentials { user: user.to_owned(), password: password.resolve("password")?, allow_basic }))
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
        Err(format!(
            "`max_picture` is {bound}; it is at least {least} and at most {most}, the most that a picture to be looked at may have"
        ))
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
