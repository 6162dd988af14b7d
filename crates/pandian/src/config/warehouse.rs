//! From tables to a [`Warehouse`]: what one section says, then what the sections say of each other.

use std::path::PathBuf;
use std::sync::Arc;

use pandian_devices::Catalog;
use pandian_domain::stocktake::LaneRules;
use pandian_engine::site::{Release, Settings};
use pandian_sim::SimulationSettings;
use serde::de::DeserializeOwned;

use super::attribution::{self, AttributionTable};
use super::carriers;
use super::document::{Document, Path};
use super::error::ConfigError;
use super::file::{
    AisleTable, BookTable, CallbacksTable, DefaultsTable, LocationsTable, LockedTable, OnCraneOut, PlanTable, RailTable, RunTable,
    ZoneTable,
};
use super::units::Name;
use super::vision::{self, VisionTable};
use super::{BookSource, CallbackListener, Warehouse, plan, rails, schema, slots, zones};
use crate::lists::check_readable;

/// Reads the text of the file at `path`, which messages call `name`.
pub(super) fn read(path: PathBuf, name: &str, text: &str, catalog: &Catalog) -> Result<Warehouse, ConfigError> {
    if text.trim().is_empty() {
        return Err(ConfigError::of_file(name, None, "the configuration is empty"));
    }
    let mut document = Document::parse(name, text, &schema::of_file())?;
    let folder = path.parent().map(PathBuf::from).unwrap_or_default();

    let named: Option<Name> = required(&mut document, "name");
    let release: Option<Release> = document.read(&Path::of("release"));
    let book: Option<BookTable> = document.read(&Path::of("book"));
    let aisles: Vec<(Path, AisleTable)> = document.read_each("aisle");
    let table: Option<LocationsTable> = document.read(&Path::of("locations"));
    let rails: Vec<(Path, RailTable)> = document.read_each("rail");
    let zones: Vec<(Path, ZoneTable)> = document.read_each("zone");
    let locked: Vec<(Path, LockedTable)> = document.read_each("locked");
    let defaults: DefaultsTable = document.read(&Path::of("defaults")).unwrap_or_default();
    let carriers = carriers::read(&mut document, catalog, &defaults);
    let run: RunTable = document.read(&Path::of("run")).unwrap_or_default();
    let plan: PlanTable = document.read(&Path::of("plan")).unwrap_or_default();
    let attribution: AttributionTable = document.read(&Path::of("attribution")).unwrap_or_default();
    let attribution = attribution::read(&mut document, attribution);
    let vision: VisionTable = document.read(&Path::of("vision")).unwrap_or_default();
    let callbacks: Option<CallbacksTable> = document.read(&Path::of("callbacks"));
    let simulation: Option<SimulationSettings> = document.read(&Path::of("simulation"));
    check_simulation(&mut document, simulation.as_ref());
    // What a broken section does not say must not count as missing to the others.
    let Some(named) = named.filter(|_| document.report.is_empty()) else {
        return Err(document.report.into_error());
    };

    let callbacks = callbacks.and_then(|table| listener(&mut document, table));
    let book = book_source(&mut document, book, &folder, simulation.is_some());
    let check_times = plan::check_times(&mut document, &plan, simulation.as_ref());
    let mut queues = carriers::queues(&mut document, &carriers, &aisles);
    if document.report.is_empty() {
        rails::place(&mut document, rails, &carriers, &aisles, &mut queues);
    }
    let mut layout = slots::layout(&mut document, &folder, &aisles, table, &carriers, queues);
    if document.report.is_empty() {
        zones::bar(&mut document, &folder, &aisles, zones, locked, &mut layout);
    }
    let vision = vision::read(&mut document, vision, &layout);
    if !document.report.is_empty() {
        return Err(document.report.into_error());
    }
    Ok(Warehouse {
        name: named.0.into(),
        file: path,
        text: text.into(),
        layout: Arc::new(layout),
        cranes: carriers::configured(carriers),
        book,
        settings: settings(release, run),
        check_times,
        return_home: plan.return_home.unwrap_or(false),
        order: plan.order.unwrap_or_default(),
        learn: plan.learn.unwrap_or(true),
        attribution,
        vision,
        callbacks,
        simulation,
    })
}

fn required<T: DeserializeOwned>(document: &mut Document<'_>, key: &str) -> Option<T> {
    let path = Path::of(key);
    if document.get(&path).is_none() {
        document.report.add(0..0, "", format!("missing field `{key}`"), None);
    }
    document.read(&path)
}

fn check_simulation(document: &mut Document<'_>, simulation: Option<&SimulationSettings>) {
    let Some(Err(error)) = simulation.map(SimulationSettings::check) else { return };
    // Its field may name an entry of a list.
    let mut path = Path::of("simulation");
    for step in error.field.split(['.', '[']) {
        match step.strip_suffix(']').and_then(|index| index.parse().ok()) {
            Some(index) => path.push_index(index),
            None => path.push_key(step),
        }
    }
    document.problem(&path, error.wanted);
}

fn settings(release: Option<Release>, run: RunTable) -> Settings {
    let usual = Settings::default();
    Settings {
        release: release.unwrap_or_default(),
        comparisons_per_lane: run.comparisons_per_lane.map_or(usual.comparisons_per_lane, |count| count.0 as usize),
        lanes: LaneRules {
            // Count's range fits.
            give_up_after: run.give_up_after.map_or(usual.lanes.give_up_after, |count| count.0 as u16),
            hand_on: run.on_crane_out.map_or(usual.lanes.hand_on, |out| out == OnCraneOut::HandOn),
        },
    }
}

fn listener(document: &mut Document<'_>, table: CallbacksTable) -> Option<CallbackListener> {
    let path = Path::of("callbacks");
    let listen = table.listen.parse().ok();
    if listen.is_none() {
        let message = format!("\"{}\" is not an address with a port, such as \"0.0.0.0:8020\"", crate::lists::shown(&table.listen));
        document.problem(&path.clone().key("listen"), message);
    }
    if let Some(name) = table.secret_env.as_deref()
        && (name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
    {
        document
            .problem(&path.key("secret_env"), "this is not the name of an environment variable; the secret itself does not belong here");
    }
    Some(CallbackListener { listen: listen?, secret_env: table.secret_env })
}

fn book_source(document: &mut Document<'_>, table: Option<BookTable>, folder: &std::path::Path, simulated: bool) -> BookSource {
    let Some(table) = table else { return BookSource::None };
    let path = Path::of("book");
    match (table.file, table.simulated) {
        (Some(_), true) => document.problem(&path, "`file` and `simulated = true` exclude each other"),
        (None, false) => document.problem(&path, "`file` is wanted, or `simulated = true`"),
        (None, true) if !simulated => document.problem(&path.key("simulated"), "there is no [simulation] that books could come from"),
        (None, true) => return BookSource::Simulated,
        (Some(file), false) => {
            let file = folder.join(file);
            if let Err(error) = check_readable(&file) {
                document.problem(&path.key("file"), format!("{}: {error}", file.display()));
            }
            return BookSource::File { path: file, sheet: table.sheet };
        }
    }
    BookSource::None
}
