//! A stocktake survives whatever ends its process: killed at seeded random moments, also while it recovers, interrupted, started twice.
//!
//! `PANDIAN_KILLS` is how often it is killed, `PANDIAN_SEED` where the moments come from; `cargo xtask soak` sets both.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "kill/ground.rs"]
mod ground;
#[path = "support/program.rs"]
mod program;
#[path = "kill/records.rs"]
mod records;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ground::{Ground, LOCATIONS};
use program::Ended;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use records::{Counted, Records};
use rustix::process::Signal;

fn from_env(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error}")))
}

#[test]
fn killed_at_any_moment_every_location_is_judged_once_and_as_ever() {
    let (kills, seed) = (from_env("PANDIAN_KILLS", 20), from_env("PANDIAN_SEED", 2026));
    println!("PANDIAN_SEED={seed} PANDIAN_KILLS={kills}");
    let ground = Ground::new();
    let mut chance = StdRng::seed_from_u64(seed);

    let begun = Instant::now();
    let undisturbed = ground.run("undisturbed").end();
    let took = begun.elapsed();
    assert_eq!(undisturbed.code(), Some(0), "{undisturbed:?}");
    let expected = ground.counted("undisturbed");
    println!("undisturbed: {:.2} s, {}", took.as_secs_f64(), verdicts(&expected));

    let (mut killed, mut stocktakes) = (0, 0);
    while killed < kills {
        stocktakes += 1;
        let data = format!("killed-{stocktakes}");
        let lives = live(&ground, &data, &mut chance, &mut killed, kills);
        let last = lives.last().unwrap();
        let printed: Vec<&str> = lives.iter().flat_map(|life| &life.lines).map(String::as_str).collect();
        let records = Records::read(&ground.data(&data));
        let failed = records.of_type("operation_failed");
        assert_eq!((last.code(), last.stderr.as_str()), (Some(0), ""), "after {} lives, {failed:#?}", lives.len());
        records.bear_out(&printed);
        records.judge_each_location_once();
        assert_eq!(ground.counted(&data), expected, "{data} after {} lives", lives.len());
        ground.verify(&data, &records.head());
        println!("{data}: {} lives, {} events, {} records", lives.len(), printed.len(), records.len());
    }
    println!("{killed} kills, {stocktakes} stocktakes, {:.1} s", begun.elapsed().as_secs_f64());
}

/// Runs a stocktake to its end, killed again and again as long as there are kills left.
fn live(ground: &Ground, data: &str, chance: &mut StdRng, killed: &mut u64, kills: u64) -> Vec<Ended> {
    let mut lives = Vec::new();
    loop {
        let mut life = match ground.unfinished(data) {
            Some(id) => ground.resume(data, &id),
            None => ground.run(data),
        };
        // While it starts or recovers, or in the midst of its work.
        let longest = if chance.random() { 100_000 } else { 1_000_000 };
        let moment = Duration::from_micros(chance.random_range(0..longest));
        if *killed >= kills || life.ends_within(moment) {
            lives.push(life.end());
            return lives;
        }
        let dead = life.kill();
        // It may have come to its end in the moment between.
        *killed += u64::from(dead.code().is_none());
        lives.push(dead);
    }
}

fn verdicts(counted: &BTreeMap<String, Counted>) -> String {
    let mut tally: BTreeMap<&str, u32> = BTreeMap::new();
    for location in counted.values() {
        *tally.entry(location.verdict()).or_default() += 1;
    }
    format!("{tally:?}")
}

/// A signal that asks the program to end: it does so soon, says how to go on, and going on brings the rest.
fn interrupted_by(signal: Signal) {
    let ground = Ground::new();
    let mut running = ground.run("data");
    running.wait_for_event("judged");
    let id = ground.unfinished("data").unwrap();
    let asked = Instant::now();
    running.signal(signal);
    let ended = running.end();
    let took = asked.elapsed();
    println!("{signal:?}: ended after {took:?}");
    assert_eq!(ended.code(), Some(130), "{ended:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    let way_on = format!("pandian run --resume {id} --data {}", ground.data("data").display());
    assert!(ended.stderr.contains(&way_on), "{}", ended.stderr);

    // The command that was named, word by word.
    let resumed = program::run(way_on.split(' ').skip(1).chain(["--json"]));
    assert_eq!(resumed.code(), Some(0), "{resumed:?}");
    let records = Records::read(&ground.data("data"));
    records.bear_out(&[ended.lines, resumed.lines].concat().iter().map(String::as_str).collect::<Vec<_>>());
    records.judge_each_location_once();
    assert_eq!(ground.counted("data").len(), LOCATIONS);
}

#[test]
fn ctrl_c_ends_it_soon_and_resumable() {
    interrupted_by(Signal::INT);
}

#[test]
fn termination_ends_it_soon_and_resumable() {
    interrupted_by(Signal::TERM);
}

#[test]
fn a_second_process_on_the_same_data_is_refused_and_the_first_goes_on() {
    let ground = Ground::new();
    let mut first = ground.run("data");
    first.wait_for_event("crane_sent");
    let id = ground.unfinished("data").unwrap();
    for second in [ground.run("data").end(), ground.resume("data", &id).end()] {
        assert_eq!((second.code(), second.lines.len()), (Some(5), 0), "{second:?}");
        assert!(second.stderr.contains("[data-in-use]"), "{}", second.stderr);
    }
    let first = first.end();
    assert_eq!(first.code(), Some(0), "{first:?}");
    assert_eq!(ground.counted("data").len(), LOCATIONS);
}

#[test]
fn what_cannot_be_resumed_is_told_so() {
    let ground = Ground::new();
    let nowhere = ground.resume("data", "0199").end();
    assert_eq!(nowhere.code(), Some(5), "{nowhere:?}");
    assert!(nowhere.stderr.contains("there is no data directory") && !ground.data("data").exists(), "{}", nowhere.stderr);

    let finished = ground.run("data").end();
    let unknown = ground.resume("data", "0000").end();
    assert_eq!(unknown.code(), Some(2), "{unknown:?}");
    assert!(unknown.stderr.contains("[stocktake-unknown]"), "{}", unknown.stderr);

    let id = program::event(&finished.lines[0])["stocktake"].as_str().unwrap().to_owned();
    let again = ground.resume("data", &id).end();
    assert_eq!((again.code(), again.lines.len()), (finished.code(), 0), "{again:?}");
    let data = ground.data("data");
    let told = program::run(["run", "--resume", &id, "--data", data.to_str().unwrap()]);
    assert_eq!(told.code(), finished.code());
    assert!(told.lines.concat().contains("this stocktake is finished"), "{told:?}");
}

#[test]
fn output_that_nobody_reads_holds_up_neither_the_cranes_nor_the_end() {
    let ground = Ground::new();
    let mut command = ground.command("data", &["--all"]);
    let mut unread = command.spawn().unwrap();
    let deadline = Instant::now() + program::PATIENCE;
    while ground.state("data") != "finished" {
        assert!(Instant::now() < deadline, "the stocktake stands still");
    }
    let asked = Instant::now();
    rustix::process::kill_process(rustix::process::Pid::from_child(&unread), Signal::TERM).unwrap();
    assert_eq!(unread.wait().unwrap().code(), Some(130));
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    assert_eq!(ground.counted("data").len(), LOCATIONS);
}
