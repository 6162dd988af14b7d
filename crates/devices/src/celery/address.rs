//! Addresses of servers in a configuration: a URL, or the name of an environment variable that holds one.

use std::borrow::Cow;

use pandian_celery::{BackendUrl, BrokerUrl};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// Where the broker is: `amqp://host:5672/vhost`, `amqps://…`, or `env:NAME`, the variable that holds the URL with its credentials.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct BrokerAddress(Source<BrokerUrl>);

/// Where results come back: `redis://host:6379/0`, `rediss://…`, `rpc://`, or `env:NAME`, the variable that holds the URL with its
/// credentials.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct BackendAddress(Source<BackendUrl>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Source<T> {
    Given(T),
    Variable(String),
}

/// A password in the file would be read by everybody who reads the file.
fn no_secret_here(field: &str) -> String {
    format!("no password belongs into the configuration: put the whole URL into an environment variable and write {field} = \"env:NAME\"")
}

fn variable(text: &str) -> Option<Result<String, String>> {
    let name = text.strip_prefix("env:")?;
    Some(if name.is_empty() { Err("the name of the environment variable is missing after env:".to_owned()) } else { Ok(name.to_owned()) })
}

fn from_environment<T, E: std::fmt::Display>(field: &str, name: &str, parse: impl Fn(&str) -> Result<T, E>) -> Result<T, String> {
    let value = std::env::var(name).map_err(|_| format!("the environment variable {name} of `{field}` is not set"))?;
    parse(&value).map_err(|error| format!("the environment variable {name} of `{field}`: {error}"))
}

impl TryFrom<String> for BrokerAddress {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if let Some(name) = variable(&text) {
            return name.map(Source::Variable).map(Self);
        }
        let url = BrokerUrl::parse(&text).map_err(|error| error.to_string())?;
        if url.has_secret() { Err(no_secret_here("broker")) } else { Ok(Self(Source::Given(url))) }
    }
}

impl TryFrom<String> for BackendAddress {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if let Some(name) = variable(&text) {
            return name.map(Source::Variable).map(Self);
        }
        let url = BackendUrl::parse(&text).map_err(|error| error.to_string())?;
        if url.has_secret() { Err(no_secret_here("backend")) } else { Ok(Self(Source::Given(url))) }
    }
}

impl BrokerAddress {
    pub(super) fn variable(&self) -> Option<&str> {
        self.0.variable()
    }

    pub(super) fn resolve(&self) -> Result<BrokerUrl, String> {
        match &self.0 {
            Source::Given(url) => Ok(url.clone()),
            Source::Variable(name) => from_environment("broker", name, BrokerUrl::parse),
        }
    }
}

impl BackendAddress {
    pub(super) fn variable(&self) -> Option<&str> {
        self.0.variable()
    }

    pub(super) fn resolve(&self) -> Result<BackendUrl, String> {
        match &self.0 {
            Source::Given(url) => Ok(url.clone()),
            Source::Variable(name) => from_environment("backend", name, BackendUrl::parse),
        }
    }
}

impl<T> Source<T> {
    fn variable(&self) -> Option<&str> {
        match self {
            Self::Given(_) => None,
            Self::Variable(name) => Some(name),
        }
    }
}

impl JsonSchema for BrokerAddress {
    fn schema_name() -> Cow<'static, str> {
        "BrokerAddress".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(amqps?://|pyamqp://|env:)", "examples": ["amqp://localhost:5672//", "env:CELERY_BROKER_URL"] })
    }
}

impl JsonSchema for BackendAddress {
    fn schema_name() -> Cow<'static, str> {
        "BackendAddress".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(rediss?://|rpc://|env:)", "examples": ["redis://localhost:6379/0", "rpc://", "env:CELERY_RESULT_BACKEND"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broker(text: &str) -> Result<BrokerAddress, String> {
        text.to_owned().try_into()
    }

    #[test]
    fn a_password_in_the_file_is_refused_and_not_repeated() {
        let told = broker("amqp://me:hush@host//").unwrap_err();
        assert!(told.contains("env:NAME") && !told.contains("hush"), "{told}");
        assert!(BackendAddress::try_from("redis://:hush@host/0".to_owned()).unwrap_err().contains("backend = \"env:NAME\""));
        assert!(broker("amqp://guest:guest@host//").is_ok(), "what everybody knows is no secret");
    }

    #[test]
    fn an_address_may_come_from_the_environment() {
        let address = broker("env:PANDIAN_TEST_NO_SUCH_BROKER").unwrap();
        assert_eq!(address.variable(), Some("PANDIAN_TEST_NO_SUCH_BROKER"));
        assert_eq!(address.resolve().unwrap_err(), "the environment variable PANDIAN_TEST_NO_SUCH_BROKER of `broker` is not set");
        assert!(broker("env:").is_err());
    }
}
