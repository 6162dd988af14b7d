//! The kind `sim` of cranes, readers and cameras: devices in process, in the program's own time, real or virtual.

use std::future::{Future, pending};
use std::sync::Arc;
use std::time::Duration;

use pandian_devices::catalog::Kind;
use pandian_devices::{BuildContext, Catalog, DeviceError, Probe, Visit};
use pandian_domain::{Code, CraneId, LaneId};
use tokio::time::sleep;

use crate::fault::{Device, FaultKind, Strike};
use crate::fleet::Fleet;
use crate::simulation::Simulation;

pub mod camera;
pub mod crane;
pub mod reader;

/// The simulated kinds, to be added to the real ones. They are built in a context whose `world` is a [`Simulation`].
pub fn catalog() -> Catalog {
    Catalog {
        cranes: vec![Kind::of::<crane::SimCraneSettings>("sim", "a crane of the simulated warehouse, in process")],
        readers: vec![Kind::of::<reader::SimReaderSettings>("sim", "a tag reader in the simulated warehouse, in process")],
        cameras: vec![Kind::of::<camera::SimCameraSettings>("sim", "a camera in the simulated warehouse, in process")],
    }
}

/// What all simulated devices share: the world, the crane they are or ride on, and how they fail.
struct Station {
    simulation: Arc<Simulation>,
    fleet: Arc<Fleet>,
    lanes: Vec<LaneId>,
    crane: CraneId,
    device: Device,
    name: &'static str,
    address: String,
}

impl Station {
    fn new(context: &BuildContext, device: Device) -> Result<Self, DeviceError> {
        let name = match device {
            Device::Crane => "crane",
            Device::Reader => "reader of crane",
            Device::Camera => "camera of crane",
        };
        let simulation = context.world.clone().and_then(|world| world.downcast::<Simulation>().ok()).ok_or_else(|| {
            let message = format!("{name} {}: kind \"sim\" needs a simulated warehouse: add a [simulation] table", context.crane);
            DeviceError::new(Code::ConfigInvalid, message)
        })?;
        Ok(Self {
            fleet: simulation.fleet(&context.crane),
            lanes: simulation.lanes(&context.crane),
            crane: context.crane.clone(),
            device,
            name,
            address: format!("sim:{}", context.crane),
            simulation,
        })
    }

    /// The number of the crane that serves a visit's lane.
    fn crane_of(&self, visit: &Visit) -> usize {
        self.lanes.iter().position(|lane| *lane == visit.lane).unwrap_or(0)
    }

    /// The slot of a visit's location.
    fn slot(&self, visit: &Visit) -> Result<u32, DeviceError> {
        let unknown = || self.failure(Code::CraneWrongCode, format_args!("there is no location \"{}\" here", visit.location));
        self.simulation.world().layout().index_of(visit.location.as_str()).ok_or_else(unknown)
    }

    /// The slot that reader and camera really meet; none while the crane is under way.
    fn met(&self, visit: &Visit) -> Result<Option<u32>, DeviceError> {
        Ok(self.fleet.met(Some(self.crane_of(visit)), self.slot(visit)?))
    }

    fn strike(&self, visit: &Visit) -> Option<Strike> {
        if !self.simulation.has_faults() {
            return None;
        }
        self.simulation.strike(self.device, &self.crane, visit.location.as_str(), &visit.key())
    }

    /// Does the work of an operation as the strike allows.
    async fn work<T>(&self, strike: Option<Strike>, work: impl Future<Output = Result<T, DeviceError>>) -> Result<T, DeviceError> {
        if self.simulation.has_faults() && self.simulation.is_away(self.device, &self.crane) {
            return Err(self.failure(Code::DeviceUnreachable, "the connection was refused"));
        }
        let Some(Strike { kind, time }) = strike else { return work.await };
        let (code, what) = match kind {
            FaultKind::ReaderSilent => return work.await,
            FaultKind::Slow => {
                let done = work.await?;
                sleep(time).await;
                return Ok(done);
            }
            FaultKind::Hang => {
                work.await?;
                return pending().await;
            }
            FaultKind::Refuse | FaultKind::DeviceRestart => {
                self.simulation.leave(self.device, &self.crane, time);
                match kind {
                    FaultKind::Refuse => (Code::DeviceUnreachable, "the connection was refused"),
                    _ => (Code::DeviceDropped, "the device restarted"),
                }
            }
            FaultKind::ServerError => (Code::DeviceHttpStatus, "replied with HTTP status 500"),
            FaultKind::CraneAlarm => (Code::CraneAlarm, "reports an alarm"),
            FaultKind::Drop => (Code::DeviceDropped, "the connection ended before the reply was whole"),
            FaultKind::Garbage => (Code::DeviceBadReply, "the reply is no JSON"),
            FaultKind::WrongCode => (Code::CraneWrongCode, "the reply bears an unknown code"),
            FaultKind::WrongLocation => (Code::CraneWrongLocation, "says that it arrived at another location"),
            FaultKind::CorruptPicture => (Code::CameraBadPicture, "the picture is cut off"),
        };
        if !matches!(kind, FaultKind::Refuse | FaultKind::DeviceRestart | FaultKind::ServerError | FaultKind::CraneAlarm) {
            work.await?;
        }
        Err(self.failure(code, what))
    }

    fn failure(&self, code: Code, what: impl std::fmt::Display) -> DeviceError {
        DeviceError::new(code, format!("{} {} at {}: {what}", self.name, self.crane, self.address))
    }

    fn probe(&self) -> Probe {
        Probe { summary: format!("simulated, {} locations", self.simulation.world().layout().slots().len()) }
    }

    /// A time of the settings, or the simulation's own, at the simulation's speed.
    fn time(&self, own: Option<pandian_devices::settings::Period>, general: pandian_devices::settings::Period) -> Duration {
        self.simulation.world().settings().at_speed(own.unwrap_or(general).0)
    }
}

/// Sleeps, but does not touch the timer for nothing.
async fn take(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}
