//! What the tasks themselves say they did.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::program::PATIENCE;

/// One line of the log.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Entry {
    pub(crate) task: String,
    pub(crate) id: String,
    pub(crate) location: String,
    pub(crate) state: String,
    pub(crate) pid: i32,
}

impl Entry {
    fn is_begin(&self) -> bool {
        self.state == "begin"
    }
}

/// The log of every task of a warehouse.
#[derive(Debug)]
pub(crate) struct TaskLog(pub(crate) PathBuf);

impl TaskLog {
    /// Everything so far, in order.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Those that have begun and not ended.
    pub(crate) fn under_way(&self) -> Vec<Entry> {
        let mut under_way = Vec::<Entry>::new();
        for entry in self.entries() {
            if entry.is_begin() {
                under_way.push(entry);
            } else {
                under_way.retain(|begun| (&begun.id, begun.pid) != (&entry.id, entry.pid));
            }
        }
        under_way
    }

    /// The ids under which a task was begun at a location, one for each time.
    pub(crate) fn begun(&self, task: &str, location: &str) -> Vec<String> {
        let entries = self.entries().into_iter();
        entries.filter(|entry| entry.is_begin() && entry.task == task && entry.location == location).map(|entry| entry.id).collect()
    }

    /// How often a task was begun again for a location.
    pub(crate) fn repeats(&self) -> Repeats {
        let mut begun = BTreeMap::<_, Vec<String>>::new();
        for entry in self.entries().into_iter().filter(Entry::is_begin) {
            begun.entry((entry.task, entry.location)).or_default().push(entry.id);
        }
        let mut repeats = Repeats::default();
        for ids in begun.values() {
            let distinct = ids.iter().collect::<BTreeSet<_>>().len();
            repeats.same_id += ids.len() - distinct;
            repeats.other_id += distinct - 1;
        }
        repeats
    }

    /// Waits until the log says so.
    pub(crate) async fn wait_for<T>(&self, what: &str, found: impl Fn(&Self) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = found(self) {
                return found;
            }
            assert!(Instant::now() < deadline, "{what}: not so after {:#?}", self.entries());
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until both tasks are in the midst of their work somewhere.
    pub(crate) async fn wait_for_work(&self) -> Vec<Entry> {
        let both = |log: &Self| {
            let under_way = log.under_way();
            ["rfid", "capture"].iter().all(|task| under_way.iter().any(|entry| entry.task == *task)).then_some(under_way)
        };
        self.wait_for("both tasks are at work", both).await
    }

    /// Waits until both tags are read and both pictures are being taken at the first stops of two cranes. By then the broker has long been
    /// told that a worker has these tasks.
    pub(crate) async fn wait_for_pictures(&self) -> Vec<Entry> {
        let capturing = |log: &Self| {
            let read = log.entries().into_iter().filter(|entry| entry.task == "rfid" && !entry.is_begin());
            (read.count() == 2).then(|| log.under_way()).filter(|under_way| under_way.len() == 2)
        };
        self.wait_for("two pictures are being taken", capturing).await
    }

    /// Waits until nothing is under way.
    pub(crate) async fn wait_for_end_of_work(&self) {
        self.wait_for("what was under way has ended", |log| log.under_way().is_empty().then_some(())).await;
    }
}

/// Tasks that were begun more than once for the same location.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Repeats {
    /// By the broker, under the id that it had before.
    pub(crate) same_id: usize,
    /// By pandian, as another try.
    pub(crate) other_id: usize,
}
