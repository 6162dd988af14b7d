//! Where in a JSON document something stands.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::Value;

/// A JSON pointer (RFC 6901): `/data/task_id`; the empty one is the whole document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct JsonPointer(Cow<'static, str>);

impl JsonPointer {
    /// A pointer of the program's own.
    pub(crate) const fn fixed(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// The pointer's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands there; JSON's `null` is nothing.
    pub(crate) fn find<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        document.pointer(&self.0).filter(|value| !value.is_null())
    }
}

impl TryFrom<String> for JsonPointer {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if text.is_empty() || text.starts_with('/') {
            Ok(Self(text.into()))
        } else {
            Err(format!("\"{text}\" is no JSON pointer: one begins with a slash, such as \"/data/task_id\""))
        }
    }
}

impl JsonSchema for JsonPointer {
    fn schema_name() -> Cow<'static, str> {
        "JsonPointer".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(/|$)", "examples": ["/code", "/data/task_id"] })
    }
}
