use std::path::Path;
use std::sync::Arc;
use pandian::config;
use pandian_devices::{BuildContext, Catalog};
use pandian_devices::{callback::CallbackTable, http::HttpClient, process::ProcessPool};
use pandian_domain::{Digest, StocktakeId};
use pandian_domain::book::Book;
use pandian_engine::{Clock, Devices, Run, Site};
use pandian_sim::{Simulation, World, WorldSpec};
use pandian_sim::wire::{CraneRoute, Route, ServerSpec, SimServers};
use pandian_store::{Access, Store};

#[tokio::test(flavor = "multi_thread")]
async fn probe() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/scenario");
    let warehouse = config::load(&folder, &Catalog::real().with(pandian_sim::catalog())).unwrap_or_else(|e| panic!("{e}"));
    let book: Arc<dyn Book> = Arc::new(warehouse.read_book().unwrap().unwrap());
    let world = World::new(WorldSpec { layout: warehouse.layout.clone(), aisles: vec![], kinematics: warehouse.kinematics(), settings: warehouse.simulation.clone().unwrap(), book: Some(book.clone()) }).unwrap();
    let sim = Simulation::new(Arc::new(world));
    let servers = SimServers::start(sim, vec![ServerSpec { listen: "127.0.0.1:8011".parse().unwrap(), routes: vec![Route::Crane(CraneRoute::new("WCS".into()))] }]).await.unwrap();
    let crane = &warehouse.cranes[0];
    let context = BuildContext { crane: crane.id.clone(), folder: warehouse.folder().to_owned(), http: HttpClient::new(), processes: ProcessPool::new(64), callbacks: Arc::new(CallbackTable::new()), world: None };
    let devices = Devices { crane: crane.device.build(&context).unwrap(), reader: crane.reader.as_ref().map(|r| r.build(&context).unwrap()), camera: crane.camera.as_ref().map(|c| c.build(&context).unwrap()), rules: crane.rules };
    let site = Arc::new(Site { name: warehouse.name.clone(), layout: warehouse.layout.clone(), devices: vec![devices; 3], book: Some(book), settings: warehouse.settings, configuration: Digest::ZERO, file: warehouse.file.display().to_string().into() });
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(dir.path(), Access::Write).await.unwrap());
    let id = StocktakeId::new("2026-01-02T03:04:05Z".parse().unwrap(), [3; 10]);
    let all = warehouse.layout.slots().iter().map(|s| s.code.clone()).collect();
    let run = Run::start(site, store.clone(), Clock::System, id, all, 1).await.unwrap();
    let ending = run.drive().await.unwrap();
    println!("{ending:?}");
    let mut stops = store.histories(id);
    while let Some((_, h)) = stops.next().await.unwrap() { println!("{:?} {:?} {:?}", h.location, h.judgement, h.capture); }
    drop(stops);
    drop(servers);
    println!("{:?}", pandian_store::verify(dir.path(), None).await);
}
