//! The simulated camera.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pandian_devices::catalog::Build;
use pandian_devices::settings::Period;
use pandian_devices::{BuildContext, Camera, Comparer, DeviceError, DevicePending, Probe, Shot, ShotEnd, Visit};
use pandian_domain::{Code, Findings};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Station, take};
use crate::fault::Device;
use crate::picture::{self, Condition};

/// Settings of the camera kind `sim`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SimCameraSettings {
    /// What taking a picture takes, instead of the simulation's `capture_time`.
    pub time: Option<Period>,
    /// What comparing one takes, instead of the simulation's `compare_time`.
    pub compare_time: Option<Period>,
}

/// A camera that photographs the slot where its crane really stands, and compares its pictures later. Where the simulation keeps
/// no picture (`picture_every`), it says what it saw instead, after the same time.
pub struct SimCamera {
    station: Station,
    time: Duration,
    compare_time: Duration,
}

impl Build<dyn Camera> for SimCameraSettings {
    fn keeps_virtual_time(&self) -> bool {
        true
    }

    fn build(&self, context: &BuildContext) -> Result<Arc<dyn Camera>, DeviceError> {
        let station = Station::new(context, Device::Camera)?;
        let settings = station.simulation.world().settings();
        let time = station.time(self.time, settings.capture_time);
        let compare_time = station.time(self.compare_time, settings.compare_time);
        Ok(Arc::new(SimCamera { station, time, compare_time }))
    }
}

impl Camera for SimCamera {
    fn capture<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Shot> {
        Box::pin(async move {
            let expose = async {
                take(self.time).await;
                let under_way = || self.station.failure(Code::CameraBadPicture, "sent a blurred picture: its crane is under way");
                self.station.met(visit)?.ok_or_else(under_way)
            };
            let strike = self.station.strike(visit);
            let slot = self.station.work(strike, expose).await?;
            let world = self.station.simulation.world();
            let condition = Condition::after(strike);
            if world.has_picture(slot) {
                return Ok(Shot::Whole(ShotEnd { picture: Some(world.picture_in(slot, condition)), ..ShotEnd::default() }));
            }
            let end = ShotEnd { findings: Some(condition.leaves(world.findings(slot))), ..ShotEnd::default() };
            if self.compare_time.is_zero() {
                return Ok(Shot::Whole(end));
            }
            let time = self.compare_time;
            Ok(Shot::Working(Box::pin(async move {
                take(time).await;
                Ok(end)
            })))
        })
    }

    fn probe(&self) -> DevicePending<'_, Probe> {
        Box::pin(async { Ok(self.station.probe()) })
    }

    fn address(&self) -> &str {
        &self.station.address
    }

    fn comparer(&self) -> Option<&dyn Comparer> {
        Some(self)
    }
}

impl Comparer for SimCamera {
    fn compare<'a>(&'a self, visit: &'a Visit, picture: Bytes) -> DevicePending<'a, Findings> {
        Box::pin(async move {
            let strike = self.station.strike(visit);
            let look = async {
                take(self.compare_time).await;
                let world = self.station.simulation.world();
                let foreign =
                    || self.station.failure(Code::CameraBadPicture, "was given a picture that shows no location of this warehouse");
                let (location, condition) = picture::shown(&picture).ok_or_else(foreign)?;
                let slot = world.layout().index_of(&location).ok_or_else(foreign)?;
                Ok(Condition::after(strike).leaves(condition.leaves(world.findings(slot))))
            };
            self.station.work(strike, look).await
        })
    }
}
