//! The configuration: `warehouse.toml` → tables → checked → [`Warehouse`].
//!
//! What may stand in it is written in `docs/configuration.md`. It is read section by section, and every section's entries one by one,
//! so that one error tells many problems; unknown keys are found with the JSON Schema that the same types make.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use pandian_devices::catalog::Build;
use pandian_devices::{Camera, Catalog, Crane, TagReader};
use pandian_domain::plan::Pace;
use pandian_domain::travel::Kinematics;
use pandian_domain::{CraneId, Layout, Sided};
use pandian_engine::site::{Release, Rules, Settings};
use pandian_sim::SimulationSettings;

use crate::lists::{Limits, ListBook, ListError, ListFile, read_stock};

mod carriers;
mod device;
mod document;
mod error;
mod file;
mod pattern;
mod schema;
mod slots;
#[cfg(test)]
mod tests;
mod units;
mod unknown;
mod warehouse;

pub use error::{ConfigError, ConfigProblem};
pub use schema::schema;

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
    /// Locations, lanes and queues. Queue `n` is that of `cranes[n]`.
    pub layout: Arc<Layout>,
    /// Measures of the aisles; [`Place::aisle`](pandian_domain::Place::aisle) is an index of these.
    pub aisles: Vec<Aisle>,
    /// Cranes, then dispatchers, each in the order of the file.
    pub cranes: Vec<ConfiguredCrane>,
    /// Where the book stock comes from.
    pub book: BookSource,
    /// How stocktakes run.
    pub settings: Settings,
    /// Where cranes that report back are awaited.
    pub callbacks: Option<CallbackListener>,
    /// The simulated warehouse.
    pub simulation: Option<SimulationSettings>,
}

/// An aisle.
#[derive(Debug, Clone, PartialEq)]
pub struct Aisle {
    /// Its name.
    pub id: Arc<str>,
    /// Number of columns.
    pub bays: u32,
    /// Number of levels.
    pub levels: u32,
    /// Locations behind each other.
    pub depth: u8,
    /// Distance from one bay to the next, in metres.
    pub bay_width_m: f64,
    /// Distance from one level to the next, in metres.
    pub level_height_m: f64,
}

/// A crane or a dispatcher with its devices' settings.
#[derive(Debug)]
pub struct ConfiguredCrane {
    /// Its name.
    pub id: CraneId,
    /// Its lanes, as indices of the layout's: one for a crane, as many as configured for a dispatcher.
    pub lanes: Range<u32>,
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

    /// What planning expects of each queue's crane; none of a dispatcher's.
    pub fn paces(&self, release: Release) -> Vec<Option<Pace>> {
        let usual = SimulationSettings::default();
        let checks = self.simulation.as_ref().unwrap_or(&usual);
        let (inventory, capture, compare) = (checks.inventory_time.0, checks.capture_time.0, checks.compare_time.0);
        let (dwell, verdict_after) = match release {
            Release::AfterAcquisition => (inventory.max(capture), compare),
            Release::AfterVerification => (inventory.max(capture + compare), Duration::ZERO),
        };
        let pace = |crane: &ConfiguredCrane| Pace {
            kinematics: crane.kinematics,
            overhead: Duration::ZERO,
            aisle_change: checks.aisle_change.0,
            dwell,
            verdict_after,
            returns_home: false,
        };
        self.cranes.iter().map(|crane| (crane.lanes.len() == 1).then(|| pace(crane))).collect()
    }

    /// The cranes by their names.
    pub fn kinematics(&self) -> HashMap<CraneId, Kinematics> {
        self.cranes.iter().map(|crane| (crane.id.clone(), crane.kinematics)).collect()
    }
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
