//! A disk that is full, a database that another program has locked, a file system that became read-only: cranes wait, nothing is lost,
//! and it goes on by itself when that is mended. The disks are small file systems in memory; mounting them needs root.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "support/program.rs"]
mod program;
#[path = "support/warehouse.rs"]
mod warehouse;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use program::{Ended, PATIENCE, Running, pandian};
use rustix::process::Signal;
use serde_json::Value;
use warehouse::{Draft, judged, named, truth, world_of};

/// A mounted file system; unmounted when dropped.
struct Disk(PathBuf);

impl Disk {
    /// None, and a word about it, where nothing can be mounted.
    fn mount(point: &Path, options: &str) -> Option<Self> {
        fs::create_dir_all(point).unwrap();
        if mount(&["-t", "tmpfs", "-o", options, "tmpfs"], point) {
            return Some(Self(point.to_owned()));
        }
        println!("skipped: mounting a file system needs root");
        None
    }

    fn remount(&self, options: &str) {
        assert!(self.remounts(options), "remount {options}");
    }

    fn remounts(&self, options: &str) -> bool {
        mount(&["-o", &format!("remount,{options}")], &self.0)
    }

    /// Leaves no byte free.
    fn fill(&self) {
        let mut file = fs::File::create(self.0.join("filling")).unwrap();
        let full = std::iter::repeat_with(|| file.write_all(&[0; 4096])).find_map(Result::err).unwrap();
        assert_eq!(full.kind(), ErrorKind::StorageFull);
    }

    fn empty(&self) {
        fs::remove_file(self.0.join("filling")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: whoever still has a file open keeps only that.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn mount(arguments: &[&str], point: &Path) -> bool {
    rustix::process::geteuid().is_root()
        && Command::new("mount").args(arguments).arg(point).output().is_ok_and(|output| output.status.success())
}

/// A warehouse of 160 locations, each counted in some 50 ms, and a data directory for it.
struct Site {
    folder: tempfile::TempDir,
    file: PathBuf,
    data: PathBuf,
}

impl Site {
    fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let simulation = format!("seed = 5\nspeed = 100.0\ndifferences = 0.1\n{more}");
        let file = Draft { cranes: 4, bays: 10, levels: 2, simulation, ..Draft::default() }.write(folder.path());
        Self { file, data: folder.path().join("disk/data"), folder }
    }

    fn disk(&self, options: &str) -> Option<Disk> {
        Disk::mount(&self.folder.path().join("disk"), options)
    }

    fn command(&self) -> Command {
        pandian(["run".as_ref(), self.file.as_os_str(), "--all".as_ref(), "--json".as_ref(), "--data".as_ref(), self.data.as_os_str()])
    }

    fn resume(&self) -> Command {
        let id = self.ctl(&["list"])["stocktake"].as_str().unwrap().to_owned();
        pandian(["run", "--resume", &id, "--json", "--data", &self.data.display().to_string()])
    }

    fn ctl(&self, arguments: &[&str]) -> Value {
        let mut command = pandian(["ctl", "--json", "--data", &self.data.display().to_string()]);
        Running::start(command.args(arguments)).end().events().remove(0)
    }

    /// Waits until a running stocktake says that it cannot write, for this reason. Gives its status.
    fn wait_for_stall(&self, code: &str) -> Value {
        let id = self.ctl(&["list"])["stocktake"].as_str().unwrap().to_owned();
        let begun = Instant::now();
        loop {
            let status = self.ctl(&["status", &id]);
            if status["stalled"]["code"] == code {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "no {code}: {status}");
        }
    }

    /// The end of a stocktake that had to wait: complete, right, each location judged once, nothing broken.
    fn assert_whole(&self, runs: &[&Ended]) {
        let last = runs.last().unwrap();
        assert_eq!(last.code(), Some(0), "{}", last.stderr);
        let events: Vec<Value> = runs.iter().flat_map(|ended| ended.events()).collect();
        assert_eq!(judged(&events), named(&truth(world_of(&self.file).world())));
        for ended in runs {
            assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
        }
        let report = program::run(["report", "--format", "json", "--data", &self.data.display().to_string()]);
        let report: Value = serde_json::from_str(&report.lines.join("\n")).unwrap();
        let rows = report["locations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row["location"].as_str().unwrap().to_owned(), row["verdict"].as_str().unwrap().to_owned()));
        assert_eq!(rows.clone().count(), 160);
        assert_eq!(rows.collect::<BTreeMap<_, _>>(), judged(&events));
        let verified = program::run(["verify", "--data", &self.data.display().to_string()]);
        assert_eq!(verified.code(), Some(0), "{}", verified.stderr);
    }
}

/// It does not end, and has the time to tell why.
fn assert_waits(running: &mut Running) {
    assert!(!running.ends_within(Duration::from_secs(2)), "it waits until that is mended");
}

/// What was told while it waited: what cannot be written, why, the code; and that it is over.
fn assert_told(ended: &Ended, what: &str, place: &Path, why: &str, code: &str) {
    let told = format!("cannot write: cannot {what} {}", place.display());
    let line = ended.stderr.lines().find(|line| line.starts_with(&told)).unwrap_or_else(|| panic!("{told}: {}", ended.stderr));
    assert!(line.ends_with(&format!(": {why}. Cranes wait; it goes on when this is mended [{code}]")), "{line}");
    println!("{line}");
    assert_eq!(ended.stderr.lines().last(), Some("writing again"));
}

#[test]
fn a_disk_filled_by_the_database_holds_everything_up_until_there_is_room() {
    let site = Site::new("picture_every = 0\n");
    let Some(disk) = site.disk("size=1m") else { return };
    let mut running = Running::start(&mut site.command());
    running.wait_for_event("stocktake_started");
    let status = site.wait_for_stall("disk-full");
    assert!(status["tally"]["settled"].as_u64() < Some(160), "{status}");
    assert_waits(&mut running);
    let still = site.wait_for_stall("disk-full");
    assert_eq!(status["tally"], still["tally"], "nothing is judged that is not on disk");
    disk.remount("size=64m");
    let ended = running.end();
    assert_told(&ended, "append records to", &site.data.join("pandian.db"), "the disk is full", "disk-full");
    site.assert_whole(&[&ended]);
}

#[test]
fn a_disk_filled_by_pictures_holds_their_cranes_up_until_there_is_room() {
    let site = Site::new("");
    let Some(disk) = Disk::mount(&site.data.join("evidence"), "size=160k") else { return };
    let mut running = Running::start(&mut site.command());
    running.wait_for_event("stocktake_started");
    let status = site.wait_for_stall("disk-full");
    let waiting = |status: &Value| status["lanes"].as_array().unwrap().iter().filter(|lane| lane.get("location").is_some()).count();
    assert!(waiting(&status) > 0, "a crane waits rather than lose its picture: {status}");
    assert_waits(&mut running);
    disk.remount("size=64m");
    let ended = running.end();
    assert_told(&ended, "keep evidence in", &site.data.join("evidence"), "the disk is full", "disk-full");
    site.assert_whole(&[&ended]);
    let pictures = ended.events().iter().filter(|event| event["type"] == "capture_done" && event.get("picture").is_some()).count();
    assert_eq!(pictures, 160);
}

/// Another program that holds the database's lock until it is told to let go.
struct LockHolder(Child);

impl LockHolder {
    fn lock(database: &Path) -> Self {
        let program = "import sqlite3, sys\n\
            connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)\n\
            connection.execute('BEGIN EXCLUSIVE')\n\
            print('locked', flush=True)\n\
            sys.stdin.readline()\n\
            connection.execute('ROLLBACK')\n";
        let mut child =
            Command::new("python3").args(["-c", program]).arg(database).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "locked\n");
        Self(child)
    }

    fn release(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().unwrap().success());
    }
}

#[test]
fn a_database_that_another_program_has_locked_is_waited_for() {
    let site = Site::new("");
    let mut running = Running::start(&mut site.command());
    running.wait_for_event("judged");
    let holder = LockHolder::lock(&site.data.join("pandian.db"));
    let status = site.wait_for_stall("database-locked");
    let id = status["stocktake"].as_str().unwrap();
    // What an operator asks for meanwhile is done, and told not to be on disk.
    let pausing = Running::start(pandian(["ctl", "--data", &site.data.display().to_string()]).args(["pause", id])).end();
    assert_eq!(pausing.code(), Some(5));
    assert!(pausing.stderr.starts_with("error[database-locked]: done, but not on disk yet: "), "{}", pausing.stderr);
    assert!(pausing.stderr.contains("another program holds a lock on it"), "{}", pausing.stderr);
    assert_waits(&mut running);
    holder.release();
    running.wait_for_event("paused");
    assert_eq!(site.ctl(&["resume", id])["mode"], "running");
    let ended = running.end();
    assert_told(&ended, "append records to", &site.data.join("pandian.db"), "another program holds a lock on it", "database-locked");
    site.assert_whole(&[&ended]);
}

/// Only where the pictures go: a file system on which the database is open cannot be made read-only by hand.
#[test]
fn a_file_system_that_became_read_only_is_waited_for() {
    let site = Site::new("");
    let Some(disk) = Disk::mount(&site.data.join("evidence"), "size=64m") else { return };
    let mut running = Running::start(&mut site.command());
    running.wait_for_event("judged");
    // Nor while a picture is being written.
    let begun = Instant::now();
    while !disk.remounts("ro") {
        assert!(begun.elapsed() < PATIENCE, "the disk stays busy");
    }
    site.wait_for_stall("read-only");
    assert_waits(&mut running);
    disk.remount("rw");
    let ended = running.end();
    assert_told(&ended, "keep evidence in", &site.data.join("evidence"), "the file system cannot be written to", "read-only");
    site.assert_whole(&[&ended]);
}

#[test]
fn an_interrupt_ends_a_stocktake_that_cannot_write_and_it_is_taken_up_again_when_that_is_mended() {
    let site = Site::new("");
    let Some(disk) = site.disk("size=1m") else { return };
    let mut running = Running::start(&mut site.command());
    running.wait_for_event("stocktake_started");
    site.wait_for_stall("disk-full");
    let begun = Instant::now();
    running.signal(Signal::INT);
    let interrupted = running.end();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(interrupted.code(), Some(130), "{}", interrupted.stderr);
    assert!(interrupted.stderr.contains("can be taken up again"), "{}", interrupted.stderr);

    disk.remount("size=64m");
    let resumed = Running::start(&mut site.resume()).end();
    site.assert_whole(&[&interrupted, &resumed]);
}

#[test]
fn nothing_is_begun_on_a_disk_that_cannot_be_written_to() {
    let site = Site::new("");
    let Some(disk) = site.disk("size=64m") else { return };
    let refused = |mut command: Command, code: &str, why: &str| {
        let ended = Running::start(&mut command).end();
        assert_eq!((ended.code(), ended.lines.len()), (Some(5), 0), "{ended:?}");
        let error = ended.stderr.lines().find(|line| line.starts_with("error[")).unwrap_or_else(|| panic!("no error: {}", ended.stderr));
        let place = site.data.display().to_string();
        assert!(error.starts_with(&format!("error[{code}]: cannot ")) && error.contains(&place) && error.ends_with(why), "{error}");
        assert_eq!(ended.stderr.lines().last(), Some(&*format!("more: pandian explain {code}")));
        println!("{error}");
    };
    let (full, read_only) = (": the disk is full", ": the file system cannot be written to");
    disk.fill();
    refused(site.command(), "disk-full", full);
    disk.remount("ro");
    refused(site.command(), "read-only", read_only);
    disk.remount("rw");
    disk.empty();

    // Nor is anything taken up again.
    let mut running = Running::start(&mut site.command());
    running.wait_for_event("judged");
    running.signal(Signal::INT);
    let interrupted = running.end();
    assert_eq!(interrupted.code(), Some(130), "{}", interrupted.stderr);
    let resume = site.resume();
    disk.fill();
    refused(resume, "disk-full", full);
    disk.remount("ro");
    refused(site.resume(), "read-only", read_only);
    let report = program::run(["report", "--data", &site.data.display().to_string()]);
    assert_eq!(report.code(), Some(0), "what is there can still be read: {}", report.stderr);
    disk.remount("rw");
    disk.empty();
    let resumed = Running::start(&mut site.resume()).end();
    site.assert_whole(&[&interrupted, &resumed]);
}
