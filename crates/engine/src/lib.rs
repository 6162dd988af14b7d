//! Runs the domain: a lane per crane, one stop written once, joins, time-outs, retries, shutdown.
//!
//! Read [`stop`] first: it is what happens at one location. [`flow`] is the seam it is written over, [`executor`] does the operations on
//! the devices and writes down what came of them, [`lane`] keeps a crane busy, [`run`] is a whole stocktake.

mod archive;
pub mod assignment;
pub mod clock;
pub mod control;
pub mod executor;
pub mod flow;
pub mod journal;
mod judgements;
mod lane;
pub mod run;
pub mod sight;
pub mod site;
pub mod stop;

pub use assignment::Assignment;
pub use clock::{Clock, computing_time};
pub use control::{Command, ControlError, Controller, LaneStatus, Status};
pub use executor::DeviceExecutor;
pub use journal::{Journal, JournalError, Unkept};
pub use judgements::Judged;
pub use run::{Ending, Run, RunError, Summary};
pub use sight::{MarkerText, SightRules, Sighting, SlotKind};
pub use site::{Attributing, Devices, Release, Rules, Settings, Site};
