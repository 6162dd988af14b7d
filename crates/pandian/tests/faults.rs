//! Every fault of the simulator over real sockets and real drivers: told with its code, the crane and its address; everything else is
//! counted right; nothing waits beyond its time-outs.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "support/program.rs"]
mod program;
#[path = "support/warehouse.rs"]
mod warehouse;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use pandian_domain::Verdict;
use pandian_sim::sight::Lamp;
use program::{Ended, Running, pandian};
use serde_json::Value;
use warehouse::{Draft, Served, judged, named};

/// One try may take this long.
const TIMEOUT: Duration = Duration::from_secs(4);
const TRIES: u32 = 3;
/// Longest pause between two tries.
const PAUSE: Duration = Duration::from_millis(600);

const RULES: &str =
    "[defaults]\ntimeout = \"4s\"\nattempts = 3\nfirst_delay = \"300ms\"\nmax_delay = \"600ms\"\n\n[defaults.compare]\nattempts = 10\n";

/// A fault, the device that it strikes (a camera of kind http, or a `snapshot` of one of kind http-snapshot), what the driver calls it, and what then becomes of a location where it strikes every time.
struct Row {
    kind: &'static str,
    device: &'static str,
    codes: &'static [&'static str],
    end: &'static str,
}

const fn row(kind: &'static str, device: &'static str, codes: &'static [&'static str], end: &'static str) -> Row {
    Row { kind, device, codes, end }
}

const GONE: &[&str] = &["device-dropped", "device-unreachable"];

const TABLE: &[Row] = &[
    row("slow", "crane", &["device-timeout"], "not_counted"),
    row("slow", "reader", &["device-timeout"], "ambiguous"),
    row("slow", "camera", &["device-timeout"], "ambiguous"),
    row("hang", "crane", &["device-timeout"], "not_counted"),
    row("hang", "reader", &["device-timeout"], "ambiguous"),
    row("hang", "camera", &["device-timeout"], "ambiguous"),
    row("refuse", "crane", GONE, "not_counted"),
    row("refuse", "reader", GONE, "ambiguous"),
    row("refuse", "camera", GONE, "ambiguous"),
    row("drop", "crane", &["device-dropped"], "not_counted"),
    row("drop", "reader", &["device-dropped"], "ambiguous"),
    row("drop", "camera", &["device-dropped"], "ambiguous"),
    row("garbage", "crane", &["device-bad-reply"], "not_counted"),
    row("garbage", "reader", &["device-bad-reply"], "ambiguous"),
    row("garbage", "camera", &["device-bad-reply"], "ambiguous"),
    row("server_error", "crane", &["device-http-status"], "not_counted"),
    row("server_error", "reader", &["device-http-status"], "ambiguous"),
    row("server_error", "camera", &["device-http-status"], "ambiguous"),
    row("device_restart", "crane", GONE, "not_counted"),
    row("device_restart", "reader", GONE, "ambiguous"),
    row("device_restart", "camera", GONE, "ambiguous"),
    row("wrong_code", "crane", &["crane-wrong-code"], "not_counted"),
    row("wrong_location", "crane", &["crane-wrong-location"], "not_counted"),
    row("crane_alarm", "crane", &["crane-alarm"], "not_counted"),
    row("corrupt_picture", "camera", &["camera-bad-picture"], "ambiguous"),
    row("camera_busy", "camera", &["device-http-status"], "ambiguous"),
    row("wrong_type", "camera", &["camera-bad-picture"], "ambiguous"),
    row("huge_reply", "camera", &["device-too-large"], "ambiguous"),
    row("drip", "camera", &["device-timeout"], "ambiguous"),
    row("wrong_password", "camera", &["device-http-status"], "ambiguous"),
    row("slow", "snapshot", &["device-timeout"], "ambiguous"),
    row("hang", "snapshot", &["device-timeout"], "ambiguous"),
    row("refuse", "snapshot", GONE, "ambiguous"),
    row("drop", "snapshot", &["device-dropped"], "ambiguous"),
    row("garbage", "snapshot", &["camera-bad-picture"], "ambiguous"),
    row("server_error", "snapshot", &["device-http-status"], "ambiguous"),
    row("device_restart", "snapshot", GONE, "ambiguous"),
    row("corrupt_picture", "snapshot", &["camera-bad-picture"], "ambiguous"),
    row("camera_busy", "snapshot", &["camera-busy"], "ambiguous"),
    row("stale_picture", "snapshot", &["camera-stale"], "ambiguous"),
    row("wrong_type", "snapshot", &["camera-bad-picture"], "ambiguous"),
    row("huge_reply", "snapshot", &["device-too-large"], "ambiguous"),
    row("drip", "snapshot", &["device-timeout"], "ambiguous"),
    row("black_picture", "snapshot", &["camera-unfit"], "ambiguous"),
    row("blurred_picture", "snapshot", &["camera-unfit"], "ambiguous"),
    row("wrong_password", "snapshot", &["device-http-status"], "ambiguous"),
];

impl Row {
    fn is_snapshot(&self) -> bool {
        self.device == "snapshot"
    }

    /// The device as faults name it.
    fn role(&self) -> &'static str {
        if self.is_snapshot() { "camera" } else { self.device }
    }
}

/// One light, so that few references are enough: what is judged on pictures is not the matter here.
const HALL: &str = "[simulation.camera]\nlights = [\"hall\"]\n";

/// Takes pictures of the empty slot, accepts them, and says where its opening is.
fn put_references(served: &Served, data: &str) {
    let folder = served.file.with_file_name("empty");
    std::fs::create_dir_all(&folder).unwrap();
    let data = served.file.with_file_name(data);
    let references = |arguments: &[&str]| {
        let mut command = pandian(["references"].iter().chain(arguments).chain(&["--data", data.to_str().unwrap()]));
        let ended = Running::start(&mut command).end();
        assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    };
    let pictures: Vec<String> = (0..6)
        .map(|n| {
            let file = folder.join(format!("{n}.jpg"));
            std::fs::write(&file, served.world.world().empty_scene(n, Lamp::Hall.light(), n.into()).render()).unwrap();
            file.display().to_string()
        })
        .collect();
    // Of each light one is used.
    for (light, picture) in (1..).zip(&pictures) {
        references(&["add", picture, "--kind", "slot", "--light", &format!("hall {light}")]);
    }
    let names: Vec<String> = (1..=pictures.len()).map(|light| format!("kind:slot/hall {light}/1")).collect();
    let mut accept: Vec<&str> = vec!["accept"];
    accept.extend(names.iter().map(String::as_str));
    accept.extend(["--by", "test"]);
    references(&accept);
    let scene = served.world.world().scene(0, 0);
    let [left, top, right, beam] = scene.look.opening(scene.size);
    let kind = format!("\n[[vision.slot]]\nkind = \"slot\"\nopening = [{left}, {top}, {right}, {beam}]\nbeam = {beam}\n");
    let configured = std::fs::read_to_string(&served.file).unwrap();
    std::fs::write(&served.file, configured + &kind).unwrap();
}

fn run(served: &Served, data: &str) -> Ended {
    let data = served.file.with_file_name(data);
    let mut command =
        pandian(["run".as_ref(), served.file.as_os_str(), "--all".as_ref(), "--json".as_ref(), "--data".as_ref(), data.as_os_str()]);
    let ended = Running::start(&mut command).end();
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    ended
}

fn failures(events: &[Value]) -> impl Iterator<Item = &Value> {
    events.iter().filter(|event| event["type"] == "operation_failed")
}

/// Crane C1 meets the fault at one location every time and at another the first time; all else is in order.
fn strike(row: &Row) -> String {
    let what = format!("{} at the {}", row.kind, row.device);
    let folder = tempfile::tempdir().unwrap();
    // Not the first of all: a camera has nothing to send again then.
    let (always, once) = ("A01-L-003-01", "A01-L-002-01");
    let fault = |location: &str, more: &str| {
        // At fifty times the speed: 6 s later, and away for 350 ms.
        format!(
            "[[simulation.fault]]\nkind = \"{}\"\ndevice = \"{}\"\nlocations = [\"{location}\"]\n{more}\n{}\n",
            row.kind,
            row.role(),
            match row.kind {
                "slow" => "delay = \"300s\"",
                "refuse" | "device_restart" => "lasting = \"17500ms\"",
                _ => "",
            }
        )
    };
    let simulation = format!("seed = 3\nspeed = 50.0\ndifferences = 0.3\n{}{}", fault(always, ""), fault(once, "times = 1"));
    let simulation = format!("{simulation}{}", if row.is_snapshot() { HALL } else { "" });
    let served = Draft { simulation, tables: RULES.into(), snapshot: row.is_snapshot(), ..Draft::default() }.serve(folder.path());
    if row.is_snapshot() {
        put_references(&served, "data");
    }

    let begun = Instant::now();
    let ended = run(&served, "data");
    let took = begun.elapsed();
    assert_eq!(ended.code(), Some(3), "{what}: one location is left open: {}", ended.stderr);
    let events = ended.events();
    let struck_tries = TRIES + 2;
    assert!(took < (TIMEOUT + PAUSE) * struck_tries + Duration::from_secs(10), "{what}: {took:?}");

    let mut expected = named(&served.truth());
    expected.insert(always.into(), row.end.into());
    let found = judged(&events);
    assert_eq!(found, expected, "{what}: {:#?}", failures(&events).collect::<Vec<_>>());

    let port = served.ports[["crane", "reader", "camera"].iter().position(|device| *device == row.role()).unwrap()];
    let codes: BTreeSet<&str> = failures(&events).map(|event| event["code"].as_str().unwrap()).collect();
    assert_eq!(codes, row.codes.iter().copied().collect(), "{what}");
    for event in failures(&events) {
        let message = event["message"].as_str().unwrap();
        assert_eq!(event["crane"], "C1", "{what}: the other crane is in order");
        assert!(message.contains("C1") && message.contains(&format!("http://127.0.0.1:{port}/")), "{what}: {message}");
    }
    let at = |location: &str| failures(&events).filter(|event| event["location"] == location).collect::<Vec<_>>();
    assert_eq!(at(always).len() as u32, TRIES, "{what}: each try of the location that is struck every time");
    assert_eq!(at(always).iter().filter(|event| event.get("retry_in_ms").is_none()).count(), 1, "{what}: after the last there is no other");
    assert!(!at(once).is_empty(), "{what}: the one that is struck once");
    let example = at(always)[0]["message"].as_str().unwrap().replace(&port.to_string(), "PORT");
    format!("{:<16} {:<8} {:<37} {:<12} {example}", row.kind, row.device, row.codes.join(", "), row.end)
}

#[test]
fn every_fault_has_its_code_names_crane_and_address_and_costs_its_own_location_only() {
    // Four at a time: they wait for time-outs most of the while.
    let rows = Mutex::new(TABLE.iter().enumerate());
    let lines = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let next = rows.lock().unwrap().next();
                    let Some((order, row)) = next else { return };
                    let line = strike(row);
                    lines.lock().unwrap().insert(order, line);
                }
            });
        }
    });
    let lines = lines.into_inner().unwrap();
    println!("{:<16} {:<8} {:<37} {:<12} message", "fault", "at", "code", "end");
    lines.values().for_each(|line| println!("{line}"));
    assert_eq!(lines.len(), TABLE.len());
}

#[test]
fn a_silent_reader_is_no_error_and_never_makes_a_location_empty() {
    let folder = tempfile::tempdir().unwrap();
    let fault = "[[simulation.fault]]\nkind = \"reader_silent\"\n";
    let simulation = format!("seed = 3\nspeed = 200.0\nfill = 0.6\ndifferences = 0.3\n{fault}");
    for camera in [true, false] {
        let draft = Draft { bays: 10, simulation: simulation.clone(), camera, ..Draft::default() };
        let served = draft.serve(folder.path());
        let ended = run(&served, &format!("data-{camera}"));
        let (events, truth) = (ended.events(), served.truth());
        assert_eq!(failures(&events).count(), 0);
        let booked = served.world.world().book();
        let mut open = 0;
        for (location, verdict) in judged(&events) {
            let is_empty = matches!(truth[&location], Verdict::EmptyAsBooked | Verdict::UnexpectedlyEmpty);
            // Where nothing is booked a reader alone can only hear that nothing is there.
            let is_booked = !booked.lines(&location.as_str().into()).unwrap().is_empty();
            if camera || is_booked {
                assert!(is_empty || !verdict.contains("empty"), "camera: {camera}: {location}: {verdict}, in truth {:?}", truth[&location]);
            }
            open += u32::from(verdict == "ambiguous");
        }
        println!("reader_silent, camera: {camera}: {open} of {} locations left to a person", truth.len());
        assert!(open > 0);
        assert_eq!(ended.code(), Some(3));
    }
}

#[test]
fn all_faults_at_once_at_a_tenth_of_all_operations() {
    let kinds = mixed(|row| !row.is_snapshot(), &["reader_silent"], 0.0085, false);
    assert_eq!(kinds, 17);
}

#[test]
fn all_faults_at_once_with_network_cameras() {
    let kinds = mixed(|row| row.is_snapshot() || row.device != "camera", &["reader_silent", "camera_moved"], 0.0065, true);
    assert_eq!(kinds, 21);
}

/// Lets every fault of these rows, and more, strike at that rate; gives how many kinds they are.
fn mixed(rows: impl Fn(&Row) -> bool, more: &[&'static str], rate: f64, snapshot: bool) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let kinds: BTreeSet<&str> = TABLE.iter().filter(|row| rows(row)).map(|row| row.kind).chain(more.iter().copied()).collect();
    let mut simulation = "seed = 3\nspeed = 50.0\ndifferences = 0.1\n".to_owned();
    for kind in &kinds {
        simulation.push_str(&format!("[[simulation.fault]]\nkind = \"{kind}\"\nrate = {rate}\n"));
        simulation.push_str(match *kind {
            "slow" => "delay = \"300s\"\n",
            "refuse" | "device_restart" => "lasting = \"17500ms\"\n",
            _ => "",
        });
    }
    if snapshot {
        simulation.push_str(HALL);
    }
    let tables = RULES.replace("attempts = 3", "attempts = 6");
    let served = Draft { cranes: 4, bays: 20, simulation, tables, snapshot, ..Draft::default() }.serve(folder.path());
    if snapshot {
        put_references(&served, "data");
    }
    let ended = run(&served, "data");
    let (events, truth) = (ended.events(), served.truth());
    let found = judged(&events);
    assert_eq!(found.len(), truth.len(), "every location has its judgement");
    let mut open = 0;
    for (location, verdict) in &found {
        let is_open = verdict == "ambiguous" || verdict == "not_counted";
        assert!(is_open || *verdict == truth[location].as_str(), "{location}: {verdict}, in truth {:?}", truth[location]);
        open += u32::from(is_open);
    }
    assert_eq!(ended.code(), Some(if open == 0 { 0 } else { 3 }));
    for event in failures(&events) {
        let (crane, message) = (event["crane"].as_str().unwrap(), event["message"].as_str().unwrap());
        assert!(message.contains(crane) && message.contains("http://127.0.0.1:"), "{message}");
    }
    let mut codes: BTreeMap<&str, u32> = BTreeMap::new();
    failures(&events).for_each(|event| *codes.entry(event["code"].as_str().unwrap()).or_default() += 1);
    let faults = served.stop().faults;
    println!("struck: {faults:?}\ncodes: {codes:?}\nopen: {open} of {}", truth.len());
    assert!(faults.len() >= 10, "{faults:?}");
    assert!(open < 16, "a tenth of all operations fails, but each is tried again");
    kinds.len()
}
