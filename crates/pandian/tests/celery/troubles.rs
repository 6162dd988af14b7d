//! Tasks that come to no result, each in its own way.

use std::cell::Cell;
use std::collections::BTreeSet;

use pandian_celery::stand::{WorkerSpec, Workers};
use rustix::process::{Pid, test_kill_process};
use serde_json::Value;

use super::ground::{Draft, Ground, codes, servers};
use super::program::event;
use super::tasklog::Entry;

/// Every location, with the code that its reader fails with and the verdict in the end.
const CASES: [(&str, &str, &str); 10] = [
    ("fails", "celery-task-failed", "ambiguous"),
    ("hangs-once", "device-timeout", "match"),
    ("revoked", "celery-task-revoked", "ambiguous"),
    ("put-off", "celery-task-retrying", "ambiguous"),
    ("huge", "device-too-large", "ambiguous"),
    ("garbage", "device-bad-reply", "ambiguous"),
    ("fine", "", "match"),
    ("unknown", "celery-task-unknown", "ambiguous"),
    ("nobody", "celery-no-worker", "ambiguous"),
    ("fine-too", "", "match"),
];

fn ground(broker: &str, backend: &str) -> Ground {
    let device = "timeout = \"6s\", attempts = 2, abandoned = \"terminate\", max_result = \"1MiB\"";
    let draft = Draft { device, seconds: [0.1, 0.1], size: [10, 4], ..Draft::new("troubles", broker, backend) };
    let camera = draft.device("capture");
    let troubled = draft.device("rfid").replace("task = \"rfid\"", "task = \"troubled\"");
    let troubled = troubled.replace("[\"{location}\"]", "[\"{location}\", \"{attempt}\"]");
    let readers = [
        (7, troubled),
        (1, draft.device("rfid").replace("task = \"rfid\"", "task = \"no.such.task\"")),
        (1, draft.device("nobody")),
        (1, draft.device("rfid")),
    ];
    let locations: Vec<String> = CASES.iter().map(|case| case.0.to_owned()).collect();
    let (mut tables, mut rest) = (String::new(), locations.as_slice());
    for (n, (lanes, reader)) in readers.iter().enumerate() {
        let (own, others) = rest.split_at(*lanes);
        tables += &format!(
            "[[dispatcher]]\nid = \"D{n}\"\nlanes = {lanes}\nlocations = {own:?}\ndevice = {{ kind = \"sim\" }}\n\
             reader = {{ {reader} }}\ncamera = {{ {camera} }}\n\n"
        );
        rest = others;
    }
    draft.write_with(locations, &tables)
}

/// The most memory that a running program ever had, in bytes; none once it has ended.
fn peak(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().unwrap() * 1024)
}

#[tokio::test]
#[ignore = "needs RabbitMQ, Redis and Celery"]
async fn each_trouble_has_its_code_and_everything_else_is_counted() {
    let servers = servers().await;
    let ground = ground(&servers.rabbit.url(), &servers.redis.url());
    let worker = WorkerSpec { concurrency: 10, ..ground.worker("only") };
    let _worker = Workers::start(&worker).await;
    let mut running = ground.run();
    let (id, most) = (running.id(), Cell::new(0));
    running.wait_for_line("the end", |line| {
        most.set(most.get().max(peak(id).unwrap_or(0)));
        event(line)["type"] == "stocktake_finished"
    });
    let ended = running.end();

    let records = ground.records().await;
    let failures: Vec<Value> = records.iter().filter(|record| record["type"] == "operation_failed").cloned().collect();
    assert_eq!(ended.code(), Some(3), "{failures:#?}");
    for (location, code, verdict) in CASES {
        let of_location = |record: &&Value| record["location"] == location;
        let own: Vec<Value> = failures.iter().filter(of_location).cloned().collect();
        for failure in &own {
            println!("{location}: {}", failure["message"].as_str().unwrap());
        }
        let expected: BTreeSet<&str> = [code].into_iter().filter(|code| !code.is_empty()).collect();
        assert_eq!(codes(&own).into_iter().collect::<BTreeSet<_>>(), expected, "{location}: {own:#?}");
        let judged: Vec<&str> = records
            .iter()
            .filter(of_location)
            .filter(|record| record["type"] == "judged")
            .map(|record| record["verdict"].as_str().unwrap())
            .collect();
        assert_eq!(judged, [verdict], "{location}: {own:#?}");
    }
    let failed = failures.iter().find(|failure| failure["code"] == "celery-task-failed").unwrap()["message"].as_str().unwrap();
    assert!(failed.contains("ValueError: antenna 4 is not connected") && failed.contains("in troubled"), "{failed}");
    // Ended by SIGTERM at its time-out, and published again.
    let entries = ground.log.entries();
    let hung: Vec<&Entry> = entries.iter().filter(|entry| entry.location == "hangs-once" && entry.task == "troubled").collect();
    assert!(matches!(&hung[..], [hung, again, end] if hung.id != again.id && again.id == end.id), "{hung:?}");
    assert!(test_kill_process(Pid::from_raw(hung[0].pid).unwrap()).is_err(), "the process that hung is still there: {hung:?}");
    println!("most memory: {} MB", most.get() / 1_000_000);
    assert!((1..90_000_000).contains(&most.get()), "{most:?} bytes of memory for a result of 100 MB that may have 1 MiB");
}
