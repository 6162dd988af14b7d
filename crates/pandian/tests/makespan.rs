//! The makespan of whole stocktakes in virtual time, held against the one computed by hand: travel and check times, nothing else.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "support/program.rs"]
mod program;
#[path = "support/warehouse.rs"]
mod warehouse;

use std::collections::BTreeMap;
use std::path::Path;

use pandian_domain::Timestamp;
use pandian_sim::World;
use serde_json::Value;
use warehouse::{Draft, world_of};

const INVENTORY: u64 = 2_000;
const CAPTURE: u64 = 500;
const COMPARE: u64 = 5_500;

/// Three cranes of different speeds with 30 locations each.
fn draft(release: &str, more: &str) -> Draft {
    let kinematics = |drive: &str, lift: &str| {
        format!(
            "drive = {{ speed = \"{drive}\", acceleration = \"0.5m/s2\" }}\nlift = {{ speed = \"{lift}\", acceleration = \"0.4m/s2\" }}"
        )
    };
    Draft {
        cranes: 3,
        bays: 5,
        levels: 3,
        top: format!("release = \"{release}\""),
        simulation: format!(
            "seed = 11\ninventory_time = \"{INVENTORY}ms\"\ncapture_time = \"{CAPTURE}ms\"\ncompare_time = \"{COMPARE}ms\"\n{more}"
        ),
        crane: vec![kinematics("160m/min", "60m/min"), kinematics("97m/min", "31m/min"), kinematics("2.3m/s", "0.7m/s")],
        ..Draft::default()
    }
}

/// What a stocktake's events say of time, in milliseconds since its start.
#[derive(Debug, PartialEq)]
struct Times {
    /// When each lane's crane was free for good.
    lanes: BTreeMap<String, u64>,
    makespan: u64,
    last_verdict: u64,
}

fn micros(event: &Value) -> i64 {
    event["at"].as_str().unwrap().parse::<Timestamp>().unwrap().as_microsecond()
}

/// Counts in virtual time and reads the times off the events, where they are whole milliseconds.
fn count(folder: &Path, file: &Path, list: Option<&[String]>) -> Times {
    let data = folder.join(format!("data-{}", std::fs::read_dir(folder).unwrap().count()));
    let mut arguments =
        ["run", &file.display().to_string(), "--virtual", "--json", "--order", "given", "--data", &data.display().to_string()]
            .map(str::to_owned)
            .to_vec();
    match list {
        None => arguments.push("--all".into()),
        Some(locations) => {
            let path = folder.join("list.csv");
            std::fs::write(&path, locations.join("\n")).unwrap();
            arguments.extend(["--locations".to_owned(), path.display().to_string()]);
        }
    }
    let events = program::run(&arguments).events();
    let since_start = |event: &Value| {
        let micros = micros(event) - micros(&events[0]);
        assert_eq!(micros % 1000, 0, "{event}");
        (micros / 1000) as u64
    };
    let mut times = Times { lanes: BTreeMap::new(), makespan: 0, last_verdict: 0 };
    for event in &events {
        match event["type"].as_str().unwrap() {
            "crane_released" | "stop_abandoned" => drop(times.lanes.insert(event["lane"].as_str().unwrap().to_owned(), since_start(event))),
            "judged" => times.last_verdict = since_start(event),
            _ => {}
        }
    }
    let finished = events.last().unwrap();
    assert_eq!(finished["type"], "stocktake_finished");
    let millis = |field: &str| {
        (finished[field].as_str().map_or_else(|| finished[field].as_f64().unwrap(), |text| text.parse().unwrap()) * 1e3).round() as u64
    };
    times.makespan = millis("makespan_seconds");
    assert_eq!(millis("seconds"), times.last_verdict, "the time to the last verdict");
    times
}

/// By hand: each crane travels from location to location in the order of the configuration and stands at each for so long.
fn by_hand(world: &World, standing: u64) -> BTreeMap<String, u64> {
    let layout = world.layout();
    let lanes = layout.lanes().iter().map(|lane| {
        let (mut at, mut time) = (None, 0);
        for to in (0..layout.slots().len() as u32).filter(|slot| layout.slot(*slot).queue == lane.queue) {
            time += world.travel(&lane.crane, at, to).as_millis() as u64 + standing;
            at = Some(to);
        }
        (lane.id.to_string(), time)
    });
    lanes.collect()
}

fn print(what: &str, times: &Times) {
    println!("{what}: makespan {} ms, last verdict {} ms, lanes {:?}", times.makespan, times.last_verdict, times.lanes);
}

#[test]
fn released_after_acquisition_the_makespan_is_travel_and_the_slower_check_of_each_stop() {
    let folder = tempfile::tempdir().unwrap();
    let file = draft("after-acquisition", "").write(folder.path());
    let hand = by_hand(world_of(&file).world(), INVENTORY.max(CAPTURE));
    let times = count(folder.path(), &file, None);
    print("after acquisition", &times);
    assert_eq!(times.lanes, hand);
    let longest = *hand.values().max().unwrap();
    // Behind the last crane only the comparison of its last picture is left.
    assert_eq!((times.makespan, times.last_verdict), (longest, longest + COMPARE));
    let mut different: Vec<u64> = hand.into_values().collect();
    different.dedup();
    assert_eq!(different.len(), 3, "the cranes are of different speeds");
}

#[test]
fn in_the_strict_order_the_makespan_is_travel_and_the_slower_of_both_checks_of_each_stop() {
    let folder = tempfile::tempdir().unwrap();
    let file = draft("after-verification", "").write(folder.path());
    let hand = by_hand(world_of(&file).world(), INVENTORY.max(CAPTURE + COMPARE));
    let times = count(folder.path(), &file, None);
    print("after verification", &times);
    assert_eq!(times.lanes, hand);
    let longest = *hand.values().max().unwrap();
    assert_eq!((times.makespan, times.last_verdict), (longest, longest));
}

#[test]
fn a_crane_takes_the_same_time_alone_with_the_others_and_beside_one_that_hangs() {
    for release in ["after-acquisition", "after-verification"] {
        let folder = tempfile::tempdir().unwrap();
        let file = draft(release, "").write(folder.path());
        let together = count(folder.path(), &file, None);
        let world = world_of(&file);
        for lane in world.world().layout().lanes() {
            let slots = world.world().layout().slots().iter().filter(|slot| slot.queue == lane.queue);
            let own: Vec<String> = slots.map(|slot| slot.code.to_string()).collect();
            let alone = count(folder.path(), &file, Some(&own));
            assert_eq!(alone.lanes.get(lane.id.as_str()), together.lanes.get(lane.id.as_str()), "{release}, {} alone", lane.id);
            assert_eq!(alone.makespan, together.lanes[lane.id.as_str()]);
        }
        let hangs = "[[simulation.fault]]\nkind = \"hang\"\ndevice = \"crane\"\ncrane = \"C2\"";
        let file = draft(release, hangs).write(folder.path());
        let beside = count(folder.path(), &file, None);
        print(&format!("{release}, C2 hangs"), &beside);
        for lane in ["C1", "C3"] {
            assert_eq!(beside.lanes[lane], together.lanes[lane], "{release}, {lane} beside C2 that hangs");
        }
        assert!(beside.lanes["C2"] > 3 * 3 * 60_000, "three stops of three tries of a minute each");
    }
}
