//! A real Redis, and a network that can be taken away.

use tokio::sync::Mutex;

use super::*;
use crate::stand::{Proxy, Redis, RedisOptions};

/// A growth of memory that nobody would notice, in bytes: far less than the large results.
const UNNOTICED: u64 = 24 * 1024 * 1024;

/// Held by tests that use much memory, and by the one that measures it.
static MEMORY: Mutex<()> = Mutex::const_new(());

/// The most memory that this process has had since it was last asked, in bytes.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[tokio::test]
#[ignore = "needs Redis"]
async fn what_is_stored_already_is_found_and_what_is_published_is_told() {
    let redis = Redis::start().await;
    let mut worker = Worker::at(redis.port()).await;
    let results = session(&redis.url());
    let (stored, published) = (Uuid::from_u128(1), Uuid::from_u128(2));
    worker.store(stored, &success("5")).await;
    let mut watched = results.watch(stored);
    assert_eq!(timeout(SOON, watched.next()).await.unwrap(), Update::Report(succeeded("5")));
    let mut watched = results.watch(published);
    nothing(&mut watched, SOON).await;
    worker.store(published, r#"{"status": "STARTED", "result": {"pid": 1}}"#).await;
    assert_eq!(report(&mut watched, SOON).await, Report::State("STARTED".into()));
    let begun = Instant::now();
    worker.store(published, &success(r#"{"tags": []}"#)).await;
    assert_eq!(report(&mut watched, SOON).await, succeeded(r#"{"tags": []}"#));
    assert!(begun.elapsed() < Duration::from_secs(1), "it was looked for, not told: {:?}", begun.elapsed());
    assert_eq!(results.trouble(), None);
    // Nobody is subscribed any longer.
    while worker.say(&["PUBSUB", "SHARDNUMSUB"]).await != "*0" || worker.say(&["PUBLISH", &key(published), "x"]).await != ":0" {
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
#[ignore = "needs Redis"]
async fn a_server_says_what_it_is() {
    let redis = Redis::start_with(RedisOptions { password: Some("secret"), ..RedisOptions::default() }).await;
    let results = session(&redis.url());
    for _ in 0..2 {
        let says = timeout(SOON, results.check()).await.unwrap().unwrap().unwrap();
        assert!(says.starts_with("Redis ") && says.split('.').count() == 3, "{says}");
    }
}

#[tokio::test]
#[ignore = "needs Redis"]
async fn a_publication_that_got_lost_is_made_up_for() {
    let redis = Redis::start().await;
    let results = session(&redis.url());
    let mut watched = results.watch(Uuid::from_u128(1));
    nothing(&mut watched, SOON).await;
    let mut worker = Worker::at(redis.port()).await;
    assert_eq!(worker.say(&["SET", &key(Uuid::from_u128(1)), &success("5")]).await, "+OK");
    assert_eq!(report(&mut watched, Duration::from_secs(8)).await, succeeded("5"));
}

#[tokio::test]
#[ignore = "needs Redis"]
async fn what_came_while_the_network_was_away_is_found_afterwards() {
    let redis = Redis::start().await;
    let proxy = Proxy::to(redis.port());
    let results = session(&proxy.instead_of(redis.port(), &redis.url()));
    let ids: Vec<_> = (1..=100).map(Uuid::from_u128).collect();
    let mut watched: Vec<_> = ids.iter().map(|&id| results.watch(id)).collect();
    for watched in &mut watched {
        nothing(watched, SOON).await;
    }
    let mut worker = Worker::at(redis.port()).await;
    proxy.cut();
    assert_eq!(trouble(&results, SOON).await.kind, TroubleKind::Unreachable);
    for id in ids {
        worker.store(id, &success("5")).await;
    }
    proxy.mend();
    for watched in &mut watched {
        assert_eq!(report(watched, SOON).await, succeeded("5"));
    }
    no_trouble(&results, SOON).await;
}

#[tokio::test]
#[ignore = "needs Redis"]
async fn a_network_that_is_silently_away_for_ten_seconds_is_noticed_and_loses_nothing() {
    let redis = Redis::start().await;
    let proxy = Proxy::to(redis.port());
    let results = session(&proxy.instead_of(redis.port(), &redis.url()));
    let mut watched = results.watch(Uuid::from_u128(1));
    nothing(&mut watched, SOON).await;
    proxy.hang();
    let begun = Instant::now();
    Worker::at(redis.port()).await.store(Uuid::from_u128(1), &success("5")).await;
    let trouble = trouble(&results, Duration::from_secs(10)).await;
    assert_eq!((trouble.kind, &*trouble.reason), (TroubleKind::Unreachable, "no sign of life for 8 s"));
    tokio::time::sleep_until(begun + Duration::from_secs(10)).await;
    proxy.mend();
    // An attempt that hung when the network came back takes its five seconds.
    assert_eq!(report(&mut watched, Duration::from_secs(8)).await, succeeded("5"));
    no_trouble(&results, SOON).await;
}

#[tokio::test]
#[ignore = "needs Redis"]
async fn a_redis_that_is_restarted_is_found_again_with_what_it_kept() {
    for is_persistent in [false, true] {
        let mut redis = Redis::start_with(RedisOptions { is_persistent, ..RedisOptions::default() }).await;
        let results = session(&redis.url());
        let (kept, later) = (Uuid::from_u128(1), Uuid::from_u128(2));
        Worker::at(redis.port()).await.store(kept, r#"{"status": "STARTED", "result": null}"#).await;
        let (mut kept, mut waiting) = (results.watch(kept), results.watch(later));
        assert_eq!(report(&mut kept, SOON).await, Report::State("STARTED".into()));
        nothing(&mut waiting, SOON).await;
        redis.kill().await;
        trouble(&results, SOON).await;
        redis.restart().await;
        let expected = if is_persistent { Update::Report(Report::State("STARTED".into())) } else { Update::NothingStored };
        assert_eq!(timeout(SOON, kept.next()).await.unwrap(), expected, "persistent: {is_persistent}");
        nothing(&mut waiting, SOON).await;
        Worker::at(redis.port()).await.store(later, &success("5")).await;
        assert_eq!(report(&mut waiting, SOON).await, succeeded("5"));
        assert_eq!(results.trouble(), None);
    }
}

#[tokio::test]
#[ignore = "needs Redis"]
async fn a_result_that_is_too_large_is_told_and_never_held_while_others_go_on() {
    let _alone = MEMORY.lock().await;
    let redis = Redis::start().await;
    let results = session(&redis.url());
    let mut others: Vec<_> = (100..200).map(|id| results.watch(Uuid::from_u128(id))).collect();
    for other in &mut others {
        nothing(other, SOON).await;
    }
    let mut worker = Worker::at(redis.port()).await;
    most_memory();
    let before = most_memory();
    // Redis itself cuts off the subscriber of the first; the second it sends.
    for (id, bytes) in [(1, 100_000_000), (2, 20_000_000)] {
        let mut watched = results.watch(Uuid::from_u128(id));
        nothing(&mut watched, SOON).await;
        worker.store_large(Uuid::from_u128(id), bytes).await;
        let Report::TooLarge { bytes: Some(told) } = report(&mut watched, SOON).await else { panic!("not too large") };
        assert!(told as usize >= bytes);
        // Stored already, it is told at once.
        let mut again = results.watch(Uuid::from_u128(id));
        assert!(matches!(report(&mut again, Duration::from_secs(2)).await, Report::TooLarge { .. }));
    }
    let grown = most_memory().saturating_sub(before);
    assert!(grown < UNNOTICED, "{grown} bytes more");
    for (id, other) in (100..200).zip(&mut others) {
        worker.store(Uuid::from_u128(id), &success("5")).await;
        assert_eq!(report(other, SOON).await, succeeded("5"));
    }
}

#[tokio::test]
#[ignore = "needs Redis"]
async fn many_large_results_are_read_without_being_cut_off() {
    let _alone = MEMORY.lock().await;
    let redis = Redis::start().await;
    let results = session(&redis.url());
    let mut worker = Worker::at(redis.port()).await;
    let ids: Vec<_> = (1..=80).map(Uuid::from_u128).collect();
    for &id in &ids {
        worker.store_large(id, MAX_RESULT - 2).await;
    }
    let mut watched: Vec<_> = ids.iter().map(|&id| results.watch(id)).collect();
    for watched in &mut watched {
        let Report::Succeeded(result) = report(watched, SOON).await else { panic!("no success") };
        assert_eq!(result.len(), MAX_RESULT);
    }
    assert_eq!(results.trouble(), None);
}

#[tokio::test]
#[ignore = "needs Redis"]
async fn ten_thousand_tasks_are_watched_at_once() {
    let _alone = MEMORY.lock().await;
    let redis = Redis::start().await;
    let results = session(&redis.url());
    let begun = Instant::now();
    let mut watched: Vec<_> = (0..10_000).map(|id| results.watch(Uuid::from_u128(id))).collect();
    for watched in &mut watched {
        nothing(watched, SOON).await;
    }
    let mut worker = Worker::at(redis.port()).await;
    for id in 0..10_000 {
        worker.store(Uuid::from_u128(id), &success(&id.to_string())).await;
    }
    for (id, watched) in watched.iter_mut().enumerate() {
        assert_eq!(report(watched, SOON).await, succeeded(&id.to_string()));
    }
    assert_eq!(results.trouble(), None);
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}
