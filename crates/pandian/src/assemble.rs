//! From a configuration to a site that can be counted: devices built, books read, listeners bound.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use pandian_devices::callback::{CallbackListener, CallbackTable};
use pandian_devices::camera::SharedCameras;
use pandian_devices::celery::CeleryClients;
use pandian_devices::http::HttpClient;
use pandian_devices::process::ProcessPool;
use pandian_devices::reader::llrp::LlrpConnections;
use pandian_devices::{BuildContext, Catalog};
use pandian_domain::attribution::Calibration;
use pandian_domain::book::Book;
use pandian_domain::{Code, CraneId, Fact, References};
use pandian_engine::{Attributing, Devices, Sighting, Site};
use pandian_sim::{CraneSpec, Simulation, World, WorldSpec};
use pandian_store::{Store, digest, name_of};

use crate::config::{self, Apply, BookSource, Warehouse};
use crate::fault::Fault;
use crate::lists::{Limits, ListFile, read_stock};
use crate::{learnt, references};

/// Every kind of device there is, the simulated ones included.
pub fn catalog() -> Catalog {
    Catalog::real().with(pandian_sim::catalog())
}

/// Reads a configuration.
pub fn load(path: &Path) -> Result<Warehouse, Fault> {
    config::load(path, &catalog()).map_err(|error| Fault::new(error.code(), error.to_string()))
}

/// A site, and what lives as long as it does.
pub struct Assembled {
    /// What a run works with.
    pub site: Arc<Site>,
    /// The simulated warehouse, where there is one.
    pub simulation: Option<Arc<Simulation>>,
    /// The clients of Celery workers.
    pub celery: CeleryClients,
    /// The connections to LLRP readers. They are closed in order when they are no longer needed, or readers may refuse their next client.
    pub llrp: LlrpConnections,
    /// Where cranes call back.
    pub callbacks: Option<CallbackListener>,
}

/// Builds every device and reads the books. An imported list in the data directory goes before the configuration's own.
pub async fn assemble(warehouse: &Warehouse, store: Option<&Store>) -> Result<Assembled, Fault> {
    let listed = match store {
        Some(store) => imported_book(warehouse, store).await?,
        None => None,
    };
    let listed = match listed {
        Some(book) => Some(book),
        None => warehouse.read_book().map_err(list_fault)?.map(|book| Arc::new(book) as Arc<dyn Book>),
    };
    let simulation = simulation(warehouse, listed.clone())?;
    let book = match (listed, &warehouse.book, &simulation) {
        (Some(book), ..) => Some(book),
        (None, BookSource::Simulated, Some(simulation)) => Some(simulation.world().book()),
        _ => None,
    };
    let callback_table = Arc::new(CallbackTable::new());
    let callbacks = listen_for_callbacks(warehouse, &callback_table).await?;
    let http = HttpClient::new();
    let celery = store.map_or_else(CeleryClients::default, |store| {
        let dir = store.dir().to_owned();
        CeleryClients::named(move || format!("pandian.{}", name_of(&dir)))
    });
    let llrp = LlrpConnections::default();
    let cameras = SharedCameras::default();
    // A stop at the rack runs two programs, one that is compared behind it one: no crane waits for another's.
    let at_once = warehouse.layout.lanes().len().saturating_mul(2 + warehouse.settings.comparisons_per_lane);
    let processes = ProcessPool::new(at_once.max(ProcessPool::AT_ONCE)).withholding(warehouse.secrets());
    let context = |crane: &CraneId| BuildContext {
        crane: crane.clone(),
        folder: warehouse.folder().to_owned(),
        http: http.clone(),
        processes: processes.clone(),
        celery: celery.clone(),
        llrp: llrp.clone(),
        cameras: cameras.clone(),
        callbacks: callback_table.clone(),
        world: simulation.clone().map(Simulation::into_any),
    };
    let mut devices = Vec::with_capacity(warehouse.layout.lanes().len());
    for crane in &warehouse.cranes {
        let context = context(&crane.id);
        let built = Devices {
            crane: crane.device.build(&context)?,
            reader: crane.reader.try_map(|reader| reader.build(&context))?,
            camera: crane.camera.try_map(|camera| camera.build(&context))?,
            rules: crane.rules,
        };
        devices.extend(crane.lanes.clone().map(|_| built.clone()));
    }
    let mut paces = warehouse.paces(warehouse.settings.release);
    if let Some(store) = store {
        learnt::apply(&mut paces, &learnt::learnt(store, warehouse).await?);
    }
    let attributing = attributing(warehouse, &devices, store).await?;
    let sighting = sighting(warehouse, &devices, store).await?;
    let site = Site {
        name: warehouse.name.clone(),
        file: warehouse.file.display().to_string().into(),
        layout: warehouse.layout.clone(),
        devices,
        paces,
        book,
        settings: warehouse.settings,
        attributing,
        sighting,
        configuration: digest(warehouse.text.as_bytes()),
    };
    Ok(Assembled { site: Arc::new(site), simulation, celery, llrp, callbacks })
}

/// How tags are attributed, where a reader hears the neighbours too, with what was learnt of the readers before.
async fn attributing(warehouse: &Warehouse, devices: &[Devices], store: Option<&Store>) -> Result<Option<Attributing>, Fault> {
    let hears_strays = |devices: &Devices| devices.reader.iter().any(|(_, reader)| reader.hears_strays());
    let every_reader = match warehouse.attribution.apply {
        Apply::Never => return Ok(None),
        Apply::Auto if !devices.iter().any(hears_strays) => return Ok(None),
        Apply::Auto => false,
        Apply::Always => true,
    };
    let learnt = match store {
        Some(store) => store.last_of("radio_learnt").await?,
        None => None,
    };
    let known = match learnt.map(|stored| stored.record()).transpose()?.map(|record| record.fact) {
        Some(Fact::RadioLearnt { warehouse: of, calibration }) if of == warehouse.name => Calibration::from_lines(&calibration),
        _ => Calibration::default(),
    };
    Ok(Some(Attributing { rules: warehouse.attribution.rules, every_reader, known }))
}

/// How pictures are looked at, where a camera does not find out itself what is on its own.
async fn sighting(warehouse: &Warehouse, devices: &[Devices], store: Option<&Store>) -> Result<Option<Sighting>, Fault> {
    let brings_only_pictures = |devices: &Devices| devices.camera.iter().any(|(_, camera)| camera.brings_only_pictures());
    match warehouse.vision.apply {
        Apply::Never => return Ok(None),
        Apply::Auto if !devices.iter().any(brings_only_pictures) => return Ok(None),
        Apply::Auto | Apply::Always => {}
    }
    let rules = warehouse.vision.rules.clone();
    let Some(store) = store else { return Ok(Some(Sighting { rules, references: References::default(), before: HashMap::new() })) };
    Ok(Some(Sighting { rules, references: references::on_record(store).await?, before: references::accepted_pictures(store).await? }))
}

/// An error in a list, on its way to a person.
pub fn list_fault(error: crate::lists::ListError) -> Fault {
    Fault::new(error.code(), error.to_string())
}

/// The simulated warehouse of a configuration; `book` is what ought to lie in it.
pub fn simulation(warehouse: &Warehouse, book: Option<Arc<dyn Book>>) -> Result<Option<Arc<Simulation>>, Fault> {
    let Some(settings) = &warehouse.simulation else { return Ok(None) };
    let cranes = warehouse.cranes.iter().map(|crane| {
        let spec = CraneSpec { kinematics: crane.kinematics, aisle_change: crane.aisle_change };
        (crane.id.clone(), spec)
    });
    let spec = WorldSpec { layout: warehouse.layout.clone(), cranes: cranes.collect(), settings: settings.clone(), book };
    let world = World::new(spec).map_err(|error| Fault::new(Code::ConfigInvalid, error.to_string()))?;
    Ok(Some(Simulation::new(Arc::new(world))))
}

async fn listen_for_callbacks(warehouse: &Warehouse, table: &Arc<CallbackTable>) -> Result<Option<CallbackListener>, Fault> {
    let Some(wanted) = &warehouse.callbacks else { return Ok(None) };
    let secret = match &wanted.secret_env {
        None => String::new(),
        Some(name) => std::env::var(name)
            .map_err(|_| Fault::new(Code::ConfigInvalid, format!("callbacks.secret_env: the environment has no variable {name}")))?,
    };
    Ok(Some(CallbackListener::bind(wanted.listen, &secret, table.clone()).await?))
}

/// The list of book stock that was imported last.
async fn imported_book(warehouse: &Warehouse, store: &Store) -> Result<Option<Arc<dyn Book>>, Fault> {
    let Some(record) = store.last_of("book_imported").await? else { return Ok(None) };
    let Fact::BookImported { source, list, .. } = record.record()?.fact else { return Ok(None) };
    let missing = || Fault::new(Code::EvidenceBroken, format!("the imported book stock {list} is missing from the data directory"));
    let bytes = store.evidence(list).await?.ok_or_else(missing)?;
    let file = ListFile::of_bytes(&source, bytes.to_vec(), Limits::default()).map_err(list_fault)?;
    Ok(Some(Arc::new(read_stock(&file, &warehouse.layout).map_err(list_fault)?)))
}
