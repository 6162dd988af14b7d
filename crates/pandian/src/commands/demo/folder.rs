//! The demonstration's folder.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::{fs, io};

use pandian_domain::Code;
use pandian_sim::wire::SimServers;
use pandian_store::{Access, Store};

use crate::assemble::simulation;
use crate::cli::DemoArgs;
use crate::config::Warehouse;
use crate::fault::Fault;
use crate::lists::write::CsvWriter;

const BAYS: usize = 10;
const LEVELS: usize = 6;

/// Where the simulated devices listen: cranes at one port, the reader and the camera of each at ports of their own.
pub(super) struct Ports {
    cranes: u16,
    /// Of each crane, its reader's and its camera's.
    checks: Vec<[u16; 2]>,
}

impl Ports {
    /// What stands in the configuration until the servers have theirs.
    pub(super) fn placeholders(cranes: u16) -> Self {
        Self { cranes: 1, checks: (0..cranes).map(|n| [2 + 2 * n, 3 + 2 * n]).collect() }
    }

    /// Those of the servers, in the order in which the configuration names them: the cranes', then of each crane its reader and its camera.
    pub(super) fn of(running: &SimServers) -> Self {
        let ports: Vec<u16> = running.addresses().iter().map(SocketAddr::port).collect();
        let (cranes, checks) = ports.split_first().map_or((0, &[][..]), |(cranes, checks)| (*cranes, checks));
        Self { cranes, checks: checks.as_chunks().0.to_vec() }
    }
}

/// The demonstration's folder: an ordinary warehouse that can be counted again by hand.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    seed: u64,
    cranes: u16,
    speed: f64,
    /// Locked as long as the demonstration lives.
    _mark: File,
}

impl Folder {
    /// Makes the folder anew; one that is not a demonstration's is left alone, and so is one that is in use.
    pub(super) async fn prepare(args: &DemoArgs) -> Result<Self, Fault> {
        let path = args.data.clone();
        let refuse = |why: String| Fault::new(Code::UsageInvalid, format!("{}: {why}", path.display()));
        if path.exists() {
            let is_empty = fs::read_dir(&path).map_err(|error| refuse(error.to_string()))?.next().is_none();
            if !is_empty && !path.join(MARK).exists() {
                return Err(refuse("there is something else in this folder; give another with --data".into()));
            }
            check_unused(&path).await?;
            fs::remove_dir_all(&path).map_err(|error| refuse(format!("cannot be made anew: {error}")))?;
        }
        fs::create_dir_all(&path).map_err(|error| refuse(format!("cannot be made: {error}")))?;
        let mark = mark(&path.join(MARK)).map_err(|error| refuse(error.to_string()))?;
        Ok(Self { path, seed: args.seed, cranes: args.cranes, speed: args.speed, _mark: mark })
    }

    pub(super) fn write_warehouse(&self, ports: &Ports, book: &str, opening: Option<[f32; 4]>) -> Result<(), Fault> {
        let port = ports.cranes;
        let mut text = format!(
            "# The warehouse of `pandian demo`. Devices are simulated, and reached over real sockets.\n\
             name = \"Demo\"\n\n[book]\n{book}\n\n\
             [simulation]\nseed = {}\nspeed = {:?}\ndifferences = 0.03\ninventory_time = \"2s\"\ncapture_time = \"500ms\"\n\n\
             # Readers hear the neighbours' tags too.\n\
             [simulation.radio]\n\n\
             # Labels are wrong or missing here and there, and something hangs before the camera.\n\
             [simulation.camera]\nsize = [1920, 1080]\nmislabelled = 0.01\nunlabelled = 0.02\nblocked = 0.01\n",
            self.seed, self.speed
        );
        if let Some([left, top, right, beam]) = opening {
            text.push_str(&format!(
                "\n# Where the opening of a slot is on the pictures, as shares of their width and height, and the beam at its foot.\n\
                 [[vision.slot]]\nkind = \"slot\"\nopening = [{left:.3}, {top:.3}, {right:.3}, {beam:.3}]\nbeam = {beam:.3}\n"
            ));
        }
        for (n, [reader, camera]) in (1..=self.cranes).zip(&ports.checks) {
            text.push_str(&format!(
                "\n[[aisle]]\nid = \"A{n:02}\"\nbays = {BAYS}\nlevels = {LEVELS}\n\
                 code = \"{{aisle}}-{{side}}-{{bay:03}}-{{level:02}}\"\n\n\
                 [[crane]]\nid = \"C{n}\"\naisles = [\"A{n:02}\"]\n\
                 device = {{ kind = \"http\", url = \"http://127.0.0.1:{port}/cranes/C{n}/execute_queue/\", alarm_codes = [500] }}\n\
                 reader = {{ kind = \"llrp\", address = \"127.0.0.1:{reader}\", antennas = {{ L = [1], R = [2] }} }}\n\
                 camera = {{ kind = \"http-snapshot\", preset = \"axis\", address = \"127.0.0.1:{camera}\" }}\n"
            ));
        }
        self.write("warehouse.toml", text.as_bytes())
    }

    /// What the books of the simulated warehouse say, as the list that a warehouse management system would hand over.
    pub(super) fn write_book(&self, warehouse: &Warehouse) -> Result<(), Fault> {
        let missing = || Fault::new(Code::Internal, "the demonstration has no simulation");
        let book = simulation(warehouse, None)?.ok_or_else(missing)?.world().book();
        let write = || -> io::Result<Vec<u8>> {
            let mut csv = CsvWriter::new(Vec::new())?;
            for column in ["location", "item", "handling_unit", "epc", "quantity"] {
                csv.text(column)?;
            }
            csv.end_row()?;
            for slot in warehouse.layout.slots() {
                for line in book.lines(&slot.code).unwrap_or_default() {
                    csv.text(slot.code.as_str())?;
                    csv.text(&line.item)?;
                    csv.text(line.handling_unit.as_deref().unwrap_or_default())?;
                    csv.text(line.epc.as_ref().map_or("", |epc| epc.as_str()))?;
                    csv.number(line.quantity)?;
                    csv.end_row()?;
                }
            }
            csv.finish()
        };
        self.write("book.csv", &write()?)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        let path = self.path.join(name);
        fs::write(&path, bytes).map_err(|error| Fault::new(Code::StoreUnavailable, format!("cannot write {}: {error}", path.display())))
    }
}

fn mark(path: &Path) -> io::Result<File> {
    let mut mark = File::create(path)?;
    mark.write_all(b"made by `pandian demo`, and made anew each time\n")?;
    mark.try_lock()?;
    Ok(mark)
}

/// A folder in which a demonstration is running, or in which its stocktake was taken up again, must not be made anew.
async fn check_unused(folder: &Path) -> Result<(), Fault> {
    if let Ok(mark) = File::open(folder.join(MARK))
        && let Err(TryLockError::WouldBlock) = mark.try_lock()
    {
        let message = format!("a demonstration is running in {}; give another folder with --data", folder.display());
        return Err(Fault::new(Code::DataInUse, message));
    }
    let data = folder.join("data");
    if data.exists() {
        match Store::open(&data, Access::Write).await {
            Ok(store) => drop(store.close().await?),
            Err(error) if error.code() == Code::DataInUse => return Err(error.into()),
            // What cannot be opened is not in use.
            Err(_) => {}
        }
    }
    Ok(())
}

/// Marks a folder as the demonstration's own.
const MARK: &str = ".pandian-demo";
