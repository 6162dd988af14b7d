//! Request headers of the configuration; secrets come from the environment.

use std::collections::BTreeMap;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::DeviceError;
use crate::catalog::{BuildContext, unbuildable};

/// Request headers by name. A value that begins with `env:` is the name of an environment variable that holds the header's value,
/// read when the device is built; so no secret stands in the file. Values are never logged.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "BTreeMap<String, String>")]
#[schemars(with = "BTreeMap<String, String>")]
pub struct Headers(Vec<(HeaderName, String)>);

/// Headers that the client itself writes.
const OWN: [HeaderName; 6] = [
    hyper::header::HOST,
    hyper::header::CONTENT_LENGTH,
    hyper::header::TRANSFER_ENCODING,
    hyper::header::CONNECTION,
    hyper::header::UPGRADE,
    hyper::header::EXPECT,
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

impl Headers {
    /// The headers with what the environment holds. A variable that is not set is an error naming it.
    pub(crate) fn resolve(&self, context: &BuildContext, what: &str) -> Result<HeaderMap, DeviceError> {
        let mut map = HeaderMap::with_capacity(self.0.len() + 4);
        for (name, value) in &self.0 {
            let text = match value.strip_prefix("env:") {
                Some(variable) => std::env::var(variable).map_err(|_| {
                    unbuildable(context, what, format_args!("the environment variable {variable} of the header {name} is not set"))
                })?,
                None => value.clone(),
            };
            let mut value = HeaderValue::from_str(&text).map_err(|_| {
                unbuildable(context, what, format_args!("the value of the header {name} has characters that no header can have"))
            })?;
            value.set_sensitive(true);
            map.insert(name.clone(), value);
        }
        Ok(map)
    }
}
