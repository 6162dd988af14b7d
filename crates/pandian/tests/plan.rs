//! `pandian plan`: orders, times, what every rule costs, what is left out, the picture.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "support/masked.rs"]
mod masks;
#[path = "support/program.rs"]
mod program;
#[path = "support/warehouse.rs"]
mod warehouse;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use masks::masked;
use pandian::assemble::load;
use program::{Ended, Running, pandian, run};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;
use tempfile::TempDir;
use warehouse::Draft;

/// Two aisles of 2 × 20 × 5 locations, a crane for each.
fn two_aisles() -> Draft {
    Draft { cranes: 2, bays: 20, levels: 5, ..Draft::default() }
}

/// A warehouse in a folder of its own, and a list of some of its locations.
struct Site {
    folder: TempDir,
    file: PathBuf,
    list: PathBuf,
}

impl Site {
    fn of(draft: &Draft) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = draft.write(folder.path());
        let list = folder.path().join("list.csv");
        Self { folder, file, list }
    }

    /// Asks for every `step`th location, in an order that jumps about.
    fn asking_for_every(self, step: usize) -> Self {
        let layout = load(&self.file).unwrap().layout;
        let some: Vec<&str> = layout.slots().iter().step_by(step).map(|slot| slot.code.as_str()).collect();
        let count = some.len();
        // 31 is a prime, so that this comes by each location once.
        let shuffled: Vec<&str> = (0..count).map(|n| some[n * 31 % count]).collect();
        assert_ne!(count % 31, 0);
        std::fs::write(&self.list, format!("location\n{}\n", shuffled.join("\n"))).unwrap();
        self
    }

    fn plan(&self, more: &[&str]) -> Ended {
        let arguments = ["plan", self.file.to_str().unwrap(), "--locations", self.list.to_str().unwrap()];
        run(arguments.iter().chain(more))
    }

    fn json(&self, more: &[&str]) -> Value {
        let ended = self.plan(&[&["--json"], more].concat());
        assert_eq!((ended.code(), ended.lines.len()), (Some(0), 1), "{ended:?}");
        ended.events().remove(0)
    }

    fn listed(&self) -> Vec<String> {
        std::fs::read_to_string(&self.list).unwrap().lines().skip(1).map(str::to_owned).collect()
    }
}

/// The codes of every crane's order, one after the other.
fn visited(plan: &Value) -> Vec<String> {
    let cranes = plan["cranes"].as_array().unwrap();
    cranes.iter().flat_map(|crane| crane["order"].as_array().unwrap()).map(|code| code.as_str().unwrap().to_owned()).collect()
}

fn cost(plan: &Value, rule: &str, release: &str, field: &str) -> f64 {
    let rules = plan["rules"].as_array().unwrap();
    let row = rules.iter().find(|row| row["rule"] == rule && row["release"] == release).unwrap();
    row[field].as_f64().unwrap()
}

fn seconds(value: &Value, field: &str) -> f64 {
    value[field].as_f64().unwrap_or_else(|| panic!("{field} is no number in {value}"))
}

#[test]
fn every_location_is_visited_once_by_a_crane_that_can_reach_it() {
    let site = Site::of(&two_aisles()).asking_for_every(7);
    let plan = site.json(&[]);
    let (visited, listed) = (visited(&plan), site.listed());
    assert_eq!(visited.len(), listed.len());
    assert_eq!(visited.iter().collect::<BTreeSet<_>>(), listed.iter().collect::<BTreeSet<_>>());
    for crane in plan["cranes"].as_array().unwrap() {
        let aisle = crane["crane"].as_str().unwrap().replace('C', "A0");
        assert!(crane["order"].as_array().unwrap().iter().all(|code| code.as_str().unwrap().starts_with(&aisle)), "{crane}");
    }
}

#[test]
fn the_figures_of_a_plan_agree_with_each_other() {
    let site = Site::of(&two_aisles()).asking_for_every(7);
    let plan = site.json(&["--seed", "5"]);
    let listed = site.listed().len();
    assert_eq!(plan["warehouse"], "Test");
    assert_eq!((plan["locations"].as_u64(), plan["planned"].as_u64()), (Some(listed as u64), Some(listed as u64)));
    assert_eq!((&plan["release"], &plan["order"], &plan["seed"]), (&"after-acquisition".into(), &"planned".into(), &5.into()));
    let cranes = plan["cranes"].as_array().unwrap();
    for crane in cranes {
        let [travel, dwell, makespan, bound] = ["travel_s", "dwell_s", "makespan_s", "bound_s"].map(|field| seconds(crane, field));
        assert!((travel + dwell - makespan).abs() < 1e-5 && bound <= makespan + 1e-5, "{crane}");
        assert!((makespan / bound - 1.0 - seconds(crane, "gap")).abs() < 1e-5, "{crane}");
        assert_eq!(crane["lane"], crane["crane"]);
        assert_eq!((&crane["visits"], &crane["unknown_moves"]), (&crane["stops"], &0.into()));
        assert_eq!(crane["stops"].as_u64().unwrap() as usize, crane["order"].as_array().unwrap().len());
        let kinematics = &crane["kinematics"];
        assert_eq!((&kinematics["source"], seconds(kinematics, "lift_speed_m_s")), (&"configured".into(), 1.0));
        if crane["how"] == "optimal" {
            assert_eq!(seconds(crane, "gap"), 0.0, "{crane}");
        } else {
            assert_eq!(crane["how"], "within_bound", "{crane}");
        }
    }
    let sum = |field: &str| cranes.iter().map(|crane| seconds(crane, field)).sum::<f64>();
    let last = cranes.iter().map(|crane| seconds(crane, "makespan_s")).fold(0.0, f64::max);
    assert!((sum("travel_s") - seconds(&plan, "travel_s")).abs() < 1e-5, "{plan}");
    assert!((sum("dwell_s") - seconds(&plan, "dwell_s")).abs() < 1e-5, "{plan}");
    assert_eq!(last, seconds(&plan, "makespan_s"));
    assert!(seconds(&plan, "bound_s") <= last + 1e-5 && seconds(&plan, "done_s") >= last, "{plan}");
    assert_eq!(cost(&plan, "routed", "after-acquisition", "makespan_s"), last);
}

#[test]
fn a_planned_order_takes_no_longer_than_the_list_or_its_codes_sorted() {
    let plan = Site::of(&two_aisles()).asking_for_every(8).json(&[]);
    for release in ["after-acquisition", "after-verification"] {
        let [given, sorted, routed] = ["as_given", "sorted", "routed"].map(|rule| cost(&plan, rule, release, "makespan_s"));
        assert!(routed <= sorted && routed <= given, "{plan}");
        assert!(cost(&plan, "routed", release, "travel_s") < 0.6 * cost(&plan, "as_given", release, "travel_s"), "{plan}");
    }
    let waited = cost(&plan, "routed", "after-verification", "dwell_s") - cost(&plan, "routed", "after-acquisition", "dwell_s");
    assert!(waited > 0.0, "standing until the comparison is done takes longer: {plan}");
}

#[test]
fn the_same_seed_gives_the_same_plan() {
    let site = Site::of(&two_aisles()).asking_for_every(8);
    let [one, other] = ["3", "3"].map(|seed| site.plan(&["--json", "--seed", seed]).lines);
    assert_eq!(one, other);
}

#[test]
fn few_stops_are_proved_optimal_and_said_to_be() {
    let site = Site::of(&Draft { cranes: 1, bays: 20, levels: 5, ..Draft::default() }).asking_for_every(20);
    let plan = site.json(&[]);
    assert_eq!((&plan["optimal"], &plan["cranes"][0]["how"]), (&true.into(), &"optimal".into()));
    assert_eq!((seconds(&plan, "gap"), seconds(&plan, "bound_s")), (0.0, seconds(&plan, "makespan_s")));
    assert!(site.plan(&[]).lines.iter().any(|line| line.starts_with("C1") && line.ends_with("optimal")));
}

#[test]
fn a_crane_with_a_camera_for_either_side_counts_both_in_one_visit() {
    let sim = "{ kind = \"sim\" }";
    let crane = vec![format!("cameras = {{ L = {sim}, R = {sim} }}")];
    let site = Site::of(&Draft { cranes: 1, bays: 10, levels: 2, crane, camera: false, ..Draft::default() }).asking_for_every(1);
    let plan = site.json(&[]);
    let crane = &plan["cranes"][0];
    assert_eq!((&crane["stops"], &crane["visits"]), (&40.into(), &20.into()), "{crane}");
    let text = site.plan(&[]).lines.join("\n");
    assert!(text.contains("visits"), "{text}");
}

#[test]
fn behind_a_dispatcher_the_given_order_is_kept_and_no_time_is_made_up() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/scenario/warehouse.toml");
    let file = example.to_str().unwrap();
    let plan = run(["plan", file, "--all", "--json"]).events().remove(0);
    assert_eq!(visited(&plan), ["1号", "8号", "10号"]);
    let crane = &plan["cranes"][0];
    assert_eq!((&crane["how"], &crane["lane"], &crane["kinematics"]), (&"given_dispatched".into(), &Value::Null, &Value::Null));
    // No bound either: nothing is known at all.
    for field in ["travel_s", "dwell_s", "makespan_s", "bound_s", "gap"] {
        assert_eq!((&crane[field], &plan[field]), (&Value::Null, &Value::Null), "{field}");
    }
    assert_eq!((&plan["optimal"], &plan["done_s"]), (&false.into(), &Value::Null));
    assert!(plan["rules"].as_array().unwrap().iter().all(|rule| rule["makespan_s"].is_null()), "{plan}");
    let text = run(["plan", file, "--all"]).lines.join("\n");
    assert!(text.contains("WCS: the given order is kept, for another system picks the crane"), "{text}");
}

#[test]
fn codes_without_coordinates_keep_their_order_behind_those_with() {
    let crane = vec!["locations = [\"GATE-2\", \"GATE-1\"]".to_owned()];
    let site = Site::of(&Draft { cranes: 1, bays: 2, crane, ..Draft::default() });
    std::fs::write(&site.list, "GATE-2\nA01-L-002-01\nGATE-1\n").unwrap();
    let plan = site.json(&[]);
    assert_eq!(visited(&plan), ["A01-L-002-01", "GATE-2", "GATE-1"]);
    let crane = &plan["cranes"][0];
    assert_eq!((&crane["unknown_moves"], &crane["travel_s"], &crane["how"]), (&2.into(), &Value::Null, &"within_bound".into()));
    assert!(seconds(crane, "dwell_s") > 0.0 && seconds(crane, "bound_s") > seconds(crane, "dwell_s"), "{crane}");
    std::fs::write(&site.list, "GATE-2\nGATE-1\n").unwrap();
    let plan = site.json(&[]);
    assert_eq!((visited(&plan), &plan["cranes"][0]["how"]), (vec!["GATE-2".into(), "GATE-1".into()], &"given_opaque".into()));
    let text = site.plan(&[]).lines.join("\n");
    assert!(text.contains("C1: the given order is kept, for its locations have no coordinates"), "{text}");
}

#[test]
fn forbidden_zones_and_locked_locations_are_left_out_with_their_reasons() {
    let tables = "[[zone]]\naisle = \"A01\"\nbays = [1, 12]\nlevels = [1, 1]\nsides = [\"L\"]\nreason = \"sprinkler work\"\n\
                  [[locked]]\nlocations = [\"A02-R-003-01\"]\nreason = \"held by quality\"\n";
    let site = Site::of(&Draft { tables: tables.into(), ..two_aisles() });
    let file = site.file.to_str().unwrap();
    let ended = run(["plan", file, "--all", "--json"]);
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    let plan = ended.events().remove(0);
    let left_out = plan["left_out"].as_array().unwrap();
    assert_eq!((left_out.len(), &plan["locations"], &plan["planned"]), (13, &400.into(), &387.into()));
    let of = |code: &str| left_out.iter().find(|left| left["location"] == code).unwrap();
    assert_eq!((&of("A01-L-012-01")["reason"], &of("A01-L-012-01")["note"]), (&"forbidden_zone".into(), &"sprinkler work".into()));
    assert_eq!((&of("A02-R-003-01")["reason"], &of("A02-R-003-01")["note"]), (&"location_locked".into(), &"held by quality".into()));
    let visited: BTreeSet<String> = visited(&plan).into_iter().collect();
    assert!(visited.len() == 387 && left_out.iter().all(|left| !visited.contains(left["location"].as_str().unwrap())));
    let text = run(["plan", file, "--all"]).lines.join("\n");
    assert!(text.contains("A02-R-003-01  the location is locked                        held by quality"), "{text}");
}

#[test]
fn nothing_but_the_first_of_many_that_are_left_out_is_listed_for_people() {
    let site = Site::of(&Draft { cranes: 1, bays: 20, tables: "[[zone]]\naisle = \"A01\"\n".into(), ..Draft::default() });
    let ended = run(["plan", site.file.to_str().unwrap(), "--all"]);
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    assert_eq!(ended.lines.iter().filter(|line| line.starts_with("  A01-")).count(), 20);
    assert_eq!(ended.lines.last().unwrap(), "  … and 20 more");
}

#[test]
fn how_cranes_move_is_learnt_from_a_data_directory_and_said() {
    let site = Site::of(&two_aisles()).asking_for_every(2);
    // The second crane is only half as fast as it is configured.
    let text = std::fs::read_to_string(&site.file).unwrap();
    let (first, second) = text.split_at(text.rfind("device = { kind = \"sim\" }").unwrap());
    std::fs::write(&site.file, format!("{first}{}", second.replacen("\"sim\"", "\"sim\", pace = 0.5", 1))).unwrap();
    let data = site.folder.path().join("data");
    let data = data.to_str().unwrap();
    let (file, list) = (site.file.to_str().unwrap(), site.list.to_str().unwrap());
    let counted = run(["run", file, "--locations", list, "--data", data, "--virtual", "--order", "given"]);
    assert_eq!(counted.code(), Some(0), "{counted:?}");
    let site = site.asking_for_every(8);
    let plan = site.json(&["--data", data]);
    let [as_configured, as_learnt] = [0, 1].map(|crane| &plan["cranes"][crane]["kinematics"]);
    assert_eq!((&as_configured["source"], &as_learnt["source"]), (&"configured".into(), &"learnt".into()), "{plan}");
    assert!((seconds(as_learnt, "drive_speed_m_s") - 160.0 / 60.0 / 2.0).abs() < 0.05, "{as_learnt}");
    assert!(seconds(as_learnt, "error") < 0.02 && seconds(as_learnt, "configured_error") > 0.3, "{as_learnt}");
    assert!(as_learnt["moves"].as_u64().unwrap() > 90, "{as_learnt}");
    let unlearnt = site.json(&[]);
    assert!(seconds(&plan["cranes"][1], "travel_s") > 1.5 * seconds(&unlearnt["cranes"][1], "travel_s"), "{plan} {unlearnt}");
    assert!(unlearnt["cranes"][1]["kinematics"].get("moves").is_none(), "{unlearnt}");
    let text = site.plan(&["--data", data]).lines.join("\n");
    assert!(text.contains("C1: moves as configured") && text.contains("C2: moves as learnt from"), "{text}");
}

#[test]
fn a_data_directory_that_is_not_there_is_an_error() {
    let site = Site::of(&two_aisles()).asking_for_every(8);
    let nowhere = site.folder.path().join("nowhere").display().to_string();
    let ended = site.plan(&["--data", &nowhere]);
    assert_eq!(ended.code(), Some(5), "{ended:?}");
    assert!(ended.stderr.contains(&nowhere) && !Path::new(&nowhere).exists(), "{ended:?}");
}

#[test]
fn the_picture_is_well_formed_and_has_a_dot_for_each_stop() {
    let name = "<Köln & \"Söhne\">";
    let site = Site::of(&two_aisles()).asking_for_every(8);
    let text = std::fs::read_to_string(&site.file).unwrap().replace("\"A01\"", &format!("{name:?}"));
    std::fs::write(&site.file, text).unwrap();
    let site = site.asking_for_every(8);
    let picture = site.folder.path().join("ways.svg");
    let plan = site.json(&["--svg", picture.to_str().unwrap()]);
    let svg = std::fs::read_to_string(&picture).unwrap();
    assert_well_formed(&svg);
    let dots = svg.matches("<circle").count() - 2;
    assert_eq!(dots as u64, plan["planned"].as_u64().unwrap(), "besides the two of the legend");
    assert!(svg.contains("&lt;Köln &amp; \"Söhne\"&gt;") && svg.contains("prefers-color-scheme"));
    let left = svg.split("class=\"left\">").skip(1).map(|part| part.split("</g>").next().unwrap().matches("<circle").count());
    assert!(left.sum::<usize>() > 0);
}

#[test]
fn a_whole_aisle_is_no_huge_picture_and_one_without_coordinates_says_so() {
    let site = Site::of(&Draft { cranes: 1, bays: 80, levels: 14, ..Draft::default() });
    let picture = site.folder.path().join("ways.svg");
    let ended = run(["plan", site.file.to_str().unwrap(), "--all", "--svg", picture.to_str().unwrap()]);
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    assert_eq!(*ended.lines.last().unwrap(), format!("picture: {}", picture.display()));
    let svg = std::fs::read_to_string(&picture).unwrap();
    assert_eq!(svg.matches("<circle").count(), 2240 + 2);
    assert!(svg.len() < 400_000, "{} bytes", svg.len());
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/scenario");
    assert_eq!(run(["plan", example.to_str().unwrap(), "--all", "--svg", picture.to_str().unwrap()]).code(), Some(0));
    let svg = std::fs::read_to_string(&picture).unwrap();
    assert_well_formed(&svg);
    assert!(svg.contains("No location has coordinates"), "{svg}");
}

/// Reads it with an XML parser to the end: elements are closed, attributes and references are in order.
fn assert_well_formed(xml: &str) {
    let mut reader = Reader::from_str(xml);
    let mut open = 0_usize;
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => break,
            Event::Start(start) => {
                open += 1;
                assert!(start.attributes().all(|attribute| attribute.is_ok()), "{start:?}");
            }
            Event::Empty(empty) => assert!(empty.attributes().all(|attribute| attribute.is_ok()), "{empty:?}"),
            Event::End(_) => open -= 1,
            Event::GeneralRef(name) => assert!(["amp", "lt", "gt"].contains(&&*name), "{name:?}"),
            _ => {}
        }
    }
    assert_eq!(open, 0, "every element is closed");
}

#[test]
fn a_picture_that_cannot_be_written_is_an_error_that_names_it() {
    let site = Site::of(&two_aisles()).asking_for_every(7);
    let nowhere = site.folder.path().join("nowhere/ways.svg");
    let ended = site.plan(&["--svg", nowhere.to_str().unwrap()]);
    assert_eq!(ended.code(), Some(2));
    assert!(ended.stderr.contains(&format!("cannot write the picture to {}", nowhere.display())), "{ended:?}");
    assert!(ended.stderr.contains("[usage-invalid]"), "{ended:?}");
}

#[test]
fn bad_lists_are_errors_as_they_are_for_a_stocktake() {
    let site = Site::of(&two_aisles());
    for (list, code) in [
        ("location\n", "list-invalid"),
        ("A01-L-001-01\nA09-L-001-01\n", "location-unknown"),
        ("A01-L-001-01\nA01-L-001-01\n", "list-invalid"),
    ] {
        std::fs::write(&site.list, list).unwrap();
        let ended = site.plan(&["--json"]);
        assert_eq!(ended.code(), Some(2), "{list}: {ended:?}");
        assert!(ended.lines.is_empty() && ended.stderr.contains(code), "{list}: {ended:?}");
    }
    assert_eq!(run(["plan", site.file.to_str().unwrap()]).code(), Some(2));
    assert_eq!(run(["plan", site.file.to_str().unwrap(), "--all", "--locations", "x"]).code(), Some(2));
}

#[test]
fn a_list_may_come_from_standard_input() {
    let site = Site::of(&two_aisles());
    let mut child = pandian(["plan", site.file.to_str().unwrap(), "--locations", "-", "--json"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all("A02-R-001-01\n".as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(visited(&plan), ["A02-R-001-01"]);
}

#[test]
fn a_plan_is_told_in_both_languages() {
    let tables = "[[locked]]\nlocations = [\"A02-R-003-01\"]\nreason = \"held by quality\"\n";
    let crane = vec![String::new(), "locations = [\"GATE\"]".to_owned()];
    let site = Site::of(&Draft { tables: tables.into(), crane, ..two_aisles() }).asking_for_every(11);
    let (file, list) = (site.file.to_str().unwrap(), site.list.to_str().unwrap());
    let whole = site.listed();
    let picture = site.folder.path().join("ways.svg");
    let mut text = String::new();
    for more in ["A02-R-003-01", "GATE"] {
        std::fs::write(&site.list, format!("{}\n{more}\n", whole.join("\n"))).unwrap();
        for lang in ["en", "zh"] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_pandian"));
            command.args(["--lang", lang, "plan", file, "--locations", list, "--svg"]).arg(&picture);
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let ended = Running::start(&mut command).end();
            assert_eq!(ended.code(), Some(0), "{ended:?}");
            writeln!(text, "[{lang}, with {more}]\n{}\n", ended.lines.join("\n")).unwrap();
        }
    }
    insta::assert_snapshot!(masked(&text, site.folder.path()));
}
