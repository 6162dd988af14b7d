//! `pandian epc`, `pandian llrp` and `pandian devices listen`, as other programs use them: lines in, lines out.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "support/program.rs"]
mod program;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};

use program::{Ended, Running, event, pandian, run};
use rustix::process::Signal;
use serde_json::{Value, json};

/// Runs a command on these lines.
fn answers(arguments: &[&str], input: impl Into<Vec<u8>>) -> Ended {
    let (mut child, input) = (started(arguments), input.into());
    let mut stdin = child.stdin.take().unwrap();
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { status: output.status, lines: text(output.stdout).lines().map(str::to_owned).collect(), stderr: text(output.stderr) }
}

fn started(arguments: &[&str]) -> Child {
    pandian(arguments).stdin(Stdio::piped()).spawn().unwrap()
}

#[test]
fn an_epc_is_told_in_every_form_however_its_hex_is_written() {
    let ended = answers(
        &["epc", "decode", "--json"],
        "3074257BF7194E4000001A85\n 0x3074 257b f719 4e40 0000 1a85\r\n3174257bf4499602d2000000\nF7309506000134352091D6F3454",
    );
    assert_eq!((ended.code(), ended.stderr.as_str()), (Some(0), ""));
    let sgtin = concat!(
        r#"{"hex":"3074257BF7194E4000001A85","scheme":"sgtin-96","tag_uri":"urn:epc:tag:sgtin-96:3.0614141.812345.6789","#,
        r#""pure_uri":"urn:epc:id:sgtin:0614141.812345.6789","gs1":"(01)80614141123458(21)6789"}"#
    );
    let sscc = concat!(
        r#"{"hex":"3174257BF4499602D2000000","scheme":"sscc-96","tag_uri":"urn:epc:tag:sscc-96:3.0614141.1234567890","#,
        r#""pure_uri":"urn:epc:id:sscc:0614141.1234567890","gs1":"(00)106141412345678908"}"#
    );
    let plus = concat!(
        r#"{"hex":"F7309506000134352091D6F3454","scheme":"sgtin+","tag_uri":null,"pure_uri":null,"#,
        r#""gs1":"(01)09506000134352(21)123456789"}"#
    );
    assert_eq!(ended.lines, [sgtin, sgtin, sscc, plus]);
}

#[test]
fn a_line_that_is_no_epc_is_refused_with_its_reason_and_the_others_are_answered() {
    let long = "30".repeat(40_000);
    let ended = answers(
        &["epc", "decode", "--json"],
        [b"E2801160\n\n30zz\n\xFF\xFE\n3074\n".as_slice(), long.as_bytes(), b"\n3074257BF7194E4000001A85\n"].concat(),
    );
    assert_eq!(ended.code(), Some(2));
    let told = ended.events();
    let codes: Vec<_> = told.iter().map(|line| line["error"]["code"].as_str()).collect();
    let wanted =
        [Some("tag-identification"), Some("empty"), Some("not-hex"), Some("not-hex"), Some("too-short"), Some("line-too-long"), None];
    assert_eq!(codes, wanted);
    assert_eq!(ended.lines[2], r#"{"hex":"30zz","error":{"code":"not-hex","message":"character 2 is no hexadecimal digit"}}"#);
    assert_eq!(told[5]["hex"].as_str().unwrap().len(), 64, "how it begins");
    assert_eq!(told[6]["scheme"], "sgtin-96");
}

#[test]
fn every_written_form_of_an_epc_is_encoded() {
    let hex = |arguments: &[&str], input: &str| {
        let ended = answers(&[&["epc", "encode", "--json"], arguments].concat(), input);
        let told = ended.events();
        told.iter().map(|line| line["hex"].as_str().unwrap_or_else(|| panic!("{line}")).to_owned()).collect::<Vec<_>>()
    };
    let forms = "urn:epc:tag:sgtin-96:3.0614141.812345.6789\nurn:epc:id:sgtin:0614141.812345.6789\n(01)80614141123458(21)6789\n";
    let (tag, unfiltered) = ("3074257BF7194E4000001A85", "3014257BF7194E4000001A85");
    let plain = hex(&[], forms);
    assert_eq!(plain[..2], [tag, unfiltered]);
    assert!(plain[2].starts_with("F7"), "without the length of the company prefix, a + scheme: {}", plain[2]);
    assert_eq!(answers(&["epc", "decode", "--json"], plain[2].as_str()).events()[0]["gs1"], "(01)80614141123458(21)6789");
    assert_eq!(hex(&["--filter", "3", "--prefix-digits", "7"], forms), [tag, tag, tag]);
    let [.., pure, gs1] = &hex(&["--scheme", "sgtin-198", "--prefix-digits", "7"], forms)[..] else { panic!("three lines") };
    assert!(pure == gs1 && pure.starts_with("36"), "{pure} {gs1}");
}

#[test]
fn what_cannot_be_encoded_is_refused_with_what_was_given() {
    let ended = answers(
        &["epc", "encode", "--json"],
        "3074257BF7194E4000001A85\n(01)80614141123459(21)6789\nurn:epc:tag:sgtin-96:3.0614141.812345.6789",
    );
    assert_eq!(ended.code(), Some(2));
    let told = ended.events();
    assert_eq!((&told[0]["input"], &told[0]["error"]["code"]), (&json!("3074257BF7194E4000001A85"), &json!("syntax")));
    assert_eq!(
        told[1],
        json!({ "input": "(01)80614141123459(21)6789", "error": { "code": "check-digit", "message": "the check digit of sgtin+ is 9, but should be 8" } })
    );
    assert_eq!(told[2]["hex"], "3074257BF7194E4000001A85");
}

#[test]
fn without_json_a_line_is_for_reading() {
    let ended = answers(&["epc", "decode"], "3074257BF7194E4000001A85\nF7309506000134352091D6F3454\nE280\n");
    assert_eq!(
        ended.lines,
        [
            "3074257BF7194E4000001A85  sgtin-96  urn:epc:tag:sgtin-96:3.0614141.812345.6789  (01)80614141123458(21)6789",
            "F7309506000134352091D6F3454  sgtin+    –  (01)09506000134352(21)123456789",
            "✗ E280  tag-identification: header 0xe2 is a tag identification (TID), not an EPC",
        ]
    );
    assert_eq!(ended.code(), Some(2));
}

#[test]
fn a_line_is_answered_before_the_next_one_is_wanted() {
    let mut child = started(&["epc", "decode", "--json"]);
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout: BufReader<ChildStdout> = BufReader::new(child.stdout.take().unwrap());
    for scheme in ["30", "31", "32"] {
        writeln!(stdin, "{scheme}74257BF7194E4000000000").unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(event(&line)["hex"].as_str().unwrap().starts_with(scheme), "{line}");
    }
    drop(stdin);
    child.wait().unwrap();
}

#[test]
fn an_output_that_nobody_reads_any_more_is_no_error() {
    let mut child = started(&["epc", "decode", "--json"]);
    drop(child.stdout.take());
    // The pipe breaks under the writer when the program has ended.
    let mut stdin = child.stdin.take().unwrap();
    while stdin.write_all(&b"3074257BF7194E4000001A85\n".repeat(1000)).is_ok() {}
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), String::from_utf8(ended.stderr).unwrap().as_str()), (Some(0), ""));
}

/// A frame of the golden ones by its name.
fn golden(name: &str) -> String {
    let frames = include_str!("../../llrp/tests/golden/named.txt");
    frames.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap().to_owned()
}

#[test]
fn a_report_is_told_tag_by_tag_and_any_other_message_by_its_name() {
    let ended = answers(&["llrp", "decode"], ["ro_access_report", "empty_report", "keepalive"].map(golden).join("\n"));
    assert_eq!((ended.code(), ended.stderr.as_str()), (Some(0), ""));
    let told = ended.events();
    let report = &told[0];
    assert_eq!((&report["type"], &report["id"]), (&json!("RO_ACCESS_REPORT"), &json!(8)));
    assert_eq!(
        report["tags"][0],
        json!({
            "epc": "3074257BF7194E4000001A85", "antenna": 2, "rssi_dbm": -52.35, "channel": 7,
            "first_seen_us": 1_700_000_000_000_001_u64, "last_seen_us": 1_700_000_000_000_002_u64, "seen_count": 3,
            "raw": "03FF00140000651A000000370003E2801160200003FF000E0000651A00000038040003FF000E0000651A00000039EB8D",
        })
    );
    let bare = json!({
        "antenna": null, "rssi_dbm": null, "channel": null, "first_seen_us": null, "last_seen_us": null, "seen_count": null, "raw": null,
    });
    for tag in &report["tags"].as_array().unwrap()[1..] {
        for (field, value) in bare.as_object().unwrap() {
            assert_eq!(&tag[field], value, "{field} of {tag}");
        }
    }
    assert_eq!(told[1]["tags"], json!([]));
    assert_eq!(ended.lines[2].split_once(",\"id\"").unwrap().0, r#"{"type":"KEEPALIVE""#);
}

#[test]
fn an_epc_that_is_no_whole_bytes_is_filled_up_with_zero_bits() {
    let ended = answers(&["llrp", "decode"], "043D0000001600000001 00F0000C 00F10008 000C ABFF");
    assert_eq!((ended.code(), ended.stderr.as_str()), (Some(0), ""));
    assert_eq!(ended.events()[0]["tags"][0]["epc"], "ABF0");
}

#[test]
fn a_report_whose_operation_has_a_malformed_result_is_refused_with_its_tags() {
    // The result of a read, cut off behind a whole EPC.
    let ended = answers(&["llrp", "decode"], "043D0000001C00000001 00F00012 00F10008 0010 ABFF 015D0006 0000");
    assert_eq!((ended.code(), &ended.events()[0]["tags"]), (Some(2), &Value::Null));
    assert_eq!(ended.events()[0]["type"], "RO_ACCESS_REPORT");
}

#[test]
fn a_frame_that_is_none_is_refused_with_as_much_as_is_known() {
    let lines =
        ["043E", "043E0000000A00000001 00", "1C3E0000000A00000001", "0", "xyz", "040B0000000B0000000107", "", "043E0000000A00000001"];
    let ended = answers(&["llrp", "decode"], lines.join("\n"));
    assert_eq!(ended.code(), Some(2));
    let told = ended.events();
    let codes: Vec<_> = told.iter().map(|line| line["error"]["code"].as_str()).collect();
    let wanted = ["frame-length", "frame-length", "version", "half-byte", "not-hex", "parameter-length", "frame-length"];
    assert_eq!(codes, wanted.map(Some).into_iter().chain([None]).collect::<Vec<_>>());
    assert_eq!((&told[0]["type"], &told[0]["id"]), (&Value::Null, &Value::Null));
    assert_eq!((&told[5]["type"], &told[5]["id"]), (&json!("GET_READER_CAPABILITIES_RESPONSE"), &json!(1)));
    assert_eq!(ended.lines[7], r#"{"type":"KEEPALIVE","id":1,"tags":[]}"#);
}

/// A warehouse whose crane has two readers, programs that print a tag each.
fn warehouse(folder: &Path, reader: &str) -> PathBuf {
    let file = folder.join("warehouse.toml");
    let text = format!(
        "name = \"Test\"\n[[aisle]]\nid = \"A\"\nbays = 2\nlevels = 1\ncode = \"{{aisle}}-{{side}}-{{bay}}-{{level}}\"\n\
         [[crane]]\nid = \"C1\"\naisles = [\"A\"]\ndevice = {{ kind = \"sim\" }}\n{reader}\n[simulation]\nseed = 1\n"
    );
    std::fs::write(&file, text).unwrap();
    file
}

fn printing(epc: &str) -> String {
    let tags = json!({ "tags": [{ "epc": epc, "antenna": 2, "rssi_dbm": -51.5, "count": 3 }] }).to_string();
    format!("{{ kind = \"command\", command = [\"echo\", {tags:?}] }}")
}

#[test]
fn a_reader_that_reads_when_asked_is_asked_again_and_again_until_the_time_is_up() {
    let folder = tempfile::tempdir().unwrap();
    let reader = format!("reader = {}", printing("3074257BF7194E4000001A85"));
    let file = warehouse(folder.path(), &reader);
    let listen = ["devices", "listen", "C1", "--warehouse", file.to_str().unwrap(), "--seconds", "2"];
    let ended = run(listen.iter().copied().chain(["--json"]));
    assert_eq!((ended.code(), ended.stderr.as_str()), (Some(0), ""));
    let heard = ended.events();
    assert!(heard.len() > 1, "{heard:#?}");
    let wanted = json!({
        "epc": "3074257BF7194E4000001A85", "gs1": "(01)80614141123458(21)6789", "antenna": 2, "rssi_dbm": -51.5, "channel": null, "count": 3,
        "first_seen_us": null, "last_seen_us": null,
    });
    assert!(heard.iter().all(|tag| *tag == wanted), "{heard:#?}");

    let ended = run(listen);
    assert_eq!(ended.code(), Some(0));
    assert_eq!(ended.lines[1], "3074257BF7194E4000001A85  (01)80614141123458(21)6789  @2  -51.5 dBm");
    assert!(ended.lines[2].starts_with("EPC ") && ended.lines[4].starts_with("1 tag heard in "), "{:#?}", ended.lines);
}

#[test]
fn a_signal_ends_listening_with_0() {
    let folder = tempfile::tempdir().unwrap();
    let readers = format!("readers = {{ L = {}, R = {} }}", printing("E2801160"), printing("E2801161"));
    let file = warehouse(folder.path(), &readers);
    let listen = |reader| pandian(["devices", "listen", reader, "--warehouse", file.to_str().unwrap(), "--json"]);
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut running = Running::start(&mut listen("C1/R"));
        running.wait_for_line("a tag of the right side", |line| event(line)["epc"] == "E2801161");
        running.signal(signal);
        let ended = running.end();
        assert_eq!((ended.code(), ended.stderr.as_str()), (Some(0), ""), "{signal:?}");
    }

    let ended = Running::start(&mut listen("C1")).end();
    assert_eq!(ended.code(), Some(2));
    assert!(ended.stderr.contains("name C1/L or C1/R"), "{}", ended.stderr);
}

#[test]
fn a_reader_that_is_not_there_or_fails_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = warehouse(folder.path(), "reader = { kind = \"command\", command = [\"false\"] }");
    let listen = |reader: &str| run(["devices", "listen", reader, "--warehouse", file.to_str().unwrap()]);
    let (unknown, failing) = (listen("C2"), listen("C1"));
    assert_eq!((unknown.code(), failing.code()), (Some(2), Some(5)));
    assert!(unknown.stderr.contains("there is no crane \"C2\"; its cranes are C1"), "{}", unknown.stderr);
    assert!(failing.stderr.contains("command-failed") && failing.stderr.contains("C1"), "{}", failing.stderr);

    // Nobody listens at a port that was free a moment ago.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let absent = run(["devices", "listen", &address.to_string()]);
    assert_eq!(absent.code(), Some(5), "{}", absent.stderr);
    assert!(absent.stderr.contains(&format!("the reader at {address}: ")) && !absent.stderr.contains("crane"), "{}", absent.stderr);
}
