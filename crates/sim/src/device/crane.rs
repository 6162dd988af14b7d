//! The simulated crane.

use std::borrow::Cow;
use std::sync::Arc;

use pandian_devices::catalog::Build;
use pandian_devices::settings::Period;
use pandian_devices::{Arrival, BuildContext, Crane, DeviceError, DevicePending, Probe, Visit};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::Station;
use crate::fault::Device;
use crate::fleet::{Order, Travel};

/// Settings of the crane kind `sim`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SimCraneSettings {
    /// What every travel takes, instead of what its way and the crane's kinematics need.
    pub time: Option<Period>,
    /// Which part of its configured speeds and accelerations the crane really reaches.
    pub pace: PacePart,
}

/// A factor of speeds and accelerations, above 0 and up to 10.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub struct PacePart(f64);

impl TryFrom<f64> for PacePart {
    type Error = String;

    fn try_from(part: f64) -> Result<Self, String> {
        if part > 0.0 && part <= 10.0 { Ok(Self(part)) } else { Err(format!("{part} is not a factor above 0 and up to 10")) }
    }
}

impl Default for PacePart {
    /// As configured.
    fn default() -> Self {
        Self(1.0)
    }
}

impl JsonSchema for PacePart {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "PacePart".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "exclusiveMinimum": 0, "maximum": 10, "default": 1 })
    }
}

/// A crane that travels in the simulated warehouse; with several lanes a dispatcher with a crane for each.
pub struct SimCrane {
    station: Station,
    travel: Travel,
}

impl Build<dyn Crane> for SimCraneSettings {
    fn keeps_virtual_time(&self) -> bool {
        true
    }

    fn build(&self, context: &BuildContext) -> Result<Arc<dyn Crane>, DeviceError> {
        let station = Station::new(context, Device::Crane)?;
        let travel = match self.time {
            Some(time) => Travel::Fixed(station.time(None, time)),
            None => Travel::AtPace(self.pace.0),
        };
        Ok(Arc::new(SimCrane { station, travel }))
    }
}

impl Crane for SimCrane {
    fn go_to<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Arrival> {
        Box::pin(async move {
            let slot = self.station.slot(visit)?;
            let travel = async {
                self.station.fleet.go(Order::Crane(self.station.crane_of(visit)), slot, self.travel).await;
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
