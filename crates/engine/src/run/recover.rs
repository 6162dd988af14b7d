//! Taking a stocktake up again: its state is made anew from its records.

use std::collections::HashSet;
use std::sync::Arc;

use pandian_domain::stocktake::{Mode, Outage, Stocktake};
use pandian_domain::{Digest, Fact, Layout, Record, Stage, StocktakeId, StopId, Timestamp};
use pandian_store::Store;

use super::RunError;
use crate::journal::JournalError;

/// A stocktake as its records left it.
pub struct Recovered {
    /// Queues, lanes and tally.
    pub stocktake: Stocktake,
    /// When it was started.
    pub started_at: Timestamp,
    /// Digest of the configuration it was started with.
    pub configuration: Digest,
    /// The record of its end, if it has ended.
    pub finished: Option<Fact>,
    /// Stops that were begun and have no final judgement.
    pub(super) touched: HashSet<StopId>,
    /// When a crane was last free, as far as there are records.
    pub(super) freed_at: Timestamp,
}

/// The kinds of records that a stocktake's state is made from, besides those of its stops.
const DECISIVE: [&str; 7] =
    ["stocktake_started", "stocktake_planned", "locations_dropped", "lane_out", "lane_in", "cancelled", "stocktake_finished"];

impl Recovered {
    /// Reads a stocktake's records. A crane that gave up before is tried again; one that a person took out stays out.
    pub async fn read(store: &Store, id: StocktakeId, layout: Arc<Layout>) -> Result<Self, RunError> {
        let unrecoverable = |why: String| RunError::Unrecoverable { stocktake: id, why };
        let mut recovered = Self {
            stocktake: Stocktake::new(id, layout),
            started_at: Timestamp::MIN,
            configuration: Digest::ZERO,
            finished: None,
            touched: HashSet::new(),
            freed_at: Timestamp::MIN,
        };
        let mut cancelled = false;
        let mut records = store.records_of(id, &DECISIVE);
        while let Some(stored) = records.next().await.map_err(JournalError::from)? {
            let record = stored.record().map_err(JournalError::from)?;
            cancelled |= recovered.apply(record).map_err(unrecoverable)?;
        }
        if recovered.started_at == Timestamp::MIN {
            return Err(unrecoverable("the data directory has no record of its start".to_owned()));
        }
        let mut stops = store.histories(id);
        while let Some((stop, history)) = stops.next().await.map_err(JournalError::from)? {
            let left_at = if history.abandoned.is_some() { history.judged_at } else { history.released_at };
            recovered.freed_at = recovered.freed_at.max(left_at.unwrap_or(Timestamp::MIN));
            match history.judgement {
                Some((judgement, Stage::Final)) => recovered.stocktake.settle(stop, judgement.verdict),
                _ => drop(recovered.touched.insert(stop)),
            }
        }
        if cancelled {
            recovered.stocktake.cancel()?;
        }
        Ok(recovered)
    }

    /// Gives whether the record cancels the stocktake.
    fn apply(&mut self, record: Record) -> Result<bool, String> {
        let lane = record.lane.as_ref().map(|lane| self.stocktake.lanes_named(lane.as_str())).transpose().map_err(|refusal| refusal.to_string())?;
        match record.fact {
            Fact::StocktakeStarted { configuration, .. } => {
                self.started_at = record.at;
                self.configuration = configuration;
            }
            Fact::StocktakePlanned { planned, .. } => {
                self.stocktake.add(&planned).map_err(|refusal| format!("{refusal} (was the warehouse's configuration changed?)"))?;
            }
            Fact::LocationsDropped { dropped } => {
                for location in &dropped {
                    self.stocktake.drop_location(location).map_err(|refusal| refusal.to_string())?;
                }
            }
            // A lane that is out already, or in, is no contradiction: the operator may have said so twice.
            Fact::LaneOut { by: Outage::Operator, hand_on, .. } => {
                drop(self.stocktake.take_out(&lane.unwrap_or_default(), Outage::Operator, hand_on));
            }
            Fact::LaneIn {} => drop(self.stocktake.put_in(&lane.unwrap_or_default())),
            Fact::Cancelled {} => return Ok(true),
            finished @ Fact::StocktakeFinished { .. } => self.finished = Some(finished),
            _ => {}
        }
        Ok(false)
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.stocktake.mode() == Mode::Cancelled
    }
}
