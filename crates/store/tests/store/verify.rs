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
async fn the_zero_digest_is_no_head_of_a_chain_with_records() {
    let dir = tempfile::tempdir().unwrap();
    counted(dir.path()).await;
    let report = verify(dir.path(), Some(Digest::ZERO)).await.unwrap();
    assert_eq!(report.problem, Some(Problem::HeadNotFound { expected: Digest::ZERO, records: 25 }));
    assert_eq!(report.since_expected, None);
}

#[tokio::test]
async fn every_altered_column_is_found() {
    for (set, part) in [
        ("body = replace(body, '\"C1\"', '\"C2\"')", "body or hash"),
        ("body = CAST(x'ff' AS TEXT)", "body or hash"),
        ("hash = zeroblob(32)", "body or hash"),
        ("hash = x'00'", "body or hash"),
        ("kind = CAST(x'ff' AS TEXT)", "column kind"),
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
    for number in [0, -5] {
        let report = after(&format!("INSERT INTO records VALUES ({number}, NULL, 'paused', NULL, zeroblob(32), '{{}}')")).await;
        assert_eq!(report.problem, Some(Problem::Added { number }));
    }
    let at_the_end = "INSERT INTO records VALUES (26, NULL, 'paused', NULL, zeroblob(32), '{}')";
    assert_eq!(after(at_the_end).await.problem, Some(Problem::Altered { seq: 26, part: "body or hash" }));
}

#[tokio::test]
async fn a_key_that_leads_elsewhere_is_found() {
    let misfit = |message: &str| Some(Problem::Misfit { what: "keys", message: message.into() });
    let lost = |seq: u64| misfit(&format!("none leads to record {seq}"));
    assert_eq!(after("DELETE FROM recent_keys").await.problem, lost(1));
    assert_eq!(after("UPDATE recent_keys SET key = zeroblob(19) WHERE seq = 12").await.problem, lost(12));
    assert_eq!(after("DELETE FROM recent_keys WHERE seq = 12").await.problem, lost(12));
    assert_eq!(after("UPDATE recent_keys SET seq = 7 WHERE seq = 12").await.problem, lost(12));
    // Where a key is kept does not matter, but twice is once too often.
    let settled = "INSERT INTO keys SELECT key, seq FROM recent_keys WHERE seq < 10";
    assert_eq!(after(settled).await.problem, misfit("there are 34 for 25 records"));
    assert_eq!(after(&format!("{settled}; DELETE FROM recent_keys WHERE seq < 10")).await.problem, None);
    for seq in [3, -3] {
        assert_eq!(after(&format!("INSERT INTO keys VALUES (x'00', {seq})")).await.problem, misfit("there are 26 for 25 records"));
    }
    let beyond = after("INSERT INTO recent_keys VALUES (x'00', 99)").await.problem;
    assert_eq!(beyond, misfit("there are some of record 99, which is not there"));
    assert_eq!(beyond.unwrap().code(), Code::ChainBroken);
}

#[tokio::test]
async fn tag_reads_of_no_record_are_found() {
    let misfit = |message: &str| Some(Problem::Misfit { what: "tag reads", message: message.into() });
    assert_eq!(after("INSERT INTO reads VALUES (1, x'5b5d')").await.problem, misfit("there are 4 for 3 records"));
    let beyond = misfit("there are some of record 26, which is not there");
    assert_eq!(after("INSERT INTO reads VALUES (26, x'5b5d')").await.problem, beyond);
}

#[tokio::test]
async fn altered_tables_are_found() {
    for (statement, message) in [
        ("DROP TABLE records", "the table records is missing or is not as it was made"),
        ("DROP TABLE recent_keys", "the table recent_keys is missing or is not as it was made"),
        ("DROP TABLE reads", "the table reads is missing or is not as it was made"),
        (
            "ALTER TABLE records RENAME TO r; DROP INDEX records_of_stocktake; CREATE VIEW records AS SELECT * FROM r; \
             CREATE INDEX records_of_stocktake ON r (stocktake, seq) WHERE key IS NULL",
            "the table records is missing or is not as it was made",
        ),
        ("ALTER TABLE reads ADD COLUMN more TEXT", "the table reads is missing or is not as it was made"),
        ("CREATE TRIGGER quiet AFTER INSERT ON records BEGIN DELETE FROM reads; END", "somebody added the trigger quiet"),
        ("CREATE VIEW v AS SELECT 1", "somebody added the view v"),
    ] {
        let problem = after(statement).await.problem.unwrap();
        assert_eq!(problem, Problem::TablesAltered { message: message.into() }, "{statement}");
        assert_eq!(problem.code(), Code::ChainBroken);
    }
    // What is wrong with a record is said first.
    let report =
        after("CREATE TRIGGER quiet AFTER INSERT ON records BEGIN DELETE FROM reads; END; DELETE FROM records WHERE seq = 5").await;
    assert_eq!(report.problem, Some(Problem::Lost { first: 5, last: 5 }));
    for (statement, says) in [
        ("DROP TABLE schema_version", "it is a database, but not one of stocktakes"),
        ("UPDATE schema_version SET version = 1", "its tables are not those of version 1"),
        ("DELETE FROM schema_version", "its tables are not those of version 0"),
    ] {
        let Some(Problem::AllLost { message }) = after(statement).await.problem else { panic!("{statement}") };
        assert!(message.ends_with(says), "{message}");
    }
}

#[tokio::test]
async fn lost_records_are_found_by_the_evidence_that_is_left() {
    let lost = |left: &str| Some(Problem::AllLost { message: format!("there is evidence, but no {left}") });
    assert_eq!(after("DELETE FROM records").await.problem, lost("record"));
    assert_eq!(after("DELETE FROM records; DELETE FROM keys; DELETE FROM recent_keys; DELETE FROM reads").await.problem, lost("record"));
    let dir = tempfile::tempdir().unwrap();
    counted(dir.path()).await;
    fs::remove_file(dir.path().join("pandian.db")).unwrap();
    let problem = verify(dir.path(), None).await.unwrap().problem;
    assert_eq!(problem, lost("database"));
    assert_eq!(problem.unwrap().code(), Code::ChainBroken);
}

fn pipe(path: &Path) {
    rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RWXU).unwrap();
}

#[tokio::test]
async fn what_is_no_file_is_no_evidence_and_nobody_waits_for_it() {
    let picture = digest(b"picture 2");
    let name = picture.to_string();
    let replace: [fn(&Path); 4] = [
        pipe,
        |path| fs::create_dir(path).unwrap(),
        |path| drop(std::os::unix::net::UnixListener::bind(path).unwrap()),
        |path| {
            // Even to the same bytes: they are not in the evidence folder any more.
            fs::write(path.with_extension("moved"), "picture 2").unwrap();
            std::os::unix::fs::symlink(path.with_extension("moved"), path).unwrap();
        },
    ];
    for replace in replace {
        // A socket's path must be short.
        let dir = tempfile::tempdir_in("/tmp").unwrap();
        counted(dir.path()).await;
        let path = dir.path().join("evidence").join(&name[..2]).join(&name);
        fs::remove_file(&path).unwrap();
        replace(&path);
        let problem = verify(dir.path(), None).await.unwrap().problem;
        assert_eq!(problem, Some(Problem::EvidenceAltered { digest: picture, seq: WHOLE + 5 }));
        let store = Store::open(dir.path(), Access::Read).await.unwrap();
        assert_eq!(store.evidence(picture).await.unwrap_err().code(), Code::EvidenceBroken);
    }
    let dir = tempfile::tempdir().unwrap();
    counted(dir.path()).await;
    let folder = dir.path().join("evidence").join(&name[..2]);
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "").unwrap();
    let problem = verify(dir.path(), None).await.unwrap().problem;
    assert_eq!(problem, Some(Problem::EvidenceMissing { digest: picture, seq: WHOLE + 5 }));
    for place in ["lock", "pandian.db"] {
        fs::remove_file(dir.path().join(place)).unwrap();
        pipe(&dir.path().join(place));
        assert!(verify(dir.path(), None).await.unwrap().problem.is_some());
    }
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
    let left = Problem::Misfit { what: "keys", message: "there are some of record 33, which is not there".into() };
    assert_eq!(verify(dir.path(), None).await.unwrap().problem, Some(left));
    sql(dir.path(), "DELETE FROM recent_keys WHERE seq > 25; DELETE FROM reads WHERE seq > 25").await;
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
async fn no_database_is_a_clear_error_and_a_damaged_one_a_finding() {
    let dir = tempfile::tempdir().unwrap();
    let missing = verify(&dir.path().join("none"), None).await.unwrap_err();
    assert!(missing.to_string().contains("none/pandian.db"), "{missing}");
    let database = dir.path().join("pandian.db");
    for (bytes, says) in [(&b""[..], "it is empty"), (&[7; 9000][..], "it is not a database")] {
        fs::write(&database, bytes).unwrap();
        let problem = verify(dir.path(), None).await.unwrap().problem.unwrap();
        assert_eq!(problem.code(), Code::ChainBroken);
        assert!(problem.to_string().ends_with(says), "{problem}");
    }
    fs::remove_file(&database).unwrap();
    let mut other = SqliteConnectOptions::new().filename(&database).create_if_missing(true).connect().await.unwrap();
    sqlx::query("CREATE TABLE t (x)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let problem = verify(dir.path(), None).await.unwrap().problem.unwrap();
    assert!(problem.to_string().ends_with("it is a database, but not one of stocktakes"), "{problem}");

    // Any page damaged, and any tail cut off: a finding, never "in order", no error, and never a panic.
    let dir = tempfile::tempdir().unwrap();
    counted(dir.path()).await;
    let database = dir.path().join("pandian.db");
    let whole = fs::read(&database).unwrap();
    for page in 0..whole.len() / 4096 {
        let mut damaged = whole.clone();
        damaged[page * 4096..][..4096].fill(0xa5);
        for bytes in [&damaged[..], &whole[..page * 4096], &whole[..page * 4096 + 1000]] {
            fs::write(&database, bytes).unwrap();
            let report = verify(dir.path(), None).await.unwrap();
            assert_eq!(report.problem.map(|problem| problem.code()), Some(Code::ChainBroken), "page {page}");
        }
    }
}
