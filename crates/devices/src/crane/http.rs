//! Kind `http`: a crane, or a system that commands cranes, told over HTTP and JSON where to go.
//!
//! The page `docs/devices/http-crane.md` describes the protocol and the settings.

use std::borrow::Cow;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::catalog::{Build, BuildContext};
use crate::http::{Headers, HttpUrl, TaskUrlTemplate};
use crate::pointer::JsonPointer;
use crate::settings::{ByteSize, Period};
use crate::template::{Slot, Template, UnknownPlaceholder};
use crate::{Crane, DeviceError};

mod session;
mod wire;

pub use wire::{ReplyCode, TaskName};

/// Settings of a crane of kind `http`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpCraneSettings {
    /// Where the crane is told to go, by POST; used byte for byte.
    pub url: HttpUrl,
    /// How the arrival is told.
    #[serde(default)]
    pub mode: Mode,
    /// The field of the request that holds the location.
    #[serde(default = "space_number")]
    pub location_field: String,
    /// Further fields of the request, sent as they are.
    #[serde(default)]
    pub extra: Map<String, Value>,
    /// Request headers; `env:NAME` takes the value from the environment.
    #[serde(default)]
    pub headers: Headers,
    /// Where the reply's code stands.
    #[serde(default = "code")]
    pub code_pointer: JsonPointer,
    /// Where the reply's message stands.
    #[serde(default = "message")]
    pub message_pointer: JsonPointer,
    /// Where the task's name stands in the reply of an accepted task.
    #[serde(default = "task")]
    pub task_pointer: JsonPointer,
    /// The code of an arrival: 200 unless given.
    #[serde(default = "ReplyCode::arrived")]
    pub arrived_code: ReplyCode,
    /// The code of a task that was accepted or is under way: 202 unless given.
    #[serde(default = "ReplyCode::accepted")]
    pub accepted_code: ReplyCode,
    /// Codes that are alarms of the crane.
    #[serde(default)]
    pub alarm_codes: Vec<ReplyCode>,
    /// What the message of an arrival is, exactly.
    #[serde(default = "MessageTemplate::arrived")]
    pub message: MessageTemplate,
    /// With `mode = "poll"`: where the task is asked for, by GET.
    pub poll_url: Option<TaskUrlTemplate>,
    /// With `mode = "poll"`: how long to wait between two questions: 500ms unless given, at least 10ms.
    #[serde(default = "poll_interval")]
    pub poll_interval: Period,
    /// The longest reply that is read: 64KiB unless given.
    #[serde(default = "max_reply")]
    pub max_reply: ByteSize,
}

/// How the arrival is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The reply to the request comes when the crane has arrived.
    #[default]
    Sync,
    /// The reply names a task, which is then asked for until it has arrived.
    Poll,
    /// The reply names a task, and the crane posts its arrival to our listener.
    Callback,
}

fn space_number() -> String {
    "space_number".to_owned()
}

fn poll_interval() -> Period {
    Period::from_millis(500)
}

fn max_reply() -> ByteSize {
    ByteSize(64 * 1024)
}

const fn code() -> JsonPointer {
    JsonPointer::fixed("/code")
}

const fn message() -> JsonPointer {
    JsonPointer::fixed("/message")
}

const fn task() -> JsonPointer {
    JsonPointer::fixed("/data/task_id")
}

/// A message that placeholders make particular to one visit: `堆垛机已到达货位{location}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct MessageTemplate(Template);

impl MessageTemplate {
    /// The template's text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl MessageTemplate {
    fn arrived() -> Self {
        Self(Template::ending_in("堆垛机已到达货位", Slot::Location))
    }
}

impl TryFrom<String> for MessageTemplate {
    type Error = UnknownPlaceholder;
    fn try_from(text: String) -> Result<Self, UnknownPlaceholder> {
        Template::parse(&text, Slot::OF_VISIT).map(Self)
    }
}

impl JsonSchema for MessageTemplate {
    fn schema_name() -> Cow<'static, str> {
        "MessageTemplate".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "A text; {location} {crane} {lane} {stop} {attempt} {key} are filled in." })
    }
}

impl Build<dyn Crane> for HttpCraneSettings {
    fn check(&self) -> Result<(), String> {
        match (self.mode, &self.poll_url) {
            (Mode::Poll, None) => return Err("mode = \"poll\" needs a `poll_url`, such as \"http://host/tasks/{task_id}\"".to_owned()),
            (Mode::Sync | Mode::Callback, Some(_)) => return Err("a `poll_url` is used with mode = \"poll\" only".to_owned()),
            _ => {}
        }
        if self.poll_interval < Period::from_millis(10) {
            return Err("`poll_interval` is at least 10ms".to_owned());
        }
        if self.extra.contains_key(&self.location_field) {
            return Err(format!("`extra` has the field \"{}\" that holds the location", self.location_field));
        }
        if self.arrived_code == self.accepted_code || self.alarm_codes.contains(&self.arrived_code) {
            return Err("`arrived_code` is also the code of an accepted task or of an alarm".to_owned());
        }
        Ok(())
    }

    fn secrets(&self) -> Vec<String> {
        self.headers.secrets()
    }

    fn build(&self, context: &BuildContext) -> Result<Arc<dyn Crane>, DeviceError> {
        Ok(Arc::new(session::HttpCrane::new(self, context)?))
    }
}
