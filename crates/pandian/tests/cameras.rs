//! Network cameras at a simulated crane: both sides of the aisle, tried and counted with the built program, against a camera that was
//! written in another language.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "support/program.rs"]
mod program;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use program::{Ended, Running, pandian};
use tempfile::TempDir;

const PASSWORD: &str = "Geheim-17:\"盘\"";
/// Locations on either side of the aisle.
const BAYS: usize = 3;

/// The camera; it has a picture of any channel.
struct Camera {
    running: Running,
    port: u16,
}

impl Camera {
    fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cameras/camera.py");
        let mut command = Command::new("python3");
        command.arg(script).env("CAMERA_PASSWORD", PASSWORD).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = Running::start(&mut command);
        let port = running.wait_for_line("its port", |_| true).parse().unwrap();
        Self { running, port }
    }
}

/// A warehouse with one simulated crane and these cameras.
struct Ground {
    folder: TempDir,
}

impl Ground {
    fn new(camera: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "name = \"Test\"\n[book]\nsimulated = true\n[simulation]\nseed = 7\nspeed = 100.0\n[[aisle]]\nid = \"A\"\nbays = {BAYS}\nlevels = 1\n\
             code = \"{{aisle}}-{{side}}-{{bay:02}}\"\n[[crane]]\nid = \"C1\"\naisles = [\"A\"]\ndevice = {{ kind = \"sim\" }}\n\
             reader = {{ kind = \"sim\" }}\n{camera}\n"
        );
        std::fs::write(folder.path().join("warehouse.toml"), text).unwrap();
        Self { folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("warehouse.toml")
    }

    /// Runs the program; the environment holds the password unless it is another.
    fn run(&self, arguments: &[&str], password: Option<&str>) -> Ended {
        let mut command = pandian(arguments);
        match password {
            Some(password) => command.env("CAMERA_PASSWORD", password),
            None => command.env_remove("CAMERA_PASSWORD"),
        };
        let ended = Running::start(command.current_dir(self.folder.path())).end();
        let said = format!("{} {}", ended.lines.join("\n"), ended.stderr);
        assert!(!said.contains("Geheim"), "the password is told: {said}");
        ended
    }
}

/// A camera of either side.
fn each_side(port: u16, more: &str) -> String {
    let camera = |channel: u32| {
        let login = "user = \"admin\", password = \"env:CAMERA_PASSWORD\"";
        format!(
            "{{ kind = \"http-snapshot\", preset = \"hikvision\", address = \"127.0.0.1:{port}\", channel = {channel}, {login} {more} }}"
        )
    };
    format!("cameras = {{ L = {}, R = {} }}", camera(101), camera(201))
}

#[test]
fn each_side_of_the_aisle_is_seen_by_its_own_camera() {
    let mut camera = Camera::start();
    let ground = Ground::new(&each_side(camera.port, ""));
    let ended = ground.run(&["run", ".", "--all", "--json", "--data", "data"], Some(PASSWORD));
    let events = ended.events();
    let of_type = |kind: &str| events.iter().filter(|event| event["type"] == kind).cloned().collect::<Vec<_>>();
    assert!(of_type("operation_failed").is_empty(), "{:#?}", of_type("operation_failed"));
    let mut served = BTreeMap::new();
    for _ in 0..2 * BAYS {
        let line = camera.running.wait_for_line("a picture", |_| true);
        let (channel, sha256) = line.split_once(' ').unwrap();
        served.insert(sha256.to_owned(), channel.to_owned());
    }
    let mut seen = BTreeSet::new();
    for captured in of_type("capture_done") {
        let (location, picture) = (captured["location"].as_str().unwrap(), captured["picture"].as_str().unwrap());
        let channel = if location.contains("-L-") { "101" } else { "201" };
        assert_eq!(served.get(picture).map(String::as_str), Some(channel), "{location}");
        seen.insert(location.to_owned());
    }
    assert_eq!(seen.len(), 2 * BAYS);
    let verified = ground.run(&["verify", "--data", "data"], None);
    assert_eq!(verified.code(), Some(0), "{}", verified.stderr);
}

#[test]
fn trying_cameras_says_what_answers_and_what_is_wrong() {
    let camera = Camera::start();
    let ground = Ground::new(&each_side(camera.port, ""));
    let url = |channel: u32| format!("http://127.0.0.1:{}/ISAPI/Streaming/channels/{channel}/picture", camera.port);
    let well = ground.run(&["devices", "."], Some(PASSWORD));
    assert_eq!(well.code(), Some(0), "{} {}", well.lines.join("\n"), well.stderr);
    for channel in [101, 201] {
        let told = format!("{} answers: HTTP 200, Digest MD5, image/png of 320×240", url(channel));
        assert!(well.lines.iter().any(|line| line.contains(&told)), "{told}: {:#?}", well.lines);
    }
    let wrong = ground.run(&["devices", "."], Some("Geheim-18"));
    assert_eq!(wrong.code(), Some(5), "{}", wrong.stderr);
    // One channel asks first; the other knows then.
    let told = |channel: u32, what: &str| {
        let told = format!("the camera of crane C1 at {} {what}", url(channel));
        wrong.lines.iter().any(|line| line.contains(&told))
    };
    let (refused, spared) = ("answered HTTP 401: it refuses user name or password", "is not asked: it refused user name or password");
    let sides = [(101, 201), (201, 101)];
    assert!(sides.iter().any(|(first, other)| told(*first, refused) && told(*other, spared)), "{:#?}", wrong.lines);
    let missing = ground.run(&["devices", "."], None);
    assert_eq!(missing.code(), Some(2), "{:#?}", missing.lines);
    assert!(missing.stderr.contains("the environment variable CAMERA_PASSWORD of `password` is not set"), "{}", missing.stderr);
}

#[test]
fn a_password_that_cannot_be_right_does_not_stop_the_count() {
    let camera = Camera::start();
    let ground = Ground::new(&each_side(camera.port, ", attempts = 1"));
    let ended = ground.run(&["run", ".", "--all", "--json", "--data", "data"], Some("Geheim-18"));
    let events = ended.events();
    let failed: Vec<_> = events.iter().filter(|event| event["type"] == "operation_failed").collect();
    assert_eq!(failed.len(), 2 * BAYS, "{failed:#?}");
    assert!(failed.iter().all(|event| event["code"] == "device-http-status" && event["operation"] == "capture"), "{failed:#?}");
    assert_eq!(events.iter().filter(|event| event["type"] == "inventory_done").count(), 2 * BAYS);
}

#[test]
fn wrong_settings_of_cameras_are_told_with_their_place() {
    let mut told = String::new();
    for (case, settings) in [
        ("a password in the file", r#"kind = "http-snapshot", url = "http://h/", user = "admin", password = "Geheim-17""#),
        ("a password in the URL", r#"kind = "http-snapshot", url = "http://admin:Geheim-17@h/""#),
        ("neither url nor preset", r#"kind = "http-snapshot", user = "admin", password = "env:P""#),
        ("an unknown preset", r#"kind = "http-snapshot", preset = "hikvison", address = "10.0.4.2""#),
        ("a slip", r#"kind = "http-snapshot", preset = "axis", adress = "10.0.4.2""#),
        ("a URL as address", r#"kind = "onvif", address = "http://10.0.4.2/onvif""#),
        ("no way to recognise it", r#"kind = "onvif", address = "10.0.4.2", tls = {}"#),
        ("a pause without a unit", r#"kind = "onvif", address = "10.0.4.2", settle = 300"#),
        ("a path as pattern", r#"kind = "folder", folder = "shots", pattern = "day/*.jpg""#),
        ("an unknown placeholder", r#"kind = "folder", folder = "shots", pattern = "{bay}.jpg""#),
        ("another scheme", r#"kind = "rtsp", url = "http://10.0.4.2/stream""#),
    ] {
        let ground = Ground::new(&format!("camera = {{ {settings} }}"));
        let ended = Running::start(&mut pandian(["config", "check", ground.file().to_str().unwrap()])).end();
        assert_eq!(ended.code(), Some(2), "{case}: {}", ended.stderr);
        let message = ended.stderr.replace(ground.folder.path().to_str().unwrap(), "[folder]");
        told.push_str(&format!("## {case}\n{message}\n"));
    }
    insta::assert_snapshot!(told);
}
