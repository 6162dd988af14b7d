//! Codes on photos, and gray out of JPEGs, beside the readers of others on the same pictures.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use pandian_vision::codes::is_same;
use serde_json::Value;

use super::engine::{Goal, settle};
use super::{finish, fresh, number, program, python, root};

/// Names the folder of photos.
const FOLDER: &str = "PANDIAN_PHOTOS";

const PEERS: [&str; 3] = ["zxing-cpp", "pyzbar", "opencv"];

/// Sets of [`photos.py`](../../../bench/codes/photos.py) that goals are set for.
const ZXING: &str = "zxing";
const QUAGGA: &str = "quagga";
/// Its time is told and no goal is set for it: most of it goes into PDF417, for which the C++ beneath both readers differs.
const OTHER: &str = "zxing-other";

/// A photo, and what everyone made of it.
struct Photo {
    set: String,
    /// None where nothing is known of it; empty where it shows no code.
    text: Option<String>,
    plain_ms: f64,
    ladder_ms: f64,
    ours: Reading,
    at_once: Reading,
    /// In the order of the peers that are there.
    peers: Vec<Reading>,
}

/// What came of one photo with one reader.
#[derive(Clone, Default)]
struct Reading {
    texts: Vec<String>,
    ms: f64,
}

impl Reading {
    fn is_right(&self, text: &str) -> bool {
        !text.is_empty() && self.texts.iter().any(|read| is_same(read, text))
    }
}

/// Everyone on all photos.
struct Found {
    photos: Vec<Photo>,
    peers: Vec<&'static str>,
}

pub(super) fn run(quick: bool) -> Result<(), Box<dyn Error>> {
    let python = python("codes")?;
    let pandian = program(true)?;
    let (folder, photos) = folder(&python)?;
    let rounds = if quick { 1 } else { 6 };
    let found = Found::measure(&pandian, &python, &folder, photos, rounds)?;
    found.print();
    let luma = luma(&pandian, &python, &folder, rounds)?;
    println!("\n1080p JPEG to gray: {:.2} ms, OpenCV {:.2} ms", luma[0], luma[1]);
    let mut goals = found.goals();
    goals.push(Goal::at_most("1080p JPEG to gray over OpenCV's time", luma[0] / luma[1], 1.2));
    settle(&goals)
}

/// Whose pictures they are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Photos {
    /// Photos that somebody named: the acceptance, for which every peer has to be there.
    Named,
    /// Labels drawn for the purpose; a peer may be missing.
    Drawn,
}

/// The folder that was named, or one with labels drawn for the purpose.
fn folder(python: &Path) -> Result<(PathBuf, Photos), Box<dyn Error>> {
    if let Some(named) = std::env::var_os(FOLDER) {
        return Ok((PathBuf::from(named), Photos::Named));
    }
    let folder = fresh("codes/labels")?;
    finish(script(python, "labels.py").arg("labels").arg(&folder))?;
    println!("{FOLDER} names no folder of photos (bench/codes/README.md): these are labels drawn by other encoders\n");
    Ok((folder, Photos::Drawn))
}

fn script(python: &Path, name: &str) -> Command {
    let mut command = Command::new(python);
    command.arg("-B").arg(root().join("bench/codes").join(name));
    command
}

/// One JSON object a line.
fn lines(text: &str) -> Result<Vec<Value>, Box<dyn Error>> {
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// Ours on a folder: a line for each photo.
fn ours(pandian: &Path, folder: &Path, budget: &str) -> Result<Vec<Value>, Box<dyn Error>> {
    let mut told = lines(&finish(Command::new(pandian).args(["vision", "bench", "--json", "--budget", budget]).arg(folder))?)?;
    // The last one sums them up.
    told.pop();
    Ok(told)
}

impl Found {
    fn measure(pandian: &Path, python: &Path, folder: &Path, of: Photos, rounds: usize) -> Result<Self, Box<dyn Error>> {
        let told = ours(pandian, folder, "2")?;
        let list = list(folder, &told)?;
        let mut photos: Vec<Photo> = told.iter().map(Photo::of).collect();
        let mut peers = Vec::new();
        for peer in PEERS {
            match finish(script(python, "peers.py").arg(peer).arg(&list)) {
                Ok(text) => {
                    peers.push(peer);
                    for (photo, line) in photos.iter_mut().zip(lines(&text)?) {
                        photo.peers.push(Reading { texts: texts(&line["texts"]), ms: number(&line, "read_ms") });
                    }
                }
                // The fewer peers, the easier the goals.
                Err(error) if of == Photos::Named => {
                    return Err(format!(
                        "{FOLDER} is held against all of {}, and {peer} does not run (pyzbar wants libzbar0): {error}",
                        PEERS.join(", ")
                    )
                    .into());
                }
                Err(error) => println!("{peer} is left out (pyzbar wants libzbar0): {error}\n"),
            }
        }
        // What disturbs a round only ever slows it. Only what is compared by its time is run again.
        for _ in 1..rounds {
            for (photo, line) in photos.iter_mut().zip(ours(pandian, folder, "0")?) {
                photo.plain_ms = photo.plain_ms.min(number(&line, "plain_ms"));
            }
            for (at, peer) in peers.iter().enumerate().filter(|(_, peer)| **peer == PEERS[0]) {
                let text = finish(script(python, "peers.py").arg(peer).arg(&list))?;
                for (photo, line) in photos.iter_mut().zip(lines(&text)?) {
                    photo.peers[at].ms = photo.peers[at].ms.min(number(&line, "read_ms"));
                }
            }
        }
        Ok(Self { photos, peers })
    }

    fn of(&self, set: &str) -> impl Iterator<Item = &Photo> {
        self.photos.iter().filter(move |photo| photo.set == set)
    }

    /// How many of a set a reader has right.
    fn right(&self, set: &str, reader: impl Fn(&Photo) -> &Reading) -> f64 {
        self.of(set).filter(|photo| photo.is_right(reader(photo))).count() as f64
    }

    fn best_peer(&self, set: &str) -> f64 {
        (0..self.peers.len()).map(|at| self.right(set, |photo| &photo.peers[at])).fold(0.0, f64::max)
    }

    /// How many of a set at least one peer has right.
    fn all_peers(&self, set: &str) -> f64 {
        self.of(set).filter(|photo| photo.peers.iter().any(|reading| photo.is_right(reading))).count() as f64
    }

    /// How many photos without a code something was read on.
    fn false_reads(&self, reader: impl Fn(&Photo) -> &Reading) -> usize {
        self.photos.iter().filter(|photo| photo.text.as_deref() == Some("") && !reader(photo).texts.is_empty()).count()
    }

    fn print(&self) {
        let mut sets: BTreeMap<&str, usize> = BTreeMap::new();
        self.photos.iter().for_each(|photo| *sets.entry(&photo.set).or_default() += 1);
        println!("photos read right, and milliseconds a photo; the best of the rounds, everyone in turn\n");
        println!(
            "| reader | {} | read without a code |",
            sets.iter().map(|(set, count)| format!("{set} ({count})")).collect::<Vec<_>>().join(" | ")
        );
        println!("|---|{}---|", "---|".repeat(sets.len()));
        let row = |name: &str, reader: &dyn Fn(&Photo) -> &Reading, ms: &dyn Fn(&Photo) -> f64| {
            let cell = |set: &&str| {
                let count = self.of(set).count().max(1) as f64;
                format!("{} · {:.1} ms", self.right(set, reader), self.of(set).map(ms).sum::<f64>() / count)
            };
            println!("| {name} | {} | {} |", sets.keys().map(cell).collect::<Vec<_>>().join(" | "), self.false_reads(reader));
        };
        row("pandian, first look", &|photo| &photo.at_once, &|photo| photo.plain_ms);
        row("pandian, the ladder", &|photo| &photo.ours, &|photo| photo.ladder_ms);
        for (at, peer) in self.peers.iter().enumerate() {
            row(peer, &|photo| &photo.peers[at], &|photo| photo.peers[at].ms);
        }
        println!("| all peers together | {} | |", sets.keys().map(|set| self.all_peers(set).to_string()).collect::<Vec<_>>().join(" | "));
    }

    fn goals(&self) -> Vec<Goal> {
        let sets: BTreeSet<&str> = self.photos.iter().map(|photo| photo.set.as_str()).collect();
        let ours = |set: &str| self.right(set, |photo| &photo.ours);
        let mut goals = Vec::new();
        if sets.contains(ZXING) {
            goals.push(Goal::at_least("read of zxing's photos over the best peer's", over(ours(ZXING), self.best_peer(ZXING)), 1.08));
            goals.push(Goal::at_least("read of zxing's photos over all peers' together", over(ours(ZXING), self.all_peers(ZXING)), 1.0));
        }
        if sets.contains(QUAGGA) {
            goals.push(Goal::at_least("read of quagga's photos over the best peer's", over(ours(QUAGGA), self.best_peer(QUAGGA)), 1.4));
        }
        for set in sets.iter().filter(|set| ![ZXING, QUAGGA].contains(set) && self.best_peer(set) > 0.0) {
            goals.push(Goal::at_least(&format!("read of {set} over the best peer's"), ours(set) / self.best_peer(set), 1.0));
        }
        goals.push(Goal::at_most("photos without a code that something was read on", self.false_reads(|photo| &photo.ours) as f64, 0.0));
        if let Some(at) = self.peers.iter().position(|peer| *peer == PEERS[0]) {
            let timed = || self.photos.iter().filter(|photo| photo.set != OTHER);
            let sum = |ms: &dyn Fn(&Photo) -> f64| timed().map(ms).sum::<f64>();
            let times = sum(&|photo| photo.plain_ms) / sum(&|photo| photo.peers[at].ms);
            goals.push(Goal::at_most("the first look over zxing-cpp's time in Python", times, 1.05));
        }
        goals
    }
}

/// How many times as many; no number where there is nothing to hold it against, which reaches no goal.
fn over(ours: f64, theirs: f64) -> f64 {
    if theirs > 0.0 { ours / theirs } else { f64::NAN }
}

impl Photo {
    fn of(line: &Value) -> Self {
        let codes = || line["codes"].as_array().into_iter().flatten();
        let text = |code: &Value| code["text"].as_str().unwrap_or_default().to_owned();
        // What could not be decoded took no time to read.
        let ms = |field: &str| line[field].as_f64().unwrap_or(0.0);
        let at_once = codes().filter(|code| code["rung"] == "plain").map(text).collect();
        Self {
            set: line["set"].as_str().unwrap_or_default().to_owned(),
            text: line["text"].as_str().map(str::to_owned),
            plain_ms: ms("plain_ms"),
            ladder_ms: ms("ladder_ms"),
            ours: Reading { texts: codes().map(text).collect(), ms: ms("ladder_ms") },
            at_once: Reading { texts: at_once, ms: ms("plain_ms") },
            peers: Vec::new(),
        }
    }

    fn is_right(&self, reading: &Reading) -> bool {
        self.text.as_deref().is_some_and(|text| reading.is_right(text))
    }
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// A file with the path of every photo, in the order in which ours told them.
fn list(folder: &Path, told: &[Value]) -> Result<PathBuf, Box<dyn Error>> {
    let list = fresh("codes/list")?.join("photos.txt");
    let path = |line: &Value| folder.join(line["file"].as_str().unwrap_or_default()).display().to_string();
    std::fs::write(&list, told.iter().map(path).collect::<Vec<_>>().join("\n"))?;
    Ok(list)
}

/// Milliseconds for a 1080p JPEG to gray, ours and OpenCV's, on some of the photos at that size.
fn luma(pandian: &Path, python: &Path, folder: &Path, rounds: usize) -> Result<[f64; 2], Box<dyn Error>> {
    let large = fresh("codes/luma")?;
    finish(script(python, "labels.py").arg("luma").arg(&large).arg(folder))?;
    let told = ours(pandian, &large, "0")?;
    let list = list(&large, &told)?;
    let mut best = [vec![f64::INFINITY; told.len()], vec![f64::INFINITY; told.len()]];
    for _ in 0..2 * rounds {
        let decoded = ours(pandian, &large, "0")?;
        let gray = lines(&finish(script(python, "peers.py").arg("gray").arg(&list))?)?;
        for (best, told) in best.iter_mut().zip([decoded, gray]) {
            best.iter_mut().zip(&told).for_each(|(best, line)| *best = best.min(number(line, "decode_ms")));
        }
    }
    // The median: the first picture also pays for what is made once.
    Ok(best.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_no_peer_has_read_anything_no_goal_is_reached() {
        assert!(settle(&[Goal::at_least("read over the best peer's", over(535.0, 0.0), 1.08)]).is_err());
        assert!(settle(&[Goal::at_least("read over the best peer's", over(535.0, 400.0), 1.08)]).is_ok());
    }
}
