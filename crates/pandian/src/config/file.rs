//! The tables of `warehouse.toml`, as they stand in the file. The JSON Schema is made from these types, its texts from their comments.

use std::borrow::Cow;

use pandian_devices::settings::{Length, Period};
use pandian_domain::Side;
use pandian_domain::retry::RetryPolicy;
use pandian_engine::site::Release;
use pandian_sim::SimulationSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::attribution::AttributionTable;
use super::pattern::CodePattern;
use super::plan::OrderSetting;
use super::units::{Acceleration, Count, Name, Remark, Span, Speed};
use super::vision::VisionTable;
use crate::lists::{MOST_BAYS, MOST_DEPTHS, MOST_LEVELS};

/// A warehouse: its locations, its cranes with reader and camera, its books, and how it is counted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "pandian warehouse.toml")]
#[allow(dead_code, reason = "the sections are read one by one, so that several can be found wrong at once")]
pub(super) struct WarehouseFile {
    /// The warehouse's name in reports.
    name: Name,
    /// When a crane may leave a location.
    #[serde(default)]
    #[schemars(schema_with = "release_schema")]
    release: Release,
    /// Where the book stock comes from; without it nothing is booked and every count needs a person.
    book: Option<BookTable>,
    /// Aisles with their racks.
    #[serde(default)]
    aisle: Vec<AisleTable>,
    /// Locations with their places from a table, besides those that aisles name by a pattern.
    locations: Option<LocationsTable>,
    /// Stacker cranes, each with a queue of its own.
    #[serde(default)]
    crane: Vec<CraneTable>,
    /// Systems that pick a crane themselves; requests to them name only the location.
    #[serde(default)]
    dispatcher: Vec<DispatcherTable>,
    /// Pairs of cranes that cannot pass each other.
    #[serde(default)]
    rail: Vec<RailTable>,
    /// Parts of aisles that cranes must not enter.
    #[serde(default)]
    zone: Vec<ZoneTable>,
    /// Locations that are left out of every count.
    #[serde(default)]
    locked: Vec<LockedTable>,
    /// Time-outs and retries of devices that say nothing of their own.
    #[serde(default)]
    defaults: DefaultsTable,
    /// How stocktakes run.
    #[serde(default)]
    run: RunTable,
    /// What plans reckon with.
    #[serde(default)]
    plan: PlanTable,
    /// Whose tags are heard.
    #[serde(default)]
    attribution: AttributionTable,
    /// How pictures are looked at that no device compares.
    #[serde(default)]
    vision: VisionTable,
    /// Where cranes that report back are awaited.
    callbacks: Option<CallbacksTable>,
    /// The simulated warehouse behind devices of kind `sim` and behind `pandian sim`.
    simulation: Option<SimulationSettings>,
}

fn release_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "enum": ["after-acquisition", "after-verification"], "default": "after-acquisition" })
}

/// Where the book stock comes from: a file, or the simulated warehouse.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BookTable {
    /// CSV or XLSX with the columns location, item, handling_unit, epc, quantity, unit, price.
    pub(super) file: Option<String>,
    /// The sheet of the workbook; the first one if not given.
    pub(super) sheet: Option<String>,
    /// Take the books that the simulated warehouse was made with.
    #[serde(default)]
    pub(super) simulated: bool,
}

/// Locations from a table.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LocationsTable {
    /// CSV or XLSX with the columns code, aisle, side, bay, level and, if wanted, depth.
    pub(super) file: String,
    /// The sheet of the workbook; the first one if not given.
    pub(super) sheet: Option<String>,
}

/// An aisle and the racks on its sides.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AisleTable {
    /// Its name, `{aisle}` in patterns.
    pub(super) id: Name,
    /// Number of columns along the aisle.
    pub(super) bays: Count<1, MOST_BAYS>,
    /// Number of levels.
    pub(super) levels: Count<1, MOST_LEVELS>,
    /// Sides with a rack.
    #[serde(default = "both_sides")]
    pub(super) sides: Vec<SideLetter>,
    /// Locations behind each other, 1 = single-deep.
    #[serde(default = "single_deep")]
    pub(super) depth: Count<1, MOST_DEPTHS>,
    /// Distance from one bay to the next.
    #[serde(default = "usual_bay_width")]
    pub(super) bay_width: Length,
    /// Distance from one level to the next.
    #[serde(default = "usual_level_height")]
    pub(super) level_height: Length,
    /// Names a location in every slot; without it the aisle has only those of `locations.file`.
    pub(super) code: Option<CodePattern>,
}

fn both_sides() -> Vec<SideLetter> {
    vec![SideLetter::L, SideLetter::R]
}

fn single_deep() -> Count<1, MOST_DEPTHS> {
    Count(1)
}

fn usual_bay_width() -> Length {
    Length(1.4)
}

fn usual_level_height() -> Length {
    Length(1.6)
}

/// A side of an aisle, seen along rising bays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub(super) enum SideLetter {
    /// Left.
    L,
    /// Right.
    R,
}

impl SideLetter {
    pub(super) fn to_domain(self) -> Side {
        match self {
            Self::L => Side::Left,
            Self::R => Side::Right,
        }
    }
}

/// A stacker crane.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CraneTable {
    /// Its name, also that of its lane.
    pub(super) id: Name,
    /// Aisles it can serve. An aisle's locations go to the queue of the first crane that lists it.
    #[serde(default)]
    pub(super) aisles: Vec<String>,
    /// Locations without a place that it serves.
    #[serde(default)]
    pub(super) locations: Vec<String>,
    /// More of them from a list: CSV with a column `location`, one code a line, or XLSX.
    pub(super) locations_file: Option<String>,
    /// How the crane is commanded.
    #[allow(dead_code, reason = "read by its kind")]
    pub(super) device: DeviceTable<CRANE>,
    /// The tag reader on it, for both sides of the aisle.
    pub(super) reader: Option<DeviceTable<READER>>,
    /// Instead of `reader` a tag reader for either side.
    pub(super) readers: Option<SidesTable<READER>>,
    /// The camera on it, for both sides of the aisle.
    pub(super) camera: Option<DeviceTable<CAMERA>>,
    /// Instead of `camera` a camera for either side.
    pub(super) cameras: Option<SidesTable<CAMERA>>,
    /// Where it stands before its first stop, in the first of its aisles.
    pub(super) home: Option<HomeTable>,
    /// How long it takes from the front of one aisle to the front of another.
    pub(super) aisle_change: Option<Period>,
    /// Speed along the aisle.
    pub(super) drive: Option<AxisTable>,
    /// Speed of the lift.
    pub(super) lift: Option<AxisTable>,
}

/// One device for either side of the aisle.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
#[allow(dead_code, reason = "read by their kinds")]
pub(super) struct SidesTable<const ROLE: u8> {
    /// Of the left side.
    #[serde(rename = "L")]
    left: DeviceTable<ROLE>,
    /// Of the right side.
    #[serde(rename = "R")]
    right: DeviceTable<ROLE>,
}

/// Where a crane stands in an aisle.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HomeTable {
    /// Its column: 0 is the front, the number of bays + 1 the far end.
    pub(super) bay: Option<Count<0, { MOST_BAYS + 1 }>>,
    /// Its level: 0 is the foot.
    pub(super) level: Option<Count<0, MOST_LEVELS>>,
}

/// Two cranes that move in the same aisle.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RailTable {
    /// Its name.
    pub(super) id: Name,
    /// The two cranes, first the one nearer to bay 0.
    pub(super) cranes: Vec<String>,
    /// How near they may come to each other along the aisle.
    pub(super) gap: Length,
}

/// A part of an aisle that cranes must not enter; its locations are not counted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ZoneTable {
    /// The aisle.
    pub(super) aisle: String,
    /// First and last bay; all if not given.
    pub(super) bays: Option<Span<MOST_BAYS>>,
    /// First and last level; all if not given.
    pub(super) levels: Option<Span<MOST_LEVELS>>,
    /// Its sides; all that the aisle has if not given.
    pub(super) sides: Option<Vec<SideLetter>>,
    /// Why, in words for people.
    pub(super) reason: Option<Remark>,
}

/// Locations that are locked (锁定): they are not counted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LockedTable {
    /// Their codes.
    #[serde(default)]
    pub(super) locations: Vec<String>,
    /// More of them from a list: CSV with a column `location`, one code a line, or XLSX.
    pub(super) locations_file: Option<String>,
    /// Why, in words for people.
    pub(super) reason: Option<Remark>,
}

/// A system that picks a crane itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DispatcherTable {
    /// Its name; its lanes are called `NAME/1`, `NAME/2`, …
    pub(super) id: Name,
    /// How many locations it works on at the same time.
    #[serde(default = "one_lane")]
    pub(super) lanes: Count<1, 1_000>,
    /// Aisles it can serve.
    #[serde(default)]
    pub(super) aisles: Vec<String>,
    /// Locations without a place that it serves.
    #[serde(default)]
    pub(super) locations: Vec<String>,
    /// More of them from a list: CSV with a column `location`, one code a line, or XLSX.
    pub(super) locations_file: Option<String>,
    /// How it is commanded.
    #[allow(dead_code, reason = "read by its kind")]
    pub(super) device: DeviceTable<CRANE>,
    /// The tag reader.
    pub(super) reader: Option<DeviceTable<READER>>,
    /// The camera.
    pub(super) camera: Option<DeviceTable<CAMERA>>,
}

fn one_lane() -> Count<1, 1_000> {
    Count(1)
}

/// One axis of a crane.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AxisTable {
    /// Highest speed.
    pub(super) speed: Speed,
    /// Acceleration and deceleration.
    pub(super) acceleration: Acceleration,
}

/// The roles a device can have, as the JSON Schema calls their definitions.
pub(super) const CRANE: u8 = 0;
pub(super) const READER: u8 = 1;
pub(super) const CAMERA: u8 = 2;
pub(super) const ROLES: [&str; 3] = ["CraneDevice", "ReaderDevice", "CameraDevice"];

/// The place of a device's table. What stands in it is read by the kind it names; here it only must be a table.
#[derive(Debug)]
pub(super) struct DeviceTable<const ROLE: u8>;

impl<'de, const ROLE: u8> Deserialize<'de> for DeviceTable<ROLE> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;
        impl<'de> serde::de::Visitor<'de> for Table {
            type Value = ();
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a table with the device's `kind` and its settings")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(())
            }
        }
        deserializer.deserialize_any(Table).map(|()| Self)
    }
}

impl<const ROLE: u8> JsonSchema for DeviceTable<ROLE> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        ROLES[usize::from(ROLE)].into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "$ref": format!("#/$defs/{}", ROLES[usize::from(ROLE)]) })
    }
}

/// When a device's operation has failed for now, and when for good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RetryTable {
    /// One try may take this long.
    pub(super) timeout: Option<Period>,
    /// How often it is tried in one stop.
    pub(super) attempts: Option<Count<1, 100>>,
    /// Pause before the second try; doubled for each further one.
    pub(super) first_delay: Option<Period>,
    /// The pause never grows beyond this.
    pub(super) max_delay: Option<Period>,
}

impl RetryTable {
    /// The keys, which stand among a device's own settings.
    pub(super) const KEYS: [&str; 4] = ["timeout", "attempts", "first_delay", "max_delay"];

    /// The first key in which two tables differ.
    pub(super) fn differs_in(&self, other: &Self) -> Option<&'static str> {
        let same = [
            self.timeout == other.timeout,
            self.attempts == other.attempts,
            self.first_delay == other.first_delay,
            self.max_delay == other.max_delay,
        ];
        Self::KEYS.into_iter().zip(same).find_map(|(key, same)| (!same).then_some(key))
    }

    /// The rule: what this table says, the rest as in `beneath`.
    pub(super) fn over(&self, beneath: RetryPolicy) -> RetryPolicy {
        RetryPolicy {
            // Count's range fits.
            attempts: self.attempts.map_or(beneath.attempts, |count| count.0 as u16),
            timeout: self.timeout.map_or(beneath.timeout, |period| period.0),
            first_delay: self.first_delay.map_or(beneath.first_delay, |period| period.0),
            max_delay: self.max_delay.map_or(beneath.max_delay, |period| period.0),
        }
    }
}

/// Time-outs and retries for every device; the tables within override them for one operation.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DefaultsTable {
    /// One try may take this long.
    pub(super) timeout: Option<Period>,
    /// How often an operation is tried in one stop.
    pub(super) attempts: Option<Count<1, 100>>,
    /// Pause before the second try; doubled for each further one.
    pub(super) first_delay: Option<Period>,
    /// The pause never grows beyond this.
    pub(super) max_delay: Option<Period>,
    /// For the way to a location.
    #[serde(default)]
    pub(super) crane: RetryTable,
    /// For reading tags.
    #[serde(default)]
    pub(super) reader: RetryTable,
    /// For taking pictures.
    #[serde(default)]
    pub(super) camera: RetryTable,
    /// For comparing pictures; where it says nothing, the camera's own rule holds.
    #[serde(default)]
    pub(super) compare: RetryTable,
}

impl DefaultsTable {
    /// What holds for every operation.
    pub(super) fn every(&self) -> RetryTable {
        RetryTable { timeout: self.timeout, attempts: self.attempts, first_delay: self.first_delay, max_delay: self.max_delay }
    }
}

/// How stocktakes run.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RunTable {
    /// How many comparisons of one lane may be under way while its crane travels.
    pub(super) comparisons_per_lane: Option<Count<1, 64>>,
    /// After so many stops given up one after the other a crane is taken out; 0 = never.
    pub(super) give_up_after: Option<Count<0, 1_000>>,
    /// What becomes of the queue of a crane that is taken out.
    pub(super) on_crane_out: Option<OnCraneOut>,
}

/// What becomes of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum OnCraneOut {
    /// It waits for its crane.
    Keep,
    /// Other cranes that can reach its locations take them over.
    HandOn,
}

/// What plans reckon with, and how far they are followed.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanTable {
    /// From a crane's arrival until tags are read and the picture is taken.
    pub(super) acquisition: Option<Period>,
    /// From a crane's arrival until both checks are done, the comparison included.
    pub(super) verification: Option<Period>,
    /// Whether cranes return home after their last stop.
    pub(super) return_home: Option<bool>,
    /// In which order locations are visited.
    pub(super) order: Option<OrderSetting>,
    /// Whether measured moves may replace the configured speeds and accelerations.
    pub(super) learn: Option<bool>,
}

/// The listener for cranes that report back.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CallbacksTable {
    /// Address and port to listen on, such as `0.0.0.0:8020`.
    pub(super) listen: String,
    /// Name of the environment variable that holds the shared secret.
    pub(super) secret_env: Option<String>,
}
