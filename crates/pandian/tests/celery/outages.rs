//! Servers and networks that go away and come back.

use std::time::Duration;

use pandian_celery::stand::{Proxy, Rabbit, Redis, RedisOptions, Workers};
use tokio::time::sleep;

use super::ground::{Draft, codes, servers};
use super::tasklog::Repeats;

#[tokio::test]
#[ignore = "needs RabbitMQ, Redis and Celery"]
async fn a_broker_that_is_restarted_loses_nothing() {
    let mut rabbit = Rabbit::start().await;
    let ground = Draft::new("broker", &rabbit.url(), &servers().await.redis.url()).write();
    let _worker = Workers::start(&ground.worker("only")).await;
    let running = ground.run();
    ground.log.wait_for_work().await;
    rabbit.restart().await;

    let failures = ground.counted(&running.end()).await;
    let repeats = ground.log.repeats();
    println!("broker restarted: {repeats:?}, {:?}", codes(&failures));
    // Workers take again what they had not acknowledged.
    assert!(failures.is_empty() && repeats.other_id == 0 && repeats.same_id <= 4, "{repeats:?}, {failures:#?}");
}

#[tokio::test]
#[ignore = "needs RabbitMQ, Redis and Celery"]
async fn a_broker_that_is_killed_with_the_results_in_it_loses_nothing() {
    let mut rabbit = Rabbit::start().await;
    let ground = Draft { device: "timeout = \"15s\"", ..Draft::new("broker-rpc", &rabbit.url(), "rpc://") }.write();
    let _worker = Workers::start(&ground.worker("only")).await;
    let running = ground.run();
    ground.log.wait_for_pictures().await;
    rabbit.kill().await;
    ground.log.wait_for_end_of_work().await;
    rabbit.restart().await;

    let failures = ground.counted(&running.end()).await;
    let repeats = ground.log.repeats();
    println!("broker killed, rpc://: {repeats:?}, {:?}", codes(&failures));
    // A worker that cannot bring a result there takes its task for failed, or throws the result away. And the broker may not be back in time.
    let expected = ["celery-task-failed", "device-timeout", "device-unreachable"];
    assert!(codes(&failures).iter().all(|code| expected.contains(code)), "{failures:#?}");
    assert!(repeats.same_id <= 4 && repeats.other_id == failures.len() && failures.len() <= 4, "{repeats:?}, {failures:#?}");
}

/// The variable of the backend with a password, which a configuration does not hold.
const BACKEND: &str = "PANDIAN_TEST_BACKEND";

/// Takes the backend away while tasks are under way, and brings it back when all of them have ended. Gives how often they were repeated,
/// and the codes of failures.
async fn without_backend(name: &'static str, is_careful: bool) -> (Repeats, Vec<String>) {
    let mut redis = Redis::start_with(RedisOptions { password: Some("hush"), is_persistent: true }).await;
    let rabbit = servers().await.rabbit.url();
    let mut draft = Draft { device: "timeout = \"8s\"", is_careful, ..Draft::new(name, &rabbit, &redis.url()) };
    draft.reached[1] = format!("env:{BACKEND}");
    let ground = draft.write();
    let _worker = Workers::start(&ground.worker("only")).await;
    let running = ground.run_with(&[(BACKEND, redis.url())]);
    ground.log.wait_for_work().await;
    redis.stop().await;
    ground.log.wait_for_end_of_work().await;
    redis.restart().await;

    let failures = ground.counted(&running.end()).await;
    let repeats = ground.log.repeats();
    println!("{name}: {repeats:?}, {:?}", codes(&failures));
    (repeats, codes(&failures).into_iter().map(str::to_owned).collect())
}

#[tokio::test]
#[ignore = "needs RabbitMQ, Redis and Celery"]
async fn a_result_that_found_no_backend_is_brought_by_another_try() {
    // A worker with Celery's own settings throws a result away that it cannot store, or has the task failed by it.
    let (repeats, codes) = without_backend("backend", false).await;
    assert!(codes.iter().all(|code| ["device-timeout", "celery-task-failed"].contains(&code.as_str())) && codes.len() <= 4, "{codes:?}");
    assert!(repeats.other_id == codes.len() && repeats.same_id == 0, "{repeats:?}");
}

#[tokio::test]
#[ignore = "needs RabbitMQ, Redis and Celery"]
async fn a_result_that_waits_for_its_backend_is_not_made_again() {
    let (repeats, codes) = without_backend("backend-careful", true).await;
    assert!(codes.is_empty() && repeats == Repeats::default(), "{repeats:?}, {codes:?}");
}

/// Takes the network between pandian and both servers away for ten seconds. The workers have theirs.
async fn without_network_for_ten_seconds(name: &'static str, take_away: impl Fn(&Proxy)) {
    let servers = servers().await;
    let (amqp, redis) = (Proxy::to(servers.rabbit.port()), Proxy::to(servers.redis.port()));
    let mut draft = Draft::new(name, &servers.rabbit.url(), &servers.redis.url());
    draft.reached = [amqp.instead_of(servers.rabbit.port(), &draft.servers[0]), redis.instead_of(servers.redis.port(), &draft.servers[1])];
    let ground = draft.write();
    let _worker = Workers::start(&ground.worker("only")).await;
    let running = ground.run();
    ground.log.wait_for_work().await;
    take_away(&amqp);
    take_away(&redis);
    // Not for a state: that there is no network for so long is the case itself.
    sleep(Duration::from_secs(10)).await;
    amqp.mend();
    redis.mend();

    let failures = ground.counted(&running.end()).await;
    let repeats = ground.log.repeats();
    println!("{name} for 10 s: {repeats:?}, {:?}", codes(&failures));
    assert!(failures.is_empty() && repeats == Repeats::default(), "{repeats:?}, {failures:#?}");
}

#[tokio::test]
#[ignore = "needs RabbitMQ, Redis and Celery"]
async fn a_network_that_is_cut_loses_nothing() {
    without_network_for_ten_seconds("cut", Proxy::cut).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ, Redis and Celery"]
async fn a_network_that_falls_silent_loses_nothing() {
    without_network_for_ten_seconds("silent", Proxy::hang).await;
}
