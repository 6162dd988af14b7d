//! `pandian demo`: a seeded warehouse on the wire simulators, counted at speed; what was found stands beside what was planted.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use pandian_domain::book::Book;
use pandian_domain::stocktake::Sequence;
use pandian_domain::{Code, StocktakeId, Verdict};
use pandian_engine::{Clock, Ending, Run};
use pandian_sim::wire::SimServers;
use pandian_sim::{Planted, Simulation};
use pandian_store::{Access, Store};
use rand::RngExt;
use tokio::signal::unix::{SignalKind, signal};

use super::run::{conduct, say_interrupted, summary_text, tell};
use super::sim::write_planted;
use crate::assemble::{Assembled, assemble, list_fault, load, simulation};
use crate::cli::DemoArgs;
use crate::config::Warehouse;
use crate::fault::{Exit, Fault};
use crate::lists::write::CsvWriter;
use crate::rehearsal::servers;
use crate::say;
use crate::show::Manner;
use crate::words::{Lang, Words};

const BAYS: usize = 10;
const LEVELS: usize = 6;

pub(super) async fn demo(args: DemoArgs, lang: Lang) -> Result<Exit, Fault> {
    let words = lang.words();
    let manner = Manner::choose(args.json, true);
    let folder = Folder::prepare(&args).await?;
    let ports = Ports::placeholders(args.cranes);
    folder.write_warehouse(&ports, "simulated = true")?;
    folder.write_book(&load(&folder.path)?)?;
    folder.write_warehouse(&ports, "file = \"book.csv\"")?;
    let warehouse = load(&folder.path)?;
    let book = warehouse.read_book().map_err(list_fault)?.map(|book| Arc::new(book) as Arc<dyn Book>);
    let missing = || Fault::new(Code::Internal, "the demonstration has no simulation");
    let world = simulation(&warehouse, book)?.ok_or_else(missing)?;
    write_planted(&world, &folder.path.join("planted.csv"))?;
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let running = SimServers::start(world.clone(), servers(&warehouse, Some(anywhere))?)
        .await
        .map_err(|error| Fault::new(Code::DeviceUnreachable, error.to_string()))?;
    folder.write_warehouse(&Ports::of(&running), "file = \"book.csv\"")?;

    let locations = warehouse.layout.slots().len();
    tell(manner, || (words.demo_title)(args.cranes, locations, args.speed));
    let (id, ending, data) = count(&folder, manner, words).await?;
    let exit = match ending {
        Ending::Finished(summary) => {
            tell(manner, || format!("{}\n", summary_text(&summary, words)));
            let exit = compare(&world, &data, summary.stocktake, manner, words).await?;
            tell(manner, || format!("\n{}", (words.demo_next)(&data.display().to_string())));
            exit
        }
        Ending::Cancelled(_) => Exit::Cancelled,
        Ending::Interrupted => {
            say_interrupted(id, &data, words);
            say::aside(format_args!("  {}", (words.serve_devices)(&folder.path.display().to_string())));
            Exit::Interrupted
        }
    };
    if !args.once && exit != Exit::Interrupted {
        tell(manner, || format!("\n{} http://{} · {}", words.serving, running.addresses()[0], words.stop_with_ctrl_c));
        signal(SignalKind::interrupt())?.recv().await;
    }
    running.stop().await;
    Ok(exit)
}

async fn count(folder: &Folder, manner: Manner, words: &'static Words) -> Result<(StocktakeId, Ending, PathBuf), Fault> {
    let data = folder.path.join("data");
    let warehouse = load(&folder.path)?;
    let store = Store::open(&data, Access::Write).await?;
    let Assembled { site, celery, llrp, .. } = assemble(&warehouse, Some(&store)).await?;
    let clock = Clock::System;
    let id = StocktakeId::new(clock.now(), rand::rng().random());
    let locations = warehouse.layout.slots().iter().map(|slot| slot.code.clone()).collect();
    let before = store.head().borrow().seq;
    let run = Run::start(site, Arc::new(store.clone()), clock, id, locations, Sequence::Planned, rand::rng().random()).await?;
    let ending = conduct(run, &store, &celery, &llrp, before, &data, true, manner, words).await?;
    store.close().await?;
    Ok((id, ending, data))
}

/// Holds what the count found against what the simulated world was given. The count itself never sees the latter.
async fn compare(world: &Simulation, data: &Path, stocktake: StocktakeId, manner: Manner, words: &Words) -> Result<Exit, Fault> {
    let planted: BTreeMap<String, Planted> = world.world().planted().map(|planted| (planted.location.to_string(), planted)).collect();
    let mut found: BTreeMap<String, Verdict> = BTreeMap::new();
    let store = Store::open(data, Access::Read).await?;
    let mut stops = store.histories(stocktake);
    while let Some((_, history)) = stops.next().await? {
        if let (Some(location), Some((judgement, _))) = (&history.location, &history.judgement)
            && !judgement.verdict.is_agreement()
        {
            found.insert(location.to_string(), judgement.verdict);
        }
    }
    let mut wrong = 0;
    let mut lines = Vec::new();
    let all: std::collections::BTreeSet<&String> = planted.keys().chain(found.keys()).collect();
    for location in &all {
        let (there, seen) = (planted.get(*location).map(|planted| planted.verdict), found.get(*location).copied());
        let name = |verdict: Option<Verdict>| verdict.map_or("–", |verdict| (words.verdict)(verdict));
        let mark = if there == seen { "✓" } else { "✗" };
        wrong += usize::from(there != seen);
        let partner =
            planted.get(*location).and_then(|planted| planted.partner.as_ref()).map(|partner| format!("  ↔ {partner}")).unwrap_or_default();
        lines.push(format!("  {mark} {location}  {}: {}  {}: {}{partner}", words.planted, name(there), words.found, name(seen)));
    }
    tell(manner, || lines.join("\n"));
    tell(manner, || if wrong == 0 { (words.all_found)(planted.len()) } else { (words.missed_some)(wrong, all.len()) });
    Ok(if wrong == 0 { Exit::Done } else { Exit::Incomplete })
}

/// Where the simulated devices listen: cranes and cameras at one port, the reader of each crane at one of its own.
struct Ports {
    http: u16,
    readers: Vec<u16>,
}

impl Ports {
    /// What stands in the configuration until the servers have theirs.
    fn placeholders(cranes: u16) -> Self {
        Self { http: 1, readers: (0..cranes).map(|n| 2 + n).collect() }
    }

    /// Those of the servers, the one for cranes and cameras being the first that was wanted.
    fn of(running: &SimServers) -> Self {
        let ports: Vec<u16> = running.addresses().iter().map(SocketAddr::port).collect();
        let (http, readers) = ports.split_first().map_or((0, &[][..]), |(http, readers)| (*http, readers));
        Self { http, readers: readers.to_vec() }
    }
}

/// The demonstration's folder: an ordinary warehouse that can be counted again by hand.
struct Folder {
    path: PathBuf,
    seed: u64,
    cranes: u16,
    speed: f64,
    /// Locked as long as the demonstration lives.
    _mark: File,
}

impl Folder {
    /// Makes the folder anew; one that is not a demonstration's is left alone, and so is one that is in use.
    async fn prepare(args: &DemoArgs) -> Result<Self, Fault> {
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

    fn write_warehouse(&self, ports: &Ports, book: &str) -> Result<(), Fault> {
        let port = ports.http;
        let mut text = format!(
            "# The warehouse of `pandian demo`. Devices are simulated, and reached over real sockets.\n\
             name = \"Demo\"\n\n[book]\n{book}\n\n\
             [simulation]\nseed = {}\nspeed = {:?}\ndifferences = 0.03\ninventory_time = \"2s\"\ncapture_time = \"500ms\"\ncompare_time = \"5500ms\"\n\n\
             # Readers hear the neighbours' tags too.\n\
             [simulation.radio]\n",
            self.seed, self.speed
        );
        for (n, reader) in (1..=self.cranes).zip(&ports.readers) {
            text.push_str(&format!(
                "\n[[aisle]]\nid = \"A{n:02}\"\nbays = {BAYS}\nlevels = {LEVELS}\n\
                 code = \"{{aisle}}-{{side}}-{{bay:03}}-{{level:02}}\"\n\n\
                 [[crane]]\nid = \"C{n}\"\naisles = [\"A{n:02}\"]\n\
                 device = {{ kind = \"http\", url = \"http://127.0.0.1:{port}/cranes/C{n}/execute_queue/\", alarm_codes = [500] }}\n\
                 reader = {{ kind = \"llrp\", address = \"127.0.0.1:{reader}\", antennas = {{ L = [1], R = [2] }} }}\n\
                 camera = {{ kind = \"http\", url = \"http://127.0.0.1:{port}/cameras/{{crane}}/capture?location={{location}}\", \
                 compare_url = \"http://127.0.0.1:{port}/cameras/{{crane}}/compare?location={{location}}\" }}\n"
            ));
        }
        self.write("warehouse.toml", text.as_bytes())
    }

    /// What the books of the simulated warehouse say, as the list that a warehouse management system would hand over.
    fn write_book(&self, warehouse: &Warehouse) -> Result<(), Fault> {
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
