//! `pandian ctl` against a process that runs a stocktake.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "support/program.rs"]
mod program;
#[path = "support/warehouse.rs"]
mod warehouse;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use program::{Ended, PATIENCE, Running, pandian};
use rustix::process::Signal;
use serde_json::{Value, json};
use warehouse::{Draft, judged, named, truth, world_of};

/// Two cranes with eight locations each, about a quarter of a second at every location.
fn draft() -> Draft {
    Draft { bays: 4, simulation: "seed = 7\nspeed = 20.0\n".into(), ..Draft::default() }
}

/// A stocktake that runs in a process of its own.
struct Stocktake {
    running: Running,
    data: PathBuf,
    id: String,
}

impl Stocktake {
    fn start(file: &Path, data: &Path, list: &[&str]) -> Self {
        let mut command = pandian(["run".as_ref(), file.as_os_str(), "--json".as_ref(), "--data".as_ref(), data.as_os_str()]);
        if list.is_empty() {
            command.arg("--all");
        } else {
            let path = file.with_file_name("list.txt");
            std::fs::write(&path, list.join("\n")).unwrap();
            command.arg("--locations").arg(path);
        }
        let mut running = Running::start(&mut command);
        let id = running.wait_for_event("stocktake_started")["stocktake"].as_str().unwrap().to_owned();
        running.wait_for_event("crane_sent");
        Self { running, data: data.to_owned(), id }
    }

    fn ctl(&self, arguments: &[&str]) -> Ended {
        ctl(&self.data, arguments)
    }

    /// A command that is carried out; gives the status after it.
    fn done(&self, arguments: &[&str]) -> Value {
        let ended = ctl(&self.data, &[arguments, &["--json"]].concat());
        assert_eq!((ended.code(), ended.stderr.as_str()), (Some(0), ""), "{arguments:?}");
        ended.events().remove(0)
    }

    /// A command that is refused; gives the message.
    fn refused(&self, arguments: &[&str], code: &str) -> String {
        refused(&self.ctl(arguments), 2, code)
    }

    /// Asks for the status until it is as wanted.
    fn wait_until(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let status = self.done(&["status", &self.id]);
            if wanted(&status) {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "{status}");
        }
    }
}

fn ctl(data: &Path, arguments: &[&str]) -> Ended {
    let mut command = pandian(["ctl".as_ref(), "--data".as_ref(), data.as_os_str()]);
    Running::start(command.args(arguments)).end()
}

fn refused(ended: &Ended, exit: i32, code: &str) -> String {
    assert_eq!(ended.code(), Some(exit), "{ended:?}");
    assert!(ended.stderr.starts_with(&format!("error[{code}]: ")), "{}", ended.stderr);
    ended.stderr.lines().next().unwrap().to_owned()
}

fn is_idle(status: &Value) -> bool {
    status["lanes"].as_array().unwrap().iter().all(|lane| lane.get("location").is_none())
}

fn of_type<'a>(events: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    events.iter().filter(move |event| event["type"] == kind)
}

#[test]
fn a_running_stocktake_is_listed_shown_paused_and_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (draft().write(folder.path()), folder.path().join("data"));
    let stocktake = Stocktake::start(&file, &data, &[]);
    let listed = stocktake.ctl(&["list"]);
    assert_eq!(listed.lines.len(), 1);
    assert!(listed.lines[0].starts_with(&format!("{}  running ", stocktake.id)), "{:?}", listed.lines);
    let listed = stocktake.done(&["list"]);
    assert_eq!((&listed["state"], &listed["locations"]), (&json!("running"), &json!(16)));

    let paused = stocktake.done(&["pause", &stocktake.id[..13]]);
    assert_eq!(paused["mode"], "paused");
    let still = stocktake.wait_until(is_idle);
    let shown = stocktake.ctl(&["status", &stocktake.id]);
    assert_eq!(shown.lines[0], format!("stocktake {}  paused", stocktake.id));
    assert!(shown.lines.iter().any(|line| line.starts_with("  C2  ") && line.ends_with("  idle")), "{:?}", shown.lines);
    assert_eq!(
        stocktake.refused(&["pause", &stocktake.id], "stocktake-refused"),
        "error[stocktake-refused]: the stocktake is already paused"
    );
    let done = |status: &Value| status["lanes"].as_array().unwrap().iter().map(|lane| lane["done"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(done(&stocktake.done(&["status", &stocktake.id])), done(&still), "no crane gets another stop");

    assert_eq!(stocktake.done(&["resume", &stocktake.id])["mode"], "running");
    assert_eq!(stocktake.refused(&["resume", &stocktake.id], "stocktake-refused"), "error[stocktake-refused]: the stocktake is not paused");
    let ended = stocktake.running.end();
    assert_eq!((ended.code(), ended.stderr.as_str()), (Some(0), ""));
    let events = ended.events();
    assert_eq!(judged(&events), named(&truth(world_of(&file).world())));
    let at = |kind: &str| of_type(&events, kind).next().unwrap()["at"].as_str().unwrap().to_owned();
    let sent =
        of_type(&events, "crane_sent").filter(|event| (at("paused")..at("resumed")).contains(&event["at"].as_str().unwrap().to_owned()));
    assert_eq!(sent.count(), 0, "no crane is sent during the pause");
}

#[test]
fn cancelling_ends_the_process_within_two_seconds_with_exit_4_also_when_every_device_hangs() {
    for fault in
        ["", "[[simulation.fault]]\nkind = \"hang\"\ndevice = \"crane\"\n", "[[simulation.fault]]\nkind = \"hang\"\ndevice = \"reader\"\n"]
    {
        let folder = tempfile::tempdir().unwrap();
        let mut draft = draft();
        draft.simulation.push_str(fault);
        let (file, data) = (draft.write(folder.path()), folder.path().join("data"));
        let stocktake = Stocktake::start(&file, &data, &[]);
        let begun = Instant::now();
        let status = stocktake.done(&["cancel", &stocktake.id]);
        assert_eq!(status["mode"], "cancelled");
        let id = stocktake.id.clone();
        let ended = stocktake.running.end();
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?} with {fault:?}", begun.elapsed());
        assert_eq!((ended.code(), ended.stderr.as_str()), (Some(4), ""));
        let judged = judged(&ended.events());
        assert_eq!(judged.len(), 16, "every location has a judgement");
        assert!(judged.values().filter(|verdict| *verdict == "not_counted").count() >= 12, "{judged:?}");
        assert_eq!(ctl(&data, &["list", "--json"]).events()[0]["state"], "cancelled");
        assert_eq!(
            program::run(["run", "--resume", &id, "--data", &data.display().to_string()]).code(),
            Some(4),
            "what was cancelled stays so"
        );
    }
}

#[test]
fn a_crane_taken_out_keeps_its_queue_until_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    // In the given order every location is C1's, which is the first to list its aisle.
    let draft = Draft { shared: true, tables: "[plan]\norder = \"given\"\n".into(), ..draft() };
    let (file, data) = (draft.write(folder.path()), folder.path().join("data"));
    let mut stocktake = Stocktake::start(&file, &data, &[]);
    let status = stocktake.done(&["crane", "out", "C1"]);
    assert_eq!(status["lanes"][0]["standing"], json!({ "out": { "by": "operator", "hand_on": false } }));
    stocktake.running.wait_for_event("lane_out");
    let status = stocktake.wait_until(is_idle);
    let waiting = status["lanes"][0]["waiting"].as_u64().unwrap();
    assert!(waiting > 10, "its stops wait for it: {status}");
    assert_eq!(status["lanes"][1]["waiting"], 0, "C2 could take them over, but was not asked to");
    assert!(
        stocktake.ctl(&["status", &stocktake.id]).lines.iter().any(|line| line.starts_with("  C1 ") && line.ends_with("  out of work"))
    );
    assert_eq!(stocktake.refused(&["crane", "out", "C1"], "stocktake-refused"), "error[stocktake-refused]: crane C1 is already out");
    assert_eq!(stocktake.refused(&["crane", "in", "C2"], "stocktake-refused"), "error[stocktake-refused]: crane C2 is not out");
    let unknown = stocktake.refused(&["crane", "out", "C9", "--hand-on"], "stocktake-refused");
    assert_eq!(unknown, "error[stocktake-refused]: there is no crane or lane \"C9\"; there are: C1, C2");

    stocktake.done(&["crane", "in", "C1"]);
    stocktake.running.wait_for_event("lane_in");
    let ended = stocktake.running.end();
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    let events = ended.events();
    assert_eq!(judged(&events), named(&truth(world_of(&file).world())));
    assert!(of_type(&events, "judged").all(|event| event["crane"] == "C1"));
}

#[test]
fn a_crane_taken_out_hands_its_queue_to_the_other_crane_of_its_aisle() {
    let folder = tempfile::tempdir().unwrap();
    let draft = Draft { shared: true, ..draft() };
    let (file, data) = (draft.write(folder.path()), folder.path().join("data"));
    let mut stocktake = Stocktake::start(&file, &data, &[]);
    stocktake.running.wait_for_event("judged");
    stocktake.done(&["crane", "out", "C1", "--hand-on"]);
    stocktake.wait_until(|status| status["lanes"][0]["waiting"] == 0 && status["lanes"][0].get("location").is_none());
    let ended = stocktake.running.end();
    assert_eq!(ended.code(), Some(0), "nobody has to put it back: {}", ended.stderr);
    let events = ended.events();
    assert_eq!(judged(&events), named(&truth(world_of(&file).world())));
    let cranes: BTreeSet<&str> = of_type(&events, "judged").map(|event| event["crane"].as_str().unwrap()).collect();
    assert_eq!(cranes, BTreeSet::from(["C1", "C2"]));
}

#[test]
fn a_crane_lent_to_production_yields_after_its_stop_and_is_shown_so() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (draft().write(folder.path()), folder.path().join("data"));
    let mut stocktake = Stocktake::start(&file, &data, &[]);
    let status = stocktake.done(&["crane", "lend", "C1"]);
    assert_eq!(status["lanes"][0]["standing"], json!({ "out": { "by": "production", "hand_on": false } }));
    assert_eq!(stocktake.running.wait_for_event("lane_out")["message"], "lent to production");
    let status = stocktake.wait_until(is_idle);
    assert!(status["lanes"][0]["waiting"].as_u64().unwrap() > 0 && status["lanes"][1]["waiting"] == 0, "{status}");
    let shown = stocktake.ctl(&["status", &stocktake.id]).lines;
    assert!(shown.iter().any(|line| line.starts_with("  C1 ") && line.ends_with("  lent to production")), "{shown:?}");
    assert_eq!(stocktake.refused(&["crane", "lend", "C1"], "stocktake-refused"), "error[stocktake-refused]: crane C1 is already out");

    // Whoever takes the stocktake up again does not take the crane with it.
    let id = stocktake.id.clone();
    stocktake.running.signal(Signal::INT);
    let before = stocktake.running.end();
    assert_eq!(before.code(), Some(130));
    assert!(of_type(&before.events(), "operation_failed").next().is_none(), "its stop was not broken off");
    let mut again = Running::start(&mut pandian(["run", "--resume", &id, "--json", "--data", &data.display().to_string()]));
    again.wait_for_event("resumed");
    let back = ctl(&data, &["crane", "in", "C1", "--json"]);
    assert_eq!(back.events()[0]["lanes"][0]["standing"], "in");
    let ended = again.end();
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    let counted = judged(&before.events()).len() + judged(&ended.events()).len();
    assert_eq!(counted, 16);
}

#[test]
fn locations_are_added_and_dropped_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (draft().write(folder.path()), folder.path().join("data"));
    let list = ["A01-L-001-01", "A01-R-001-01", "A01-L-002-01", "A02-L-001-01"];
    let stocktake = Stocktake::start(&file, &data, &list);
    let id = stocktake.id.clone();
    stocktake.done(&["pause", &id]);
    let added = stocktake.done(&["add", &id, "A02-L-004-01", "A02-R-004-01"]);
    assert_eq!(added["tally"]["requested"], 6);
    let dropped = stocktake.done(&["drop", &id, "A01-L-002-01", "A02-R-004-01"]);
    assert_eq!(dropped["tally"]["requested"], 4);
    for (arguments, code, message) in [
        (["add", &id, "A09-L-001-01"], "location-unknown", "location \"A09-L-001-01\" is not in this warehouse"),
        (["add", &id, "A02-L-001-01"], "stocktake-refused", "location \"A02-L-001-01\" is already part of this stocktake"),
        (["drop", &id, "A02-R-001-01"], "stocktake-refused", "location \"A02-R-001-01\" is not part of this stocktake"),
        (["drop", &id, "A01-L-002-01"], "stocktake-refused", "location \"A01-L-002-01\" is not part of this stocktake"),
    ] {
        assert_eq!(stocktake.refused(&arguments, code), format!("error[{code}]: {message}"));
    }
    assert_eq!(stocktake.done(&["add", &id, "A01-L-002-01"])["tally"]["requested"], 5, "what was dropped can be asked for again");
    stocktake.refused(&["add", &id, "A01-R-003-01", "nowhere"], "location-unknown");
    assert_eq!(stocktake.done(&["status", &id])["tally"]["requested"], 5, "all of a list or nothing");
    stocktake.done(&["resume", &id]);
    let ended = stocktake.running.end();
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    let counted: BTreeSet<String> = judged(&ended.events()).into_keys().collect();
    let wanted = ["A01-L-001-01", "A01-R-001-01", "A01-L-002-01", "A02-L-001-01", "A02-L-004-01"];
    assert_eq!(counted, wanted.map(str::to_owned).into());
}

#[test]
fn a_location_at_which_a_crane_is_cannot_be_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let mut draft = draft();
    draft.simulation.push_str("[[simulation.fault]]\nkind = \"hang\"\ndevice = \"crane\"\n");
    let (file, data) = (draft.write(folder.path()), folder.path().join("data"));
    let stocktake = Stocktake::start(&file, &data, &["A01-L-001-01", "A01-R-001-01"]);
    let message = stocktake.refused(&["drop", &stocktake.id, "A01-L-001-01"], "stocktake-refused");
    assert_eq!(message, "error[stocktake-refused]: location \"A01-L-001-01\" is being counted right now by lane C1");
    stocktake.done(&["cancel", &stocktake.id]);
    stocktake.running.end();
}

#[test]
fn without_a_running_process_commands_end_with_5_and_the_records_still_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (draft().write(folder.path()), folder.path().join("data"));
    refused(&ctl(&data, &["list"]), 5, "store-unavailable");
    let stocktake = Stocktake::start(&file, &data, &[]);
    let id = stocktake.id.clone();
    stocktake.running.signal(Signal::INT);
    assert_eq!(stocktake.running.end().code(), Some(130));

    for arguments in [
        &["pause", &id][..],
        &["resume", &id],
        &["cancel", &id],
        &["crane", "out", "C1"],
        &["crane", "in", "C1"],
        &["add", &id, "x"],
        &["drop", &id, "x"],
    ] {
        let message = refused(&ctl(&data, arguments), 5, "not-running");
        assert_eq!(message, format!("error[not-running]: no stocktake is running in {}", data.display()), "{arguments:?}");
    }
    assert_eq!(ctl(&data, &["list", "--json"]).events()[0]["state"], "interrupted");
    let status = ctl(&data, &["status", &id[..8], "--json"]);
    assert_eq!((status.code(), &status.events()[0]["state"]), (Some(0), &json!("interrupted")));
    assert_eq!(program::run(["run", "--resume", &id, "--data", &data.display().to_string()]).code(), Some(0));
    assert_eq!(ctl(&data, &["status", &id, "--json"]).events()[0]["state"], "finished");
}

#[test]
fn a_killed_process_leaves_a_socket_at_which_nobody_answers_and_the_next_one_takes_it_over() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (draft().write(folder.path()), folder.path().join("data"));
    let stocktake = Stocktake::start(&file, &data, &[]);
    let id = stocktake.id.clone();
    stocktake.running.kill();
    assert!(data.join("ctl.sock").exists());
    refused(&ctl(&data, &["pause", &id]), 5, "not-running");
    let mut again = Running::start(&mut pandian(["run", "--resume", &id, "--json", "--data", &data.display().to_string()]));
    again.wait_for_event("crane_sent");
    assert_eq!(ctl(&data, &["cancel", &id]).code(), Some(0));
    assert_eq!(again.end().code(), Some(4));
    assert!(!data.join("ctl.sock").exists(), "a process that ends in order takes its socket along");
}

#[test]
fn an_id_may_be_shortened_to_what_tells_it_from_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (draft().write(folder.path()), folder.path().join("data"));
    let first = program::run(["run", &file.display().to_string(), "--all", "--virtual", "--json", "--data", &data.display().to_string()]);
    let first = first.events()[0]["stocktake"].as_str().unwrap().to_owned();
    let stocktake = Stocktake::start(&file, &data, &[]);
    let shared = first.chars().zip(stocktake.id.chars()).take_while(|(one, other)| one == other).count();
    let message = stocktake.refused(&["pause", &stocktake.id[..shared]], "stocktake-unknown");
    assert!(message.contains("2 stocktakes in") && message.ends_with("give more of it"), "{message}");
    assert!(stocktake.refused(&["pause", "zzz"], "stocktake-unknown").contains("none of the 2 stocktakes"));
    assert!(refused(&stocktake.ctl(&["pause", &first]), 5, "not-running").ends_with(&format!("{} is", stocktake.id)));
    assert_eq!(stocktake.done(&["cancel", &stocktake.id[..=shared]])["mode"], "cancelled");
    stocktake.running.end();
}

#[test]
fn a_data_directory_may_have_a_path_longer_than_a_sockets_can_be() {
    let folder = tempfile::tempdir().unwrap();
    let file = draft().write(folder.path());
    let data = (0..4).fold(folder.path().to_owned(), |path, n| path.join(format!("{n}{}", "长".repeat(20))));
    assert!(data.as_os_str().len() > 200);
    let stocktake = Stocktake::start(&file, &data, &[]);
    stocktake.done(&["cancel", &stocktake.id]);
    assert_eq!(stocktake.running.end().code(), Some(4));
}

#[test]
fn of_two_operators_who_pause_at_the_same_time_one_is_told_that_it_is_paused_already() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (draft().write(folder.path()), folder.path().join("data"));
    let stocktake = Stocktake::start(&file, &data, &[]);
    let both: Vec<Running> =
        (0..2).map(|_| Running::start(pandian(["ctl", "--data", &data.display().to_string()]).args(["pause", &stocktake.id]))).collect();
    let mut codes: Vec<Option<i32>> = both.into_iter().map(|running| running.end().code()).collect();
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(2)]);
    stocktake.done(&["cancel", &stocktake.id]);
    stocktake.running.end();
}

#[test]
fn garbage_at_the_socket_is_answered_or_cut_off_and_disturbs_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (draft().write(folder.path()), folder.path().join("data"));
    let stocktake = Stocktake::start(&file, &data, &[]);
    let connect = || {
        let stream = UnixStream::connect(data.join("ctl.sock")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    };
    let answer = |stream: &UnixStream| {
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line
    };
    let mut stream = connect();
    for garbage in ["hello", "", "{}", "[1,2", "{\"stocktake\":\"\",\"command\":\"explode\"}", "{\"stocktake\":7,\"command\":\"pause\"}"] {
        writeln!(stream, "{garbage}").unwrap();
        assert!(answer(&stream).contains("\"code\":\"usage-invalid\""), "{garbage:?}");
    }
    // The same connection still takes commands, one after the other.
    writeln!(stream, "{{\"stocktake\":\"{}\",\"command\":\"status\"}}", stocktake.id).unwrap();
    assert!(answer(&stream).starts_with("{\"status\":"));
    let mut binary = connect();
    binary.write_all(&[0xff, 0xfe, 0x00, b'\n']).unwrap();
    assert_eq!(answer(&binary), "", "what is no text ends the conversation");
    let mut endless = connect();
    let part = [b'x'; 1 << 16];
    let written = std::iter::repeat_with(|| endless.write_all(&part)).take(1000).take_while(Result::is_ok).count();
    assert!(written < 1000, "a line without an end is cut off");
    drop(connect());

    stocktake.done(&["cancel", &stocktake.id]);
    assert_eq!(stocktake.running.end().code(), Some(4));
}

#[test]
fn an_unfinished_stocktake_tells_what_was_asked_for_and_what_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (draft().write(folder.path()), folder.path().join("data"));
    let stocktake = Stocktake::start(&file, &data, &["A01-L-001-01", "A01-L-002-01", "A01-L-003-01", "A01-L-004-01"]);
    stocktake.done(&["pause", &stocktake.id]);
    stocktake.done(&["add", &stocktake.id, "A02-L-001-01", "A02-L-002-01"]);
    stocktake.done(&["drop", &stocktake.id, "A02-L-002-01"]);
    let still = stocktake.wait_until(is_idle);
    let listed = stocktake.done(&["list"]);
    assert_eq!((&listed["state"], &listed["locations"]), (&json!("paused"), &json!(5)));

    let id = stocktake.id.clone();
    stocktake.running.signal(Signal::INT);
    assert_eq!(stocktake.running.end().code(), Some(130));
    let status = ctl(&data, &["status", &id, "--json"]).events().remove(0);
    assert_eq!((&status["stocktake"], &status["mode"]), (&json!(id), &json!("interrupted")));
    assert_eq!((&status["tally"]["requested"], &still["tally"]["requested"]), (&json!(5), &json!(5)));
    let shown = ctl(&data, &["status", &id]).lines;
    assert!(shown[1].contains("/5 done, "), "{shown:?}");

    let report = |format: &str| program::run(["report", "--format", format, "--data", &data.display().to_string()]).lines;
    let totals = serde_json::from_str::<Value>(&report("json").join("\n")).unwrap()["totals"].take();
    let number = |key: &str| totals[key].as_u64().unwrap();
    assert_eq!((number("requested"), number("open")), (5, 5 - number("locations")));
    assert!(number("open") > 0, "{totals}");
    assert!(report("terminal").contains(&format!("{:>10}  left to count", number("open"))));
}

#[test]
fn an_empty_id_is_no_id() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (draft().write(folder.path()).display().to_string(), folder.path().join("data"));
    assert_eq!(program::run(["run", &file, "--all", "--virtual", "--data", &data.display().to_string()]).code(), Some(0));
    refused(&ctl(&data, &["status", ""]), 2, "usage-invalid");
    refused(&program::run(["run", "--resume", "", "--data", &data.display().to_string()]), 2, "usage-invalid");
}
