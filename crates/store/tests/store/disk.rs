//! A disk that is full, and one that cannot be written to: small file systems in memory. Mounting them needs root.

use std::fs;
use std::path::Path;
use std::process::Command;

use pandian_domain::Code;
use pandian_store::{Access, Health, Receipt, Store, verify};

use crate::stocktake::{WHOLE, id, whole_stop};

/// A mounted file system; unmounted when dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    fn mount(options: &str) -> Option<Self> {
        let point = tempfile::tempdir().unwrap();
        if mount(&["-t", "tmpfs", "-o", options, "tmpfs"], point.path()) {
            return Some(Self(point));
        }
        println!("skipped: mounting a file system needs root");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn remount(&self, options: &str) -> bool {
        mount(&["-o", &format!("remount,{options}")], self.path())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: whoever still has a file open keeps only that.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

fn mount(arguments: &[&str], point: &Path) -> bool {
    rustix::process::geteuid().is_root()
        && Command::new("mount").args(arguments).arg(point).output().is_ok_and(|output| output.status.success())
}

async fn stalled(store: &Store, code: Code) {
    let mut health = store.health();
    let wanted = health.wait_for(|health| matches!(health, Health::Stalled(error) if error.code() == code));
    tokio::time::timeout(std::time::Duration::from_secs(20), wanted).await.expect("it stalls for this reason").unwrap();
}

/// Appends stops until one waits.
async fn append_until_stalled(store: &Store, from: u32) -> Vec<Receipt> {
    let mut receipts = Vec::new();
    for n in from.. {
        receipts.push(store.append(whole_stop(id(1), n, None)));
        if n % 50 == 0 {
            tokio::select! {
                flushed = store.flush() => { flushed.unwrap(); }
                () = stalled(store, Code::DiskFull) => break,
            }
        }
    }
    receipts
}

#[tokio::test]
async fn a_full_disk_holds_everything_up_and_nothing_is_lost() {
    let Some(disk) = Disk::mount("size=3m") else { return };
    let dir = disk.path().join("data");
    let store = Store::open(&dir, Access::Write).await.unwrap();
    let kept = store.put_picture("small".into()).await.unwrap();
    let mut receipts = Vec::new();
    for round in 0..3 {
        receipts.extend(append_until_stalled(&store, receipts.len() as u32 + 1).await);
        let refused = store.put_picture(vec![round; 100_000].into()).await.unwrap_err();
        assert_eq!(refused.code(), Code::DiskFull);
        assert!(refused.to_string().ends_with("the disk is full"), "{refused}");
        assert_eq!(fs::read_dir(dir.join("evidence/tmp")).unwrap().count(), 0);
        // What is on file can be read meanwhile.
        assert!(store.history(id(1).stop(1)).await.unwrap().judgement.is_some());
        assert!(store.evidence(kept).await.unwrap().is_some());
        assert!(disk.remount(&format!("size={}m", 6 + 3 * round)));
        store.flush().await.unwrap();
        assert!(matches!(*store.health().borrow(), Health::Good));
    }
    let many = receipts.len() as u64;
    for (receipt, n) in receipts.into_iter().zip(1..) {
        assert_eq!(receipt.await.unwrap(), n * WHOLE);
    }
    let head = store.close().await.unwrap();
    let report = verify(&dir, Some(head.hash)).await.unwrap();
    assert_eq!((report.problem, report.records), (None, many * WHOLE));
}

#[tokio::test]
async fn a_log_that_cannot_be_copied_now_is_copied_later() {
    let Some(disk) = Disk::mount("size=3m") else { return };
    let store = Store::open(disk.path(), Access::Write).await.unwrap();
    let receipts = append_until_stalled(&store, 1).await;
    let acknowledged = store.head().borrow().seq;
    assert_eq!(store.close().await.unwrap_err().code(), Code::DiskFull);
    for receipt in receipts {
        match receipt.await {
            Ok(seq) => assert!(seq <= acknowledged),
            Err(error) => assert_eq!(error.code(), Code::DiskFull),
        }
    }
    assert_eq!(verify(disk.path(), None).await.unwrap().records, acknowledged);
    assert!(disk.remount("size=20m"));
    let store = Store::open(disk.path(), Access::Write).await.unwrap();
    assert_eq!(store.head().borrow().seq, acknowledged);
    store.append(whole_stop(id(2), 1, None)).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(verify(disk.path(), None).await.unwrap().problem, None);
}

#[tokio::test]
async fn a_disk_that_became_read_only_holds_everything_up_too() {
    let Some(disk) = Disk::mount("size=3m") else { return };
    let store = Store::open(disk.path(), Access::Write).await.unwrap();
    let receipts = append_until_stalled(&store, 1).await;
    // While it is stalled the store has no file open for writing, so that the disk can be made read-only.
    let mut tries = 0;
    while !disk.remount("ro") {
        tries += 1;
        assert!(tries < 1000, "the disk stays busy");
        tokio::task::yield_now().await;
    }
    stalled(&store, Code::ReadOnly).await;
    assert_eq!(store.put_picture("picture".into()).await.unwrap_err().code(), Code::ReadOnly);
    assert!(disk.remount("rw,size=20m"));
    for (receipt, n) in receipts.into_iter().zip(1..) {
        assert_eq!(receipt.await.unwrap(), n * WHOLE);
    }
    store.close().await.unwrap();
    assert_eq!(verify(disk.path(), None).await.unwrap().problem, None);
}

#[tokio::test]
async fn a_read_only_disk_can_be_read_and_verified() {
    let Some(disk) = Disk::mount("size=9m") else { return };
    // Closed, and killed: with the log in the database, and beside it, with and without its index.
    let whole = disk.path().join("closed");
    let store = Store::open(&whole, Access::Write).await.unwrap();
    store.append(whole_stop(id(1), 1, None)).await.unwrap();
    store.close().await.unwrap();
    let store = Store::open(&disk.path().join("open"), Access::Write).await.unwrap();
    store.append(whole_stop(id(1), 1, None)).await.unwrap();
    for (to, suffixes) in [("killed", &["", "-wal", "-shm"][..]), ("copied", &["", "-wal"])] {
        fs::create_dir(disk.path().join(to)).unwrap();
        for suffix in suffixes {
            let name = format!("pandian.db{suffix}");
            fs::copy(disk.path().join("open").join(&name), disk.path().join(to).join(&name)).unwrap();
        }
    }
    store.close().await.unwrap();
    assert!(disk.remount("ro"));
    for name in ["closed", "killed", "copied"] {
        let dir = disk.path().join(name);
        let refused = Store::open(&dir, Access::Write).await.unwrap_err();
        assert_eq!(refused.code(), Code::ReadOnly, "{name}");
        let store = Store::open(&dir, Access::Read).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(store.head().borrow().seq, WHOLE, "{name}");
        let (one, other) = tokio::join!(store.history(id(1).stop(1)), store.records_after(0, 100));
        assert!(one.unwrap().judgement.is_some());
        assert_eq!(other.unwrap().len() as u64, WHOLE);
        let report = verify(&dir, None).await.unwrap();
        assert_eq!((report.problem, report.records), (None, WHOLE), "{name}");
    }
}
