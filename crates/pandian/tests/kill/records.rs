//! What a data directory holds, against what its processes printed before they died.

use std::collections::HashMap;
use std::path::Path;

use pandian_domain::{Fact, Stage};
use pandian_store::{Access, Store, StoredRecord};

use serde_json::Value;

use super::ground::LOCATIONS;
use super::program::event;

/// What a report says of one location, but for the times and names that differ from run to run.
#[derive(Debug, PartialEq)]
pub(crate) struct Counted([String; 7]);

impl Counted {
    /// Reads a row of the report: the location, and what became of it.
    pub(crate) fn of_row(line: &str) -> (String, Self) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells[2], "final", "{line}");
        (cells[0].to_owned(), Self([1, 3, 4, 5, 6, 7, 8].map(|column| cells[column].to_owned())))
    }

    pub(crate) fn verdict(&self) -> &str {
        &self.0[0]
    }
}

/// Every record of a data directory, in order.
pub(crate) struct Records(Vec<StoredRecord>);

impl Records {
    pub(crate) fn read(data: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let read = async {
            let store = Store::open(data, Access::Read).await?;
            store.records_after(0, u32::MAX).await
        };
        Self(runtime.block_on(read).unwrap())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The records of one type.
    pub(crate) fn of_type(&self, kind: &str) -> Vec<Value> {
        self.0.iter().map(|stored| event(&stored.body)).filter(|record| record["type"] == kind).collect()
    }

    /// Every event that was printed, by whichever process, is a record: nothing that anybody was told is lost or was changed, and
    /// nothing was told twice.
    pub(crate) fn bear_out(&self, printed: &[&str]) {
        let mut last = 0;
        for line in printed {
            let seq = event(line)["seq"].as_u64().unwrap();
            assert!(seq > last, "event {seq} after {last}: {line}");
            last = seq;
            let record = &self.0[seq as usize - 1];
            assert_eq!(*line, format!("{{\"seq\":{seq},{}", &record.body[1..]));
        }
    }

    /// One final judgement a location, one stop a location.
    pub(crate) fn judge_each_location_once(&self) {
        let mut stops = HashMap::new();
        for stored in &self.0 {
            let record = stored.record().unwrap();
            if let Fact::Judged { stage, .. } = record.fact {
                assert_eq!(stage, Stage::Final);
                let location = record.location.unwrap();
                let before = stops.insert(location.clone(), record.stop.unwrap());
                assert_eq!(before, None, "{location} was judged twice");
            }
        }
        assert_eq!(stops.len(), LOCATIONS);
    }

    /// The head that the end of the stocktake names.
    pub(crate) fn head(&self) -> String {
        let finished = self.of_type("stocktake_finished");
        assert_eq!(finished.len(), 1);
        finished[0]["head"].as_str().unwrap().to_owned()
    }
}
