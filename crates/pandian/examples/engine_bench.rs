//! What `cargo xtask bench engine` measures of our side, one figure a run, printed as one line of JSON.
//!
//! The engine, the HTTP crane and the store are the program's own; reader and camera answer at once (or after a given time), as the
//! awaitable devices of the peers in `bench/peers` do.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot be made ends")]

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::{Parser, Subcommand};
use futures_util::FutureExt;
use pandian_devices::catalog::{Build, Kind};
use pandian_devices::celery::CeleryClients;
use pandian_devices::http::HttpClient;
use pandian_devices::{Arrival, BuildContext, Camera, Catalog, Crane, DevicePending, Probe, Shot, ShotEnd, TagReader, Visit};
use pandian_domain::book::{Book, BookLine};
use pandian_domain::retry::RetryPolicy;
use pandian_domain::stocktake::Sequence;
use pandian_domain::{Digest, Epc, Findings, Inventory, LaneSpec, Layout, LocationCode, QueueSpec, Slot, StocktakeId, TagRead};
use pandian_engine::{Clock, Devices, Ending, Journal, Release, Rules, Run, Settings, Site, Unkept};
use pandian_store::{Access, Store};
use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until};

/// The program's own allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Stops a second against HTTP cranes that arrive at once.
    Throughput {
        #[arg(long)]
        url: String,
        #[arg(long)]
        cranes: usize,
        /// Stops of each crane.
        #[arg(long)]
        stops: usize,
        /// Keep records here; without it nothing is kept.
        #[arg(long)]
        journal: Option<PathBuf>,
    },
    /// Stops whose checks are tasks of Celery workers; cranes arrive at once.
    Celery {
        #[arg(long)]
        broker: String,
        #[arg(long)]
        backend: String,
        /// What the names of the queues `rfid` and `capture` end in.
        #[arg(long, default_value = "")]
        pair: String,
        #[arg(long)]
        cranes: usize,
        /// Stops of each crane.
        #[arg(long)]
        stops: usize,
        #[arg(long)]
        journal: Option<PathBuf>,
    },
    /// From a crane's arrival to both checks begun, with arrivals at a steady pace.
    Arrivals {
        #[arg(long)]
        cranes: usize,
        #[arg(long)]
        stops: usize,
        /// Arrivals a second.
        #[arg(long)]
        rate: f64,
        #[arg(long)]
        journal: PathBuf,
    },
    /// Cranes and checks that take their (scaled) time, beside the ideal.
    Paced {
        #[arg(long)]
        cranes: usize,
        #[arg(long)]
        stops: usize,
        #[arg(long)]
        scale: f64,
        #[arg(long)]
        journal: PathBuf,
    },
}

/// A reader and camera that answer after a time, at once if it is nothing.
struct Answering {
    inventory: Duration,
    capture: Duration,
    begun: Option<Arc<Begun>>,
}

impl TagReader for Answering {
    fn inventory<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Inventory> {
        async move {
            self.note(visit);
            pause(self.inventory).await;
            let tag = TagRead { antenna: Some(1), rssi_dbm: Some(-52.5), count: 7, ..TagRead::of(epc_of(&visit.location)) };
            Ok(Inventory { tags: Some(vec![tag]), note: None })
        }
        .boxed()
    }
    fn probe(&self) -> DevicePending<'_, Probe> {
        async { Ok(Probe { summary: String::new() }) }.boxed()
    }
    fn address(&self) -> &str {
        "in process"
    }
}

impl Camera for Answering {
    fn capture<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Shot> {
        async move {
            self.note(visit);
            pause(self.capture).await;
            let findings = Findings { occupied: Some(true), codes: Vec::new(), confidence: Some(0.98), ..Findings::default() };
            Ok(Shot::Whole(ShotEnd { picture: None, findings: Some(findings), note: None }))
        }
        .boxed()
    }
    fn probe(&self) -> DevicePending<'_, Probe> {
        async { Ok(Probe { summary: String::new() }) }.boxed()
    }
    fn address(&self) -> &str {
        "in process"
    }
}

impl Answering {
    fn note(&self, visit: &Visit) {
        if let Some(begun) = &self.begun {
            begun.check(visit);
        }
    }
}

async fn pause(time: Duration) {
    if time.is_zero() { tokio::task::yield_now().await } else { sleep(time).await }
}

/// When cranes arrived, and how long it took until their second check had begun.
#[derive(Default)]
struct Begun {
    arrived: Mutex<HashMap<LocationCode, (Instant, u8)>>,
    delays: Mutex<Vec<Duration>>,
}

impl Begun {
    fn check(&self, visit: &Visit) {
        let mut arrived = self.arrived.lock().unwrap();
        if let Some((at, checks)) = arrived.get_mut(&visit.location) {
            *checks += 1;
            if *checks == 2 {
                self.delays.lock().unwrap().push(at.elapsed());
                arrived.remove(&visit.location);
            }
        }
    }
}

/// A crane that arrives at given instants, or after given travel times, or at once.
struct Timed {
    arrivals: HashMap<LocationCode, Arriving>,
    begun: Option<Arc<Begun>>,
}

#[derive(Clone, Copy)]
enum Arriving {
    At(Instant),
    After(Duration),
}

impl Crane for Timed {
    fn go_to<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Arrival> {
        async move {
            match self.arrivals.get(&visit.location) {
                Some(Arriving::At(instant)) => sleep_until(*instant).await,
                Some(Arriving::After(travel)) => sleep(*travel).await,
                None => {}
            }
            if let Some(begun) = &self.begun {
                begun.arrived.lock().unwrap().insert(visit.location.clone(), (Instant::now(), 0));
            }
            Ok(Arrival::default())
        }
        .boxed()
    }
    fn probe(&self) -> DevicePending<'_, Probe> {
        async { Ok(Probe { summary: String::new() }) }.boxed()
    }
    fn address(&self) -> &str {
        "in process"
    }
}

/// Every location holds one unit whose tag bears its code.
struct OneUnitEach;

impl Book for OneUnitEach {
    fn lines(&self, location: &LocationCode) -> Option<Vec<BookLine>> {
        let epc = Some(epc_of(location));
        Some(vec![BookLine { item: "item".into(), handling_unit: None, epc, quantity: 1.into(), unit: None, price: None }])
    }
    fn whereabouts(&self, _code: &str) -> Option<(LocationCode, BookLine)> {
        None
    }
    fn source(&self) -> Arc<str> {
        "bench".into()
    }
}

fn epc_of(location: &LocationCode) -> Epc {
    let digits: String = location.as_str().bytes().map(|byte| format!("{byte:02X}")).collect();
    Epc::from_hex(&digits).unwrap()
}

/// A crane, its reader and its camera.
type Triple = (Arc<dyn Crane>, Arc<dyn TagReader>, Arc<dyn Camera>);

fn site(cranes: usize, stops: usize, devices: impl Fn(usize, &[LocationCode]) -> Triple) -> Site {
    let lanes = (0..cranes).map(|n| {
        let name = format!("C{n}");
        LaneSpec { id: name.as_str().into(), crane: name.as_str().into(), queue: n as u32 }
    });
    let mut layout = Layout::new(lanes.collect(), vec![QueueSpec::default(); cranes]);
    for n in 0..cranes {
        for stop in 0..stops {
            layout.add(Slot { code: LocationCode::new(format!("A{n:05}-{stop:05}")), place: None, queue: n as u32 }).unwrap();
        }
    }
    let rule = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
    let rules = Rules { goto: rule, inventory: rule, capture: rule, compare: rule };
    let devices = (0..cranes)
        .map(|n| {
            let codes: Vec<LocationCode> = layout.slots()[n * stops..(n + 1) * stops].iter().map(|slot| slot.code.clone()).collect();
            let (crane, reader, camera) = devices(n, &codes);
            Devices { crane, reader: Some(reader).into(), camera: Some(camera).into(), rules }
        })
        .collect();
    Site {
        name: "bench".into(),
        file: "bench".into(),
        layout: Arc::new(layout),
        paces: vec![None; cranes],
        devices,
        book: Some(Arc::new(OneUnitEach)),
        settings: Settings { release: Release::AfterAcquisition, ..Settings::default() },
        attributing: None,
        sighting: None,
        configuration: Digest::ZERO,
    }
}

/// Counts every location once; gives the seconds and our CPU seconds, first request to last verdict.
async fn count(site: Site, journal: Option<&PathBuf>) -> (f64, f64, u64) {
    let site = Arc::new(site);
    let store = match journal {
        Some(folder) => Some(Store::open(folder, Access::Write).await.unwrap()),
        None => None,
    };
    let journal: Arc<dyn Journal> = match &store {
        Some(store) => Arc::new(store.clone()),
        None => Arc::new(Unkept),
    };
    let clock = Clock::System;
    let locations: Vec<LocationCode> = site.layout.slots().iter().map(|slot| slot.code.clone()).collect();
    let total = locations.len() as u64;
    let id = StocktakeId::new(clock.now(), [1; 10]);
    let (begun, cpu) = (Instant::now(), cpu_seconds());
    let run = Run::start(site, journal, clock, id, locations, Sequence::Given, 1).await.unwrap();
    let ending = run.drive().await.unwrap();
    let (seconds, cpu) = (begun.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let Ending::Finished(summary) = ending else { panic!("{ending:?}") };
    assert_eq!((summary.tally.settled, summary.tally.ambiguous, summary.tally.not_counted), (total, 0, 0), "{:?}", summary.tally);
    if let Some(store) = store {
        store.close().await.unwrap();
    }
    (seconds, cpu, total)
}

/// User and system time of this process so far.
fn cpu_seconds() -> f64 {
    let usage = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = usage.rsplit(") ").next().unwrap().split(' ').collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

/// The most memory this process ever had, in MB.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let line = runtime.block_on(async {
        match Args::parse().what {
            What::Throughput { url, cranes, stops, journal } => throughput(&url, cranes, stops, journal.as_ref()).await,
            What::Celery { broker, backend, pair, cranes, stops, journal } => {
                celery(&broker, &backend, &pair, cranes, stops, journal.as_ref()).await
            }
            What::Arrivals { cranes, stops, rate, journal } => arrivals(cranes, stops, rate, &journal).await,
            What::Paced { cranes, stops, scale, journal } => paced(cranes, stops, scale, &journal).await,
        }
    });
    println!("{line}");
}

fn context(crane: usize, http: &HttpClient, celery: &CeleryClients) -> BuildContext {
    BuildContext { http: http.clone(), celery: celery.clone(), ..BuildContext::new(format!("C{crane}").as_str().into(), "") }
}

/// Settings of a kind, as the program reads them.
fn settings<D: ?Sized>(kinds: &[Kind<D>], kind: &str, text: &str) -> Arc<dyn Build<D>> {
    let kind = kinds.iter().find(|known| known.name == kind).unwrap();
    (kind.parse)(toml::de::ValueDeserializer::parse(text).unwrap()).unwrap()
}

async fn celery(broker: &str, backend: &str, pair: &str, cranes: usize, stops: usize, journal: Option<&PathBuf>) -> serde_json::Value {
    let catalog = Catalog::real();
    let text = |task: &str| {
        format!(
            "{{ broker = \"{broker}\", backend = \"{backend}\", task = \"{task}\", queue = \"{task}{pair}\", args = [\"{{location}}\"] }}"
        )
    };
    let (reader, camera) = (settings(&catalog.readers, "celery", &text("rfid")), settings(&catalog.cameras, "celery", &text("capture")));
    let (http, clients) = (HttpClient::new(), CeleryClients::named(|| "pandian.bench".to_owned()));
    let at_once = Arc::new(Timed { arrivals: HashMap::new(), begun: None });
    // Connecting is not what is measured.
    let warm = reader.build(&context(0, &http, &clients)).unwrap();
    let visit = Visit {
        stop: StocktakeId::new(Clock::System.now(), [2; 10]).stop(1),
        op: pandian_domain::OpKind::Inventory,
        attempt: 1,
        timeout: Duration::from_secs(30),
        location: LocationCode::new("warm"),
        place: None,
        lane: "C0".into(),
        crane: "C0".into(),
    };
    warm.inventory(&visit).await.unwrap();
    let site = site(cranes, stops, |n, _| {
        let context = context(n, &http, &clients);
        (at_once.clone(), reader.build(&context).unwrap(), camera.build(&context).unwrap())
    });
    let (seconds, cpu, total) = count(site, journal).await;
    json!({
        "cranes": cranes,
        "stops": total,
        "seconds": seconds,
        "checks_per_s": total as f64 / seconds,
        "cpu_us_per_check": cpu * 1e6 / total as f64,
        "peak_mb": peak_mb(),
    })
}

async fn throughput(url: &str, cranes: usize, stops: usize, journal: Option<&PathBuf>) -> serde_json::Value {
    let catalog = Catalog::real();
    let text = format!("{{ url = \"{url}\", message = \"堆垛机已到达货位\" }}");
    let settings = settings(&catalog.cranes, "http", &text);
    let http = HttpClient::new();
    let answering = Arc::new(Answering { inventory: Duration::ZERO, capture: Duration::ZERO, begun: None });
    let site = site(cranes, stops, |n, _| {
        (settings.build(&context(n, &http, &CeleryClients::default())).unwrap(), answering.clone(), answering.clone())
    });
    let (seconds, cpu, total) = count(site, journal).await;
    json!({
        "peer": if journal.is_some() { "pandian durable" } else { "pandian" },
        "cranes": cranes,
        "stops": total,
        "seconds": seconds,
        "checks_per_s": total as f64 / seconds,
        "cpu_us_per_check": cpu * 1e6 / total as f64,
        "peak_mb": peak_mb(),
    })
}

async fn arrivals(cranes: usize, stops: usize, rate: f64, journal: &PathBuf) -> serde_json::Value {
    let begun = Arc::new(Begun::default());
    let start = Instant::now() + Duration::from_secs(2);
    let site = site(cranes, stops, |n, codes| {
        let at = |stop: usize| start + Duration::from_secs_f64((stop * cranes + n) as f64 / rate);
        let arrivals = codes.iter().enumerate().map(|(stop, code)| (code.clone(), Arriving::At(at(stop)))).collect();
        let checks = Answering { inventory: Duration::from_millis(200), capture: Duration::from_millis(600), begun: Some(begun.clone()) };
        let checks = Arc::new(checks);
        (Arc::new(Timed { arrivals, begun: Some(begun.clone()) }), checks.clone(), checks)
    });
    let (seconds, _, total) = count(site, Some(journal)).await;
    let mut delays = std::mem::take(&mut *begun.delays.lock().unwrap());
    delays.sort_unstable();
    let at = |share: f64| delays[((delays.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    json!({ "cranes": cranes, "stops": total, "seconds": seconds, "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1.0) })
}

async fn paced(cranes: usize, stops: usize, scale: f64, journal: &PathBuf) -> serde_json::Value {
    let scaled = |seconds: f64| Duration::from_millis((seconds * scale * 1000.0).round() as u64);
    let (inventory, capture) = (scaled(2.0), scaled(6.0));
    let travel = |n: usize, stop: usize| scaled(3.0 + ((n * 31 + stop * 17) % 90) as f64 / 10.0);
    let site = site(cranes, stops, |n, codes| {
        let arrivals = codes.iter().enumerate().map(|(stop, code)| (code.clone(), Arriving::After(travel(n, stop)))).collect();
        let checks = Arc::new(Answering { inventory, capture, begun: None });
        (Arc::new(Timed { arrivals, begun: None }), checks.clone(), checks)
    });
    let ideal = (0..cranes)
        .map(|n| (0..stops).map(|stop| (travel(n, stop) + inventory.max(capture)).as_secs_f64()).sum::<f64>())
        .fold(0.0, f64::max);
    let (seconds, _, total) = count(site, Some(journal)).await;
    json!({ "cranes": cranes, "stops": total, "seconds": seconds, "ideal_seconds": ideal, "ratio": seconds / ideal })
}
