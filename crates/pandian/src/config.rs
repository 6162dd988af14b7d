//! The configuration: `warehouse.toml` → tables → checked → [`Warehouse`].
//!
//! What may stand in it is written in `docs/configuration.md`. It is read section by section, and every section's entries one by one,
//! so that one error tells many problems; unknown keys are found with the JSON Schema that the same types make.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use pandian_devices::catalog::Build;
use pandian_devices::{Camera, Catalog, Crane, TagReader};
use pandian_domain::plan::Pace;
use pandian_domain::travel::{Axis, Kinematics};
use pandian_domain::{CraneId, Layout, Sided};
use pandian_engine::site::{Release, Rules, Settings};
use pandian_sim::SimulationSettings;

use crate::lists::{Limits, ListBook, ListError, ListFile, read_stock};

mod attribution;
mod carriers;
mod device;
mod document;
mod error;
mod file;
mod pattern;
mod plan;
mod rails;
mod schema;
mod slots;
#[cfg(test)]
mod tests;
mod units;
mod unknown;
mod vision;
mod warehouse;
mod zones;

pub use attribution::{Apply, Attribution};
pub use error::{ConfigError, ConfigProblem};
pub use plan::{CheckTimes, OrderSetting};
pub use schema::schema;
pub use vision::Vision;

/// The file's name where a folder is given.
pub const FILE_NAME: &str = "warehouse.toml";

/// Largest configuration in bytes.
const MOST_BYTES: u64 = 16 << 20;

/// A warehouse as it was configured. Nothing in it is connected yet.
#[derive(Debug)]
pub struct Warehouse {
    /// Its name.
    pub name: Arc<str>,
    /// The configuration file, as an absolute path.
    pub file: PathBuf,
    /// The file's text, without BOM: what the configuration's digest is made of.
    pub text: Arc<str>,
    /// Locations, aisles, lanes, queues and rails. Queue `n` is that of `cranes[n]`.
    pub layout: Arc<Layout>,
    /// Cranes, then dispatchers, each in the order of the file.
    pub cranes: Vec<ConfiguredCrane>,
    /// Where the book stock comes from.
    pub book: BookSource,
    /// How stocktakes run.
    pub settings: Settings,
    /// How long the checks of one stop are expected to take.
    pub check_times: CheckTimes,
    /// Whether plans bring cranes home after their last stop.
    pub return_home: bool,
    /// In which order locations are visited.
    pub order: OrderSetting,
    /// Whether measured moves may replace the configured kinematics.
    pub learn: bool,
    /// How tags are attributed to locations.
    pub attribution: Attribution,
    /// How pictures are looked at that no device compares.
    pub vision: Vision,
    /// Where cranes that report back are awaited.
    pub callbacks: Option<CallbackListener>,
    /// The simulated warehouse.
    pub simulation: Option<SimulationSettings>,
}

/// A crane or a dispatcher with its devices' settings.
#[derive(Debug)]
pub struct ConfiguredCrane {
    /// Its name.
    pub id: CraneId,
    /// Its lanes, as indices of the layout's: one for a crane, as many as configured for a dispatcher.
    pub lanes: Range<u32>,
    /// Whether it is a dispatcher, whose cranes move nobody knows how.
    pub is_dispatcher: bool,
    /// How it is commanded.
    pub device: Arc<dyn Build<dyn Crane>>,
    /// The tag readers. There is a reader or a camera.
    pub reader: Sided<Arc<dyn Build<dyn TagReader>>>,
    /// The cameras.
    pub camera: Sided<Arc<dyn Build<dyn Camera>>>,
    /// Time-outs and retries.
    pub rules: Rules,
    /// How fast it is; a common unit-load crane where the file does not say.
    pub kinematics: Kinematics,
    /// From the front of one aisle to the front of another, where the file says so.
    pub aisle_change: Option<Duration>,
}

/// Where the book stock comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookSource {
    /// Nothing is known of the stock.
    None,
    /// What the simulated warehouse was made with.
    Simulated,
    /// A table.
    File {
        /// Where it is.
        path: PathBuf,
        /// The sheet of a workbook, if not the first.
        sheet: Option<String>,
    },
}

/// The listener for cranes that report back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackListener {
    /// Where to listen.
    pub listen: std::net::SocketAddr,
    /// The environment variable with the shared secret, if one is wanted.
    pub secret_env: Option<String>,
}

impl Warehouse {
    /// The folder of the configuration; relative paths in it start here.
    pub fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    /// Reads the book stock, if it comes from a file.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn read_book(&self) -> Result<Option<ListBook>, ListError> {
        let BookSource::File { path, sheet } = &self.book else { return Ok(None) };
        let file = ListFile::open(path, Limits::default())?.with_sheet(sheet.clone());
        read_stock(&file, &self.layout).map(Some)
    }

    /// The environment variables that secrets come from.
    pub fn secrets(&self) -> Vec<String> {
        let callbacks = self.callbacks.iter().filter_map(|callbacks| callbacks.secret_env.clone());
        let devices = self.cranes.iter().flat_map(|crane| {
            let readers = crane.reader.iter().flat_map(|(_, reader)| reader.secrets());
            let cameras = crane.camera.iter().flat_map(|(_, camera)| camera.secrets());
            crane.device.secrets().into_iter().chain(readers).chain(cameras)
        });
        callbacks.chain(devices).collect()
    }

    /// What planning expects of each queue's crane; none of a dispatcher's. Where there is a simulation, all of it is at its speed.
    pub fn paces(&self, release: Release) -> Vec<Option<Pace>> {
        let usual = SimulationSettings::default();
        let simulation = self.simulation.as_ref().unwrap_or(&usual);
        let CheckTimes { acquisition, verification } = self.check_times;
        let (dwell, verdict_after) = match release {
            Release::AfterAcquisition => (acquisition, verification.saturating_sub(acquisition)),
            Release::AfterVerification => (verification, Duration::ZERO),
        };
        // One reader beside a camera for either side reads one side after the other.
        let standing = |crane: &ConfiguredCrane| match (&self.simulation, &crane.reader) {
            (Some(simulation), Sided::One(_)) if crane.camera.is_each() => dwell.max(simulation.inventory_time.0 * 2),
            _ => dwell,
        };
        let pace = |crane: &ConfiguredCrane| Pace {
            kinematics: at_speed(crane.kinematics, simulation.speed),
            overhead: Duration::ZERO,
            aisle_change: simulation.at_speed(crane.aisle_change.unwrap_or(simulation.aisle_change.0)),
            dwell: simulation.at_speed(standing(crane)),
            verdict_after: simulation.at_speed(verdict_after),
            returns_home: self.return_home,
        };
        self.cranes.iter().map(|crane| (!crane.is_dispatcher).then(|| pace(crane))).collect()
    }
}

/// A crane whose every move takes that many times less.
fn at_speed(Kinematics { drive, lift }: Kinematics, speed: f64) -> Kinematics {
    let faster = |axis: Axis| Axis { speed: axis.speed * speed, acceleration: axis.acceleration * speed * speed };
    Kinematics { drive: faster(drive), lift: faster(lift) }
}

/// Reads and checks a configuration. `path` is the file, or the folder that holds a [`FILE_NAME`].
///
/// # Errors
/// Everything that is wrong with it, up to 20 problems; contradictions between sections only once each section is right in itself.
pub fn load(path: &Path, catalog: &Catalog) -> Result<Warehouse, ConfigError> {
    let is_folder = path.is_dir();
    let given = if is_folder { path.join(FILE_NAME) } else { path.to_owned() };
    let name = given.display().to_string();
    let path = std::path::absolute(&given).map_err(|error| ConfigError::of_file(&name, None, error.to_string()))?;
    let bytes = crate::lists::read_bounded(&path, MOST_BYTES).map_err(|error| {
        let message = match error {
            crate::lists::Unreadable::Missing(_) if is_folder => format!("the folder has no {FILE_NAME}"),
            other => other.to_string(),
        };
        ConfigError::of_file(&name, None, message)
    })?;
    let text = crate::lists::utf8(&bytes).map_err(|(line, message)| ConfigError::of_file(&name, Some(line), message))?;
    drop(bytes);
    warehouse::read(path, &name, &text, catalog)
}
