//! How many records a second the journal takes, each appender waiting for its receipt before it appends again.
//!
//! `cargo run --release -p pandian-store --example group_commit [DIRECTORY]` (the directory decides which disk is measured)

use std::path::PathBuf;
use std::time::{Duration, Instant};

use pandian_domain::{Code, Fact, OpKind, Record, StocktakeId, Timestamp};
use pandian_store::{Access, Batch, Store, StoreError};

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
    Ok(())
}

async fn measure(dir: &std::path::Path, appenders: u32, records: u32) -> Result<(), Box<dyn std::error::Error>> {
    let store = Store::open(dir, Access::Write).await?;
    let mut heads = store.head();
    let commits = tokio::spawn(async move {
        let mut commits = 0_u32;
        while heads.changed().await.is_ok() {
            commits += 1;
        }
        commits
    });
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

/// About 400 bytes as JSON.
fn record(stop: u32, n: u32) -> Record {
    let stocktake = StocktakeId::from([7; 16]);
    Record {
        at: Timestamp::UNIX_EPOCH,
        fact: Fact::OperationFailed {
            operation: OpKind::Inventory,
            code: Code::DeviceTimeout,
            message: "reader R1 (http://10.0.0.17/inventory) did not answer within 5 s".into(),
            retry_in_ms: Some(500),
        },
        stocktake: Some(stocktake),
        stop: Some(stocktake.stop(stop)),
        lane: Some("C1".into()),
        crane: Some("C1".into()),
        location: Some("A01-L-012-05".into()),
        attempt: Some(n as u16 + 1),
    }
}
