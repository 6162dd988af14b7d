//! SIGKILL at any moment: what was acknowledged is there, the chain is in order, and it goes on.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use pandian_store::{Access, Store, verify};

use crate::stocktake::{id, whole_stop};

const DIRECTORY: &str = "PANDIAN_STORE_TEST_DIRECTORY";
/// Stops under way at the same time.
const LANES: u32 = 8;

/// The process that is killed: counts stops for ever, from the first that is not on file, and says which are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the test below, in a process of its own"]
async fn counts_until_it_is_killed() {
    let Some(dir) = std::env::var_os(DIRECTORY) else { return };
    println!("begun");
    let store = Store::open(Path::new(&dir), Access::Write).await.unwrap();
    let mut on_file = 0;
    let mut histories = store.histories(id(1));
    while let Some((stop, _)) = histories.next().await.unwrap() {
        on_file = stop.number();
    }
    let lanes = (0..LANES).map(|lane| {
        let store = store.clone();
        tokio::spawn(async move {
            // The last few stops are repeated, as after a restart.
            for n in (on_file.saturating_sub(LANES) + 1 + lane..).step_by(LANES as usize) {
                let picture = if n % 16 == 0 { Some(store.put_picture(format!("picture {n}").into()).await.unwrap()) } else { None };
                let seq = store.append(whole_stop(id(1), n, picture)).await.unwrap();
                let mut out = std::io::stdout().lock();
                writeln!(out, "{n} {seq}").and_then(|()| out.flush()).unwrap();
            }
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.unwrap();
    }
}

#[tokio::test]
async fn everything_acknowledged_survives_being_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<(u32, u64)> = Vec::new();
    let mut seed = u64::from(std::process::id());
    println!("seed {seed}");
    for round in 0..16 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let until = if round % 4 == 3 { 0 } else { (seed >> 33) as usize % 120 };
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::counts_until_it_is_killed", "--ignored", "--nocapture"])
            .env(DIRECTORY, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map(|line| line.unwrap());
        said.by_ref().find(|line| line.ends_with("begun")).expect("the child begins");
        let acknowledgement = |line: String| {
            let (n, seq) = line.split_once(' ')?;
            Some((n.parse().ok()?, seq.parse().ok()?))
        };
        acknowledged.extend(said.by_ref().filter_map(acknowledgement).take(until));
        child.kill().unwrap();
        // What was said before the kill counts, too.
        acknowledged.extend(said.filter_map(acknowledgement));
        child.wait().unwrap();
        if dir.path().join("pandian.db").exists() && round % 2 == 0 {
            let report = verify(dir.path(), None).await.unwrap();
            assert_eq!(report.problem, None, "round {round}");
        }
    }
    assert!(acknowledged.len() > 100, "{}", acknowledged.len());
    let store = Store::open(dir.path(), Access::Write).await.unwrap();
    for (n, seq) in acknowledged {
        let record = &store.records_after(seq - 1, 1).await.unwrap()[0];
        assert_eq!(record.record().unwrap().stop, Some(id(1).stop(n)), "record {seq}");
        assert!(store.history(id(1).stop(n)).await.unwrap().judgement.is_some(), "stop {n}");
    }
    let head = store.close().await.unwrap();
    assert_eq!(verify(dir.path(), Some(head.hash)).await.unwrap().problem, None);
}
