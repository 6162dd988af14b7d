//! How many records a second the journal takes, each appender waiting for its receipt before it appends again; and how many stops, each
//! lane appending what the engine would.
//!
//! `cargo run --release -p pandian-store --example group_commit [DIRECTORY]` (the directory decides which disk is measured)

use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use pandian_domain::verdict::{Judgement, Reason, Stage, Verdict};
use pandian_domain::{Code, Fact, Findings, OpKind, Purpose, Record, StocktakeId, Timestamp};
use pandian_store::{Access, Batch, Store, StoreError};
use tokio::task::JoinHandle;

/// How long each number of appenders is measured.
const SPAN: Duration = Duration::from_secs(3);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let parent = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = tempfile::tempdir_in(parent)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("appenders  records/append  records/s  commits/s  records/commit");
    for (round, (appenders, records)) in [(1, 1), (10, 1), (100, 1), (1000, 1), (100, 10), (1000, 10)].into_iter().enumerate() {
        runtime.block_on(measure(&dir.path().join(round.to_string()), appenders, records))?;
    }
    println!("\nlanes  stops/s  commits/s  stops/commit  bytes/stop");
    for lanes in [1, 10, 100, 1000] {
        runtime.block_on(measure_stops(&dir.path().join(format!("lanes-{lanes}")), lanes))?;
    }
    Ok(())
}

async fn measure(dir: &std::path::Path, appenders: u32, records: u32) -> Result<(), Box<dyn std::error::Error>> {
    let store = Store::open(dir, Access::Write).await?;
    let commits = count_commits(&store);
    let begin = Instant::now();
    let appender = |lane: u32| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut next = lane;
            while begin.elapsed() < SPAN {
                let records = (0..records).map(|n| record(next, n)).collect();
                store.append(Batch { records, reads: Vec::new() }).await?;
                next += appenders;
            }
            Ok::<_, StoreError>(())
        })
    };
    for appender in (0..appenders).map(appender).collect::<Vec<_>>() {
        appender.await??;
    }
    let head = store.close().await?;
    let seconds = begin.elapsed().as_secs_f64();
    let commits = commits.await?;
    let (records_s, commits_s) = (head.seq as f64 / seconds, f64::from(commits) / seconds);
    println!("{appenders:>9}  {records:>14}  {records_s:>9.0}  {commits_s:>9.0}  {:>14.1}", records_s / commits_s);
    Ok(())
}

/// Counts until the store is gone.
fn count_commits(store: &Store) -> JoinHandle<u32> {
    let mut heads = store.head();
    tokio::spawn(async move {
        let mut commits = 0;
        while heads.changed().await.is_ok() {
            commits += 1;
        }
        commits
    })
}

/// Each lane waits for its releases, and for the verdict of the stop before.
async fn measure_stops(dir: &std::path::Path, lanes: u32) -> Result<(), Box<dyn std::error::Error>> {
    let store = Store::open(dir, Access::Write).await?;
    let commits = count_commits(&store);
    let begin = Instant::now();
    let lane = |lane: u32| {
        let store = store.clone();
        tokio::spawn(async move {
            let (mut stops, mut verdict) = (0, None);
            while begin.elapsed() < SPAN {
                let of = |fact| of_stop(lane * 1_000_000 + stops, fact);
                let reads = Bytes::from(format!(
                    "{{\"tags\":[{{\"epc\":\"3034{lane:08X}{stops:012X}\",\"antenna\":1,\"rssi_dbm\":-52.5,\"count\":7}}]}}"
                ));
                let named = Some(pandian_store::digest(&reads));
                let confidence = Some(0.98);
                let findings = Some(Findings { occupied: Some(true), codes: Vec::new(), confidence, ..Findings::default() });
                drop(store.append(alone(of(Fact::CraneSent { purpose: Purpose::Count }))));
                drop(store.append(alone(of(Fact::CraneArrived { book: None }))));
                let inventory = of(Fact::InventoryDone { tags: 1, reads: named, note: None });
                drop(store.append(Batch { records: vec![inventory], reads: vec![reads] }));
                let capture = Fact::CaptureDone { picture: None, bytes: None, media_type: None, findings: findings.clone(), note: None };
                drop(store.append(alone(of(capture))));
                store.append(alone(of(Fact::CraneReleased {}))).await?;
                drop(store.append(alone(of(Fact::Compared { findings, sight: None }))));
                let judged = Fact::Judged { judgement: judgement(), stage: Stage::Final, tags: Some(1), supersedes: None };
                if let Some(verdict) = verdict.replace(store.append(alone(of(judged)))) {
                    verdict.await?;
                }
                stops += 1;
            }
            Ok::<_, StoreError>(stops)
        })
    };
    let mut stops = 0;
    for lane in (0..lanes).map(lane).collect::<Vec<_>>() {
        stops += lane.await??;
    }
    let seconds = begin.elapsed().as_secs_f64();
    store.close().await?;
    let (stops, commits) = (f64::from(stops), f64::from(commits.await?));
    let bytes = std::fs::metadata(dir.join("pandian.db"))?.len() as f64 / stops;
    println!("{lanes:>5}  {:>7.0}  {:>9.0}  {:>12.1}  {bytes:>10.0}", stops / seconds, commits / seconds, stops / commits);
    Ok(())
}

fn alone(record: Record) -> Batch {
    Batch { records: vec![record], reads: Vec::new() }
}

fn judgement() -> Judgement {
    Judgement {
        verdict: Verdict::Match,
        reason: Reason::AllTagsHeard,
        confidence: 0.98,
        book: None,
        counted: None,
        variances: Vec::new(),
        belongs_at: None,
        found_at: None,
    }
}

fn of_stop(stop: u32, fact: Fact) -> Record {
    let stocktake = StocktakeId::from([7; 16]);
    Record {
        at: Timestamp::UNIX_EPOCH,
        fact,
        stocktake: Some(stocktake),
        stop: Some(stocktake.stop(stop)),
        lane: Some("C1".into()),
        crane: Some("C1".into()),
        location: Some("A01-L-012-05".into()),
        attempt: Some(1),
    }
}

/// About 400 bytes as JSON.
fn record(stop: u32, n: u32) -> Record {
    let failed = Fact::OperationFailed {
        operation: OpKind::Inventory,
        code: Code::DeviceTimeout,
        message: "reader R1 (http://10.0.0.17/inventory) did not answer within 5 s".into(),
        retry_in_ms: Some(500),
    };
    Record { attempt: Some(n as u16 + 1), ..of_stop(stop, failed) }
}
