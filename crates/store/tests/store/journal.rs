//! Appending: order, groups, the first commit, virtual time, stalls, ends.

use std::time::Duration;

use pandian_domain::{Code, Fact, Purpose};
use pandian_store::{Access, Batch, Head, Health, Store, verify};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use crate::stocktake::{id, of_stop, own, sent, started, whole_stop};

async fn open(dir: &tempfile::TempDir) -> Store {
    Store::open(dir.path(), Access::Write).await.unwrap()
}

#[tokio::test]
async fn records_are_numbered_in_the_order_of_the_calls() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let receipts: Vec<_> = (1..=5000).map(|n| store.append(sent(id(1), n))).collect();
    for (receipt, seq) in receipts.into_iter().zip(1..) {
        assert_eq!(receipt.await.unwrap(), seq);
    }
    assert_eq!(store.head().borrow().seq, 5000);
    let page = store.records_after(4998, 10).await.unwrap();
    assert_eq!(page.iter().map(|record| record.seq).collect::<Vec<_>>(), [4999, 5000]);
    assert_eq!(page[1].record().unwrap(), of_stop(id(1), 5000, Fact::CraneSent { purpose: Purpose::Count }));
    assert_eq!(store.head().borrow().hash, page[1].hash);
}

#[tokio::test]
async fn a_batch_of_any_size_is_committed_whole_and_an_empty_one_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    assert_eq!(store.append(Batch::default()).await.unwrap(), 0);
    assert_eq!(store.flush().await.unwrap(), Head::EMPTY);
    let records = (1..=9000).map(|n| of_stop(id(1), n, Fact::CraneSent { purpose: Purpose::Count })).collect();
    assert_eq!(store.append(Batch { records, reads: vec![] }).await.unwrap(), 9000);
    assert_eq!(store.append(Batch::default()).await.unwrap(), 9000);
}

#[tokio::test]
async fn the_first_commit_wins_and_the_receipt_names_the_record_on_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    assert_eq!(store.append(sent(id(1), 7)).await.unwrap(), 1);
    assert_eq!(store.append(sent(id(1), 8)).await.unwrap(), 2);
    let repeated = Batch {
        records: vec![
            own(id(1), Fact::Resumed { configuration: None, stop_version: None }),
            of_stop(id(1), 7, Fact::CraneSent { purpose: Purpose::Count }),
        ],
        reads: vec![],
    };
    let (repeated, next) = (store.append(repeated), store.append(sent(id(1), 9)));
    assert_eq!(repeated.await.unwrap(), 1, "the resumed is 3, but the last record of the batch is on file as 1");
    assert_eq!(next.await.unwrap(), 4);
    let twice = Batch {
        records: vec![
            of_stop(id(1), 10, Fact::CraneSent { purpose: Purpose::Count }),
            of_stop(id(1), 10, Fact::CraneSent { purpose: Purpose::Count }),
        ],
        reads: vec![],
    };
    assert_eq!(store.append(twice).await.unwrap(), 5);
    let head = store.close().await.unwrap();
    let report = verify(dir.path(), Some(head.hash)).await.unwrap();
    assert_eq!((report.records, report.problem), (5, None));
}

#[tokio::test]
async fn the_first_commit_wins_however_long_ago_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    // More than are gathered before keys are moved to their final place; in groups of many sizes.
    let many = 10_000;
    drop((1..=many).map(|n| store.append(sent(id(1), n))).collect::<Vec<_>>());
    store.flush().await.unwrap();
    for again in [1, 5000, many - 1, many] {
        assert_eq!(store.append(sent(id(1), again)).await.unwrap(), u64::from(again));
    }
    let head = store.close().await.unwrap();
    assert_eq!(head.seq, u64::from(many));
    let store = open(&dir).await;
    let receipts: Vec<_> = (1..=many + 10).map(|n| store.append(sent(id(1), n))).collect();
    for (receipt, seq) in receipts.into_iter().zip(1..) {
        assert_eq!(receipt.await.unwrap(), seq);
    }
    let mut histories = store.histories(id(1));
    for n in 1..=many + 10 {
        assert_eq!(histories.next().await.unwrap().unwrap().0, id(1).stop(n));
    }
    let head = store.close().await.unwrap();
    assert_eq!(verify(dir.path(), Some(head.hash)).await.unwrap().problem, None);
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_stands_still_while_anything_is_written_or_read() {
    let dir = tempfile::tempdir().unwrap();
    let far = tokio::spawn(tokio::time::sleep(Duration::from_secs(3600)));
    let begin = tokio::time::Instant::now();
    let store = open(&dir).await;
    store.append(Batch { records: vec![started(id(1), 1)], reads: vec![] }).await.unwrap();
    for n in 1..=300 {
        let stop = whole_stop(id(1), n, None);
        let batches = stop.records.into_iter().map(|record| Batch { records: vec![record], reads: stop.reads.clone() });
        let receipts: Vec<_> = batches.map(|batch| store.append(batch)).collect();
        for receipt in receipts {
            receipt.await.unwrap();
        }
        if n % 100 == 0 {
            let picture = store.put_picture(n.to_string().into()).await.unwrap();
            assert!(store.evidence(picture).await.unwrap().is_some());
            store.flush().await.unwrap();
        }
    }
    let mut histories = store.histories(id(1));
    let mut stops = 0;
    while histories.next().await.unwrap().is_some() {
        stops += 1;
    }
    assert_eq!(stops, 300);
    assert_eq!(store.records_of(id(1), &["stocktake_started"]).all().await.unwrap().len(), 1);
    assert_eq!(store.stocktakes().await.unwrap().len(), 1);
    store.close().await.unwrap();
    verify(dir.path(), None).await.unwrap();
    assert_eq!(tokio::time::Instant::now(), begin);
    assert!(!far.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_stands_still_for_thousands_of_waiting_appenders() {
    let dir = tempfile::tempdir().unwrap();
    let far = tokio::spawn(tokio::time::sleep(Duration::from_secs(3600)));
    let begin = tokio::time::Instant::now();
    let store = open(&dir).await;
    let appender = |lane: u32| {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..10 {
                store.append(sent(id(1), lane * 10 + n)).await.unwrap();
            }
        })
    };
    for appender in (0..500).map(appender).collect::<Vec<_>>() {
        appender.await.unwrap();
    }
    assert_eq!(store.head().borrow().seq, 5000);
    assert_eq!(tokio::time::Instant::now(), begin);
    assert!(!far.is_finished());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_threads_append_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let appender = |lane: u32| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut last = 0;
            for n in 0..20 {
                let seq = store.append(sent(id(1), lane * 20 + n)).await.unwrap();
                assert!(seq > last, "one appender's records stay in order");
                assert!(store.head().borrow().seq >= seq, "the head is told before the receipt");
                last = seq;
            }
        })
    };
    for appender in (0..100).map(appender).collect::<Vec<_>>() {
        appender.await.unwrap();
    }
    let head = store.close().await.unwrap();
    assert_eq!(head.seq, 2000);
    assert_eq!(verify(dir.path(), Some(head.hash)).await.unwrap().problem, None);
}

#[tokio::test]
async fn a_second_writer_is_told_who_uses_the_directory_and_a_reader_is_let_in() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let refused = Store::open(dir.path(), Access::Write).await.unwrap_err();
    assert_eq!(refused.code(), Code::DataInUse);
    assert!(refused.to_string().contains(&format!("process {} is using it", std::process::id())), "{refused}");
    let reader = Store::open(dir.path(), Access::Read).await.unwrap();
    store.append(sent(id(1), 1)).await.unwrap();
    assert_eq!(reader.records_after(0, 10).await.unwrap().len(), 1);
    assert_eq!(reader.append(sent(id(1), 2)).await.unwrap_err().code(), Code::ReadOnly);
    assert_eq!(reader.put_picture("x".into()).await.unwrap_err().code(), Code::ReadOnly);
    store.close().await.unwrap();
    open(&dir).await;
}

#[tokio::test]
async fn the_directory_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("a/b"), Access::Write).await.unwrap();
    let mode = std::fs::metadata(dir.path().join("a/b")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    store.close().await.unwrap();
}

#[tokio::test]
async fn what_was_appended_before_the_end_is_there_after() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let other = store.clone();
    drop((1..=3000).map(|n| store.append(sent(id(1), n))).collect::<Vec<_>>());
    let head = store.close().await.unwrap();
    assert_eq!(head.seq, 3000);
    let refused = other.append(sent(id(1), 1)).await.unwrap_err();
    assert!(refused.to_string().contains("was closed"), "{refused}");
    assert!(!dir.path().join("pandian.db-wal").exists(), "the log is in the database");

    let store = open(&dir).await;
    assert_eq!(*store.head().borrow(), head);
    let mut heads = store.head();
    drop((3001..=6000).map(|n| store.append(sent(id(1), n))).collect::<Vec<_>>());
    drop(store);
    heads.wait_for(|head| head.seq == 6000).await.unwrap();
}

#[test]
fn a_runtime_that_ends_commits_what_its_committer_has_begun_and_does_not_hang() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = runtime.block_on(async {
        let store = open(&dir).await;
        drop(store.append(sent(id(1), 1)));
        store
    });
    drop(runtime);
    let late = store.append(sent(id(1), 2));
    let after = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(after.block_on(late).unwrap_err().code(), Code::Internal);
    drop(store);
    after.block_on(async {
        assert_eq!(verify(dir.path(), None).await.unwrap().problem, None);
    });
}

/// Another program's lock on the database.
async fn lock(dir: &tempfile::TempDir) -> sqlx::SqliteConnection {
    let mut other = SqliteConnectOptions::new().filename(dir.path().join("pandian.db")).connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    other
}

async fn stalled(store: &Store) -> Code {
    match &*store.health().wait_for(|health| matches!(health, Health::Stalled(_))).await.unwrap() {
        Health::Stalled(error) => error.code(),
        Health::Good => unreachable!("it was waited for"),
    }
}

#[tokio::test]
async fn a_locked_database_holds_records_up_until_it_is_free() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    store.append(sent(id(1), 1)).await.unwrap();
    let mut other = lock(&dir).await;
    let receipts: Vec<_> = (2..=100).map(|n| store.append(sent(id(1), n))).collect();
    assert_eq!(stalled(&store).await, Code::DatabaseLocked);
    assert_eq!(store.head().borrow().seq, 1);
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    for (receipt, seq) in receipts.into_iter().zip(2..) {
        assert_eq!(receipt.await.unwrap(), seq);
    }
    assert!(matches!(*store.health().borrow(), Health::Good));
    let head = store.close().await.unwrap();
    assert_eq!(verify(dir.path(), Some(head.hash)).await.unwrap().records, 100);
}

#[tokio::test]
async fn closing_while_stalled_ends_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let other = lock(&dir).await;
    let receipt = store.append(sent(id(1), 1));
    assert_eq!(stalled(&store).await, Code::DatabaseLocked);
    let clone = store.clone();
    assert_eq!(store.close().await.unwrap_err().code(), Code::DatabaseLocked);
    assert_eq!(receipt.await.unwrap_err().code(), Code::DatabaseLocked);
    assert_eq!(clone.append(sent(id(1), 1)).await.unwrap_err().code(), Code::DatabaseLocked);
    // Waits until the lock is gone; a dropped connection gives it up some time later.
    sqlx::Connection::close(other).await.unwrap();
    assert_eq!(open(&dir).await.head().borrow().seq, 0);
}

#[tokio::test]
async fn dropping_while_stalled_ends_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let _other = lock(&dir).await;
    let receipt = store.append(sent(id(1), 1));
    assert_eq!(stalled(&store).await, Code::DatabaseLocked);
    drop(store);
    assert_eq!(receipt.await.unwrap_err().code(), Code::DatabaseLocked);
}

#[tokio::test]
async fn a_database_that_another_program_changed_is_not_written_to() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    store.append(sent(id(1), 1)).await.unwrap();
    let mut other = lock(&dir).await;
    sqlx::query("INSERT INTO records VALUES (2, NULL, 'paused', NULL, x'00', '{}')").execute(&mut other).await.unwrap();
    sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    let receipt = store.append(sent(id(1), 2));
    assert_eq!(stalled(&store).await, Code::StoreUnavailable);
    sqlx::query("DELETE FROM records WHERE seq = 2").execute(&mut other).await.unwrap();
    assert_eq!(receipt.await.unwrap(), 2);
}

#[tokio::test]
async fn a_folder_that_is_no_data_directory_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let missing = Store::open(&dir.path().join("none"), Access::Read).await.unwrap_err();
    assert!(missing.to_string().contains("none/pandian.db"), "{missing}");
    std::fs::write(dir.path().join("pandian.db"), "no database at all, but long enough to be looked at".repeat(100)).unwrap();
    for access in [Access::Read, Access::Write] {
        let wrong = Store::open(dir.path(), access).await.unwrap_err();
        assert_eq!(wrong.code(), Code::StoreUnavailable);
        assert!(wrong.to_string().ends_with("pandian.db: it is not a database"), "{wrong}");
    }
    std::fs::write(dir.path().join("file"), "").unwrap();
    let file = Store::open(&dir.path().join("file"), Access::Write).await.unwrap_err();
    assert!(file.to_string().contains("file"), "{file}");
}
