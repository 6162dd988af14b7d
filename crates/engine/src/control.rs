//! What an operator can do to a run, and what it shows.

use std::sync::Arc;
use std::time::Duration;

use pandian_domain::lane::LaneIndex;
use pandian_domain::stocktake::{Mode, Outage, Refusal, Standing, Tally};
use pandian_domain::{Code, Fact, Failure, LocationCode, Purpose, StocktakeId};
use serde::{Deserialize, Serialize};

use crate::journal::Receipt;
use crate::run::Shared;

/// A command to a running stocktake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Show how far it is.
    Status,
    /// No crane gets another stop.
    Pause,
    /// Go on.
    Resume,
    /// End it. What has no judgement becomes *not counted*.
    Cancel,
    /// Take a crane (or one lane) out of work; its stop is broken off and waits again.
    CraneOut {
        /// The crane or lane.
        crane: String,
        /// Hand its queue to others that can serve it.
        hand_on: bool,
    },
    /// Lend a crane (or one lane) to production: it ends its stop and takes no other.
    CraneLend {
        /// The crane or lane.
        crane: String,
        /// Hand its queue to others that can serve it.
        hand_on: bool,
    },
    /// Put a crane (or one lane) back to work.
    CraneIn {
        /// The crane or lane.
        crane: String,
    },
    /// Count these too.
    Add {
        /// Locations, all or none.
        locations: Vec<LocationCode>,
    },
    /// Do not count these.
    Drop {
        /// Locations, all that can be.
        locations: Vec<LocationCode>,
    },
}

/// A command that was not carried out.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ControlError {
    /// It does not fit the state of the stocktake.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It was carried out, but is not on disk yet.
    #[error("done, but not on disk yet: {}", .0.message)]
    NotOnDisk(Failure),
}

impl ControlError {
    /// The kind of failure.
    pub fn code(&self) -> Code {
        match self {
            Self::Refused(Refusal::UnknownLocation(_)) => Code::LocationUnknown,
            Self::Refused(_) => Code::StocktakeRefused,
            Self::NotOnDisk(failure) => failure.code,
        }
    }
}

/// How a stocktake stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Which.
    pub stocktake: StocktakeId,
    /// Whether cranes get further stops.
    pub mode: Mode,
    /// Locations.
    pub tally: Tally,
    /// Since it was started, in seconds.
    pub seconds: f64,
    /// Until it will be done, in seconds: as planned, corrected by the pace so far; none while it does not move, or nothing is known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta_seconds: Option<f64>,
    /// Lanes.
    pub lanes: Vec<LaneStatus>,
    /// Why nothing can be written at present, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stalled: Option<Failure>,
}

/// How a lane stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LaneStatus {
    /// Its name.
    pub lane: String,
    /// Its crane.
    pub crane: String,
    /// At work or out.
    pub standing: Standing,
    /// The location it is busy with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationCode>,
    /// Stops waiting in its queue (shared by the lanes of a dispatcher).
    pub waiting: usize,
    /// Stops it has left.
    pub done: u64,
    /// Until its last stop has its verdict, in seconds; none while it does not move, or nothing is known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta_seconds: Option<f64>,
    /// How often it had to wait for the other crane of its rail.
    #[serde(default)]
    pub waits: u64,
    /// How long in all.
    #[serde(default)]
    pub waited_seconds: f64,
}

/// The operator's side of a run: cheap to clone, usable from anywhere.
#[derive(Clone)]
pub struct Controller(pub(crate) Arc<Shared>);

/// How long a command waits to be on disk before it says so.
const ON_DISK_WITHIN: Duration = Duration::from_secs(5);

impl Controller {
    /// Carries out a command; done when it is on disk. Gives the status after it.
    pub async fn control(&self, command: Command) -> Result<Status, ControlError> {
        if let Some(receipt) = self.carry_out(command)? {
            match tokio::time::timeout(ON_DISK_WITHIN, receipt).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Err(ControlError::NotOnDisk(Failure::new(error.code(), error.to_string()))),
                Err(_elapsed) => {
                    let silent = || Failure::new(Code::StoreUnavailable, "the database does not answer");
                    return Err(ControlError::NotOnDisk(self.0.stall().unwrap_or_else(silent)));
                }
            }
        }
        Ok(self.status())
    }

    fn carry_out(&self, command: Command) -> Result<Option<Receipt>, ControlError> {
        let shared = &*self.0;
        let receipt = match command {
            Command::Status => return Ok(None),
            Command::Pause => {
                shared.stocktake().pause()?;
                shared.tell(Fact::Paused {})
            }
            Command::Resume => {
                shared.stocktake().resume()?;
                shared.tell(Fact::Resumed { configuration: None, stop_version: None })
            }
            Command::Cancel => shared.cancel()?,
            Command::CraneOut { crane, hand_on } => self.crane_out(&crane, Outage::Operator, hand_on)?,
            Command::CraneLend { crane, hand_on } => self.crane_out(&crane, Outage::Production, hand_on)?,
            Command::CraneIn { crane } => {
                let back = {
                    let mut stocktake = shared.stocktake();
                    let lanes = stocktake.lanes_named(&crane)?;
                    stocktake.put_in(&lanes)?
                };
                self.tell_each(&back, || Fact::LaneIn {})
            }
            Command::Add { locations } => {
                // Under one lock, so that the records come in the order of the stops' numbers.
                let mut stocktake = shared.stocktake();
                let first = stocktake.add(&locations)?;
                shared.executor.judgements.open(locations.iter().filter_map(|location| shared.site.layout.index_of(location.as_str())));
                let mut records = vec![shared.record(Fact::StocktakePlanned { first, planned: locations, purpose: Purpose::Count })];
                records.extend(shared.assigned_of(&stocktake, first));
                shared.journal.append(records, Vec::new())
            }
            Command::Drop { locations } => self.drop_locations(&locations)?,
        };
        shared.wake();
        Ok(Some(receipt))
    }

    /// A crane that is lent to production ends its stop first; any other leaves it at once.
    fn crane_out(&self, crane: &str, by: Outage, hand_on: bool) -> Result<Receipt, ControlError> {
        let shared = &*self.0;
        let out = {
            let mut stocktake = shared.stocktake();
            let lanes = stocktake.lanes_named(crane)?;
            stocktake.take_out(&lanes, by, hand_on)?
        };
        let message = match by {
            Outage::Production => "lent to production",
            Outage::Operator | Outage::GaveUp => "taken out by the operator",
        };
        if by != Outage::Production {
            for lane in &out.lanes {
                shared.break_off(*lane);
            }
        }
        Ok(self.tell_each(&out.lanes, || Fact::LaneOut { code: Code::CraneOut, message: message.into(), by, hand_on }))
    }

    fn drop_locations(&self, locations: &[LocationCode]) -> Result<Receipt, ControlError> {
        let shared = &*self.0;
        let mut dropped = Vec::new();
        let mut refused = None;
        {
            let mut stocktake = shared.stocktake();
            for location in locations {
                match stocktake.drop_location(location) {
                    Ok(()) => dropped.push(location.clone()),
                    Err(refusal) => refused = refused.or(Some(refusal)),
                }
            }
        }
        let slots = dropped.iter().filter_map(|location| shared.site.layout.index_of(location.as_str())).collect();
        let receipt = shared.tell(Fact::LocationsDropped { dropped });
        shared.wake();
        let closing = self.0.clone();
        self.0.visits.spawn(async move { closing.close(slots).await });
        match refused {
            None => Ok(receipt),
            Some(refusal) => Err(refusal.into()),
        }
    }

    fn tell_each(&self, lanes: &[LaneIndex], fact: impl Fn() -> Fact) -> Receipt {
        let mut last: Receipt = Box::pin(std::future::ready(Ok(0)));
        for lane in lanes {
            last = self.0.tell_lane(*lane, fact());
        }
        last
    }

    /// Why nothing can be written at present, if so.
    pub fn stall(&self) -> Option<Failure> {
        self.0.stall()
    }

    /// How the stocktake stands.
    pub fn status(&self) -> Status {
        let shared = &*self.0;
        let stocktake = shared.stocktake();
        let seconds = shared.seconds();
        let tally = stocktake.tally();
        let lanes = shared.lane_statuses(&stocktake);
        // What waits for a crane that is out will not be done at any pace.
        let specs = shared.site.layout.lanes();
        let served = |queue| specs.iter().zip(&lanes).any(|(spec, lane)| spec.queue == queue && lane.standing == Standing::In);
        let awaited = specs.iter().zip(&lanes).any(|(spec, lane)| lane.waiting > 0 && !served(spec.queue));
        let moves = stocktake.mode() == Mode::Running && !awaited;
        let at_work = lanes.iter().filter(|lane| lane.standing == Standing::In || lane.location.is_some());
        let eta_seconds = at_work.map(|lane| lane.eta_seconds).try_fold(0.0, |last: f64, eta| Some(last.max(eta?)));
        Status {
            stocktake: stocktake.id(),
            mode: stocktake.mode(),
            tally,
            seconds,
            eta_seconds: eta_seconds.filter(|_| moves),
            lanes,
            stalled: shared.stall(),
        }
    }
}
