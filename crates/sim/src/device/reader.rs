//! The simulated tag reader.

use std::sync::Arc;
use std::time::Duration;

use pandian_devices::catalog::Build;
use pandian_devices::settings::Period;
use pandian_devices::{BuildContext, DeviceError, DevicePending, Probe, TagReader, Visit};
use pandian_domain::Inventory;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Station, take};
use crate::fault::Device;

/// Settings of the reader kind `sim`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SimReaderSettings {
    /// What one inventory takes, instead of the simulation's `inventory_time`.
    pub time: Option<Period>,
}

/// A reader that hears the tags where its crane really stands.
pub struct SimReader {
    station: Station,
    time: Duration,
}

impl Build<dyn TagReader> for SimReaderSettings {
    fn keeps_virtual_time(&self) -> bool {
        true
    }

    fn build(&self, context: &BuildContext) -> Result<Arc<dyn TagReader>, DeviceError> {
        let station = Station::new(context, Device::Reader)?;
        let time = station.time(self.time, station.simulation.world().settings().inventory_time);
        Ok(Arc::new(SimReader { station, time }))
    }
}

impl TagReader for SimReader {
    fn inventory<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Inventory> {
        Box::pin(async move {
            let strike = self.station.strike(visit);
            let listen = async {
                take(self.time).await;
                self.station.met(visit)
            };
            let met = self.station.work(strike, listen).await?;
            Ok(self.station.simulation.inventory(met, strike))
        })
    }

    fn probe(&self) -> DevicePending<'_, Probe> {
        Box::pin(async { Ok(self.station.probe()) })
    }

    fn address(&self) -> &str {
        &self.station.address
    }

    fn hears_strays(&self) -> bool {
        self.station.simulation.world().settings().radio.is_some()
    }
}
