//! What became of a stocktake: its events, in order.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use pandian_store::{Access, Store};
use serde_json::Value;

use super::program::event;

/// The events of a stocktake.
#[derive(Debug)]
pub(crate) struct Outcome(pub(crate) Vec<Value>);

impl Outcome {
    /// Those that a data directory has, whether its process is alive or not.
    pub(crate) fn on_record(data: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let read = async {
            let store = Store::open(data, Access::Read).await?;
            store.records_after(0, u32::MAX).await
        };
        let with_number = |seq: u64, body: &str| {
            let mut record = event(body);
            record["seq"] = seq.into();
            record
        };
        Self(runtime.block_on(read).unwrap().iter().map(|stored| with_number(stored.seq, &stored.body)).collect())
    }

    /// The events of one type.
    pub(crate) fn of_type(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |event| event["type"] == kind)
    }

    /// The locations that have an event of a type.
    pub(crate) fn locations(&self, kind: &str) -> BTreeSet<String> {
        self.of_type(kind).map(|event| text(event, "location").to_owned()).collect()
    }

    /// The newest judgements of one stage, by location. No stop is judged twice at the same stage, and no location by two stops.
    pub(crate) fn judged(&self, stage: &str) -> BTreeMap<String, &Value> {
        let mut judged = BTreeMap::new();
        let mut stops = HashMap::new();
        for judgement in self.of_type("judged").filter(|judgement| judgement["stage"] == stage) {
            let (location, stop) = (text(judgement, "location"), text(judgement, "stop"));
            assert_eq!(stops.insert(stop, location), None, "judged twice: {judgement}");
            assert!(judged.insert(location.to_owned(), judgement).is_none(), "judged twice: {judgement}");
        }
        judged
    }

    /// The final verdict of every location. Each names the provisional one that it replaces, and comes after it.
    pub(crate) fn verdicts(&self) -> BTreeMap<String, String> {
        let (provisional, last) = (self.judged("provisional"), self.judged("final"));
        for (location, judgement) in &last {
            let before = provisional.get(location);
            assert_eq!(judgement.get("supersedes"), before.map(|before| &before["seq"]), "{judgement} after {before:?}");
            assert!(before.is_none_or(|before| before["seq"].as_u64() < judgement["seq"].as_u64()), "{judgement}");
        }
        last.into_iter().map(|(location, judgement)| (location, text(judgement, "verdict").to_owned())).collect()
    }

    /// Locations that have a provisional judgement and no final one.
    pub(crate) fn provisional(&self) -> BTreeSet<String> {
        let last = self.judged("final");
        self.judged("provisional").into_keys().filter(|location| !last.contains_key(location)).collect()
    }

    /// Every try of an operation that failed.
    pub(crate) fn failures(&self) -> Vec<&Value> {
        self.of_type("operation_failed").collect()
    }
}

/// A text of an event.
pub(crate) fn text<'a>(event: &'a Value, key: &str) -> &'a str {
    event[key].as_str().unwrap_or_else(|| panic!("no {key} in {event}"))
}
