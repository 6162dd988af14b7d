//! The `[simulation]` table of `warehouse.toml`.

use std::time::Duration;

use pandian_devices::settings::Period;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::book::UNITS_LIMIT;
use crate::fault::FaultSettings;
use crate::radio::RadioSettings;
use crate::sight::CameraSettings;
use crate::wire::Flavour;

/// How the simulated warehouse is filled, how long its devices take, and what goes wrong in it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SimulationSettings {
    /// Where all chance starts: the same seed is the same warehouse.
    pub seed: u64,
    /// Share of the locations that the drawn books have filled, 0 to 1.
    pub fill: f64,
    /// Share of the locations where the rack differs from the books, 0 to 1.
    pub differences: f64,
    /// A misplaced unit lies in its own aisle, at most so many bays from home; none: anywhere.
    pub misplaced_within: Option<u32>,
    /// The most handling units that a drawn location holds, 1 to 8.
    pub units_per_slot: u8,
    /// What one RFID inventory takes.
    pub inventory_time: Period,
    /// What taking a picture takes; the crane must stand still for it.
    pub capture_time: Period,
    /// What comparing a picture takes; the crane may be elsewhere.
    pub compare_time: Period,
    /// Shortest and longest travel between locations without a place.
    pub opaque_travel: [Period; 2],
    /// Travel from the front of one aisle to the front of another, for cranes that serve several and say nothing of their own.
    pub aisle_change: Period,
    /// Every time is divided by this, and rounded up to whole milliseconds.
    pub speed: f64,
    /// Every n-th location is photographed; at the others the camera says what it sees without keeping a picture. 0: none.
    pub picture_every: u32,
    /// How far readers hear; none: exactly their own location.
    pub radio: Option<RadioSettings>,
    /// What cameras see, and how large the pictures of HTTP cameras are.
    pub camera: CameraSettings,
    /// Whose reader the readers of kind `llrp` resemble on the wire.
    pub reader_flavour: Flavour,
    /// What goes wrong; of several that fit an operation the first one strikes.
    pub fault: Vec<FaultSettings>,
}

impl Default for SimulationSettings {
    fn default() -> Self {
        Self {
            seed: 1,
            fill: 0.85,
            differences: 0.03,
            misplaced_within: None,
            units_per_slot: 2,
            inventory_time: Period::from_millis(2_000),
            capture_time: Period::from_millis(500),
            compare_time: Period::from_millis(5_500),
            opaque_travel: [Period::from_millis(3_000), Period::from_millis(12_000)],
            aisle_change: Period::from_millis(30_000),
            speed: 1.0,
            picture_every: 1,
            reader_flavour: Flavour::Generic,
            radio: None,
            camera: CameraSettings::default(),
            fault: Vec::new(),
        }
    }
}

/// A setting that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("simulation.{field}: {wanted}")]
pub struct SettingsError {
    /// The field, with its index in a list.
    pub field: String,
    /// What is allowed.
    pub wanted: String,
}

impl SettingsError {
    pub(crate) fn new(field: impl Into<String>, wanted: impl Into<String>) -> Self {
        Self { field: field.into(), wanted: wanted.into() }
    }
}

/// Checks that a value is a share.
pub(crate) fn check_share(field: &str, value: f64) -> Result<(), SettingsError> {
    let is_share = (0.0..=1.0).contains(&value);
    is_share.then_some(()).ok_or_else(|| SettingsError::new(field, format!("{value} is not a share from 0 to 1")))
}

impl SimulationSettings {
    /// Checks the ranges.
    pub fn check(&self) -> Result<(), SettingsError> {
        check_share("fill", self.fill)?;
        check_share("differences", self.differences)?;
        if !(1..=UNITS_LIMIT).contains(&self.units_per_slot) {
            return Err(SettingsError::new("units_per_slot", format!("{} is not from 1 to {UNITS_LIMIT}", self.units_per_slot)));
        }
        if !(self.speed.is_finite() && self.speed >= 1e-3) {
            return Err(SettingsError::new("speed", format!("{} is not a factor from 0.001 up", self.speed)));
        }
        if self.opaque_travel[0] > self.opaque_travel[1] {
            return Err(SettingsError::new("opaque_travel", "the shortest travel comes first, the longest second"));
        }
        self.radio.as_ref().map_or(Ok(()), RadioSettings::check)?;
        self.camera.check()?;
        self.fault.iter().enumerate().try_for_each(|(index, fault)| fault.check(index))
    }

    /// A time at the simulation's speed, in whole milliseconds.
    pub fn at_speed(&self, time: Duration) -> Duration {
        // A hair above a millisecond is noise of the arithmetic, not time.
        Duration::from_millis((time.as_secs_f64() * 1000.0 / self.speed - 1e-6).ceil().max(0.0) as u64)
    }
}
