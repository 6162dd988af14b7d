//! A whole stocktake: started or taken up again, driven to its end, cancelled or interrupted.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use pandian_domain::lane::LaneIndex;
use pandian_domain::stocktake::{Mode, Refusal, Sequence, Stocktake, Tally};
use pandian_domain::{Code, Digest, Fact, Failure, LocationCode, Purpose, StocktakeId};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::control::{Controller, LaneStatus};
use crate::journal::{Journal, JournalError};
use crate::lane::lane;
use crate::site::Site;
use crate::stop::STOP_VERSION;

mod forecast;
mod recover;
mod route;
mod shared;

pub use recover::Recovered;
pub use route::SEED;
pub(crate) use shared::Shared;

/// A run could not be started, or not be brought to its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The list of locations does not fit the warehouse.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Records cannot be written or read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Nothing can be written down any more.
    #[error(transparent)]
    Failed(Failure),
    /// The stocktake's records contradict the warehouse or each other.
    #[error("stocktake {stocktake} cannot be taken up again: {why}")]
    Unrecoverable {
        /// Which.
        stocktake: StocktakeId,
        /// Why not.
        why: String,
    },
}

impl RunError {
    /// The kind of failure.
    pub fn code(&self) -> Code {
        match self {
            Self::Refused(Refusal::UnknownLocation(_)) => Code::LocationUnknown,
            Self::Refused(_) => Code::StocktakeRefused,
            Self::Journal(error) => error.code(),
            Self::Failed(failure) => failure.code,
            Self::Unrecoverable { .. } => Code::ConfigInvalid,
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// Every location has its final judgement or the reason why not.
    Finished(Summary),
    /// The operator ended it; the same summary.
    Cancelled(Summary),
    /// It was told to stop and can be taken up again.
    Interrupted,
}

/// What a finished stocktake came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Which.
    pub stocktake: StocktakeId,
    /// Locations by outcome.
    pub tally: Tally,
    /// From the start to the last verdict.
    pub seconds: f64,
    /// From the start until the last crane was free.
    pub makespan_seconds: f64,
    /// Per lane: from the start until its crane was free for good.
    pub lanes: Vec<(LaneStatus, f64)>,
    /// Head of the record chain, the record of the end included.
    pub head: Digest,
}

/// A stocktake under way.
pub struct Run {
    shared: Arc<Shared>,
}

/// How many stops one record names at most.
const STOPS_PER_RECORD: usize = 1000;

impl Run {
    /// Begins a stocktake: its order is on disk before this returns, and no crane has moved.
    pub async fn start(
        site: Arc<Site>,
        journal: Arc<dyn Journal>,
        clock: Clock,
        id: StocktakeId,
        locations: Vec<LocationCode>,
        order: Sequence,
        seed: u64,
    ) -> Result<Self, RunError> {
        let mut stocktake = Stocktake::new(id, site.layout.clone(), site.settings.lanes);
        stocktake.add(&locations)?;
        if order == Sequence::Planned {
            route::plan_all(&site, &mut stocktake).await;
        }
        let started_at = clock.now();
        let to_count: Vec<u32> = stocktake.to_count().collect();
        let shared = Shared::new(site, journal, clock, started_at, stocktake, HashSet::new(), seed);
        shared.executor.judgements.open(to_count);
        let mut records = vec![shared.record(Fact::StocktakeStarted {
            locations: locations.len() as u64,
            warehouse: shared.site.name.clone(),
            warehouse_file: shared.site.file.clone(),
            configuration: shared.site.configuration,
            book_source: shared.site.book.as_ref().map(|book| book.source()),
            stop_version: STOP_VERSION,
            order,
        })];
        let mut first = 1;
        for part in locations.chunks(STOPS_PER_RECORD) {
            records.push(shared.record(Fact::StocktakePlanned { first, planned: part.to_vec(), purpose: Purpose::Count }));
            first += part.len() as u32;
        }
        records.extend(shared.assigned(1));
        // All or nothing: of an order cut short by a crash, the rest would be missing from the count without a word.
        shared.journal.append(records, Vec::new()).await?;
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Takes a stocktake up again where its records end.
    pub async fn resume(
        site: Arc<Site>,
        journal: Arc<dyn Journal>,
        clock: Clock,
        recovered: Recovered,
        seed: u64,
    ) -> Result<Self, RunError> {
        let Recovered { mut stocktake, started_at, touched, freed_at, order, filed, .. } = recovered;
        if order == Sequence::Planned {
            route::plan_all(&site, &mut stocktake).await;
        }
        let mode = stocktake.mode();
        let shared = Shared::new(site, journal, clock, started_at, stocktake, touched, seed);
        if let Some((docket, made_by)) = filed {
            shared.executor.judgements.take_up(docket, made_by);
        }
        shared.free_at.fetch_max(freed_at.as_microsecond(), Ordering::Relaxed);
        match mode {
            Mode::Cancelled => shared.over.cancel(),
            // A pause outlives the process: whoever paused it says when it goes on.
            Mode::Paused => {}
            Mode::Running | Mode::Finished => {
                let configuration = Some(shared.site.configuration);
                shared.tell(Fact::Resumed { configuration, stop_version: Some(STOP_VERSION) }).await?;
            }
        }
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The operator's side.
    pub fn controller(&self) -> Controller {
        Controller(self.shared.clone())
    }

    /// Ends the run as soon as possible when it is cancelled; everything on record stays, and the stocktake can be taken up again.
    pub fn interrupter(&self) -> CancellationToken {
        self.shared.interrupted.clone()
    }

    /// Drives the stocktake to its end. Interrupted, it ends at once, whatever it waits for.
    pub async fn drive(self) -> Result<Ending, RunError> {
        let shared = self.shared;
        let lanes = TaskTracker::new();
        for index in 0..shared.site.layout.lanes().len() {
            lanes.spawn(lane(shared.clone(), index as LaneIndex));
        }
        lanes.spawn(route::replanner(shared.clone()));
        lanes.close();
        let ending = shared.interrupted.run_until_cancelled(shared.to_the_end(&lanes)).await;
        shared.over.cancel();
        shared.visits.close();
        // What is interrupted lets go at its next await.
        lanes.wait().await;
        shared.visits.wait().await;
        let failure = shared.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        match failure {
            Some(failure) => Err(RunError::Failed(failure)),
            None => ending.unwrap_or(Ok(Ending::Interrupted)),
        }
    }
}
