//! Processes that are killed in the midst of their work: workers, and pandian itself.

use std::time::{Duration, Instant};

use pandian_celery::stand::{WorkerSpec, Workers};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::sleep;

use super::ground::{Draft, codes, servers};
use super::tasklog::{Repeats, TaskLog};

#[tokio::test]
#[ignore = "needs RabbitMQ, Redis and Celery"]
async fn a_task_lost_with_its_worker_is_published_again_at_its_time_out() {
    let servers = servers().await;
    let draft = Draft::new("early", &servers.rabbit.url(), &servers.redis.url());
    let ground = Draft { device: "timeout = \"5s\", attempts = 5", ..draft }.write();
    let worker = Workers::start(&ground.worker("first")).await;
    let running = ground.run();
    let lost = ground.log.wait_for_pictures().await;
    worker.kill();
    let _next = Workers::start(&ground.worker("next")).await;

    let failures = ground.counted(&running.end()).await;
    let repeats = ground.log.repeats();
    println!("lost with their worker: {repeats:?}, {:?}", codes(&failures));
    // Where the next worker has not come up by then, that is what is told.
    assert!(codes(&failures).iter().all(|code| ["device-timeout", "celery-no-worker"].contains(code)));
    for lost in &lost {
        let ids = ground.log.begun(&lost.task, &lost.location);
        assert!(ids.len() >= 2 && ids[0] != ids[1], "{} at {}: {ids:?}", lost.task, lost.location);
    }
    // What had just ended may not have brought its result away.
    assert!(repeats.same_id == 0 && (2..=4).contains(&repeats.other_id), "{repeats:?}");
}

#[tokio::test]
#[ignore = "needs RabbitMQ, Redis and Celery"]
async fn a_task_that_is_acknowledged_late_is_done_again_at_once() {
    let servers = servers().await;
    let draft = Draft::new("late", &servers.rabbit.url(), &servers.redis.url());
    let ground = Draft { is_careful: true, ..draft }.write();
    let first = Workers::start(&ground.worker("first")).await;
    let _second = Workers::start(&ground.worker("second")).await;
    let running = ground.run();

    // One process of a pool, then a whole worker with all of its processes.
    let capturing = |log: &TaskLog| log.under_way().into_iter().find(|entry| entry.task == "capture");
    let child = ground.log.wait_for("a picture is being taken", capturing).await;
    let killed = Instant::now();
    kill_process(Pid::from_raw(child.pid).unwrap(), Signal::KILL).unwrap();
    let again = |log: &TaskLog| (log.begun("capture", &child.location).len() == 2).then_some(());
    ground.log.wait_for("it is taken again", again).await;
    let after = killed.elapsed();
    ground.log.wait_for_work().await;
    first.kill();

    let failures = ground.counted(&running.end()).await;
    let repeats = ground.log.repeats();
    println!("begun again {after:?} after the process was killed, {repeats:?}");
    assert_eq!((codes(&failures).len(), repeats.other_id), (0, 0), "no time-out was needed: {failures:#?}");
    assert!((1..=5).contains(&repeats.same_id), "{repeats:?}");
}

#[tokio::test]
#[ignore = "needs RabbitMQ, Redis and Celery"]
async fn tasks_wait_for_workers_that_are_gone_for_a_while() {
    let servers = servers().await;
    let draft = Draft::new("gone", &servers.rabbit.url(), &servers.redis.url());
    let ground = Draft { is_careful: true, ..draft }.write();
    let worker = Workers::start(&ground.worker("first")).await;
    let running = ground.run();
    ground.log.wait_for_work().await;
    worker.kill();
    // Not for a state: that nobody is there for so long is the case itself.
    sleep(Duration::from_secs(20)).await;
    let _next = Workers::start(&ground.worker("next")).await;

    let failures = ground.counted(&running.end()).await;
    let repeats = ground.log.repeats();
    println!("after 20 s without workers: {repeats:?}");
    assert_eq!((codes(&failures).len(), repeats.other_id), (0, 0), "{failures:#?}");
    assert!(repeats.same_id <= 4, "{repeats:?}");
}

/// Kills pandian while both tasks of a stop are under way, lets them end, and resumes.
async fn killed_and_resumed(name: &'static str, backend: &str) {
    let ground = Draft::new(name, &servers().await.rabbit.url(), backend).write();
    let _worker = Workers::start(&ground.worker("only")).await;
    let mut running = ground.run();
    let started = running.wait_for_event("stocktake_started");
    ground.log.wait_for_work().await;
    let dead = running.kill();
    assert_eq!(dead.code(), None, "{dead:?}");
    ground.log.wait_for_end_of_work().await;
    let before = ground.log.entries().len();

    let failures = ground.counted(&ground.resume(&started).end()).await;
    let repeats = ground.log.repeats();
    println!("{name}: {} tasks had ended before the second life, {repeats:?}", before / 2);
    assert_eq!((codes(&failures).len(), repeats), (0, Repeats::default()), "what has a result is not run again: {failures:#?}");
}

#[tokio::test]
#[ignore = "needs RabbitMQ, Redis and Celery"]
async fn killed_and_resumed_it_finds_the_results_in_redis() {
    let backend = servers().await.redis.url();
    killed_and_resumed("resumed", &backend).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ, Redis and Celery"]
async fn killed_and_resumed_it_finds_the_results_in_its_queue() {
    killed_and_resumed("resumed-rpc", "rpc://").await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ, Redis and Celery"]
async fn resumed_while_its_tasks_are_still_under_way_it_counts_each_location_once() {
    let servers = servers().await;
    let ground = Draft::new("interrupted", &servers.rabbit.url(), &servers.redis.url()).write();
    // Two tasks wait in their queues while two are under way.
    let _worker = Workers::start(&WorkerSpec { concurrency: 2, ..ground.worker("only") }).await;
    let mut running = ground.run();
    let started = running.wait_for_event("stocktake_started");
    ground.log.wait_for("two tasks are under way", |log| (log.under_way().len() == 2).then_some(())).await;
    running.signal(Signal::INT);
    let ended = running.end();
    assert_eq!(ended.code(), Some(130), "{ended:?}");

    let failures = ground.counted(&ground.resume(&started).end()).await;
    let repeats = ground.log.repeats();
    println!("interrupted: {repeats:?}, {:?}", codes(&failures));
    // What has no result yet is published once more, under the same id: nothing was revoked.
    assert!(failures.is_empty() && repeats.other_id == 0 && repeats.same_id <= 4, "{repeats:?}, {failures:#?}");
}
