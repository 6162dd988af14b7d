//! Celery's remote control: commands to workers and what they answer. Pure.
//!
//! Commands are fanned out through the exchange `celery.pidbox` to a mailbox of each worker; answers come through the direct exchange
//! `reply.celery.pidbox` to the queue that the command names.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// The exchange that commands are published to, of type fanout.
pub const COMMANDS: &str = "celery.pidbox";
/// The exchange that answers are published to, of type direct.
pub const ANSWERS: &str = "reply.celery.pidbox";

/// What workers can be told and asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Say that you are there.
    Ping,
    /// Which tasks do you know?
    Registered,
    /// Which queues do you consume?
    ActiveQueues,
    /// Do not begin this task; end it, too, if `terminate`.
    Revoke {
        /// The task.
        id: Uuid,
        /// A worker's child process that is at it is ended by SIGTERM.
        terminate: bool,
    },
}

impl Command {
    /// The name workers know it by.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Registered => "registered",
            Self::ActiveQueues => "active_queues",
            Self::Revoke { .. } => "revoke",
        }
    }

    /// The message's body. `reply_to` is the routing key that answers are to bear; without it nobody answers.
    pub fn body(&self, reply_to: Option<&str>) -> Vec<u8> {
        let arguments = match self {
            Self::Ping | Self::ActiveQueues => json!({}),
            Self::Registered => json!({ "taskinfoitems": [], "builtins": false }),
            Self::Revoke { id, terminate } => json!({ "task_id": id.to_string(), "terminate": terminate, "signal": "SIGTERM" }),
        };
        let mut body = json!({
            "method": self.method(),
            "arguments": arguments,
            "destination": null,
            "pattern": null,
            "matcher": null,
        });
        if let Some(routing_key) = reply_to {
            body["reply_to"] = json!({ "exchange": ANSWERS, "routing_key": routing_key });
        }
        body.to_string().into_bytes()
    }
}

/// The answers in one message: by worker (`celery@host`), what it said. Other messages hold none.
pub fn answers(body: &[u8]) -> BTreeMap<String, Value> {
    serde_json::from_slice(body).unwrap_or_default()
}

/// The names of tasks in a worker's answer to [`Command::Registered`]. Attributes that a name may be followed by are left out.
pub fn registered(answer: &Value) -> Vec<String> {
    let names = answer.as_array().map(Vec::as_slice).unwrap_or_default();
    names.iter().filter_map(Value::as_str).map(|name| name.split(" [").next().unwrap_or(name).to_owned()).collect()
}

/// The names of queues in a worker's answer to [`Command::ActiveQueues`].
pub fn active_queues(answer: &Value) -> Vec<String> {
    #[derive(Deserialize)]
    struct Queue {
        name: String,
    }
    let queues = answer.as_array().map(Vec::as_slice).unwrap_or_default();
    queues.iter().filter_map(|queue| Queue::deserialize(queue).ok()).map(|queue| queue.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_says_where_to_answer() {
        let body: Value = serde_json::from_slice(&Command::Ping.body(Some("me"))).unwrap();
        assert_eq!(body["method"], "ping");
        assert_eq!(body["reply_to"], json!({ "exchange": "reply.celery.pidbox", "routing_key": "me" }));
        let revoke = Command::Revoke { id: Uuid::nil(), terminate: true };
        let body: Value = serde_json::from_slice(&revoke.body(None)).unwrap();
        assert_eq!(body["arguments"]["task_id"], Uuid::nil().to_string());
        assert!(body.get("reply_to").is_none());
    }

    #[test]
    fn answers_of_any_shape_are_read_as_far_as_they_go() {
        let read = answers(br#"{"rfid@host": ["devices.rfid", "devices.capture [rate_limit=1]", 5]}"#);
        assert_eq!(registered(&read["rfid@host"]), ["devices.rfid", "devices.capture"]);
        let read = answers(br#"{"rfid@host": [{"name": "rfid", "exchange": {}}, {"no": 1}]}"#);
        assert_eq!(active_queues(&read["rfid@host"]), ["rfid"]);
        assert!(answers(b"[1, 2]").is_empty() && registered(&json!({"error": "x"})).is_empty());
    }
}
