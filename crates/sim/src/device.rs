//! The kind `sim` of cranes, readers and cameras: devices in process, in the program's own time, real or virtual.

use std::future::{Future, pending};
use std::sync::Arc;
use std::time::Duration;

use pandian_devices::catalog::Kind;
use pandian_devices::{BuildContext, Catalog, DeviceError, Probe, Visit};
use pandian_domain::{Code, CraneId};
use tokio::time::sleep;

use crate::fault::{Device, FaultKind, Strike};
use crate::fleet::Fleet;
use crate::simulation::{Lanes, Simulation};

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
    lanes: Arc<Lanes>,
    crane: CraneId,
    device: Device,
    name: &'static str,
    address: String,
}

impl Station {
    fn new(context: &BuildContext, device: Device) -> Result<Self, DeviceError> {
        let name = match device {
            Device::Crane => "crane",
            Device::Reader => "the reader of crane",
            Device::Camera => "the camera of crane",
        };
        let simulation = context.world.clone().and_then(|world| world.downcast::<Simulation>().ok()).ok_or_else(|| {
            let message = format!("{name} {} of kind \"sim\" needs a simulated warehouse: add a [simulation] table", context.crane);
            DeviceError::new(Code::ConfigInvalid, message)
        })?;
        Ok(Self {
            fleet: simulation.fleet(&context.crane),
            lanes: simulation.lanes(&context.crane).cloned().unwrap_or_default(),
            crane: context.crane.clone(),
            device,
            name,
            address: format!("sim:{}", context.crane),
            simulation,
        })
    }

    /// The number of the crane that serves a visit's lane.
    fn crane_of(&self, visit: &Visit) -> usize {
        self.lanes.get(&visit.lane).copied().unwrap_or(0)
    }

    /// The slot of a visit's location.
    fn slot(&self, visit: &Visit) -> Result<u32, DeviceError> {
        let unknown = || {
            let code = if self.device == Device::Crane { Code::CraneWrongCode } else { Code::DeviceHttpStatus };
            self.failure(code, format_args!("knows no location \"{}\"", visit.location))
        };
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
            return Err(self.failure(Code::DeviceUnreachable, "refuses connections"));
        }
        let Some(Strike { kind, time }) = strike else { return work.await };
        let (code, what) = match kind {
            // They change what the device tells: see `Simulation::inventory` and `picture::Condition`.
            FaultKind::ReaderSilent
            | FaultKind::ReaderFlood
            | FaultKind::ReaderException
            | FaultKind::AntennaLost
            | FaultKind::CameraMoved => return work.await,
            FaultKind::Slow => {
                let done = work.await?;
                sleep(time).await;
                return Ok(done);
            }
            FaultKind::Hang | FaultKind::Drip => {
                work.await?;
                return pending().await;
            }
            FaultKind::Refuse | FaultKind::DeviceRestart => {
                self.simulation.leave(self.device, &self.crane, time);
                match kind {
                    FaultKind::Refuse => (Code::DeviceUnreachable, "refuses connections"),
                    _ => (Code::DeviceDropped, "restarts"),
                }
            }
            FaultKind::ServerError => (Code::DeviceHttpStatus, "answered HTTP 500"),
            FaultKind::CraneAlarm => (Code::CraneAlarm, "reports an alarm"),
            FaultKind::Drop => (Code::DeviceDropped, "ended the connection in the middle of its reply"),
            FaultKind::Garbage => (Code::DeviceBadReply, "sent a reply that is no JSON"),
            FaultKind::WrongCode => (Code::CraneWrongCode, "replied with an unknown code"),
            FaultKind::WrongLocation => (Code::CraneWrongLocation, "says that it arrived at another location"),
            FaultKind::CorruptPicture => (Code::CameraBadPicture, "sent a picture that is cut off"),
            FaultKind::WrongType => (Code::CameraBadPicture, "sent a web page where a picture is expected"),
            FaultKind::CameraBusy => (Code::CameraBusy, "is busy"),
            FaultKind::StalePicture => (Code::CameraStale, "sent the same picture as before"),
            FaultKind::HugeReply => (Code::DeviceTooLarge, "sent more than a picture can have"),
            FaultKind::BlackPicture => (Code::CameraUnfit, "sent a picture that is black"),
            FaultKind::BlurredPicture => (Code::CameraUnfit, "sent a picture that is blurred"),
            FaultKind::WrongPassword => (Code::DeviceHttpStatus, "refuses user and password"),
        };
        if !kind.keeps_from_work() {
            work.await?;
        }
        Err(self.failure(code, what))
    }

    fn failure(&self, code: Code, what: impl std::fmt::Display) -> DeviceError {
        DeviceError::new(code, format!("{} {} at {} {what}", self.name, self.crane, self.address))
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
