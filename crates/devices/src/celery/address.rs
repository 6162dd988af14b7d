//! Addresses of servers in a configuration: a URL, or the name of an environment variable that holds one.

use std::borrow::Cow;
use std::fmt::{Debug, Display};

use pandian_celery::{BackendUrl, BadAddress, BrokerUrl};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// Where the broker is: `amqp://host:5672/vhost`, `amqps://…`, or `env:NAME`, the variable that holds the URL with its credentials.
pub type BrokerAddress = Address<BrokerUrl>;

/// Where results come back: `redis://host:6379/0`, `rediss://…`, `rpc://`, or `env:NAME`, the variable that holds the URL with its
/// credentials.
pub type BackendAddress = Address<BackendUrl>;

/// The URL of a server, or the variable that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String", bound = "U: ServerUrl")]
pub enum Address<U> {
    /// As it stands in the file, without a secret.
    Given(U),
    /// The name of an environment variable.
    Variable(String),
}

/// A kind of server's URL.
pub trait ServerUrl: Clone + Debug + Sized {
    /// The setting that holds it.
    const SETTING: &'static str;
    /// How such a setting begins, as a regular expression, and examples of it.
    const PATTERN: (&'static str, &'static [&'static str]);
    /// Reads it.
    fn parse(text: &str) -> Result<Self, BadAddress>;
    /// Whether it bears a password that is no public default.
    fn has_secret(&self) -> bool;
}

impl ServerUrl for BrokerUrl {
    const SETTING: &'static str = "broker";
    const PATTERN: (&'static str, &'static [&'static str]) =
        ("^(amqps?://|pyamqp://|env:)", &["amqp://localhost:5672//", "env:CELERY_BROKER_URL"]);
    fn parse(text: &str) -> Result<Self, BadAddress> {
        Self::parse(text)
    }
    fn has_secret(&self) -> bool {
        self.has_secret()
    }
}

impl ServerUrl for BackendUrl {
    const SETTING: &'static str = "backend";
    const PATTERN: (&'static str, &'static [&'static str]) =
        ("^(rediss?://|rpc://|env:)", &["redis://localhost:6379/0", "rpc://", "env:CELERY_RESULT_BACKEND"]);
    fn parse(text: &str) -> Result<Self, BadAddress> {
        Self::parse(text)
    }
    fn has_secret(&self) -> bool {
        self.has_secret()
    }
}

impl<U: ServerUrl> TryFrom<String> for Address<U> {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        match text.strip_prefix("env:") {
            Some("") => Err("the name of the environment variable is missing after env:".to_owned()),
            Some(name) => Ok(Self::Variable(name.to_owned())),
            None => {
                let url = U::parse(&text).map_err(|error| error.to_string())?;
                // A password in the file would be read by everybody who reads the file.
                if url.has_secret() {
                    return Err(format!(
                        "no password belongs into the configuration: put the whole URL into an environment variable and write {} = \
                         \"env:NAME\"",
                        U::SETTING
                    ));
                }
                Ok(Self::Given(url))
            }
        }
    }
}

impl<U: ServerUrl> Address<U> {
    /// The variable that holds it, if one does.
    pub(super) fn variable(&self) -> Option<&str> {
        match self {
            Self::Given(_) => None,
            Self::Variable(name) => Some(name),
        }
    }

    /// The URL. Of one from the environment, an error names the variable and not what it holds.
    pub(super) fn resolve(&self) -> Result<U, String> {
        match self {
            Self::Given(url) => Ok(url.clone()),
            Self::Variable(name) => {
                let told = |why: &dyn Display| format!("the environment variable {name} of `{}`{why}", U::SETTING);
                let value = std::env::var(name).map_err(|_| told(&" is not set"))?;
                U::parse(&value).map_err(|error| told(&format_args!(": {error}")))
            }
        }
    }
}

impl<U: ServerUrl> JsonSchema for Address<U> {
    fn schema_name() -> Cow<'static, str> {
        format!("Address_of_{}", U::SETTING).into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let (pattern, examples) = U::PATTERN;
        json_schema!({ "type": "string", "pattern": pattern, "examples": examples })
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
