//! What a worker says of a task, as it stands in a result backend. Pure.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// What a worker says of a task.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    /// It was received or begun, or is in a state of the task's own making. Its name, such as `STARTED`.
    State(String),
    /// It will be tried again by the worker, because of this.
    Retrying(String),
    /// It brought this, as JSON.
    Succeeded(Bytes),
    /// It failed.
    Failed {
        /// The exception's type, such as `ValueError`.
        kind: String,
        /// The exception's message.
        message: String,
        /// The worker's traceback, lines and all.
        traceback: Option<String>,
    },
    /// It was revoked, had expired, or was terminated: the worker's word for it.
    Revoked(String),
    /// What is stored is larger than it may be.
    TooLarge {
        /// Its size in bytes, where it is known.
        bytes: Option<u64>,
    },
    /// What is stored cannot be understood: this is why.
    Garbled(String),
}

#[derive(Deserialize)]
struct Meta<'a> {
    status: String,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    traceback: Option<Value>,
}

/// How an exception is stored by the JSON serializer.
#[derive(Deserialize)]
struct Exception {
    exc_type: String,
    #[serde(default)]
    exc_message: Value,
}

impl Report {
    /// Reads what stands in the backend under a task's id.
    pub fn read(stored: &Bytes) -> Self {
        let text = match std::str::from_utf8(stored) {
            Ok(text) => text,
            Err(_) => return Self::Garbled("it is no JSON, not even text: the workers need result_serializer = \"json\"".to_owned()),
        };
        let meta: Meta<'_> = match serde_json::from_str(text) {
            Ok(meta) => meta,
            Err(error) => return Self::Garbled(format!("it is not what a worker stores with the JSON serializer: {error}")),
        };
        let exception = || Exception::read(meta.result);
        match meta.status.as_str() {
            "SUCCESS" => Self::Succeeded(meta.result.map_or(Bytes::from_static(b"null"), |raw| stored.slice_ref(raw.get().as_bytes()))),
            "FAILURE" => {
                let Exception { exc_type, exc_message } = exception();
                let traceback = meta.traceback.as_ref().and_then(Value::as_str).filter(|text| !text.trim().is_empty()).map(str::to_owned);
                Self::Failed { kind: exc_type, message: words(&exc_message), traceback }
            }
            "REVOKED" => Self::Revoked(match words(&exception().exc_message) {
                why if why.is_empty() => "revoked".to_owned(),
                why => why,
            }),
            "RETRY" => {
                let Exception { exc_type, exc_message } = exception();
                Self::Retrying(format!("{exc_type}: {}", words(&exc_message)))
            }
            _ => Self::State(meta.status),
        }
    }

    /// Whether nothing more will be said of the task.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::State(_) | Self::Retrying(_))
    }
}

impl Exception {
    /// An exception that is stored in another form is told as it stands.
    fn read(stored: Option<&RawValue>) -> Self {
        let text = stored.map_or("null", RawValue::get);
        serde_json::from_str(text)
            .unwrap_or_else(|_| Self { exc_type: "Exception".to_owned(), exc_message: serde_json::from_str(text).unwrap_or_default() })
    }
}

/// The arguments of an exception, as a person would write them.
fn words(message: &Value) -> String {
    match message {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Report {
        Report::read(&Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn a_result_is_kept_as_the_json_it_is() {
        let text = r#"{"status": "SUCCESS", "result": {"tags": [1.50]}, "traceback": null, "children": [], "task_id": "x"}"#;
        assert_eq!(read(text), Report::Succeeded(Bytes::from_static(br#"{"tags": [1.50]}"#)));
        assert!(read(r#"{"status": "SUCCESS", "result": "\u8bfb\u53d6RFID\u4fe1\u606f"}"#).is_final());
        assert_eq!(read(r#"{"status": "SUCCESS", "result": null}"#), Report::Succeeded(Bytes::from_static(b"null")));
    }

    #[test]
    fn a_failure_is_told_with_its_type_its_message_and_its_traceback() {
        let text = r#"{"status": "FAILURE", "result": {"exc_type": "ValueError", "exc_message": ["bad port", 4], "exc_module": "builtins"},
            "traceback": "Traceback (most recent call last):\n  File \"tasks.py\", line 9\nValueError: bad port\n"}"#;
        let Report::Failed { kind, message, traceback } = read(text) else { panic!("no failure") };
        assert_eq!((kind.as_str(), message.as_str()), ("ValueError", "bad port, 4"));
        assert!(traceback.unwrap().ends_with("ValueError: bad port\n"));
    }

    #[test]
    fn states_are_told_apart() {
        let revoked = r#"{"status": "REVOKED", "result": {"exc_type": "TaskRevokedError", "exc_message": ["terminated"]}}"#;
        assert_eq!(read(revoked), Report::Revoked("terminated".into()));
        let retry = r#"{"status": "RETRY", "result": {"exc_type": "OSError", "exc_message": [5, "reader is busy"]}}"#;
        assert_eq!(read(retry), Report::Retrying("OSError: 5, reader is busy".into()));
        assert!(!read(retry).is_final());
        assert_eq!(read(r#"{"status": "ACQUIRED", "result": {}}"#), Report::State("ACQUIRED".into()));
    }

    #[test]
    fn what_no_worker_stores_is_garbled_and_final() {
        for text in ["", "nonsense", "{}", r#"{"status": 5}"#, "[1]"] {
            let report = read(text);
            assert!(matches!(report, Report::Garbled(_)) && report.is_final(), "{text}: {report:?}");
        }
        assert!(matches!(Report::read(&Bytes::from_static(b"\x80\x04\x95")), Report::Garbled(why) if why.contains("result_serializer")));
    }
}
