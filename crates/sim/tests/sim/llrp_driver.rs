//! The real driver against the reader that speaks LLRP on the wire: the contract, and what each fault is to it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pandian_devices::reader::llrp::LlrpConnections;
use pandian_devices::suite::{self, Behaviour, Stage, visit};
use pandian_devices::{BuildContext, Catalog, DeviceError, TagReader};
use pandian_domain::{Code, Inventory, OpKind};
use pandian_sim::FaultKind;
use pandian_sim::wire::Flavour;
use tokio::time::{sleep, timeout};

use crate::contract::Counted;
use crate::llrp_client::{Client, Stand, reader, reader_of};

/// The driver, on a connection of its own or on one that it shares.
fn driver(address: SocketAddr, more: &str, llrp: &LlrpConnections) -> Arc<dyn TagReader> {
    let context = BuildContext { llrp: llrp.clone(), ..BuildContext::new("C1".into(), ".") };
    let kinds = Catalog::real().readers;
    let kind = kinds.iter().find(|kind| kind.name == "llrp").unwrap();
    let settings = format!("{{ address = \"{address}\"{more} }}");
    (kind.parse)(toml::de::ValueDeserializer::parse(&settings).unwrap()).unwrap().build(&context).unwrap()
}

async fn inventory(reader: &Arc<dyn TagReader>, attempt: u16) -> Result<Inventory, DeviceError> {
    timeout(Duration::from_secs(20), reader.inventory(&visit(OpKind::Inventory, "A01-L-003-02", 1, attempt))).await.unwrap()
}

/// Each tag's reads by antenna: how many, and the strongest.
fn heard(inventory: &Inventory) -> BTreeMap<(String, u16), (u32, Vec<f64>)> {
    let tags = inventory.tags.iter().flatten();
    tags.map(|tag| ((tag.epc.to_string(), tag.antenna.unwrap()), (tag.count, tag.strongest_dbm.clone()))).collect()
}

/// A stage with a reader for every behaviour.
struct WireStage {
    readers: Vec<(Behaviour, Stand)>,
    behaviour: Mutex<Behaviour>,
    llrp: LlrpConnections,
    busy: Arc<AtomicUsize>,
}

fn fault(behaviour: Behaviour) -> Option<(FaultKind, Code)> {
    Some(match behaviour {
        Behaviour::Hang => (FaultKind::Hang, Code::DeviceTimeout),
        Behaviour::Garbage => (FaultKind::Garbage, Code::DeviceBadReply),
        Behaviour::Fail => (FaultKind::ServerError, Code::ReaderRefused),
        Behaviour::Drop => (FaultKind::Drop, Code::DeviceDropped),
        Behaviour::Well | Behaviour::Elsewhere | Behaviour::Alarm => return None,
    })
}

impl Stage<dyn TagReader> for WireStage {
    fn device(&self) -> Arc<dyn TagReader> {
        let behaviour = *self.behaviour.lock().unwrap();
        let (_, stand) = self.readers.iter().find(|(of, _)| *of == behaviour).unwrap();
        Arc::new(Counted { device: driver(stand.reader, "", &self.llrp), busy: self.busy.clone() })
    }

    fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    fn failure(&self, behaviour: Behaviour) -> Option<Code> {
        fault(behaviour).map(|(_, code)| code)
    }

    fn asked(&self) -> Option<Vec<String>> {
        None
    }

    fn busy(&self) -> usize {
        self.busy.load(Ordering::SeqCst)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_reader_keeps_the_contract_over_llrp() {
    let mut readers = Vec::new();
    for behaviour in [Behaviour::Well, Behaviour::Hang, Behaviour::Garbage, Behaviour::Fail, Behaviour::Drop] {
        let fault =
            fault(behaviour).map_or(String::new(), |(kind, _)| format!("[[fault]]\nkind = \"{}\"\ndevice = \"reader\"\n", kind.as_str()));
        readers.push((behaviour, Stand::start(reader(), &fault).await));
    }
    let stage = WireStage { readers, behaviour: Mutex::new(Behaviour::Well), llrp: LlrpConnections::default(), busy: Arc::default() };
    suite::check(&stage).await;
}

#[tokio::test]
async fn the_driver_hears_what_is_there_whatever_the_flavour() {
    for flavour in [Flavour::Generic, Flavour::Impinj, Flavour::Zebra] {
        let stand = Stand::start(reader_of(flavour), "").await;
        let llrp = LlrpConnections::default();
        let reader = driver(stand.reader, "", &llrp);
        let world = stand.simulation.world();
        let slots = [stand.slot("A01-L-003-02"), stand.slot("A01-R-003-02")];
        let exact = flavour == Flavour::Impinj;
        let there = slots.iter().flat_map(|slot| world.heard(*slot)).map(|tag| {
            let mut strongest: Vec<f64> = tag.rssi_dbm.iter().map(|rssi| if exact { *rssi } else { rssi.round() }).collect();
            strongest.sort_unstable_by(|a, b| b.total_cmp(a));
            strongest.truncate(3);
            ((tag.epc.to_string(), tag.antenna), (tag.rssi_dbm.len() as u32, strongest))
        });
        assert_eq!(heard(&inventory(&reader, 1).await.unwrap()), there.collect(), "{flavour:?}");
        let probe = reader.probe().await.unwrap().summary;
        assert!(probe.contains("antennas 1, 2 of 2 connected"), "{probe}");
        let requests = stand.servers.traffic().requests;
        llrp.close().await;
        assert!(requests[1].1 > 5, "{requests:?}");
        // It left in order: the reader is free at once.
        Client::connect(stand.reader).await;
        stand.servers.stop().await;
    }
}

#[tokio::test]
async fn quiet_ends_an_inventory_long_before_its_dwell() {
    let stand = Stand::start(reader(), "speed = 20.0\nfill = 1.0\ninventory_time = \"1s\"\n").await;
    let reader = driver(stand.reader, ", dwell = \"20s\", quiet = \"900ms\"", &LlrpConnections::default());
    let started = std::time::Instant::now();
    let slots = [stand.slot("A01-L-003-02"), stand.slot("A01-R-003-02")];
    let there = slots.iter().flat_map(|slot| stand.simulation.world().heard(*slot)).count();
    // What is read again and again is never quiet; where nothing is, silence comes at once.
    assert_eq!(heard(&inventory(&reader, 1).await.unwrap()).len(), there);
    let whole = started.elapsed();
    stand.servers.stop().await;
    let stand = Stand::start(self::reader(), "speed = 20.0\nfill = 0.0\ndifferences = 0.0\n").await;
    let reader = driver(stand.reader, ", dwell = \"20s\", quiet = \"900ms\"", &LlrpConnections::default());
    let started = std::time::Instant::now();
    assert_eq!(inventory(&reader, 1).await.unwrap().tags, Some(Vec::new()));
    assert!(started.elapsed() < whole / 2, "{:?} {whole:?}", started.elapsed());
    stand.servers.stop().await;
}

/// Repeats the inventory, as a stop does, until it is like this one.
async fn until_well(reader: &Arc<dyn TagReader>, well: &Inventory) {
    let repeat = async {
        for attempt in 3.. {
            match inventory(reader, attempt).await {
                Ok(again) if heard(&again) == heard(well) => return,
                _ => sleep(Duration::from_millis(20)).await,
            }
        }
    };
    timeout(Duration::from_secs(20), repeat).await.expect("the reader should have come back");
}

/// What the driver says of its second inventory, which a fault strikes; later ones go well again.
async fn struck(kind: FaultKind, more: &str) -> Result<Inventory, Code> {
    let fault = format!("[[fault]]\nkind = \"{}\"\ndevice = \"reader\"\nnth = 2\n{more}\n", kind.as_str());
    let stand = Stand::start(reader(), &fault).await;
    let reader = driver(stand.reader, "", &LlrpConnections::default());
    let well = inventory(&reader, 1).await.unwrap();
    let struck = inventory(&reader, 2).await.map_err(|error| error.code);
    until_well(&reader, &well).await;
    assert_eq!(stand.servers.stop().await.faults, [(kind, 1)]);
    struck
}

#[tokio::test]
async fn faults_that_keep_the_reader_from_its_work_are_told_and_heal() {
    let away = "lasting = \"50s\"";
    for (kind, more, codes) in [
        (FaultKind::Refuse, away, &[Code::DeviceDropped][..]),
        (FaultKind::DeviceRestart, away, &[Code::DeviceDropped]),
        (FaultKind::Drop, "", &[Code::DeviceDropped]),
        (FaultKind::Garbage, "", &[Code::DeviceBadReply]),
        (FaultKind::ServerError, "", &[Code::ReaderRefused]),
        (FaultKind::Hang, "", &[Code::DeviceTimeout]),
        (FaultKind::AntennaLost, "", &[Code::ReaderAntenna]),
    ] {
        let code = struck(kind, more).await.unwrap_err();
        assert!(codes.contains(&code), "{kind:?}: {code}");
    }
}

#[tokio::test]
async fn faults_that_the_reader_works_on_with_are_told_beside_the_tags() {
    let tags = |inventory: &Inventory| inventory.tags.as_ref().unwrap().len();
    assert_eq!(tags(&struck(FaultKind::ReaderSilent, "").await.unwrap()), 0);
    assert!(tags(&struck(FaultKind::ReaderFlood, "").await.unwrap()) > 5000);
    assert!(tags(&struck(FaultKind::Slow, "delay = \"20s\"").await.unwrap()) > 0);
    let excepted = struck(FaultKind::ReaderException, "").await.unwrap();
    assert!(excepted.note.unwrap().contains("the temperature of the amplifier is too high"));
}

#[tokio::test]
async fn a_driver_that_comes_second_says_who_has_the_reader_and_gets_it_when_it_is_free() {
    let stand = Stand::start(reader_of(Flavour::Impinj), "").await;
    let other = Client::connect(stand.reader).await;
    let reader = driver(stand.reader, ", antennas = [1]", &LlrpConnections::default());
    assert_eq!(inventory(&reader, 1).await.unwrap_err().code, Code::ReaderHeld);
    drop(other);
    until_well(&reader, &stand.simulation.world().inventory(stand.slot("A01-L-003-02"))).await;
    stand.servers.stop().await;
}
