//! Cranes, readers and cameras of the test's own, over a real journal on disk.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use pandian_devices::{Arrival, Camera, Comparer, Crane, DeviceError, DevicePending, Probe, Shot, ShotEnd, TagReader, Visit};
use pandian_domain::book::{Book, BookLine};
use pandian_domain::retry::RetryPolicy;
use pandian_domain::stocktake::Sequence;
use pandian_domain::stop::StopState;
use pandian_domain::{
    Code, Digest, Epc, Fact, Findings, Inventory, LaneSpec, Layout, LocationCode, QueueSpec, Record, Sided, Slot, StocktakeId, StopId,
    TagRead, Verdict,
};
use pandian_engine::{Clock, Devices, Ending, Release, Rules, Run, Settings, Site, Summary};
use pandian_store::{Access, Store};
use tokio::time::sleep;

pub(super) const TRAVEL: [u64; 3] = [4_000, 3_250, 7_001];
pub(super) const INVENTORY: Duration = Duration::from_millis(2_000);
pub(super) const CAPTURE: Duration = Duration::from_millis(500);
pub(super) const COMPARE: Duration = Duration::from_millis(5_500);

/// One crane with its reader and camera; what goes wrong is scripted by location.
pub(super) struct Device {
    travel: Duration,
    script: Arc<Script>,
}

#[derive(Default)]
pub(super) struct Script {
    /// How many first tries of an operation at a location fail.
    pub(super) failures: HashMap<(&'static str, &'static str), u32>,
    /// Operations that never answer.
    pub(super) hangs: Vec<(&'static str, &'static str)>,
    pub(super) panics: Vec<(&'static str, &'static str)>,
    pub(super) tries: Mutex<HashMap<(String, String), u32>>,
    pub(super) keys: Mutex<Vec<String>>,
    pub(super) comparing: AtomicU32,
    pub(super) most_comparing: AtomicU32,
}

impl Script {
    async fn act(&self, visit: &Visit, time: Duration) -> Result<(), DeviceError> {
        self.keys.lock().unwrap().push(visit.key());
        let (op, location) = (visit.op.as_str(), visit.location.as_str());
        let is = |(wanted, at): &(&str, &str)| *wanted == op && *at == location;
        assert!(!self.panics.iter().any(is), "a fault of this driver");
        if self.hangs.iter().any(is) {
            std::future::pending::<()>().await;
        }
        sleep(time).await;
        let mut tries = self.tries.lock().unwrap();
        let tried = tries.entry((op.into(), location.into())).or_default();
        *tried += 1;
        match self.failures.iter().find(|(key, _)| is(key)) {
            Some((_, failing)) if *tried <= *failing => Err(DeviceError::new(Code::DeviceDropped, format!("{op} at {location}: dropped"))),
            _ => Ok(()),
        }
    }
}

impl Crane for Device {
    fn go_to<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Arrival> {
        async move { self.script.act(visit, self.travel).await.map(|()| Arrival::default()) }.boxed()
    }
    fn probe(&self) -> DevicePending<'_, Probe> {
        unreachable!()
    }
    fn address(&self) -> &str {
        "test"
    }
}

impl TagReader for Device {
    fn inventory<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Inventory> {
        async move {
            self.script.act(visit, INVENTORY).await?;
            let tag = TagRead { antenna: Some(1), rssi_dbm: Some(-50.0), count: 3, ..TagRead::of(epc_of(visit.location.as_str())) };
            Ok(Inventory { tags: Some(vec![tag]), note: None })
        }
        .boxed()
    }
    fn probe(&self) -> DevicePending<'_, Probe> {
        unreachable!()
    }
    fn address(&self) -> &str {
        "test"
    }
}

impl Camera for Device {
    fn capture<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Shot> {
        async move {
            self.script.act(visit, CAPTURE).await?;
            let picture = format!("\u{89}PNG of {}", visit.location);
            Ok(Shot::Whole(ShotEnd { picture: Some(Bytes::from(picture)), findings: None, note: None }))
        }
        .boxed()
    }
    fn probe(&self) -> DevicePending<'_, Probe> {
        unreachable!()
    }
    fn address(&self) -> &str {
        "test"
    }
    fn comparer(&self) -> Option<&dyn Comparer> {
        Some(self)
    }
}

impl Comparer for Device {
    fn compare<'a>(&'a self, visit: &'a Visit, picture: Bytes) -> DevicePending<'a, Findings> {
        async move {
            assert!(String::from_utf8_lossy(&picture).ends_with(visit.location.as_str()));
            let now = self.script.comparing.fetch_add(1, Ordering::SeqCst) + 1;
            self.script.most_comparing.fetch_max(now, Ordering::SeqCst);
            self.script.act(visit, COMPARE).await?;
            self.script.comparing.fetch_sub(1, Ordering::SeqCst);
            Ok(Findings { occupied: Some(true), codes: Vec::new(), confidence: Some(0.97), ..Findings::default() })
        }
        .boxed()
    }
}

/// Every location holds what its name says.
pub(super) struct NamedStock;

impl Book for NamedStock {
    fn lines(&self, location: &LocationCode) -> Option<Vec<BookLine>> {
        let epc = Some(epc_of(location.as_str()));
        Some(vec![BookLine { item: "item".into(), handling_unit: None, epc, quantity: 1.into(), unit: None, price: None }])
    }
    fn whereabouts(&self, _code: &str) -> Option<(LocationCode, BookLine)> {
        None
    }
    fn source(&self) -> Arc<str> {
        "test".into()
    }
}

pub(super) fn epc_of(location: &str) -> Epc {
    Epc::from_hex(&location.bytes().map(|byte| format!("{byte:02X}")).collect::<String>()).unwrap()
}

pub(super) struct Rig {
    pub(super) folder: tempfile::TempDir,
    pub(super) site: Arc<Site>,
    pub(super) script: Arc<Script>,
}

impl Rig {
    /// `cranes` cranes with ten locations each: `A0` … `A9`, `B0` …
    pub(super) fn new(cranes: usize, release: Release, script: Script) -> Self {
        let script = Arc::new(script);
        let names: Vec<String> = ('A'..).take(cranes).map(String::from).collect();
        let lanes = names.iter().zip(0..).map(|(name, queue)| LaneSpec { id: name.as_str().into(), crane: name.as_str().into(), queue });
        let mut layout = Layout::new(lanes.collect(), vec![QueueSpec::default(); cranes]);
        for (queue, name) in (0..).zip(&names) {
            for n in 0..10 {
                layout.add(Slot { code: format!("{name}{n}").as_str().into(), place: None, queue }).unwrap();
            }
        }
        let rule = RetryPolicy {
            attempts: 3,
            timeout: Duration::from_secs(30),
            first_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(4),
        };
        let rules = Rules { goto: rule, inventory: rule, capture: rule, compare: rule };
        let devices = (0..cranes)
            .map(|n| {
                let device = Arc::new(Device { travel: Duration::from_millis(TRAVEL[n % 3]), script: script.clone() });
                Devices { crane: device.clone(), reader: Sided::One(device.clone()), camera: Sided::One(device), rules }
            })
            .collect();
        let settings = Settings { release, ..Settings::default() };
        let site = Site {
            name: "test".into(),
            file: "test.toml".into(),
            layout: Arc::new(layout),
            devices,
            paces: vec![None; cranes],
            book: Some(Arc::new(NamedStock)),
            settings,
            attributing: None,
            sighting: None,
            configuration: Digest::ZERO,
        };
        Self { folder: tempfile::tempdir().unwrap(), site: Arc::new(site), script }
    }

    pub(super) async fn store(&self) -> Store {
        Store::open(self.folder.path(), Access::Write).await.unwrap()
    }

    pub(super) fn locations(&self, n: usize) -> Vec<LocationCode> {
        let cranes = self.site.devices.len();
        (0..cranes).flat_map(|crane| (0..n).map(move |k| self.site.layout.slots()[crane * 10 + k].code.clone())).collect()
    }

    pub(super) async fn start(&self, store: &Store, locations: Vec<LocationCode>) -> Run {
        let clock = Clock::starting_at("2026-01-02T03:04:05Z".parse().unwrap());
        let id = StocktakeId::new(clock.now(), [5; 10]);
        Run::start(self.site.clone(), Arc::new(store.clone()), clock, id, locations, Sequence::Planned, 1).await.unwrap()
    }

    pub(super) async fn count(&self, n: usize) -> (Summary, Vec<Record>) {
        let store = self.store().await;
        let run = self.start(&store, self.locations(n)).await;
        let ending = run.drive().await.unwrap();
        let Ending::Finished(summary) = ending else { panic!("{ending:?}") };
        let records = records(&store).await;
        store.close().await.unwrap();
        (summary, records)
    }
}

pub(super) async fn records(store: &Store) -> Vec<Record> {
    store.flush().await.unwrap();
    let records: Vec<Record> = store.records_after(0, 10_000).await.unwrap().iter().map(|stored| stored.record().unwrap()).collect();
    let mut states: HashMap<StopId, StopState> = HashMap::new();
    for record in &records {
        if let Some(stop) = record.stop {
            let state = states.entry(stop).or_default();
            *state = state.after(&record.fact).unwrap_or_else(|impossible| panic!("{impossible}: {record:?}"));
        }
    }
    records
}

pub(super) fn verdicts(records: &[Record]) -> Vec<(String, Verdict)> {
    let judged = records.iter().filter_map(|record| match &record.fact {
        Fact::Judged { judgement, .. } => Some((record.location.as_ref().unwrap().to_string(), judgement.verdict)),
        _ => None,
    });
    let mut verdicts: Vec<_> = judged.collect();
    verdicts.sort();
    verdicts
}

pub(super) fn millis(seconds: f64) -> u64 {
    (seconds * 1000.0).round() as u64
}
