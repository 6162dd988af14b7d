//! Small warehouses in a folder: `warehouse.toml`, books, and their simulated devices, served in this process.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pandian::assemble::{load, simulation};
use pandian::rehearsal::servers;
use pandian_domain::Verdict;
use pandian_domain::book::Book;
use pandian_sim::wire::{SimServers, Traffic};
use pandian_sim::{Simulation, World};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

/// A warehouse to be written: cranes `C1`, `C2`, …, aisle `A01`, `A02`, … for each or for each two, both sides of it.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// How many cranes.
    pub(crate) cranes: usize,
    /// Columns of an aisle.
    pub(crate) bays: u32,
    /// Levels of an aisle.
    pub(crate) levels: u32,
    /// Lines before the first table.
    pub(crate) top: String,
    /// The lines of `[book]`.
    pub(crate) book: String,
    /// The lines of `[simulation]`, its faults included.
    pub(crate) simulation: String,
    /// Further tables.
    pub(crate) tables: String,
    /// Further lines of each crane's table; those of the last one hold for all that follow.
    pub(crate) crane: Vec<String>,
    /// Every crane lists every aisle, its own first.
    pub(crate) shared: bool,
    /// Two cranes share each aisle and its rail, `R1`, `R2`, …, with this gap.
    pub(crate) rail_gap: Option<&'static str>,
    /// Cranes have a camera.
    pub(crate) camera: bool,
    /// On the wire it is of kind `http-snapshot`.
    pub(crate) snapshot: bool,
    /// Cranes have a reader, and a camera, for either side of the aisle.
    pub(crate) each_side: bool,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            cranes: 2,
            bays: 3,
            levels: 1,
            top: String::new(),
            book: "simulated = true".into(),
            simulation: "seed = 7\n".into(),
            tables: String::new(),
            crane: vec![String::new()],
            shared: false,
            rail_gap: None,
            camera: true,
            snapshot: false,
            each_side: false,
        }
    }
}

/// The devices of one crane as the configuration has them.
enum Devices {
    /// In the process that counts.
    InProcess,
    /// On the wire: the ports of crane, reader and camera.
    Wire([u16; 3]),
}

impl Draft {
    /// Writes the warehouse with devices in process, kind `sim`. Gives its file.
    pub(crate) fn write(&self, folder: &Path) -> PathBuf {
        self.write_with(folder, |_| Devices::InProcess)
    }

    /// Writes the warehouse with devices of kind `http`, each at a port of its own, and serves them.
    pub(crate) fn serve(&self, folder: &Path) -> Served {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        // Placeholders, until the servers have their ports.
        let file = self.write_with(folder, |crane| Devices::Wire([1, 2, 3].map(|device| crane as u16 * 3 + device)));
        let world = world_of(&file);
        let mut specs = servers(&load(&file).unwrap(), None).unwrap();
        for spec in &mut specs {
            spec.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        }
        let running = runtime.block_on(SimServers::start(world.clone(), specs)).unwrap();
        let ports: Vec<u16> = running.addresses().iter().map(SocketAddr::port).collect();
        let per_crane = if self.camera { 3 } else { 2 };
        self.write_with(folder, |crane| {
            let port = |device: usize| ports.get(crane * per_crane + device).copied().unwrap_or(0);
            Devices::Wire([port(0), port(1), port(2)])
        });
        Served { file, ports, world, servers: Some(running), runtime }
    }

    fn write_with(&self, folder: &Path, devices: impl Fn(usize) -> Devices) -> PathBuf {
        let mut text =
            format!("name = \"Test\"\n{}\n\n[book]\n{}\n\n[simulation]\n{}\n{}\n", self.top, self.book, self.simulation, self.tables);
        let per_aisle = if self.rail_gap.is_some() { 2 } else { 1 };
        let aisles = self.cranes / per_aisle;
        let aisle = |n: usize| format!("A{:02}", n + 1);
        for n in 0..self.cranes {
            let own = n / per_aisle;
            if n % per_aisle == 0 {
                write!(
                    text,
                    "\n[[aisle]]\nid = \"{}\"\nbays = {}\nlevels = {}\ncode = \"{{aisle}}-{{side}}-{{bay:03}}-{{level:02}}\"\n",
                    aisle(own),
                    self.bays,
                    self.levels,
                )
                .unwrap();
                if let Some(gap) = self.rail_gap {
                    let cranes = [format!("C{}", n + 1), format!("C{}", n + 2)];
                    write!(text, "\n[[rail]]\nid = \"R{}\"\ncranes = {cranes:?}\ngap = \"{gap}\"\n", own + 1).unwrap();
                }
            }
            let served: Vec<String> =
                if self.shared { (0..aisles).map(|more| aisle((own + more) % aisles)).collect() } else { vec![aisle(own)] };
            let lines = self.crane.get(n).or(self.crane.last()).map_or("", String::as_str);
            write!(text, "\n[[crane]]\nid = \"C{}\"\naisles = {served:?}\n{lines}\n", n + 1).unwrap();
            text.push_str(&self.devices(devices(n)));
        }
        let file = folder.join("warehouse.toml");
        std::fs::write(&file, text).unwrap();
        file
    }

    fn devices(&self, devices: Devices) -> String {
        let (crane, reader, camera) = match devices {
            Devices::InProcess => ("kind = \"sim\"".to_owned(), "kind = \"sim\"".to_owned(), "kind = \"sim\"".to_owned()),
            Devices::Wire([crane, reader, camera]) => (
                format!("kind = \"http\", url = \"http://127.0.0.1:{crane}/execute_queue/\", alarm_codes = [500]"),
                format!("kind = \"http\", url = \"http://127.0.0.1:{reader}/readers/{{crane}}/inventory?location={{location}}\""),
                if self.snapshot {
                    format!("kind = \"http-snapshot\", preset = \"hikvision\", address = \"127.0.0.1:{camera}\"")
                } else {
                    format!(
                        "kind = \"http\", url = \"http://127.0.0.1:{camera}/cameras/{{crane}}/capture?location={{location}}\", \
                         compare_url = \"http://127.0.0.1:{camera}/cameras/{{crane}}/compare?location={{location}}\""
                    )
                },
            ),
        };
        let on_it = |role: &str, device: &str| match self.each_side {
            true => format!("{role}s = {{ L = {{ {device} }}, R = {{ {device} }} }}\n"),
            false => format!("{role} = {{ {device} }}\n"),
        };
        let camera = if self.camera { on_it("camera", &camera) } else { String::new() };
        format!("device = {{ {crane} }}\n{}{camera}", on_it("reader", &reader))
    }
}

/// A warehouse whose devices are served until this is dropped.
pub(crate) struct Served {
    /// Its configuration.
    pub(crate) file: PathBuf,
    /// The ports of C1's crane, reader and camera, then of C2's, …
    pub(crate) ports: Vec<u16>,
    /// The world behind the devices.
    pub(crate) world: Arc<Simulation>,
    servers: Option<SimServers>,
    /// Where they run.
    runtime: Runtime,
}

impl Served {
    /// What a perfect count says of every location.
    pub(crate) fn truth(&self) -> BTreeMap<String, Verdict> {
        truth(self.world.world())
    }

    /// Ends the servers, and tells what they had to do.
    pub(crate) fn stop(mut self) -> Traffic {
        self.runtime.block_on(self.servers.take().unwrap().stop())
    }
}

/// The simulated warehouse of a configuration.
pub(crate) fn world_of(file: &Path) -> Arc<Simulation> {
    let warehouse = load(file).unwrap();
    let book = warehouse.read_book().unwrap().map(|book| Arc::new(book) as Arc<dyn Book>);
    simulation(&warehouse, book).unwrap().unwrap()
}

/// What a perfect count says of every location of a world.
pub(crate) fn truth(world: &World) -> BTreeMap<String, Verdict> {
    let book = world.book();
    let agreed = |slot: &pandian_domain::layout::Slot| {
        let is_empty = book.lines(&slot.code).unwrap_or_default().is_empty();
        (slot.code.to_string(), if is_empty { Verdict::EmptyAsBooked } else { Verdict::Match })
    };
    let mut truth: BTreeMap<String, Verdict> = world.layout().slots().iter().map(agreed).collect();
    truth.extend(world.planted().map(|planted| (planted.location.to_string(), planted.verdict)));
    truth
}

/// The books of a world as rows of a list, header included.
pub(crate) fn book_rows(world: &World) -> Vec<Vec<String>> {
    let mut rows = vec![["location", "item", "handling_unit", "epc", "quantity"].map(str::to_owned).to_vec()];
    for slot in world.layout().slots() {
        for line in world.book().lines(&slot.code).unwrap_or_default() {
            rows.push(vec![
                slot.code.to_string(),
                line.item.to_string(),
                line.handling_unit.as_deref().unwrap_or_default().to_owned(),
                line.epc.as_ref().map_or("", |epc| epc.as_str()).to_owned(),
                line.quantity.to_string(),
            ]);
        }
    }
    rows
}

/// The verdict of every location that the events of a stocktake judge. Each is judged once.
pub(crate) fn judged(events: &[Value]) -> BTreeMap<String, String> {
    let mut judged = BTreeMap::new();
    for event in events.iter().filter(|event| event["type"] == "judged") {
        let location = event["location"].as_str().unwrap().to_owned();
        let before = judged.insert(location, event["verdict"].as_str().unwrap().to_owned());
        assert_eq!(before, None, "judged twice: {event}");
    }
    judged
}

/// Verdicts as their names.
pub(crate) fn named(truth: &BTreeMap<String, Verdict>) -> BTreeMap<String, String> {
    truth.iter().map(|(location, verdict)| (location.clone(), verdict.as_str().to_owned())).collect()
}
