//! Everything that verification must find, and that it leaves no trace.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use pandian_domain::{Code, Digest};
use pandian_store::{Access, Head, Note, Problem, Store, VerifyReport, digest, verify};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::stocktake::{WHOLE, id, sent, sql, whole_stop};

/// A directory with three whole stops (24 records), each with tag reads and a picture, and one open stop; and its head.
async fn counted(dir: &Path) -> Head {
    let store = Store::open(dir, Access::Write).await.unwrap();
    for n in 1..=3 {
        let picture = store.put_picture(format!("picture {n}").into()).await.unwrap();
        drop(store.append(whole_stop(id(1), n, Some(picture))));
    }
    drop(store.append(sent(id(1), 4)));
    store.close().await.unwrap()
}

/// Every file below a folder, with its bytes.
fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    found
}

/// What verification says after these statements.
async fn after(statement: &str) -> VerifyReport {
    let dir = tempfile::tempdir().unwrap();
    counted(dir.path()).await;
    sql(dir.path(), statement).await;
    let before = contents(dir.path());
    let report = verify(dir.path(), None).await.unwrap();
    assert!(before == contents(dir.path()), "verification left a trace");
    report
}

#[tokio::test]
async fn an_untouched_directory_is_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let head = counted(dir.path()).await;
    let before = contents(dir.path());
    let report = verify(dir.path(), Some(head.hash)).await.unwrap();
    let wanted = VerifyReport { records: 3 * WHOLE + 1, head, files: 3, reads: 3, since_expected: Some(0), problem: None, notes: vec![] };
    assert_eq!(report, wanted);
    assert!(before == contents(dir.path()), "verification left a trace");
}

#[tokio::test]
async fn an_empty_chain_is_in_order() {
    let dir = tempfile::tempdir().unwrap();
    Store::open(dir.path(), Access::Write).await.unwrap().close().await.unwrap();
    let report = verify(dir.path(), Some(Digest::ZERO)).await.unwrap();
    assert_eq!((report.records, report.since_expected, report.problem), (0, Some(0), None));
}

#[tokio::test]
async fn every_altered_column_is_found() {
    for (set, part) in [
        ("body = replace(body, '\"C1\"', '\"C2\"')", "body or hash"),
        ("hash = zeroblob(32)", "body or hash"),
        ("kind = 'crane_released'", "column kind"),
        ("stocktake = zeroblob(16)", "column stocktake"),
        ("key = NULL", "column key"),
    ] {
        let report = after(&format!("UPDATE records SET {set} WHERE seq = 3")).await;
        assert_eq!(report.problem, Some(Problem::Altered { seq: 3, part }), "{set}");
        assert_eq!((report.records, report.head.seq), (2, 2));
    }
    let report = after("UPDATE records SET hash = zeroblob(32) WHERE seq = 25").await;
    assert_eq!(report.problem, Some(Problem::Altered { seq: 25, part: "body or hash" }));
}

#[tokio::test]
async fn lost_records_are_found_even_if_the_later_ones_are_numbered_anew() {
    let lost = Some(Problem::Lost { first: 5, last: 6 });
    assert_eq!(after("DELETE FROM records WHERE seq IN (5, 6)").await.problem, lost);
    let renumbered = "DELETE FROM records WHERE seq IN (5, 6); UPDATE records SET seq = seq - 2 WHERE seq > 6";
    assert_eq!(after(renumbered).await.problem, lost);
    let report = after("DELETE FROM records WHERE seq = 1").await;
    assert_eq!(report.problem.unwrap().to_string(), "records 1 to 1 are lost");
}

#[tokio::test]
async fn moved_records_are_found() {
    let swap = |columns: &str| {
        let swapped: Vec<_> =
            columns.split(", ").map(|column| format!("{column} = (SELECT {column} FROM were WHERE seq = 13 - records.seq)")).collect();
        let swapped = swapped.join(", ");
        format!("CREATE TEMP TABLE were AS SELECT * FROM records; UPDATE records SET {swapped} WHERE seq IN (4, 9)")
    };
    let moved = Some(Problem::Reordered { seq: 4, found_at: 9 });
    assert_eq!(after(&swap("body, hash, kind, key")).await.problem, moved);
    assert_eq!(after(&swap("body, kind, key")).await.problem, moved);
    let to_the_end = "UPDATE records SET seq = 99 WHERE seq = 7";
    assert_eq!(after(to_the_end).await.problem, Some(Problem::Reordered { seq: 7, found_at: 99 }));
}

#[tokio::test]
async fn inserted_records_are_found() {
    let report = after("INSERT INTO records VALUES (-1, NULL, 'paused', NULL, zeroblob(32), '{}')").await;
    assert_eq!(report.problem, Some(Problem::Damaged { after: 0, message: "there is a record numbered -1".into() }));
    let at_the_end = "INSERT INTO records VALUES (26, NULL, 'paused', NULL, zeroblob(32), '{}')";
    assert_eq!(after(at_the_end).await.problem, Some(Problem::Altered { seq: 26, part: "body or hash" }));
}

#[tokio::test]
async fn a_key_that_leads_elsewhere_is_found() {
    let lost = |seq: u64| Some(Problem::Damaged { after: seq - 1, message: format!("its key does not lead to record {seq}") });
    assert_eq!(after("DELETE FROM recent_keys WHERE seq = 12").await.problem, lost(12));
    assert_eq!(after("UPDATE recent_keys SET seq = 7 WHERE seq = 12").await.problem, lost(12));
    // Where a key is kept does not matter, but twice is once too often.
    let settled = "INSERT INTO keys SELECT key, seq FROM recent_keys WHERE seq < 10";
    let twice = Some(Problem::Damaged { after: 25, message: "34 keys lead to 25 records".into() });
    assert_eq!(after(settled).await.problem, twice);
    assert_eq!(after(&format!("{settled}; DELETE FROM recent_keys WHERE seq < 10")).await.problem, None);
    let stray = Some(Problem::Damaged { after: 25, message: "26 keys lead to 25 records".into() });
    assert_eq!(after("INSERT INTO keys VALUES (x'00', 3)").await.problem, stray);
}

#[tokio::test]
async fn an_expected_head_proves_that_nothing_was_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let early = counted(dir.path()).await;
    let store = Store::open(dir.path(), Access::Write).await.unwrap();
    store.append(whole_stop(id(1), 5, None)).await.unwrap();
    let late = store.close().await.unwrap();
    let report = verify(dir.path(), Some(early.hash)).await.unwrap();
    assert_eq!((report.problem, report.since_expected), (None, Some(WHOLE)));

    sql(dir.path(), "DELETE FROM records WHERE seq > 25").await;
    assert_eq!(verify(dir.path(), None).await.unwrap().problem, None);
    let cut = verify(dir.path(), Some(late.hash)).await.unwrap();
    assert_eq!(cut.problem, Some(Problem::HeadNotFound { expected: late.hash, records: 25 }));
    assert_eq!(cut.problem.unwrap().code(), Code::ChainBroken);
}

#[tokio::test]
async fn missing_and_altered_evidence_is_named_with_its_record() {
    let picture = digest(b"picture 2");
    let name = picture.to_string();
    let seq = WHOLE + 5;
    for (alter, problem) in [
        (None, Problem::EvidenceMissing { digest: picture, seq }),
        (Some("other bytes"), Problem::EvidenceAltered { digest: picture, seq }),
    ] {
        let dir = tempfile::tempdir().unwrap();
        counted(dir.path()).await;
        let path = dir.path().join("evidence").join(&name[..2]).join(&name);
        alter.map_or_else(|| fs::remove_file(&path), |bytes| fs::write(&path, bytes)).unwrap();
        // A later problem of the chain does not hide it.
        sql(dir.path(), "DELETE FROM records WHERE seq = 15").await;
        let report = verify(dir.path(), None).await.unwrap();
        assert_eq!(report.problem.as_ref(), Some(&problem));
        assert_eq!(problem.code(), Code::EvidenceBroken);
    }
    let reads = digest(b"[{\"epc\":\"00000002\"}]");
    let seq = WHOLE + 4;
    let missing = after(&format!("DELETE FROM reads WHERE seq = {seq}")).await.problem;
    assert_eq!(missing, Some(Problem::EvidenceMissing { digest: reads, seq }));
    let altered = after(&format!("UPDATE reads SET bytes = x'5b5d' WHERE seq = {seq}")).await.problem;
    assert_eq!(altered, Some(Problem::EvidenceAltered { digest: reads, seq }));
}

#[tokio::test]
async fn files_that_no_record_names_are_noted() {
    let dir = tempfile::tempdir().unwrap();
    counted(dir.path()).await;
    let mut unnamed = vec![dir.path().join("evidence/notes.txt"), dir.path().join("evidence/tmp2/x")];
    fs::create_dir(dir.path().join("evidence/tmp2")).unwrap();
    for path in &unnamed {
        fs::write(path, "").unwrap();
    }
    fs::write(dir.path().join("evidence/tmp/1-1"), "being written").unwrap();
    let report = verify(dir.path(), None).await.unwrap();
    assert_eq!(report.problem, None);
    let mut noted: Vec<_> = report
        .notes
        .into_iter()
        .map(|note| match note {
            Note::Unnamed(path) => path,
            Note::More(_) => unreachable!("there are two"),
        })
        .collect();
    noted.sort();
    unnamed.sort();
    assert_eq!(noted, unnamed);
}

#[tokio::test]
async fn a_directory_is_verified_beside_its_writer() {
    let dir = tempfile::tempdir().unwrap();
    counted(dir.path()).await;
    let store = Store::open(dir.path(), Access::Write).await.unwrap();
    store.append(sent(id(1), 5)).await.unwrap();
    assert_eq!(verify(dir.path(), None).await.unwrap().records, 26);
    store.append(sent(id(1), 6)).await.unwrap();
    assert_eq!(verify(dir.path(), None).await.unwrap().records, 27);
}

#[tokio::test]
async fn what_a_killed_process_left_is_verified_without_a_trace() {
    let dir = tempfile::tempdir().unwrap();
    counted(dir.path()).await;
    let store = Store::open(dir.path(), Access::Write).await.unwrap();
    store.append(sent(id(1), 5)).await.unwrap();
    // The files as they are on disk now, with the log not yet in the database; with and without the index of the log.
    for index in [true, false] {
        let copy = tempfile::tempdir().unwrap();
        for (path, bytes) in contents(dir.path()) {
            let to = copy.path().join(path.strip_prefix(dir.path()).unwrap());
            if index || !to.ends_with("pandian.db-shm") {
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::write(to, bytes).unwrap();
            }
        }
        let but_index = |dir: &Path| {
            let mut contents = contents(dir);
            // SQLite's scratch: made anew by whoever opens the database first.
            contents.entry(dir.join("pandian.db-shm")).and_modify(Vec::clear);
            contents
        };
        let before = but_index(copy.path());
        assert_eq!(verify(copy.path(), None).await.unwrap().records, 26);
        assert!(before == but_index(copy.path()), "verification left a trace");
    }
}

#[tokio::test]
async fn a_database_that_is_none_is_a_clear_error_and_a_damaged_one_a_finding() {
    let dir = tempfile::tempdir().unwrap();
    let missing = verify(&dir.path().join("none"), None).await.unwrap_err();
    assert!(missing.to_string().contains("none/pandian.db"), "{missing}");
    let database = dir.path().join("pandian.db");
    for (bytes, says) in [(&b""[..], "it is empty"), (&[7; 9000][..], "it is not a database")] {
        fs::write(&database, bytes).unwrap();
        let error = verify(dir.path(), None).await.unwrap_err();
        assert_eq!(error.code(), Code::StoreUnavailable);
        assert!(error.to_string().ends_with(says), "{error}");
    }
    fs::remove_file(&database).unwrap();
    let mut other = SqliteConnectOptions::new().filename(&database).create_if_missing(true).connect().await.unwrap();
    sqlx::query("CREATE TABLE t (x)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let error = verify(dir.path(), None).await.unwrap_err();
    assert!(error.to_string().ends_with("it is a database, but not one of stocktakes"), "{error}");

    // Any page damaged, and any tail cut off: an error or a finding, never "in order", and never a panic.
    let dir = tempfile::tempdir().unwrap();
    counted(dir.path()).await;
    let database = dir.path().join("pandian.db");
    let whole = fs::read(&database).unwrap();
    for page in 0..whole.len() / 4096 {
        let mut damaged = whole.clone();
        damaged[page * 4096..][..4096].fill(0xa5);
        for bytes in [&damaged[..], &whole[..page * 4096], &whole[..page * 4096 + 1000]] {
            fs::write(&database, bytes).unwrap();
            if let Ok(report) = verify(dir.path(), None).await {
                assert!(report.problem.is_some(), "page {page}");
            }
        }
    }
}
