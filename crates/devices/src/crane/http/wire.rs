//! JSON ⇄ values of the `http` crane. Pure.

use std::borrow::Cow;
use std::fmt;

use pandian_domain::{Code, LocationCode};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{HttpCraneSettings, MessageTemplate, Mode, code, message};
use crate::Visit;
use crate::error::excerpt;
use crate::http::{is_object, without_bom};
use crate::pointer::JsonPointer;

/// The `code` of a reply: a whole number, or a text. `200` and `"200"` are different codes.
#[derive(Debug, Clone, PartialEq)]
pub enum ReplyCode {
    /// A whole number.
    Number(i64),
    /// A text.
    Text(Box<str>),
    /// Another number, as it was written or nearly so. It equals no code of a configuration.
    Odd(f64),
}

impl ReplyCode {
    pub(super) fn arrived() -> Self {
        Self::Number(200)
    }
    pub(super) fn accepted() -> Self {
        Self::Number(202)
    }
}

impl fmt::Display for ReplyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => write!(f, "\"{}\"", excerpt(text)),
            Self::Odd(number) => number.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for ReplyCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;
        impl Visitor<'_> for NumberOrText {
            type Value = ReplyCode;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a code: a whole number or a text")
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<ReplyCode, E> {
                Ok(ReplyCode::Number(number))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<ReplyCode, E> {
                Ok(i64::try_from(number).map_or(ReplyCode::Odd(number as f64), ReplyCode::Number))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<ReplyCode, E> {
                Ok(ReplyCode::Odd(number))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<ReplyCode, E> {
                Ok(ReplyCode::Text(text.into()))
            }
        }
        deserializer.deserialize_any(NumberOrText)
    }
}

impl JsonSchema for ReplyCode {
    fn schema_name() -> Cow<'static, str> {
        "ReplyCode".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["integer", "string"], "examples": [200, "OK"] })
    }
}

/// The name that a crane system gives a task: a text, or a number taken as its digits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "TextOrNumber")]
pub struct TaskName(String);

#[derive(Deserialize)]
#[serde(untagged)]
enum TextOrNumber {
    Text(String),
    Number(serde_json::Number),
}

impl From<TextOrNumber> for TaskName {
    fn from(name: TextOrNumber) -> Self {
        Self(match name {
            TextOrNumber::Text(text) => text,
            TextOrNumber::Number(number) => number.to_string(),
        })
    }
}

impl TaskName {
    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a reply that is no failure says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The crane stands at the location.
    Arrived,
    /// The crane is on its way; the task's name, if the reply bears one.
    Accepted(Option<TaskName>),
}

/// Why a reply is no arrival at the location asked for.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("sent a reply that cannot be understood: {why}; it begins \"{begin}\"")]
    BadReply { why: String, begin: String },
    #[error("answered the code {code}, not {arrived}{message}{advice}")]
    WrongCode { code: ReplyCode, arrived: ReplyCode, message: String, advice: &'static str },
    #[error("reports the alarm {code}{message}")]
    Alarm { code: ReplyCode, message: String },
    #[error("says \"{said}\" where \"{wanted}\" was expected")]
    WrongLocation { said: String, wanted: String },
}

impl Refusal {
    pub(super) fn code(&self) -> Code {
        match self {
            Self::BadReply { .. } => Code::DeviceBadReply,
            Self::WrongCode { .. } => Code::CraneWrongCode,
            Self::Alarm { .. } => Code::CraneAlarm,
            Self::WrongLocation { .. } => Code::CraneWrongLocation,
        }
    }

    fn bad(body: &[u8], why: impl fmt::Display) -> Self {
        Self::BadReply { why: why.to_string(), begin: excerpt(&String::from_utf8_lossy(&body[..body.len().min(400)])) }
    }
}

/// Requests and replies of one crane, everything prepared that does not change.
#[derive(Debug)]
pub(super) struct Wire {
    before_location: Box<[u8]>,
    after_location: Box<[u8]>,
    code: JsonPointer,
    message: JsonPointer,
    task: JsonPointer,
    /// Code and message stand where the scenario has them, so that no tree of values is needed.
    is_plain: bool,
    is_sync: bool,
    arrived: ReplyCode,
    accepted: ReplyCode,
    alarms: Box<[ReplyCode]>,
    wanted: MessageTemplate,
}

/// A reply with code and message at their usual places. `data` is looked at only where a task's name is wanted.
#[derive(Deserialize)]
struct PlainReply<'a> {
    code: Option<ReplyCode>,
    #[serde(borrow)]
    message: Option<Text<'a>>,
}

/// A text that is borrowed unless it has escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Wire {
    pub(super) fn new(settings: &HttpCraneSettings) -> Self {
        let mut before_location = b"{".to_vec();
        push_json(&mut before_location, &settings.location_field);
        before_location.extend_from_slice(b": ");
        let mut after_location = Vec::new();
        for (name, value) in &settings.extra {
            after_location.extend_from_slice(b", ");
            push_json(&mut after_location, name);
            after_location.extend_from_slice(b": ");
            push_json(&mut after_location, value);
        }
        after_location.push(b'}');
        Self {
            before_location: before_location.into(),
            after_location: after_location.into(),
            is_plain: settings.code_pointer == code() && settings.message_pointer == message(),
            is_sync: settings.mode == Mode::Sync,
            code: settings.code_pointer.clone(),
            message: settings.message_pointer.clone(),
            task: settings.task_pointer.clone(),
            arrived: settings.arrived_code.clone(),
            accepted: settings.accepted_code.clone(),
            alarms: settings.alarm_codes.clone().into(),
            wanted: settings.message.clone(),
        }
    }

    /// The body that sends the crane to a location.
    pub(super) fn request(&self, location: &LocationCode) -> Vec<u8> {
        let location = location.as_str();
        let mut body = Vec::with_capacity(self.before_location.len() + location.len() + 8 + self.after_location.len());
        body.extend_from_slice(&self.before_location);
        push_json(&mut body, location);
        body.extend_from_slice(&self.after_location);
        body
    }

    /// What a reply says.
    pub(super) fn read(&self, body: &[u8], visit: &Visit) -> Result<Answer, Refusal> {
        let body = without_bom(body);
        // A list of the right values in the right order would be read as an object.
        if !is_object(body) {
            return Err(Refusal::bad(body, "an object is wanted"));
        }
        if self.is_plain {
            let reply: PlainReply<'_> = serde_json::from_slice(body).map_err(|error| Refusal::bad(body, error))?;
            let code = reply.code.ok_or_else(|| self.missing(body, &self.code))?;
            if self.is_sync || code != self.accepted {
                return self.judge_reply(body, &code, reply.message.as_ref().map(|text| &*text.0), visit);
            }
        }
        let reply: Value = serde_json::from_slice(body).map_err(|error| Refusal::bad(body, error))?;
        let code = reply.pointer(self.code.as_str()).ok_or_else(|| self.missing(body, &self.code))?;
        let code = ReplyCode::deserialize(code).map_err(|error| Refusal::bad(body, format_args!("{}: {error}", self.code.as_str())))?;
        if !self.is_sync && code == self.accepted {
            let name = reply.pointer(self.task.as_str()).and_then(|name| TaskName::deserialize(name).ok());
            return Ok(Answer::Accepted(name.filter(|name| !name.as_str().is_empty())));
        }
        self.judge_reply(body, &code, reply.pointer(self.message.as_str()).and_then(Value::as_str), visit)
    }

    fn judge_reply(&self, body: &[u8], code: &ReplyCode, message: Option<&str>, visit: &Visit) -> Result<Answer, Refusal> {
        if message.is_none() && *code == self.arrived {
            return Err(self.missing(body, &self.message));
        }
        self.judge(code, message.unwrap_or_default(), visit).map(|()| Answer::Arrived)
    }

    /// Whether code and message are those of the arrival at the visit's location.
    pub(super) fn judge(&self, code: &ReplyCode, message: &str, visit: &Visit) -> Result<(), Refusal> {
        if *code == self.arrived {
            return if self.wanted.0.is_filled_as(message, visit.into()) {
                Ok(())
            } else {
                Err(Refusal::WrongLocation { said: excerpt(message), wanted: excerpt(&self.wanted.0.fill(visit.into())) })
            };
        }
        let shown = if message.is_empty() { String::new() } else { format!(": {}", excerpt(message)) };
        if self.alarms.contains(code) {
            return Err(Refusal::Alarm { code: code.clone(), message: shown });
        }
        let answers_later = self.is_sync && *code == self.accepted;
        let advice = if answers_later { "; it answers later: set mode = \"poll\" or \"callback\"" } else { "" };
        Err(Refusal::WrongCode { code: code.clone(), arrived: self.arrived.clone(), message: shown, advice })
    }

    /// A reply that lacks what its pointer names.
    pub(super) fn missing(&self, body: &[u8], pointer: &JsonPointer) -> Refusal {
        Refusal::bad(body, format_args!("{} is missing", pointer.as_str()))
    }

    /// A reply that accepts a task without naming it.
    pub(super) fn nameless(&self, body: &[u8]) -> Refusal {
        self.missing(body, &self.task)
    }
}

/// Writes a value as JSON; texts in UTF-8, escaped only where JSON demands it.
fn push_json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    // Neither texts nor parsed values can fail to be written to memory.
    let _ = serde_json::to_writer(out, value);
}

#[cfg(test)]
mod tests;
