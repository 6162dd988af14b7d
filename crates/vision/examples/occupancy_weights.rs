//! Where the weights of the judge of occupancy come from: a logistic regression over folders of pictures with known truths.
//!
//! `cargo run --release -p pandian-vision --example occupancy_weights -- FOLDER… [--unseen FOLDER…]` fits on the first folders, prints the
//! weights, and scores the judge as it is built on the folders that follow `--unseen`. A folder holds pictures and a `truths.csv` with the
//! columns `picture,references,occupied,kind,family,strength,left,top,right,bottom`, as the simulator's example `occupancy_scenes` writes
//! them for its families for tuning.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot be set up ends")]
#![allow(clippy::needless_range_loop, reason = "matrices are written with their indices")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use pandian_vision::occupancy::{Framing, Occupancy, Presence, Reference, References};
use pandian_vision::{Luma, Region, gates, picture};

/// One picture and what the judge says of it.
struct Judged {
    name: String,
    kind: String,
    family: String,
    is_occupied: bool,
    is_fit: bool,
    seen: Occupancy,
    took: Duration,
}

const VALUES: usize = 13;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (fit, unseen) = arguments.split_at(arguments.iter().position(|argument| argument == "--unseen").unwrap_or(arguments.len()));
    let judged = |folders: &[String]| -> Vec<Judged> { folders.iter().flat_map(|folder| judge(Path::new(folder))).collect() };
    if !fit.is_empty() {
        let known = judged(fit);
        let weights = regress(&known);
        println!("weights {:.2?}, added {:.2}", &weights[..VALUES], weights[VALUES]);
        let fitted = |one: &Judged| {
            values(one).map_or(0.0, |values| values.iter().zip(weights).map(|(value, weight)| f64::from(*value) * weight).sum())
        };
        println!("area under the curve with these weights {:.4}", area(&known, &fitted));
        tell(&known);
    }
    if unseen.len() > 1 {
        println!("not fitted on:");
        tell(&judged(&unseen[1..]));
    }
}

fn read(path: &Path) -> Luma {
    picture::decode(&std::fs::read(path).unwrap(), &picture::Limits::default()).unwrap()
}

fn judge(folder: &Path) -> Vec<Judged> {
    let table = std::fs::read_to_string(folder.join("truths.csv")).unwrap();
    let mut last: Option<(String, References)> = None;
    let mut judged = Vec::new();
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |at: usize| fields[at].parse::<f32>().unwrap();
        let opening = Region { left: number(6), top: number(7), right: number(8), bottom: number(9) };
        if last.as_ref().is_none_or(|(names, _)| names != fields[1]) {
            let framing = Framing::drawn(opening, Some(opening.bottom));
            let prepared: Vec<Reference> =
                fields[1].split(' ').map(|name| Reference::prepare(&read(&folder.join(name)), &framing)).collect();
            last = Some((fields[1].to_owned(), References::of(&prepared.iter().collect::<Vec<_>>())));
        }
        let (picture, (_, references)) = (read(&folder.join(fields[0])), last.as_ref().unwrap());
        let begun = Instant::now();
        let seen = references.judge(&picture, None);
        let took = begun.elapsed();
        let is_fit = gates::measure(&picture, &gates::GateSettings::default()).unfit.is_none();
        let [kind, family] = [3, 4].map(|at| fields[at].to_owned());
        judged.push(Judged {
            name: folder.join(fields[0]).display().to_string(),
            kind,
            family,
            is_occupied: fields[2] == "true",
            is_fit,
            seen,
            took,
        });
    }
    judged
}

fn values(one: &Judged) -> Option<[f32; VALUES]> {
    Some(one.seen.evidence?.values(&one.seen.usual?))
}

/// Newton's method, with a little that keeps weights small.
fn regress(judged: &[Judged]) -> [f64; VALUES + 1] {
    const SIZE: usize = VALUES + 1;
    let rows: Vec<([f64; SIZE], f64)> = judged
        .iter()
        .filter_map(|one| {
            let values = values(one)?;
            let row = std::array::from_fn(|at| values.get(at).map_or(1.0, |value| f64::from(*value)));
            Some((row, f64::from(u8::from(one.is_occupied))))
        })
        .collect();
    let mut weights = [0.0; SIZE];
    for _ in 0..30 {
        let (mut slopes, mut bends) = ([0.0; SIZE], [[0.0; SIZE]; SIZE]);
        for term in 0..SIZE {
            bends[term][term] = 0.05;
            slopes[term] = -0.05 * weights[term];
        }
        for (row, truth) in &rows {
            let sum: f64 = row.iter().zip(weights).map(|(value, weight)| value * weight).sum();
            let said = 1.0 / (1.0 + (-sum).exp());
            for a in 0..SIZE {
                slopes[a] += (truth - said) * row[a];
                for b in 0..SIZE {
                    bends[a][b] += said * (1.0 - said) * row[a] * row[b];
                }
            }
        }
        for pivot in 0..SIZE {
            for below in pivot + 1..SIZE {
                let factor = bends[below][pivot] / bends[pivot][pivot];
                for column in pivot..SIZE {
                    bends[below][column] -= factor * bends[pivot][column];
                }
                slopes[below] -= factor * slopes[pivot];
            }
        }
        for term in (0..SIZE).rev() {
            let known: f64 = (term + 1..SIZE).map(|later| bends[term][later] * slopes[later]).sum();
            slopes[term] = (slopes[term] - known) / bends[term][term];
        }
        weights.iter_mut().zip(slopes).for_each(|(weight, step)| *weight += step);
    }
    weights
}

/// How the judge does as it is built.
fn tell(judged: &[Judged]) {
    let said = |is_occupied: bool, verdict: Presence| {
        judged.iter().filter(|one| one.is_occupied == is_occupied && one.seen.verdict == verdict).count()
    };
    let all = |is_occupied: bool| judged.iter().filter(|one| one.is_occupied == is_occupied).count();
    println!("area under the curve {:.4}", area(judged, &|one| f64::from(one.seen.score)));
    for (is_occupied, wrong, name) in
        [(true, Presence::Empty, "occupied called empty"), (false, Presence::Occupied, "empty called occupied")]
    {
        println!("{name}: {} of {}", said(is_occupied, wrong), all(is_occupied));
    }
    let unsure = |wanted: &dyn Fn(&Judged) -> bool| judged.iter().filter(|one| one.seen.verdict == Presence::Unsure && wanted(one)).count();
    println!("unsure: {} of {}", unsure(&|_| true), judged.len());
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    judged.iter().filter_map(|one| one.seen.unsure).for_each(|why| *reasons.entry(format!("{why:?}")).or_default() += 1);
    println!("{reasons:?}, unfit by the gates: {}", judged.iter().filter(|one| !one.is_fit).count());
    let mut groups: BTreeMap<(&str, &str), [usize; 3]> = BTreeMap::new();
    for one in judged {
        let is_wrong = one.seen.verdict == if one.is_occupied { Presence::Empty } else { Presence::Occupied };
        for group in [("kind", one.kind.as_str()), ("family", one.family.as_str())] {
            let counts = groups.entry(group).or_default();
            counts[0] += 1;
            counts[1] += usize::from(is_wrong);
            counts[2] += usize::from(one.seen.verdict == Presence::Unsure);
        }
        if is_wrong {
            println!("  wrong: {} {} {} {:.2} {:.2?}", one.name, one.kind, one.family, one.seen.score, one.seen.evidence);
        }
    }
    for ((by, name), [all, wrong, unsure]) in groups {
        println!("{by} {name}: {all} pictures, {wrong} wrong, {unsure} unsure");
    }
    for [empty, occupied] in [[0.1, 0.5], [0.15, 0.6], [0.2, 0.6], [0.2, 0.7], [0.25, 0.7], [0.3, 0.8]] {
        let count = |is_occupied: bool, within: &dyn Fn(f32) -> bool| {
            judged.iter().filter(|one| one.seen.evidence.is_some() && one.is_occupied == is_occupied && within(one.seen.score)).count()
        };
        let (missed, invented) = (count(true, &|score| score <= empty), count(false, &|score| score >= occupied));
        let between = count(true, &|score| score > empty && score < occupied) + count(false, &|score| score > empty && score < occupied);
        println!("at {empty} and {occupied}: {missed} called empty, {invented} called occupied, {between} between");
    }
    let mut took: Vec<Duration> = judged.iter().map(|one| one.took).collect();
    took.sort();
    println!("took {:.1?}, at most {:.1?} for 19 of 20", took[took.len() / 2], took[took.len() * 19 / 20]);
}

/// The chance that an occupied slot scores higher than an empty one.
fn area(judged: &[Judged], score: &dyn Fn(&Judged) -> f64) -> f64 {
    let scores = |is_occupied: bool| judged.iter().filter(move |one| one.is_occupied == is_occupied).map(score);
    let empty: Vec<f64> = scores(false).collect();
    let mut sum = 0.0;
    let mut count = 0.0;
    for score in scores(true) {
        sum += empty
            .iter()
            .map(|other| {
                if score > *other {
                    1.0
                } else if score < *other {
                    0.0
                } else {
                    0.5
                }
            })
            .sum::<f64>();
        count += empty.len() as f64;
    }
    sum / f64::max(count, 1.0)
}
