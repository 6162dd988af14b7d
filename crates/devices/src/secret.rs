//! Secrets of the configuration: the name of an environment variable, never the secret itself.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// A secret that stands in an environment variable: `env:NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Secret {
    variable: String,
}

/// A text that is no [`Secret`]. It is not repeated: it may be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotASecret {
    /// The secret itself, or anything else.
    #[error("no password belongs into the configuration: put it into an environment variable and write \"env:NAME\"")]
    Written,
    /// Only `env:`.
    #[error("the name of the environment variable is missing after env:")]
    NoName,
}

impl Secret {
    /// The variable.
    pub fn variable(&self) -> &str {
        &self.variable
    }

    /// What the variable holds.
    ///
    /// # Errors
    /// If it is not set; what it holds is not told.
    pub(crate) fn resolve(&self, setting: &str) -> Result<String, String> {
        std::env::var(&self.variable).map_err(|_| format!("the environment variable {} of `{setting}` is not set", self.variable))
    }
}

impl TryFrom<String> for Secret {
    type Error = NotASecret;

    fn try_from(text: String) -> Result<Self, NotASecret> {
        match text.strip_prefix("env:") {
            None => Err(NotASecret::Written),
            Some("") => Err(NotASecret::NoName),
            Some(variable) => Ok(Self { variable: variable.to_owned() }),
        }
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^env:.", "examples": ["env:CAMERA_PASSWORD"] })
    }
}
