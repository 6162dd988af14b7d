//! The content-addressed files.

use std::fs;

use pandian_domain::Code;
use pandian_store::{Access, Batch, Store, digest};

use crate::stocktake::{id, whole_stop};

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
    let reads: Vec<bytes::Bytes> = (0..100).map(|n| format!("[{n}]").into()).collect();
    let receipts: Vec<_> = reads.iter().map(|reads| store.append(Batch { records: vec![], reads: vec![reads.clone(); 2] })).collect();
    drop(store.append(whole_stop(id(1), 1, None)));
    store.flush().await.unwrap();
    for (receipt, reads) in receipts.into_iter().zip(reads) {
        receipt.await.unwrap();
        assert_eq!(store.evidence(digest(&reads)).await.unwrap().unwrap(), reads);
    }
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
