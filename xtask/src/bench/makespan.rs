//! How long cranes are at work in model time, for every way of sending them: the reference warehouse, counted by the program itself on
//! simulated devices in virtual time.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pandian_domain::travel::Kinematics;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::index::sample;
use serde_json::Value;

use super::engine::{Goal, settle};
use super::{fresh, measure, number, program, with_peak};

/// Cranes, each with an aisle of its own, and locations for each.
const SIZES: [(usize, usize); 3] = [(2, 20), (8, 50), (20, 100)];
/// The size that the goals are about.
const REFERENCE: (usize, usize) = (8, 50);

const BAYS: usize = 100;
const LEVELS: usize = 12;
const BAY_WIDTH_M: f64 = 1.4;
const LEVEL_HEIGHT_M: f64 = 1.7;

/// RFID; the picture, for which the crane must stand; its comparison.
const INVENTORY_MS: u64 = 2_000;
const CAPTURE_MS: u64 = 500;
const COMPARE_MS: u64 = 5_500;

/// One way of counting a list, as the table names it, and what it was expected to take in the reference warehouse.
const WAYS: [(&str, Option<f64>); 6] = [
    ("waves over all cranes, given order", Some(2232.0)),
    ("a loop for each crane, given order", Some(1516.0)),
    ("sorted by code", Some(802.0)),
    ("routed", Some(653.0)),
    ("routed, released after acquisition", Some(457.0)),
    ("lower bound of the last", None),
];
const WAVES: usize = 0;
const GIVEN: usize = 1;
const RELEASED: usize = 4;
const BOUND: usize = 5;

/// What was found for one list: seconds by each way, and those of the loop in the given order computed by hand.
struct Found {
    seconds: [f64; WAYS.len()],
    given_by_hand_s: f64,
}

/// A location of an aisle. Bays and levels count from 1; the front of the aisle, where cranes stand at first, is bay 0, level 0.
#[derive(Clone, Copy)]
struct Slot {
    side: usize,
    bay: usize,
    level: usize,
}

impl Slot {
    fn point(self) -> (f64, f64) {
        (self.bay as f64 * BAY_WIDTH_M, self.level as f64 * LEVEL_HEIGHT_M)
    }

    fn code(self, aisle: usize) -> String {
        format!("A{:02}-{:03}-{:02}-{}", aisle + 1, self.bay, self.level, ["L", "R"][self.side])
    }
}

pub(super) fn run(quick: bool) -> Result<(), Box<dyn Error>> {
    let pandian = program(!quick)?;
    let lists = if quick { 2 } else { 10 };
    let mut goals = Vec::new();
    let sizes = if quick { &SIZES[..2] } else { &SIZES };
    for &size @ (cranes, stops) in sizes {
        let found = (0..lists).map(|seed| count(&pandian, &draw(size, seed))).collect::<Result<Vec<_>, _>>()?;
        println!("{cranes} cranes × {stops} locations, {lists} lists: seconds until the last crane is free\n");
        print(&found, size == REFERENCE);
        goals.extend(goals_at(size, &found));
    }
    settle(&goals)
}

/// Random locations for each crane.
fn draw((cranes, stops): (usize, usize), seed: u64) -> Vec<Vec<Slot>> {
    let mut random = StdRng::seed_from_u64(seed);
    let slot = |index: usize| Slot { side: index % 2, bay: 1 + index / 2 % BAYS, level: 1 + index / 2 / BAYS };
    (0..cranes).map(|_| sample(&mut random, 2 * BAYS * LEVELS, stops).into_iter().map(slot).collect()).collect()
}

/// Counts a list by every way.
fn count(pandian: &Path, list: &[Vec<Slot>]) -> Result<Found, Box<dyn Error>> {
    let folder = fresh("makespan")?;
    let strict = warehouse(&folder, list.len(), "after-verification")?;
    let early = warehouse(&folder, list.len(), "after-acquisition")?;
    let mut codes: Vec<String> =
        list.iter().enumerate().flat_map(|(aisle, slots)| slots.iter().map(move |slot| slot.code(aisle))).collect();
    let given = folder.join("given.csv");
    fs::write(&given, codes.join("\n"))?;
    codes.sort();
    let sorted = folder.join("sorted.csv");
    fs::write(&sorted, codes.join("\n"))?;

    let planned = measure(Command::new(pandian).args(["plan", "--json", "--locations"]).arg(&given).arg(&early))?;
    let mut runs = 0;
    let mut makespan = |warehouse: &Path, list: &Path, order: &str| {
        runs += 1;
        let mut command = Command::new(pandian);
        command.args(["run", "--virtual", "--json", "--order", order, "--locations"]).arg(list);
        finished(command.arg("--data").arg(folder.join(format!("data-{runs}"))).arg(warehouse))
    };
    let seconds = [
        waves(list),
        makespan(&strict, &given, "given")?,
        makespan(&strict, &sorted, "given")?,
        makespan(&strict, &given, "planned")?,
        makespan(&early, &given, "planned")?,
        number(&planned, "bound_s"),
    ];
    Ok(Found { seconds, given_by_hand_s: loops(list) })
}

/// Runs a stocktake and gives the seconds until its last crane was free.
fn finished(run: &mut Command) -> Result<f64, Box<dyn Error>> {
    let (_, lines) = with_peak(run)?;
    let event: Value = serde_json::from_str(lines.last().ok_or_else(|| format!("{run:?} told nothing"))?)?;
    match event["makespan_seconds"].as_f64() {
        Some(seconds) if event["not_counted"] == 0 => Ok(seconds),
        _ => Err(format!("{run:?} did not count everything: {event}").into()),
    }
}

/// A warehouse with a simulated crane for each aisle.
fn warehouse(folder: &Path, cranes: usize, release: &str) -> Result<PathBuf, Box<dyn Error>> {
    let mut text = format!(
        "name = \"Reference\"\nrelease = \"{release}\"\n[book]\nsimulated = true\n[simulation]\ndifferences = 0\npicture_every = 0\n\
         inventory_time = \"{INVENTORY_MS}ms\"\ncapture_time = \"{CAPTURE_MS}ms\"\ncompare_time = \"{COMPARE_MS}ms\"\n"
    );
    for n in 1..=cranes {
        write!(
            text,
            "[[aisle]]\nid = \"A{n:02}\"\nbays = {BAYS}\nlevels = {LEVELS}\nbay_width = \"{BAY_WIDTH_M}m\"\nlevel_height = \"{LEVEL_HEIGHT_M}m\"\n\
             code = \"{{aisle}}-{{bay:03}}-{{level:02}}-{{side}}\"\n\
             [[crane]]\nid = \"C{n}\"\naisles = [\"A{n:02}\"]\n\
             device = {{ kind = \"sim\" }}\nreader = {{ kind = \"sim\" }}\ncamera = {{ kind = \"sim\" }}\n"
        )?;
    }
    let file = folder.join(format!("{release}.toml"));
    fs::write(&file, text)?;
    Ok(file)
}

/// Seconds of each move of a crane, from the front of its aisle.
fn moves(slots: &[Slot]) -> impl Iterator<Item = f64> {
    let from = std::iter::once((0.0, 0.0)).chain(slots.iter().map(|slot| slot.point()));
    from.zip(slots).map(|(from, to)| if from == to.point() { 0.0 } else { Kinematics::default().travel(from, to.point()).as_secs_f64() })
}

/// Seconds at a location in the strict order: both checks at the same time, the comparison included.
fn checks_s() -> f64 {
    INVENTORY_MS.max(CAPTURE_MS + COMPARE_MS) as f64 / 1000.0
}

/// Every crane is sent to its next location; when the last has arrived and every check is done, every crane is sent again.
fn waves(list: &[Vec<Slot>]) -> f64 {
    let mut ways: Vec<_> = list.iter().map(|slots| moves(slots)).collect();
    let mut seconds = 0.0;
    while let Some(longest) = ways.iter_mut().filter_map(Iterator::next).max_by(f64::total_cmp) {
        seconds += longest + checks_s();
    }
    seconds
}

/// No crane waits for another.
fn loops(list: &[Vec<Slot>]) -> f64 {
    list.iter().map(|slots| moves(slots).map(|travel| travel + checks_s()).sum()).fold(0.0, f64::max)
}

fn mean(figures: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = figures.len() as f64;
    figures.sum::<f64>() / count
}

fn print(found: &[Found], is_reference: bool) {
    println!("| | mean | least | most | waves take | expected |\n|---|---|---|---|---|---|");
    let of = |way: usize| found.iter().map(move |found| found.seconds[way]);
    for (way, (name, expected)) in WAYS.iter().enumerate() {
        let (least, most) = of(way).fold((f64::INFINITY, 0.0), |(least, most): (f64, f64), s| (least.min(s), most.max(s)));
        let expected = expected.filter(|_| is_reference).map_or("–".to_owned(), |seconds| format!("{seconds:.0}"));
        let times = mean(of(WAVES)) / mean(of(way));
        println!("| {name} | {:.0} | {least:.0} | {most:.0} | × {times:.2} | {expected} |", mean(of(way)));
    }
    println!();
}

fn goals_at(size @ (cranes, stops): (usize, usize), found: &[Found]) -> Vec<Goal> {
    let of = |way: usize| found.iter().map(move |found| found.seconds[way]);
    let worst = |figure: fn(&Found) -> f64| found.iter().map(figure).max_by(f64::total_cmp).unwrap_or(f64::NAN);
    let name = |what: &str| format!("{cranes} × {stops}: {what}");
    let over_bound = worst(|found| (found.seconds[RELEASED] / found.seconds[BOUND] - 1.0) * 100.0);
    let apart_ms = worst(|found| ((found.seconds[GIVEN] - found.given_by_hand_s) * 1000.0).abs().round());
    let mut goals = vec![
        Goal::at_most(&name("released after acquisition over its bound, the worst list, %"), over_bound, 1.0),
        Goal::at_most(&name("the given order, counted and by hand, ms apart"), apart_ms, 0.0),
    ];
    if size == REFERENCE {
        let sooner = mean(of(WAVES)) / mean(of(RELEASED));
        goals.insert(0, Goal::at_least(&name("times sooner than waves"), sooner, 4.8));
    }
    goals
}
