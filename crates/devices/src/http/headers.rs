//! Request headers of the configuration; secrets come from the environment.

use std::collections::BTreeMap;

use hyper::header::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::Deserialize;

use super::HttpUrl;
use crate::DeviceError;
use crate::catalog::{BuildContext, unbuildable};

/// Request headers by name. A value that begins with `env:` is the name of an environment variable that holds the header's value,
/// read when the device is built; so no secret stands in the file. Values are never logged.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "BTreeMap<String, String>")]
#[schemars(with = "BTreeMap<String, String>")]
pub struct Headers(Vec<(HeaderName, String)>);

/// Headers that the client itself writes.
const OWN: [HeaderName; 7] = [
    hyper::header::HOST,
    hyper::header::CONTENT_LENGTH,
    hyper::header::TRANSFER_ENCODING,
    hyper::header::CONNECTION,
    hyper::header::UPGRADE,
    hyper::header::EXPECT,
    HeaderName::from_static("idempotency-key"),
];

impl TryFrom<BTreeMap<String, String>> for Headers {
    type Error = String;

    fn try_from(map: BTreeMap<String, String>) -> Result<Self, String> {
        let mut headers = Vec::with_capacity(map.len());
        for (name, value) in map {
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("\"{name}\" cannot be the name of a header"))?;
            if OWN.contains(&header) {
                return Err(format!("the header \"{name}\" is written by the client itself"));
            }
            if headers.iter().any(|(other, _)| *other == header) {
                return Err(format!("the header \"{name}\" stands twice"));
            }
            if !value.starts_with("env:") && HeaderValue::from_str(&value).is_err() {
                return Err(format!("the value of the header \"{name}\" has characters that no header can have"));
            }
            headers.push((header, value));
        }
        Ok(Self(headers))
    }
}

impl std::fmt::Debug for Headers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Headers as they go out, prepared: every line with its end.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct HeaderLines(Box<[u8]>);

impl HeaderLines {
    /// The lines of a JSON request that no configuration adds to. What cannot stand in a header is left out of the secret, so that it
    /// is refused rather than ends the header.
    pub(crate) fn json(url: &HttpUrl, bearer: Option<&str>) -> Self {
        let mut lines = format!("host: {}\r\ncontent-type: application/json\r\n", url.host());
        if let Some(secret) = bearer {
            let secret: String = secret.chars().filter(|c| !c.is_control()).collect();
            lines += &format!("authorization: Bearer {secret}\r\n");
        }
        Self(lines.into_bytes().into())
    }

    /// The lines of every request to a URL that no configuration adds to.
    pub(crate) fn of(url: &HttpUrl) -> Self {
        Self(format!("host: {}\r\n", url.host()).into_bytes().into())
    }

    /// These lines and one more.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        Self([&self.0, name.as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat().into())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for HeaderLines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HeaderLines")
    }
}

/// The headers of a reply that anybody asks for. What is no UTF-8 is passed over.
#[derive(Debug, Default)]
pub(crate) struct ReplyHeaders {
    /// The declared type of the body.
    pub(crate) content_type: Option<Box<str>>,
    /// How credentials may be shown, a `www-authenticate` each.
    pub(crate) challenges: Vec<Box<str>>,
    /// When to come again.
    pub(crate) retry_after: Option<Box<str>>,
    /// When the body was last changed, by the server's clock.
    pub(crate) last_modified: Option<Box<str>>,
}

impl ReplyHeaders {
    /// Keeps a header if it is one of these.
    pub(super) fn take(&mut self, name: &str, value: &[u8]) {
        let kept = match name.len() {
            12 if name.eq_ignore_ascii_case("content-type") => &mut self.content_type,
            11 if name.eq_ignore_ascii_case("retry-after") => &mut self.retry_after,
            13 if name.eq_ignore_ascii_case("last-modified") => &mut self.last_modified,
            16 if name.eq_ignore_ascii_case("www-authenticate") => {
                self.challenges.extend(std::str::from_utf8(value).ok().map(Into::into));
                return;
            }
            _ => return,
        };
        *kept = std::str::from_utf8(value).ok().map(Into::into);
    }
}

impl Headers {
    /// Whether the configuration has a header.
    pub(crate) fn has(&self, name: &HeaderName) -> bool {
        self.0.iter().any(|(other, _)| other == name)
    }

    /// The environment variables that values come from.
    pub(crate) fn secrets(&self) -> Vec<String> {
        self.0.iter().filter_map(|(_, value)| value.strip_prefix("env:")).map(str::to_owned).collect()
    }

    /// The lines of every request to a URL: its host, and what the configuration adds, with what the environment holds. A variable
    /// that is not set is an error naming it.
    pub(crate) fn lines(&self, context: &BuildContext, what: &str, url: &HttpUrl) -> Result<HeaderLines, DeviceError> {
        let mut lines = format!("host: {}\r\n", url.host()).into_bytes();
        for (name, value) in &self.0 {
            let value = match value.strip_prefix("env:") {
                Some(variable) => std::env::var(variable).map_err(|_| {
                    unbuildable(context, what, format_args!("the environment variable {variable} of the header {name} is not set"))
                })?,
                None => value.clone(),
            };
            let value = HeaderValue::from_str(&value).map_err(|_| {
                unbuildable(context, what, format_args!("the value of the header {name} has characters that no header can have"))
            })?;
            for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                lines.extend_from_slice(part);
            }
        }
        Ok(HeaderLines(lines.into()))
    }
}
