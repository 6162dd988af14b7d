//! What the configuration says of ways: homes, rails, zones, devices for either side, plans.

use pandian_domain::route::Point;
use pandian_domain::{Barred, Position};

use super::*;

/// An aisle of 10 bays of 2 m and 4 levels of 1 m, and whatever else.
fn load_racks(more: &str) -> Warehouse {
    let folder = tempfile::tempdir().unwrap();
    load_text(folder.path(), &racks(more))
}

fn racks(more: &str) -> String {
    format!(
        "name = 'W'\n[[aisle]]\nid = 'A1'\nbays = 10\nlevels = 4\nbay_width = '2m'\nlevel_height = '1m'\n\
         code = '{{aisle}}-{{side}}-{{bay:02}}-{{level}}'\n{more}"
    )
}

fn crane(id: &str, lines: &str) -> String {
    format!("[[crane]]\nid = '{id}'\ndevice.kind = 'sim'\n{lines}\n")
}

const READER: &str = "aisles = ['A1']\nreader.kind = 'sim'";

fn homes(warehouse: &Warehouse) -> Vec<Option<(f64, f64)>> {
    let home = |home: Position| (home.point.x_m, home.point.y_m);
    warehouse.layout.queues().iter().map(|queue| queue.home.map(home)).collect()
}

#[test]
fn a_crane_starts_at_its_home_or_at_the_front_and_a_dispatchers_nobody_knows_where() {
    let more = crane("C1", READER)
        + &crane("C2", &format!("{READER}\nhome = {{ bay = 11, level = 4 }}"))
        + &crane("C3", &format!("{READER}\nhome.level = 2"))
        + &crane("C4", "locations = ['X']\nreader.kind = 'sim'")
        + "[[dispatcher]]\nid = 'WCS'\naisles = ['A1']\ndevice.kind = 'sim'\nreader.kind = 'sim'\n";
    let warehouse = load_racks(&more);
    assert_eq!(homes(&warehouse), [Some((0.0, 0.0)), Some((22.0, 4.0)), Some((0.0, 2.0)), None, None]);
    let paced: Vec<_> = warehouse.paces(Release::AfterAcquisition).iter().map(Option::is_some).collect();
    assert_eq!(paced, [true, true, true, true, false], "a dispatcher of one lane is one, too");
}

#[test]
fn a_crane_of_several_aisles_starts_in_the_first_that_it_lists() {
    let more = "[[aisle]]\nid = 'A2'\nbays = 20\nlevels = 2\ncode = '{aisle}-{side}-{bay:02}-{level}'\n".to_owned()
        + &crane("C1", "aisles = ['A2', 'A1']\nreader.kind = 'sim'\nhome.bay = 21");
    let home = load_racks(&more).layout.queues()[0].home;
    assert_eq!(home, Some(Position { aisle: 1, point: Point { x_m: 21.0 * 1.4, y_m: 0.0 } }));
}

#[test]
fn the_documented_rail_has_a_crane_at_either_end_and_one_of_them_counts_both_sides_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let [_, example] = examples();
    let warehouse = load_text(folder.path(), example);
    let rail = warehouse.layout.rail_of(1).unwrap();
    assert_eq!((&*rail.id, rail.queues, rail.gap_m), ("R1", [0, 1], 6.0));
    assert_eq!(homes(&warehouse), [Some((0.0, 0.0)), Some((61.0 * 1.4, 0.0))]);
    let both_sides: Vec<_> = warehouse.layout.queues().iter().map(|queue| queue.both_sides).collect();
    assert_eq!(both_sides, [true, false]);
    let bare = example.replace("home = { bay = 61 }", "");
    assert_eq!(load_text(folder.path(), &bare).layout.queues(), warehouse.layout.queues());
}

#[test]
fn the_second_crane_of_a_rail_starts_at_the_far_end_whichever_comes_first_in_the_file() {
    let more = crane("C1", READER) + &crane("C2", READER) + "[[rail]]\nid = 'R'\ncranes = ['C2', 'C1']\ngap = '10m'\n";
    let warehouse = load_racks(&more);
    assert_eq!(homes(&warehouse), [Some((22.0, 0.0)), Some((0.0, 0.0))]);
    assert_eq!(warehouse.layout.rail_of(0).unwrap().queues, [1, 0]);
}

#[test]
fn zones_and_locks_leave_out_their_locations_with_the_reason_that_is_given() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("locked.csv"), "location\nA1-L-01-2\nA1-R-05-4\n").unwrap();
    let more = crane("C1", &format!("{READER}\nlocations = ['X']"))
        + "[[zone]]\naisle = 'A1'\nbays = [5, 6]\nsides = ['R']\nreason = 'pipe'\n\
           [[zone]]\naisle = 'A1'\nlevels = [4, 4]\nbays = [10, 10]\n\
           [[zone]]\naisle = 'A1'\nlevels = [1, 2]\nbays = [8, 8]\nsides = ['L']\n\
           [[locked]]\nlocations = ['X', 'A1-L-01-1']\nreason = 'customs'\n[[locked]]\nlocations_file = 'locked.csv'\n";
    let layout = load_text(folder.path(), &racks(&more)).layout;
    let barred: Vec<_> = (0..layout.slots().len() as u32)
        .filter_map(|slot| layout.barred(slot).map(|(why, note)| (layout.slot(slot).code.as_str(), why, note.as_ref())))
        .collect();
    let zone = |note| move |code| (code, Barred::ForbiddenZone, note);
    let mut expected = vec![("A1-L-01-1", Barred::Locked, "customs"), ("A1-L-01-2", Barred::Locked, "by the configuration")];
    expected.extend(["A1-R-05-1", "A1-R-05-2", "A1-R-05-3", "A1-R-05-4"].map(zone("pipe")));
    expected.extend(["A1-R-06-1", "A1-R-06-2", "A1-R-06-3", "A1-R-06-4"].map(zone("pipe")));
    expected.extend(["A1-L-08-1", "A1-L-08-2"].map(zone("aisle A1, bay 8, levels 1 to 2, side L")));
    expected.extend(["A1-L-10-4", "A1-R-10-4"].map(zone("aisle A1, bay 10, level 4")));
    expected.push(("X", Barred::Locked, "customs"));
    assert_eq!(barred, expected);
}

#[test]
fn both_sides_are_one_visit_where_nothing_has_to_look_at_one_after_the_other() {
    let one = |role: &str| format!("{role}.kind = 'sim'\n");
    let each = |role: &str| format!("{role} = {{ L.kind = 'sim', R.kind = 'sim' }}\n");
    for (devices, both_sides) in [
        (one("reader") + &one("camera"), false),
        (one("reader") + &each("cameras"), true),
        (each("readers") + &one("camera"), false),
        (each("readers") + &each("cameras"), true),
        (each("readers"), true),
        (each("cameras"), true),
        (one("reader"), false),
    ] {
        let warehouse = load_racks(&crane("C1", &format!("aisles = ['A1']\n{devices}")));
        assert_eq!(warehouse.layout.queues()[0].both_sides, both_sides, "{devices}");
        let crane = &warehouse.cranes[0];
        assert_eq!((crane.reader.is_each(), crane.camera.is_each()), (devices.contains("readers"), devices.contains("cameras")));
    }
}

#[test]
fn a_pair_of_devices_has_one_rule() {
    let devices = "aisles = ['A1']\ncameras = { L = { kind = 'sim', timeout = '7s' }, R = { kind = 'sim', timeout = '7s' } }";
    let rules = load_racks(&crane("C1", devices)).cranes[0].rules;
    assert_eq!(rules.capture, RetryPolicy { timeout: Duration::from_secs(7), ..RetryPolicy::default() });
    assert_eq!(rules.compare, rules.capture);
}

#[test]
fn plans_reckon_with_what_is_said_then_with_the_simulation_then_with_the_usual() {
    let simulation = "[simulation]\ninventory_time = '3s'\ncapture_time = '1s'\ncompare_time = '4s'\n";
    let seconds = |warehouse: &Warehouse, release| {
        let pace = warehouse.paces(release)[0].unwrap();
        (pace.dwell.as_secs(), pace.verdict_after.as_secs())
    };
    for (tables, acquisition, verification) in [
        ("", 6, 8),
        (simulation, 3, 5),
        ("[plan]\nacquisition = '2s'\nverification = '7s'\n", 2, 7),
        ("[plan]\nacquisition = '20s'\n", 20, 20),
        ("[plan]\nverification = '1s'\n", 1, 1),
        (&format!("{simulation}[plan]\nacquisition = '4s'\n"), 4, 5),
    ] {
        let warehouse = load_racks(&(crane("C1", READER) + tables));
        let expected = [(acquisition, verification - acquisition), (verification, 0)];
        assert_eq!(
            [Release::AfterAcquisition, Release::AfterVerification].map(|release| seconds(&warehouse, release)),
            expected,
            "{tables}"
        );
    }
}

#[test]
fn plans_are_followed_and_learn_unless_the_configuration_says_otherwise() {
    let usual = load_racks(&crane("C1", READER));
    assert_eq!((usual.order, usual.learn, usual.return_home), (OrderSetting::Planned, true, false));
    let other = load_racks(&(crane("C1", READER) + "[plan]\norder = 'given'\nlearn = false\nreturn_home = true\n"));
    assert_eq!((other.order, other.learn, other.return_home), (OrderSetting::Given, false, true));
    assert!(other.paces(Release::default())[0].unwrap().returns_home);
}

#[test]
fn changing_aisles_takes_what_the_crane_says_then_what_the_simulation_says() {
    let cranes = crane("C1", &format!("{READER}\naisle_change = '90s'")) + &crane("C2", READER);
    let changes = |tables: &str| -> Vec<u64> {
        let paces = load_racks(&(cranes.clone() + tables)).paces(Release::default());
        paces.into_iter().map(|pace| pace.unwrap().aisle_change.as_secs()).collect()
    };
    assert_eq!(changes(""), [90, 30]);
    assert_eq!(changes("[simulation]\naisle_change = '40s'\n"), [90, 40]);
    assert_eq!(changes("[simulation]\naisle_change = '40s'\nspeed = 10.0\n"), [9, 4]);
}

#[test]
fn the_simulator_travels_as_plans_reckon() {
    let more = "[[aisle]]\nid = 'A2'\nbays = 7\nlevels = 3\ncode = '{aisle}-{side}-{bay:02}-{level}'\n".to_owned()
        + &crane("C1", "aisles = ['A1', 'A2']\nreader.kind = 'sim'\nhome = { bay = 3, level = 1 }\naisle_change = '41s500ms'")
        + &crane("C2", "aisles = ['A2', 'A1']\nreader.kind = 'sim'\ndrive = { speed = '97m/min', acceleration = '0.31m/s2' }");
    // Three parts of a move are rounded up each.
    for (speed, most_apart) in [("seed = 1", 0), ("speed = 7.5", 3)] {
        let warehouse = load_racks(&format!("{more}[simulation]\n{speed}\n"));
        let simulation = crate::assemble::simulation(&warehouse, None).unwrap().unwrap();
        let (world, layout) = (simulation.world(), &warehouse.layout);
        let slots = layout.slots().len() as u32;
        for (queue, pace) in warehouse.paces(Release::default()).into_iter().enumerate() {
            let (pace, crane) = (pace.unwrap(), &warehouse.cranes[queue].id);
            let starts = [None].into_iter().chain((0..slots).step_by(7).map(Some));
            for (from, to) in starts.flat_map(|from| (0..slots).map(move |to| (from, to))) {
                let start = from.map_or(layout.queues()[queue].home, |from| layout.position(from)).unwrap();
                let planned = pace.travel(start, layout.position(to).unwrap());
                let travelled = world.settings().at_speed(world.travel(crane, from, to));
                assert!(planned.abs_diff(travelled) <= Duration::from_millis(most_apart), "{crane}: {planned:?}, {travelled:?}");
            }
        }
    }
}
