//! The simulated crane.

use std::sync::Arc;
use std::time::Duration;

use pandian_devices::catalog::Build;
use pandian_devices::settings::Period;
use pandian_devices::{Arrival, BuildContext, Crane, DeviceError, DevicePending, Probe, Visit};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Station;
use crate::fault::Device;
use crate::fleet::Order;

/// Settings of the crane kind `sim`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SimCraneSettings {
    /// What every travel takes, instead of what its way and the crane's kinematics need.
    pub time: Option<Period>,
}

/// A crane that travels in the simulated warehouse; with several lanes a dispatcher with a crane for each.
pub struct SimCrane {
    station: Station,
    time: Option<Duration>,
}

impl Build<dyn Crane> for SimCraneSettings {
    fn keeps_virtual_time(&self) -> bool {
        true
    }

    fn build(&self, context: &BuildContext) -> Result<Arc<dyn Crane>, DeviceError> {
        let station = Station::new(context, Device::Crane)?;
        let time = self.time.map(|time| station.time(Some(time), time));
        Ok(Arc::new(SimCrane { station, time }))
    }
}

impl Crane for SimCrane {
    fn go_to<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Arrival> {
        Box::pin(async move {
            let slot = self.station.slot(visit)?;
            let travel = async {
                self.station.fleet.go(Order::Crane(self.station.crane_of(visit)), slot, self.time).await;
                Ok(Arrival::default())
            };
            self.station.work(self.station.strike(visit), travel).await
        })
    }

    fn probe(&self) -> DevicePending<'_, Probe> {
        Box::pin(async { Ok(self.station.probe()) })
    }

    fn address(&self) -> &str {
        &self.station.address
    }
}
