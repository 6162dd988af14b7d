//! The content-addressed files.

use std::fs;

use bytes::Bytes;
use pandian_domain::{Code, Fact};
use pandian_store::{Access, Batch, Store, digest, verify};

use crate::stocktake::{id, of_stop, own, sql, whole_stop};

fn files(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![dir.join("evidence")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

#[tokio::test]
async fn the_same_bytes_are_kept_once_under_their_digest() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Access::Write).await.unwrap();
    let puts = (0..20).map(|_| store.put_picture("picture".into()));
    for put in futures_util::future::join_all(puts).await {
        assert_eq!(put.unwrap(), digest(b"picture"));
    }
    let name = digest(b"picture").to_string();
    assert_eq!(files(dir.path()), [dir.path().join("evidence").join(&name[..2]).join(&name)]);
    assert_eq!(store.evidence(digest(b"picture")).await.unwrap().unwrap(), "picture");
    assert_eq!(store.evidence(digest(b"another")).await.unwrap(), None);
}

#[tokio::test]
async fn altered_evidence_is_never_given_out_and_mended_by_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Access::Write).await.unwrap();
    let address = store.put_picture("picture".into()).await.unwrap();
    fs::write(&files(dir.path())[0], "Picture").unwrap();
    let error = store.evidence(address).await.unwrap_err();
    assert_eq!(error.code(), Code::EvidenceBroken);
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    store.put_picture("picture".into()).await.unwrap();
    assert_eq!(store.evidence(address).await.unwrap().unwrap(), "picture");
}

#[tokio::test]
async fn tag_reads_are_kept_with_their_records() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Access::Write).await.unwrap();
    let receipts: Vec<_> = (1..=100).map(|n| store.append(whole_stop(id(1), n, None))).collect();
    for (receipt, n) in receipts.into_iter().zip(1..) {
        receipt.await.unwrap();
        let reads = store.reads_of(id(1).stop(n)).await.unwrap().unwrap();
        assert_eq!(reads, format!("[{{\"epc\":\"{n:08X}\"}}]"));
        assert_eq!(store.evidence(digest(&reads)).await.unwrap(), None, "they are no file");
    }
    assert_eq!(store.reads_of(id(1).stop(101)).await.unwrap(), None);
    // Lists of equal bytes, in one batch and in another.
    let same = Bytes::from("[]");
    let named = |n| of_stop(id(2), n, Fact::InventoryDone { tags: 0, reads: Some(digest(&same)), note: None });
    drop(store.append(Batch { records: vec![named(1), named(2)], reads: vec![same.clone(), same.clone()] }));
    store.append(Batch { records: vec![named(3)], reads: vec![same.clone()] }).await.unwrap();
    for n in 1..=3 {
        assert_eq!(store.reads_of(id(2).stop(n)).await.unwrap().unwrap(), same);
    }
}

#[tokio::test]
async fn tag_reads_come_and_go_with_their_record() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Access::Write).await.unwrap();
    let named = |reads: &Bytes| of_stop(id(1), 1, Fact::InventoryDone { tags: 1, reads: Some(digest(reads)), note: None });
    let (first, second) = (Bytes::from("[1]"), Bytes::from("[2]"));
    drop(store.append(Batch { records: vec![named(&first)], reads: vec![first.clone()] }));
    // Another try's result: its record is left out, and so is its list.
    let repeated = Batch { records: vec![named(&second), own(id(1), Fact::Paused {})], reads: vec![second] };
    assert_eq!(store.append(repeated).await.unwrap(), 2);
    assert_eq!(store.reads_of(id(1).stop(1)).await.unwrap().unwrap(), first);
    // A batch that names what it does not hold is refused, and nothing else of its group.
    let refused = store.append(Batch {
        records: vec![own(id(1), Fact::Resumed { configuration: None, stop_version: None }), named(&Bytes::from("[3]"))],
        reads: vec![first],
    });
    let good = store.append(Batch { records: vec![own(id(1), Fact::Resumed { configuration: None, stop_version: None })], reads: vec![] });
    assert_eq!(refused.await.unwrap_err().code(), Code::Internal);
    assert_eq!(good.await.unwrap(), 3);
    let head = store.close().await.unwrap();
    let report = verify(dir.path(), Some(head.hash)).await.unwrap();
    assert_eq!((report.problem, report.reads), (None, 1));
}

#[tokio::test]
async fn altered_tag_reads_are_never_given_out() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Access::Write).await.unwrap();
    store.append(whole_stop(id(1), 1, None)).await.unwrap();
    sql(dir.path(), "UPDATE reads SET bytes = x'5b5d'").await;
    assert_eq!(store.reads_of(id(1).stop(1)).await.unwrap_err().code(), Code::EvidenceBroken);
}

#[tokio::test]
async fn a_failure_is_told_and_leaves_nothing_and_drafts_of_a_killed_process_are_removed() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Access::Write).await.unwrap();
    let name = digest(b"picture").to_string();
    let in_the_way = dir.path().join("evidence").join(&name[..2]);
    fs::write(&in_the_way, "").unwrap();
    let error = store.put_picture("picture".into()).await.unwrap_err();
    assert_eq!(error.code(), Code::StoreUnavailable);
    assert_eq!(files(dir.path()), [in_the_way.as_path()]);
    fs::remove_file(&in_the_way).unwrap();
    store.put_picture("picture".into()).await.unwrap();
    store.close().await.unwrap();

    fs::write(dir.path().join("evidence/tmp/1-0"), "half a pic").unwrap();
    Store::open(dir.path(), Access::Write).await.unwrap();
    assert_eq!(files(dir.path()).len(), 1);
}
