//! The `[plan]` table: what plans reckon with, and how far they are followed.

use std::time::Duration;

use pandian_sim::SimulationSettings;
use schemars::JsonSchema;
use serde::Deserialize;

use super::document::{Document, Path};
use super::file::PlanTable;

/// In which order locations are visited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OrderSetting {
    /// Each crane takes a short way.
    #[default]
    Planned,
    /// As the list or the configuration has them.
    Given,
}

/// How long the checks of one stop are expected to take, both counted from the crane's arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckTimes {
    /// Until tags are read and the picture is taken.
    pub acquisition: Duration,
    /// Until both checks are done, the comparison included; never less than `acquisition`.
    pub verification: Duration,
}

impl CheckTimes {
    /// Where nobody says anything.
    const USUAL: Self = Self { acquisition: Duration::from_secs(6), verification: Duration::from_secs(8) };

    /// Those of the simulated devices.
    fn simulated(simulation: &SimulationSettings) -> Self {
        let (inventory, capture) = (simulation.inventory_time.0, simulation.capture_time.0);
        Self { acquisition: inventory.max(capture), verification: inventory.max(capture.saturating_add(simulation.compare_time.0)) }
    }
}

/// What the table says; for the rest what the simulation's devices take. A default yields to what is said.
pub(super) fn check_times(document: &mut Document<'_>, table: &PlanTable, simulation: Option<&SimulationSettings>) -> CheckTimes {
    let usual = simulation.map_or(CheckTimes::USUAL, CheckTimes::simulated);
    match (table.acquisition, table.verification) {
        (Some(acquisition), Some(verification)) => {
            if verification < acquisition {
                let message = format!("both checks take {verification}, but `acquisition`, which is a part of them, takes {acquisition}");
                document.problem(&Path::of("plan").key("verification"), message);
            }
            CheckTimes { acquisition: acquisition.0, verification: verification.0 }
        }
        (Some(acquisition), None) => CheckTimes { acquisition: acquisition.0, verification: usual.verification.max(acquisition.0) },
        (None, Some(verification)) => CheckTimes { acquisition: usual.acquisition.min(verification.0), verification: verification.0 },
        (None, None) => usual,
    }
}
