//! The scenario this program comes from, on the programs as they are built: `examples/scenario`, counted.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "support/example.rs"]
mod example;
#[path = "support/program.rs"]
mod program;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use example::Scenario;
use pandian::report::COLUMNS;
use pandian_domain::Timestamp;
use program::Simulator;
use serde_json::Value;

/// Travel to every location, as the example's configuration has it.
const TRAVEL: Duration = Duration::from_secs(3);

/// A client that knows nothing but the contract: posts, and gives the reply's head and body with the time it took.
fn post(address: &str, body: &str) -> (String, String, Duration) {
    let asked = Instant::now();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(program::PATIENCE)).unwrap();
    write!(
        stream,
        "POST /api/smart_check/execute_queue/ HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned(), asked.elapsed())
}

#[test]
fn a_plain_client_gets_the_reply_of_the_contract_when_the_crane_has_arrived() {
    let scenario = Scenario::copy();
    let simulator = Simulator::start(&scenario.folder);
    for (body, location) in [
        (r#"{"space_number": "1号"}"#, "1号"),
        (r#"{"space_number":"8\u53f7"}"#, "8号"),
        (r#"{"space_number": "10号", "priority": 1}"#, "10号"),
    ] {
        let (head, reply, took) = post(&simulator.address, body);
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert_eq!(reply, format!(r#"{{"code": 200, "data": null, "message": "堆垛机已到达货位{location}"}}"#));
        assert!(took >= TRAVEL, "{location} was answered after {took:?}, on the way");
    }
}

#[test]
fn three_clients_at_once_are_answered_at_the_same_time() {
    let scenario = Scenario::copy();
    let simulator = Simulator::start(&scenario.folder);
    let (address, begun) = (simulator.address.as_str(), Instant::now());
    let replies = std::thread::scope(|scope| {
        let clients =
            ["1号", "8号", "10号"].map(|location| scope.spawn(move || post(address, &format!(r#"{{"space_number": "{location}"}}"#))));
        clients.map(|client| client.join().unwrap())
    });
    let all = begun.elapsed();
    for (location, (_, reply, took)) in ["1号", "8号", "10号"].into_iter().zip(replies) {
        assert!(reply.ends_with(&format!("{location}\"}}")), "{reply}");
        assert!(took >= TRAVEL, "{location} was answered after {took:?}, on the way");
    }
    // One after the other would be three times the travel.
    assert!(all < TRAVEL + Duration::from_secs(1), "three travels of {TRAVEL:?} took {all:?}");
}

#[test]
fn a_stop_takes_the_longer_check_and_the_stops_overlap() {
    let scenario = Scenario::copy();
    let simulator = Simulator::start(&scenario.folder);
    scenario.crane_is_at(&simulator.address);
    // Whatever else the machine does at the moment only adds to the time: one undisturbed run of three shows what a stop takes.
    let undisturbed = (1..=3).find(|run| {
        let data = scenario.folder.join(format!("data-{run}"));
        // Six interpreters start at the same moment, which on a small machine takes a while of its own.
        let allowed = 6.4 + scenario.interpreters_start_within().as_secs_f64();
        let longest = count(&scenario.folder, &data);
        println!("the longest stop took {longest:.3} s, where {allowed:.3} s are allowed");
        longest <= allowed && longest < 7.5
    });
    assert!(undisturbed.is_some(), "a stop takes longer than its longer check");
}

/// Counts the scenario, checks everything that does not depend on how busy the machine is, and gives the longest stop in seconds.
fn count(warehouse: &Path, data: &Path) -> f64 {
    let (warehouse, data) = (warehouse.to_str().unwrap(), data.to_str().unwrap());
    let ended = program::run(["run", warehouse, "--all", "--json", "--data", data]);
    assert_eq!((ended.code(), ended.stderr.as_str()), (Some(0), ""));
    let events = ended.events();
    the_fields_are_those_of_the_interface(&events);
    assert!(events.iter().filter(|event| event["type"] == "judged").all(|event| event["verdict"] == "match"));

    let stops = ["1号", "8号", "10号"].map(|location| {
        let at = |kind: &str| instant(events.iter().find(|event| event["type"] == kind && event["location"] == location).unwrap());
        let order = ["crane_sent", "crane_arrived", "inventory_done", "capture_done", "compared", "crane_released", "judged"].map(at);
        assert!(order.is_sorted(), "{location}: {order:?}");
        let [sent, arrived, read, taken, _, released, _] = order;
        let (travel, scan, capture) = (seconds(sent, arrived), seconds(arrived, read), seconds(arrived, taken));
        let stop = seconds(arrived, released);
        println!("{location}: travel {travel:.3} s, tags after {scan:.3} s, picture after {capture:.3} s, released after {stop:.3} s");
        assert!(scan >= 2.0 && capture >= 6.0 && stop - capture < 0.4, "the longer check decides");
        (arrived, released)
    });
    let last_arrival = stops.iter().map(|stop| stop.0).max().unwrap();
    let first_release = stops.iter().map(|stop| stop.1).min().unwrap();
    assert!(seconds(last_arrival, first_release) > 5.0, "the stops do not overlap: {stops:?}");

    let report = format!("{data}.csv");
    let printed = program::run(["report", "--format", "csv", "--data", data, "--output", &report]);
    assert_eq!(printed.code(), Some(0), "{}", printed.stderr);
    the_report_is_a_list_that_other_programs_read(&std::fs::read(report).unwrap(), &events);
    let verified = program::run(["verify", "--head", events.last().unwrap()["head"].as_str().unwrap(), "--data", data]);
    assert_eq!(verified.code(), Some(0), "{}", verified.stderr);
    stops.iter().map(|(arrived, released)| seconds(*arrived, *released)).fold(0.0, f64::max)
}

/// What a type of event has, besides `seq`, `at`, `type` and `stocktake`.
const FIELDS: [(&str, &[&str]); 9] = [
    ("stocktake_started", &["locations"]),
    ("crane_sent", &STOP),
    ("crane_arrived", &STOP),
    ("inventory_done", &["stop", "lane", "crane", "location", "attempt", "tags"]),
    ("capture_done", &["stop", "lane", "crane", "location", "attempt", "picture"]),
    ("crane_released", &["stop", "lane", "crane", "location"]),
    ("compared", &["stop", "lane", "crane", "location"]),
    ("judged", &["stop", "lane", "crane", "location", "stage", "verdict", "reason", "confidence"]),
    ("stocktake_finished", &["final", "ambiguous", "not_counted", "seconds", "head"]),
];
const STOP: [&str; 5] = ["stop", "lane", "crane", "location", "attempt"];

fn the_fields_are_those_of_the_interface(events: &[Value]) {
    assert_eq!(events.first().unwrap()["type"], "stocktake_started");
    assert_eq!(events.last().unwrap()["type"], "stocktake_finished");
    assert!(events.windows(2).all(|pair| pair[0]["seq"].as_u64().unwrap() < pair[1]["seq"].as_u64().unwrap()));
    for event in events {
        let at = event["at"].as_str().unwrap();
        assert!(at.ends_with('Z') && at.parse::<Timestamp>().is_ok(), "{at}");
        assert_eq!(event["stocktake"], events[0]["stocktake"]);
        let kind = event["type"].as_str().unwrap();
        let (_, fields) = FIELDS.iter().find(|(known, _)| *known == kind).unwrap_or_else(|| panic!("an event of type {kind}: {event}"));
        for field in *fields {
            assert!(!event[field].is_null(), "{kind} has no {field}: {event}");
        }
    }
    for (kind, _) in FIELDS {
        let expected = if kind.starts_with("stocktake") { 1 } else { 3 };
        assert_eq!(events.iter().filter(|event| event["type"] == kind).count(), expected, "{kind}");
    }
    assert_eq!(events[0]["locations"], 3);
    let finished = &events[events.len() - 1];
    assert_eq!((&finished["final"], &finished["ambiguous"], &finished["not_counted"]), (&3.into(), &0.into(), &0.into()));
}

fn the_report_is_a_list_that_other_programs_read(csv: &[u8], events: &[Value]) {
    let text = std::str::from_utf8(csv).unwrap();
    let text = text.strip_prefix('\u{feff}').expect("a byte order mark comes first");
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert!(!lines.iter().any(|line| line.contains(['\r', '\n'])) && text.ends_with("\r\n"), "{text:?}");
    let columns = "location,verdict,stage,reason,confidence,book,counted,tags,picture_sha256,crane,sent_at,arrived_at,released_at,judged_at,stop,attempt";
    assert_eq!((lines[0], COLUMNS.join(",").as_str()), (columns, columns));
    assert_eq!(lines.len(), 4);
    for (line, location) in lines[1..].iter().zip(["1号", "8号", "10号"]) {
        let cells: Vec<&str> = line.split(',').collect();
        let event = |kind: &str| events.iter().find(|event| event["type"] == kind && event["location"] == location).unwrap();
        assert_eq!(&cells[..4], [location, "match", "final", "all_tags_heard"]);
        assert_eq!(cells[7], "1");
        assert_eq!(cells[8], event("capture_done")["picture"]);
        let at = ["crane_sent", "crane_arrived", "crane_released", "judged"].map(|kind| event(kind)["at"].as_str().unwrap());
        assert_eq!(cells[10..14], at);
        assert_eq!(cells[14], event("judged")["stop"]);
        assert_eq!(cells[15], "1");
    }
}

fn instant(event: &Value) -> Timestamp {
    event["at"].as_str().unwrap().parse().unwrap()
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    (to.as_microsecond() - from.as_microsecond()) as f64 / 1e6
}
