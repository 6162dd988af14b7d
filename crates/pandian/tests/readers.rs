//! Readers over LLRP that die, restart, are cut off or held by another client in the middle of a stocktake: each is told in seconds, the
//! connection comes back by itself, and no stop is lost. And judgements that are still provisional when the program dies, or its operator
//! changes his mind.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "readers/cable.rs"]
mod cable;
#[path = "readers/ground.rs"]
mod ground;
#[path = "readers/outcome.rs"]
mod outcome;
#[path = "support/program.rs"]
mod program;
#[path = "readers/provisional.rs"]
mod provisional;
#[path = "readers/rival.rs"]
mod rival;
#[path = "support/warehouse.rs"]
mod warehouse;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use cable::Cable;
use ground::{CRANES, Ground, IN_ORDER, LOCATIONS};
use outcome::{Outcome, text};
use program::{Ended, Running, event};
use rival::Rival;
use warehouse::{named, truth, world_of};

/// The crane whose reader has troubles.
const TROUBLED: &str = CRANES[1];
/// A trouble is told within this time, whatever it is.
const TOLD_WITHIN: Duration = Duration::from_secs(10);
/// Three silent periods of the configured keep-alives.
const SILENT: Duration = Duration::from_millis(1500);

/// The inventory after those that are in order begins 4 s late, and something happens to it in this time.
fn late() -> String {
    format!("[[simulation.fault]]\nkind = \"slow\"\ndevice = \"reader\"\nnth = {}\ndelay = \"100s\"\n", IN_ORDER + 1)
}

/// Waits until the troubled crane has nothing to do any more but the inventory after those that are in order; gives its location.
fn mid_run(running: &mut Running) -> String {
    let (mut here, mut behind) = (Vec::new(), 0);
    while here.len() <= IN_ORDER || behind < IN_ORDER {
        let line = running.wait_for_line("pictures and comparisons", |line| event(line)["crane"] == TROUBLED);
        let event = event(&line);
        match text(&event, "type") {
            "capture_done" => here.push(text(&event, "location").to_owned()),
            "compared" => behind += 1,
            _ => {}
        }
    }
    here.remove(IN_ORDER)
}

/// Waits for the next arrival of the troubled reader's crane.
fn arrives(running: &mut Running) {
    running.wait_for_line("an arrival", |line| event(line)["type"] == "crane_arrived" && event(line)["crane"] == TROUBLED);
}

/// Waits until an inventory has failed in this way.
fn fails_with(running: &mut Running, code: &str) {
    running.wait_for_line(code, |line| {
        let event = event(line);
        event["type"] == "operation_failed" && event["code"] == code
    });
}

/// The next failure; it is told in time, and is of this kind.
fn told(running: &mut Running, since: Instant, within: Duration, code: &str) {
    let failure = running.wait_for_event("operation_failed");
    let took = since.elapsed();
    println!("{took:.1?}: {}", text(&failure, "message"));
    assert_eq!(failure["code"], code, "{failure}");
    assert!(took < within, "told after {took:?}: {failure}");
}

/// The stocktake is finished as if nothing had been: every location has one final judgement, the true one, by one stop, and only the
/// troubled reader was told of, by its crane and its address.
fn came_through(ground: &Ground, ended: &Ended, reader: SocketAddr, codes: &[&str]) {
    let outcome = Outcome(ended.events());
    assert_eq!((ended.code(), ended.stderr.as_str()), (Some(0), ""), "{:#?}", outcome.failures());
    assert_eq!(outcome.verdicts(), expected(ground));
    let finished = outcome.of_type("stocktake_finished").next().unwrap();
    assert_eq!((&finished["final"], &finished["not_counted"]), (&LOCATIONS.into(), &0.into()));
    assert_eq!(outcome.locations("inventory_done").len(), LOCATIONS);
    let failures = outcome.failures();
    for failure in &failures {
        let message = text(failure, "message");
        assert_eq!((text(failure, "crane"), text(failure, "operation")), (TROUBLED, "inventory"), "{failure}");
        assert!(message.contains(&format!("crane {TROUBLED} at {reader}: ")), "{message}");
        assert!(failure.get("retry_in_ms").is_some(), "given up: {failure}");
    }
    assert_eq!(failures.iter().map(|failure| text(failure, "code")).collect::<BTreeSet<_>>(), codes.iter().copied().collect());
    let stops: BTreeSet<&str> = failures.iter().map(|failure| text(failure, "stop")).collect();
    assert_eq!(stops.len(), 1, "it went on as before: {failures:#?}");
}

/// What is really in the racks.
fn expected(ground: &Ground) -> BTreeMap<String, String> {
    named(&truth(world_of(&ground.file()).world()))
}

#[test]
fn a_reader_whose_process_is_killed_is_connected_to_again_once_it_is_back() {
    let mut ground = Ground::new(&late(), "");
    let cable = Cable::to(ground.reader());
    ground.write(cable.address);
    let mut running = ground.run("data");
    let location = mid_run(&mut running);
    let begun = Instant::now();
    ground.kill();
    cable.die();
    told(&mut running, begun, TOLD_WITHIN, "device-dropped");
    fails_with(&mut running, "device-unreachable");
    ground.revive(&location);
    cable.mend();
    came_through(&ground, &running.end(), cable.address, &["device-dropped", "device-unreachable"]);
}

#[test]
fn a_reader_that_restarts_is_set_up_anew_and_read_with_again() {
    let restart =
        format!("[[simulation.fault]]\nkind = \"device_restart\"\ndevice = \"reader\"\nnth = {}\nlasting = \"100s\"\n", IN_ORDER + 1);
    let ground = Ground::new(&restart, "");
    let mut running = ground.run("data");
    (0..=IN_ORDER).for_each(|_| arrives(&mut running));
    told(&mut running, Instant::now(), TOLD_WITHIN, "device-dropped");
    fails_with(&mut running, "device-unreachable");
    came_through(&ground, &running.end(), ground.reader(), &["device-dropped", "device-unreachable"]);
}

/// A stocktake in the middle of its run, a reader of which is reached over a cable.
fn under_way_over_a_cable() -> (Ground, Cable, Running) {
    let ground = Ground::new(&late(), "");
    let cable = Cable::to(ground.reader());
    ground.write(cable.address);
    let mut running = ground.run("data");
    mid_run(&mut running);
    (ground, cable, running)
}

#[test]
fn a_cable_that_is_cut_for_half_a_minute_costs_time_and_nothing_else() {
    let (ground, cable, mut running) = under_way_over_a_cable();
    let begun = Instant::now();
    cable.cut();
    told(&mut running, begun, SILENT + Duration::from_secs(3), "device-timeout");
    assert!(!running.ends_within(Duration::from_secs(30).saturating_sub(begun.elapsed())), "nothing gets through the cable");
    cable.mend();
    came_through(&ground, &running.end(), cable.address, &["device-timeout"]);
}

#[test]
fn a_reader_that_another_client_holds_is_waited_for() {
    let ground = Ground::new("", "");
    let rival = Rival::take(ground.reader());
    let mut running = ground.run("data");
    arrives(&mut running);
    told(&mut running, Instant::now(), TOLD_WITHIN, "reader-held");
    for _ in 0..2 {
        fails_with(&mut running, "reader-held");
    }
    drop(rival);
    came_through(&ground, &running.end(), ground.reader(), &["reader-held"]);
}

#[test]
fn a_reader_that_another_client_takes_while_our_connection_is_lost_is_waited_for() {
    let (ground, cable, mut running) = under_way_over_a_cable();
    let begun = Instant::now();
    cable.die();
    let rival = Rival::take(ground.reader());
    cable.mend();
    told(&mut running, begun, TOLD_WITHIN, "device-dropped");
    for _ in 0..2 {
        fails_with(&mut running, "reader-held");
    }
    drop(rival);
    came_through(&ground, &running.end(), cable.address, &["device-dropped", "reader-held"]);
}
