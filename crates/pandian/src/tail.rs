//! Follows the records of a running stocktake: what was committed, in order, nothing left out.

use std::io::{self, Write};

use pandian_domain::{Fact, Record, StocktakeId};
use pandian_store::{Store, StoreError, StoredRecord};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

/// Reads what comes after a sequence number, as it comes.
pub struct Tail {
    store: Store,
    stocktake: StocktakeId,
    seq: u64,
    complete: CancellationToken,
}

const PAGE: u32 = 1000;

/// The part of a record that says whether it is an event of this stocktake.
#[derive(Deserialize)]
struct Bearing<'a> {
    #[serde(rename = "type", borrow)]
    kind: std::borrow::Cow<'a, str>,
    stocktake: Option<StocktakeId>,
}

impl Tail {
    /// Begins after the record numbered `seq`. `complete` is cancelled when no more records come.
    pub fn new(store: Store, stocktake: StocktakeId, seq: u64, complete: CancellationToken) -> Self {
        Self { store, stocktake, seq, complete }
    }

    /// The next records that are on disk; waits for one. None once all were given and no more come.
    pub async fn next(&mut self) -> Result<Vec<StoredRecord>, StoreError> {
        let mut head = self.store.head();
        loop {
            let page = self.store.records_after(self.seq, PAGE).await?;
            if let Some(last) = page.last() {
                self.seq = last.seq;
                return Ok(page);
            }
            tokio::select! {
                biased;
                // The store lives as long as this does; its head cannot close before.
                _ = head.wait_for(|head| head.seq > self.seq) => {}
                () = self.complete.cancelled() => return Ok(page),
            }
        }
    }

    /// Whether a record is an event of this stocktake.
    pub fn is_event(&self, record: &StoredRecord) -> bool {
        serde_json::from_str::<Bearing<'_>>(&record.body)
            .is_ok_and(|bearing| bearing.stocktake == Some(self.stocktake) && Fact::is_event(&bearing.kind))
    }
}

/// Writes a record as an event: the record's own object, with its sequence number in front.
pub fn write_event(out: &mut impl Write, record: &StoredRecord) -> io::Result<()> {
    writeln!(out, "{{\"seq\":{},{}", record.seq, record.body.strip_prefix('{').unwrap_or(&record.body))
}

/// A record that ends what its stocktake has to tell.
pub fn is_last(record: &Record) -> bool {
    matches!(record.fact, Fact::StocktakeFinished { .. })
}
