//! Judgements that a stop still to come may change: what becomes of them when the program dies, or its operator changes his mind.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::ground::{Ground, LOCATIONS};
use super::outcome::{Outcome, text};
use super::program::{self, PATIENCE, Running, event};

/// A stocktake under way, some of whose judgements are provisional.
struct Begun {
    running: Running,
    id: String,
}

impl Begun {
    /// Starts one, and waits for so many provisional judgements.
    fn with(ground: &Ground, judgements: usize) -> Self {
        let mut running = ground.run("data");
        let id = text(&running.wait_for_event("stocktake_started"), "stocktake").to_owned();
        judges(&mut running, judgements);
        Self { running, id }
    }

    /// Starts one, and pauses it once there are so many provisional judgements. Gives what is on record when no crane is at work any more.
    fn paused(ground: &Ground, judgements: usize) -> (Self, Outcome) {
        let begun = Self::with(ground, judgements);
        let data = ground.data("data");
        ctl(&data, &["pause", &begun.id]);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = ctl(&data, &["status", &begun.id]);
            let is_idle = status["lanes"].as_array().unwrap().iter().all(|lane| lane.get("location").is_none());
            let on_record = Outcome::on_record(&data);
            // Pictures are compared when the crane is free already.
            if is_idle && on_record.locations("judged") == on_record.locations("crane_sent") {
                return (begun, on_record);
            }
            assert!(Instant::now() < deadline, "{status} {on_record:#?}");
        }
    }
}

/// Waits for so many provisional judgements.
fn judges(running: &mut Running, judgements: usize) {
    for _ in 0..judgements {
        running.wait_for_line("a provisional judgement", |line| event(line)["stage"] == "provisional");
    }
}

/// Has a command carried out; gives the status after it.
fn ctl(data: &Path, arguments: &[&str]) -> Value {
    let ended = program::run(["ctl", "--json", "--data", data.to_str().unwrap()].iter().chain(arguments));
    assert_eq!((ended.code(), ended.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    ended.events().remove(0)
}

/// What is finally said of each location, and why.
fn said(outcome: &Outcome) -> BTreeMap<String, (String, String, Value)> {
    let finals = outcome.judged("final").into_iter();
    finals.map(|(at, said)| (at, (text(said, "verdict").to_owned(), text(said, "reason").to_owned(), said["tags"].clone()))).collect()
}

#[test]
fn killed_while_judgements_are_provisional_it_comes_to_the_same_ones() {
    let ground = Ground::new("", "");
    let undisturbed = ground.run("undisturbed").end();
    assert_eq!(undisturbed.code(), Some(0), "{}", undisturbed.stderr);
    let expected = Outcome(undisturbed.events());

    let data = ground.data("data");
    let Begun { mut running, id } = Begun::with(&ground, 2);
    for _ in 0..2 {
        running.kill();
        assert!(!Outcome::on_record(&data).provisional().is_empty(), "nothing was provisional when it died");
        running = ground.resume("data", &id);
        judges(&mut running, 1);
    }
    running.kill();
    let ended = ground.resume("data", &id).end();
    assert_eq!((ended.code(), ended.stderr.as_str()), (Some(0), ""));
    let outcome = Outcome::on_record(&data);
    assert_eq!(outcome.verdicts().len(), LOCATIONS);
    assert_eq!(said(&outcome), said(&expected));

    let verified = program::run(["verify", "--json", "--data", data.to_str().unwrap()]);
    assert_eq!((verified.code(), &verified.events()[0]["good"]), (Some(0), &true.into()), "{verified:?}");
}

#[test]
fn cancelled_while_judgements_are_provisional_they_become_final_as_they_stand() {
    let ground = Ground::new("", "");
    let (begun, paused) = Begun::paused(&ground, 3);
    assert!(!paused.provisional().is_empty());
    let counted = paused.locations("judged");
    assert!(counted.len() < LOCATIONS);
    ctl(&ground.data("data"), &["cancel", &begun.id]);
    let ended = begun.running.end();
    assert_eq!((ended.code(), ended.stderr.as_str()), (Some(4), ""));

    let outcome = Outcome(ended.events());
    assert_eq!(outcome.verdicts().len(), LOCATIONS);
    for (location, judgement) in outcome.judged("final") {
        if counted.contains(&location) {
            assert_ne!(judgement["verdict"], "not_counted", "{judgement}");
        } else {
            assert_eq!((&judgement["verdict"], &judgement["reason"]), (&"not_counted".into(), &"cancelled".into()));
        }
    }
}

#[test]
fn locations_that_are_dropped_do_not_hold_up_those_that_wait_for_them() {
    // Nothing but the dropped ones is waited for.
    let ground = Ground::new("", "[attribution]\nlisten_budget = 0.0\n");
    let (begun, paused) = Begun::paused(&ground, 3);
    let (counted, waiting) = (paused.locations("judged"), paused.provisional());
    assert!(!waiting.is_empty());
    let all = super::expected(&ground);
    let rest: Vec<&str> = all.keys().filter(|location| !counted.contains(*location)).map(String::as_str).collect();
    let dropped = Instant::now();
    ctl(&ground.data("data"), &[&["drop", &begun.id], &rest[..]].concat());
    // It is still paused: no crane has to move for the rest.
    let ended = begun.running.end();
    assert!(dropped.elapsed() < Duration::from_secs(10), "{:?}", dropped.elapsed());
    let outcome = Outcome(ended.events());
    let verdicts = outcome.verdicts();
    assert_eq!(verdicts.keys().collect::<Vec<_>>(), counted.iter().collect::<Vec<_>>());
    let open = verdicts.values().filter(|verdict| *verdict == "ambiguous").count();
    assert_eq!(ended.code(), Some(if open == 0 { 0 } else { 3 }), "{verdicts:?}");
    println!("{} final after {:?}, {open} ambiguous", waiting.len(), dropped.elapsed());
}

#[test]
fn without_attribution_every_tag_counts_where_it_was_heard() {
    let ground = Ground::new("", "[attribution]\napply = \"never\"\n");
    let ended = ground.run("data").end();
    assert!(matches!(ended.code(), Some(0 | 3)), "{}", ended.stderr);
    let outcome = Outcome(ended.events());
    assert_eq!(outcome.of_type("judged").filter(|judgement| judgement["stage"] == "provisional").count(), 0);
    let heard: BTreeMap<&str, u64> =
        outcome.of_type("inventory_done").map(|done| (text(done, "location"), done["tags"].as_u64().unwrap())).collect();
    let judged = outcome.judged("final");
    assert_eq!((judged.len(), outcome.of_type("judged").count(), heard.len()), (LOCATIONS, LOCATIONS, LOCATIONS));
    for (location, judgement) in &judged {
        assert_eq!(judgement["tags"], heard[location.as_str()], "{judgement}");
    }
    // So that the tags of others are among them.
    let attributed = Ground::new("", "");
    let own = Outcome(attributed.run("data").end().events());
    let tags = |outcome: &Outcome| outcome.judged("final").values().map(|judgement| judgement["tags"].as_u64().unwrap()).sum::<u64>();
    assert!(tags(&outcome) > 2 * tags(&own), "{} heard, {} there", tags(&outcome), tags(&own));
    assert_eq!(own.verdicts(), super::expected(&attributed));
    assert_ne!(outcome.verdicts(), own.verdicts());
}
