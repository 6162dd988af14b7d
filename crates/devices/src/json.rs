//! What programs and HTTP services say in JSON, read with errors that name the field and the position.

use std::sync::Arc;

use bytes::Bytes;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::error::excerpt;
use crate::http::{is_object, without_bom};
use crate::pointer::JsonPointer;

/// How much of a plain text is kept as a note, in characters.
const NOTE: usize = 4000;

/// A text that is not the JSON object that was agreed on: the field, what is wrong with it, and where.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BadJson(pub(crate) String);

/// Reads one JSON object. Fields beyond the agreed ones are passed over.
pub(crate) fn object<T: DeserializeOwned>(text: &[u8]) -> Result<T, BadJson> {
    if !is_object(text) {
        let begin = excerpt(&String::from_utf8_lossy(&text[..text.len().min(400)]));
        return Err(BadJson(format!("an object is wanted; it begins \"{begin}\"")));
    }
    let mut reader = serde_json::Deserializer::from_slice(without_bom(text));
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let reason = error.into_inner();
        BadJson(if path == "." { reason.to_string() } else { format!("{path}: {reason}") })
    })?;
    reader.end().map_err(|error| BadJson(error.to_string()))?;
    Ok(value)
}

/// Whether a text is meant to be JSON: it begins an object, or is a list from end to end.
pub(crate) fn is_meant(text: &[u8]) -> bool {
    is_object(text) || is_list(text)
}

fn is_list(text: &[u8]) -> bool {
    let text = without_bom(text).trim_ascii();
    text.starts_with(b"[") && serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

/// A plain text as a note: bounded, without blanks around it; nothing if nothing is left.
pub(crate) fn note(text: &[u8]) -> Option<Arc<str>> {
    let text = String::from_utf8_lossy(without_bom(text));
    let text: String = text.trim().chars().take(NOTE).collect();
    (!text.is_empty()).then(|| text.into())
}

/// Texts longer than this are read off the event loop: reading takes a few milliseconds a megabyte.
const LONG: usize = 64 * 1024;

/// Reads a text without holding up the event loop.
pub(crate) async fn read_aside<T: Send + 'static>(
    text: Bytes,
    read: impl Fn(&[u8]) -> Result<T, BadJson> + Send + 'static,
) -> Result<T, BadJson> {
    if text.len() <= LONG {
        return read(&text);
    }
    tokio::task::spawn_blocking(move || read(&text)).await.unwrap_or_else(|error| Err(BadJson(error.to_string())))
}

/// What a function in another program returned.
#[derive(Debug, PartialEq)]
pub(crate) enum Returned {
    /// Nothing.
    Nothing,
    /// A text that is no JSON.
    Text(String),
    /// An object or a list, as such or as the text that it was made into.
    Document(Value),
}

/// Reads what a function returned, given as JSON.
pub(crate) fn returned(result: &[u8]) -> Result<Returned, BadJson> {
    let parse = |text: &[u8]| serde_json::from_slice(text).map_err(|error| BadJson(error.to_string()));
    match parse(result)? {
        Value::Null => Ok(Returned::Nothing),
        Value::String(text) if is_meant(text.as_bytes()) => parse(without_bom(text.as_bytes())).map(Returned::Document),
        Value::String(text) => Ok(Returned::Text(text)),
        document @ (Value::Object(_) | Value::Array(_)) => Ok(Returned::Document(document)),
        other => Err(BadJson(format!("a text, an object or a list is wanted; it is {other}"))),
    }
}

/// What is wanted does not stand where a pointer says.
pub(crate) fn lacks(document: &Value, pointer: &JsonPointer, wanted: &str) -> BadJson {
    let found = match document {
        Value::Object(fields) if fields.is_empty() => "it is an empty object".to_owned(),
        Value::Object(fields) => format!("there are {}", fields.keys().map(String::as_str).collect::<Vec<_>>().join(", ")),
        Value::Array(_) => "it is a list".to_owned(),
        other => format!("it is {other}"),
    };
    let place = if pointer.as_str().is_empty() { "the whole result".to_owned() } else { pointer.as_str().to_owned() };
    BadJson(format!("{wanted} is not at {place}: {}", excerpt(&found)))
}
