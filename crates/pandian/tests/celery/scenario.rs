//! The scenario with workers: `examples/celery`, counted.

use std::path::Path;

use pandian_celery::stand::{WorkerSpec, Workers};
use pandian_domain::Timestamp;
use pandian_store::{Access, Store};
use serde_json::Value;

use super::ground::{Servers, servers};
use super::program::{self, Simulator, event};

/// Copies the example, with the addresses of servers and crane as they are here. The copy's simulator serves its crane.
fn copy(servers: &Servers) -> (tempfile::TempDir, Simulator) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/celery");
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(example.join("tasks.py"), folder.path().join("tasks.py")).unwrap();
    let mut text = std::fs::read_to_string(example.join("warehouse.toml")).unwrap();
    let book = example.join("../scenario/book.csv").display().to_string();
    let mut put = |there: &str, here: &str| {
        assert!(text.contains(there), "{there} is not in the example");
        text = text.replace(there, here);
        std::fs::write(folder.path().join("warehouse.toml"), &text).unwrap();
    };
    put("amqp://localhost:5672//", &servers.rabbit.url());
    put("redis://localhost:6379/0", &servers.redis.url());
    put("../scenario/book.csv", &book);
    let simulator = Simulator::start(folder.path());
    put("127.0.0.1:8011", &simulator.address);
    (folder, simulator)
}

fn worker(folder: &Path, servers: &Servers, queue: &str) -> WorkerSpec {
    let spec = WorkerSpec::new(folder, "tasks", &servers.rabbit.url(), &servers.redis.url(), queue);
    WorkerSpec { concurrency: 2, env: vec![("TZ".to_owned(), "UTC".into())], ..spec }
}

/// From when to when a worker was at each of its tasks, as its log has it.
fn spans(log: &str) -> Vec<(Timestamp, Timestamp)> {
    let at = |line: &str| -> Timestamp {
        // [2026-11-22 18:27:01,123: INFO/MainProcess] …
        let (day, time) = (&line[1..11], &line[12..24]);
        format!("{day}T{}Z", time.replace(',', ".")).parse().unwrap()
    };
    let of_task = |line: &str| line.split_once("] Task ").and_then(|(_, rest)| rest.split_whitespace().next().map(str::to_owned));
    let received = log.lines().filter(|line| line.ends_with(" received"));
    received
        .map(|begin| {
            let task = of_task(begin).unwrap();
            let end = log.lines().find(|line| line.contains(" succeeded in ") && of_task(line).as_ref() == Some(&task)).unwrap();
            (at(begin), at(end))
        })
        .collect()
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    (to.as_microsecond() - from.as_microsecond()) as f64 / 1e6
}

#[tokio::test]
#[ignore = "needs RabbitMQ, Redis and Celery"]
async fn a_stop_takes_the_longer_task_and_both_workers_work_at_once() {
    let servers = servers().await;
    let (folder, _simulator) = copy(servers);
    let (rfid, capture) = (worker(folder.path(), servers, "rfid"), worker(folder.path(), servers, "capture"));
    let (rfid, capture) = tokio::join!(Workers::start(&rfid), Workers::start(&capture));
    // Whatever else the machine does at the moment only adds to the time: one undisturbed run of three shows what a stop takes.
    let undisturbed = async {
        for run in 1..=3 {
            let longest = count(folder.path(), &folder.path().join(format!("data-{run}"))).await;
            println!("the longest stop took {longest:.3} s");
            if longest < 6.5 {
                return true;
            }
        }
        false
    };
    assert!(undisturbed.await, "a stop takes longer than its longer task");

    let (read, taken) = (spans(&rfid.log()), spans(&capture.log()));
    assert!(read.len() >= 3 && read.len() == taken.len(), "{read:?}, {taken:?}");
    for (begin, end) in read {
        assert!(seconds(begin, end) >= 2.0);
        let at_once = |(other, until): &(Timestamp, Timestamp)| seconds(begin, *other).abs() < 0.5 && seconds(end, *until) > 3.0;
        assert!(taken.iter().any(at_once), "nobody took pictures from {begin} to {end}: {taken:?}");
    }
}

/// Counts the example, checks everything that does not depend on how busy the machine is, and gives the longest stop in seconds.
async fn count(folder: &Path, data: &Path) -> f64 {
    let (warehouse, shown) = (folder.to_str().unwrap(), data.to_str().unwrap());
    let ended = program::run(["run", warehouse, "--all", "--json", "--data", shown]);
    assert_eq!((ended.code(), ended.stderr.as_str()), (Some(3), ""), "texts settle nothing: {ended:?}");
    let store = Store::open(data, Access::Read).await.unwrap();
    let records: Vec<Value> = store.records_after(0, u32::MAX).await.unwrap().iter().map(|stored| event(&stored.body)).collect();
    let of_type = |kind: &'static str| records.iter().filter(move |record| record["type"] == kind);
    assert!(of_type("inventory_done").all(|record| record["note"] == "读取RFID信息"), "{records:#?}");
    assert!(of_type("capture_done").all(|record| record["note"] == "摄像头抓图"), "{records:#?}");
    assert!(of_type("judged").all(|record| record["reason"] == "no_observation"), "{records:#?}");
    assert_eq!(of_type("operation_failed").count(), 0, "{records:#?}");

    let stops = ["1号", "8号", "10号"].map(|location| {
        let at = |kind: &'static str| instant(of_type(kind).find(|record| record["location"] == location).unwrap());
        let [sent, arrived, read, taken, released] =
            ["crane_sent", "crane_arrived", "inventory_done", "capture_done", "crane_released"].map(at);
        assert!([sent, arrived, read, taken, released].is_sorted(), "{location}: the crane goes on when both are done");
        let (scan, picture, stop) = (seconds(arrived, read), seconds(arrived, taken), seconds(arrived, released));
        println!("{location}: tags after {scan:.3} s, picture after {picture:.3} s, released after {stop:.3} s");
        assert!(scan >= 2.0 && picture >= 6.0 && stop - picture < 0.4, "the longer task decides");
        (sent, released, stop)
    });
    // Two cranes for three locations: the last one is served by whichever is free first.
    let last = stops.iter().max_by_key(|stop| stop.0).unwrap();
    let free = stops.iter().map(|stop| stop.1).min().unwrap();
    assert!((0.0..0.5).contains(&seconds(free, last.0)), "the crane goes on when both are done: {stops:?}");
    stops.iter().map(|stop| stop.2).fold(0.0, f64::max)
}

fn instant(record: &Value) -> Timestamp {
    record["at"].as_str().unwrap().parse().unwrap()
}

#[test]
fn the_example_is_a_good_configuration() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/celery");
    let checked = program::run(["config", "check", example.to_str().unwrap()]);
    assert_eq!(checked.code(), Some(0), "{checked:?}");
}
