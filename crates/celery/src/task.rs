//! A task as a message of Celery's protocol, version 2
//! (<https://docs.celeryq.dev/en/stable/internals/protocol.html#version-2>). Pure.

use lapin::types::{AMQPValue, FieldArray, FieldTable, LongString};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// What a worker is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The task's id: its result is kept under it. The same id again is the same task.
    pub id: Uuid,
    /// The name it is registered under, such as `devices.rfid`.
    pub name: String,
    /// The queue that its workers consume.
    pub queue: String,
    /// Positional arguments.
    pub args: Vec<Value>,
    /// Keyword arguments.
    pub kwargs: Map<String, Value>,
}

/// The id of the task that carries out an operation: UUID version 5 of the operation's idempotency key, in the namespace for OIDs.
pub fn task_id(key: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, key.as_bytes())
}

impl Task {
    /// The message's body: arguments, keyword arguments, and nothing to follow the task.
    pub(crate) fn body(&self) -> Vec<u8> {
        json!([self.args, self.kwargs, { "callbacks": null, "errbacks": null, "chain": null, "chord": null }]).to_string().into_bytes()
    }

    /// The message's headers. `origin` names the program that sends it, as workers' logs show it.
    pub(crate) fn headers(&self, origin: &str) -> FieldTable {
        let text = |text: &str| AMQPValue::LongString(LongString::from(text));
        let id = || text(&self.id.to_string());
        let (args, kwargs) = (shown(&self.args), shown(&self.kwargs));
        let mut headers = FieldTable::default();
        for (name, value) in [
            ("lang", text("py")),
            ("task", text(&self.name)),
            ("id", id()),
            ("shadow", AMQPValue::Void),
            ("eta", AMQPValue::Void),
            ("expires", AMQPValue::Void),
            ("group", AMQPValue::Void),
            ("group_index", AMQPValue::Void),
            ("retries", AMQPValue::LongInt(0)),
            ("timelimit", AMQPValue::FieldArray(FieldArray::from(vec![AMQPValue::Void, AMQPValue::Void]))),
            ("root_id", id()),
            ("parent_id", AMQPValue::Void),
            ("argsrepr", text(&args)),
            ("kwargsrepr", text(&kwargs)),
            ("origin", text(origin)),
            ("ignore_result", AMQPValue::Boolean(false)),
        ] {
            headers.insert(name.into(), value);
        }
        headers
    }
}

/// How much of the arguments workers' logs show, in characters.
const SHOWN: usize = 1_024;

/// Arguments as workers' logs show them.
fn shown(arguments: &impl Serialize) -> String {
    let text = serde_json::to_string(arguments).unwrap_or_default();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task() -> Task {
        let kwargs = Map::from_iter([("seconds".to_owned(), json!(2))]);
        Task { id: task_id("stop/inventory/1"), name: "rfid".into(), queue: "rfid".into(), args: vec![json!("1号")], kwargs }
    }

    #[test]
    fn an_operation_has_the_same_id_every_time_and_each_try_another() {
        assert_eq!(task_id("stop/inventory/1"), task_id("stop/inventory/1"));
        assert_ne!(task_id("stop/inventory/1"), task_id("stop/inventory/2"));
        assert_eq!(task_id("a").to_string(), "d720e32d-4765-5177-b65b-42dd7f6e6445");
    }

    #[test]
    fn a_task_is_a_message_of_protocol_2() {
        let body = String::from_utf8(task().body()).unwrap();
        assert_eq!(body, r#"[["1号"],{"seconds":2},{"callbacks":null,"errbacks":null,"chain":null,"chord":null}]"#);
        let headers = task().headers("C1@host");
        let header = |name: &str| headers.inner()[name].clone();
        assert_eq!(header("task"), AMQPValue::LongString("rfid".into()));
        assert_eq!(header("id"), AMQPValue::LongString(task().id.to_string().as_str().into()));
        assert_eq!(header("root_id"), header("id"));
        assert_eq!(header("argsrepr"), AMQPValue::LongString("[\"1号\"]".into()));
        assert_eq!(header("ignore_result"), AMQPValue::Boolean(false));
        let long = Task { args: vec![json!("号".repeat(5000))], ..task() };
        let AMQPValue::LongString(shown) = long.headers("C1@host").inner()["argsrepr"].clone() else { panic!("no text") };
        assert_eq!(shown.to_string().chars().count(), SHOWN + 1, "headers travel in one frame");
    }
}
