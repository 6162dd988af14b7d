//! Programs as readers and cameras.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pandian_devices::process::ProcessPool;
use pandian_devices::suite::{until, visit};
use pandian_devices::{BuildContext, Camera, DeviceError, Shot, ShotEnd, TagReader};
use pandian_domain::{Code, Inventory, OpKind};
use tempfile::TempDir;

use crate::ground::{self, PNG, context};

fn shell(script: &str, more: &str) -> String {
    format!("{{ command = [\"/bin/sh\", \"-c\", {}, \"sh\", \"{{location}}\", \"{{attempt}}\"] {more} }}", toml::Value::from(script))
}

fn reader(folder: &Path, script: &str) -> Arc<dyn TagReader> {
    ground::reader("command", &shell(script, ""), &context(folder))
}

fn camera(folder: &Path, script: &str, more: &str) -> Arc<dyn Camera> {
    ground::camera("command", &shell(script, more), &context(folder))
}

async fn read(folder: &Path, script: &str) -> Result<Inventory, DeviceError> {
    reader(folder, script).inventory(&visit(OpKind::Inventory, "1号", 1, 2)).await
}

async fn shoot(camera: &dyn Camera) -> Result<ShotEnd, DeviceError> {
    match camera.capture(&visit(OpKind::Capture, "1号", 1, 1)).await? {
        Shot::Whole(end) => Ok(end),
        Shot::Working(rest) => rest.await,
    }
}

fn is_alive(folder: &Path, name: &str) -> bool {
    ground::is_alive(std::fs::read_to_string(folder.join(name)).unwrap_or_default().trim())
}

#[tokio::test]
async fn arguments_environment_and_folder_reach_the_program_and_no_shell_does() {
    let folder = TempDir::new().unwrap();
    let script = r#"read line && exit 9; printf '%s|%s|%s|%s|%s' "$1" "$2" "$PANDIAN_LOCATION" "$PANDIAN_OPERATION" "$(pwd)""#;
    let visit = visit(OpKind::Inventory, "$(id) '1号'", 1, 2);
    let note = reader(folder.path(), script).inventory(&visit).await.unwrap().note.unwrap();
    let here = folder.path().display();
    assert_eq!(*note, *format!("$(id) '1号'|2|$(id) '1号'|inventory|{here}"));
}

#[tokio::test]
async fn a_program_is_found_beside_the_configuration_or_in_the_path() {
    let folder = TempDir::new().unwrap();
    let here = context(folder.path());
    std::fs::create_dir(folder.path().join("tools")).unwrap();
    std::fs::copy("/bin/sh", folder.path().join("tools/own")).unwrap();
    for program in ["./tools/own", "tools/own", "sh"] {
        let settings = format!("{{ command = [\"{program}\", \"-c\", \"pwd\"], cwd = \"tools\" }}");
        let reader = ground::reader("command", &settings, &here);
        assert!(reader.probe().await.unwrap().summary.contains("is there and executable"));
        let note = reader.inventory(&visit(OpKind::Inventory, "1", 1, 1)).await.unwrap().note.unwrap();
        assert_eq!(*note, *folder.path().join("tools").display().to_string());
    }
}

#[tokio::test]
async fn a_program_that_cannot_be_started_says_why_when_tried_and_when_run() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("plain.txt"), "no program").unwrap();
    for (settings, told) in [
        (r#"{ command = ["./missing"] }"#, "no such file"),
        (r#"{ command = ["./plain.txt"] }"#, "permission denied"),
        (r#"{ command = ["no-such-program-anywhere"] }"#, ""),
        (r#"{ command = ["sh"], cwd = "nowhere" }"#, ""),
    ] {
        let reader = ground::reader("command", settings, &context(folder.path()));
        for error in [reader.probe().await.map(drop), reader.inventory(&visit(OpKind::Inventory, "1", 1, 1)).await.map(drop)] {
            let error = error.expect_err(settings);
            assert_eq!(error.code, Code::CommandNotStarted);
            assert!(error.to_string().contains(told) && error.to_string().contains(reader.address()), "{error}");
        }
    }
    let nul = visit(OpKind::Inventory, "a\0b", 1, 1);
    assert_eq!(reader(folder.path(), "true").inventory(&nul).await.unwrap_err().code, Code::CommandNotStarted);
}

#[tokio::test]
async fn no_program_gets_the_secrets_of_the_configuration() {
    let folder = TempDir::new().unwrap();
    let pool = BuildContext { processes: ProcessPool::new(1).withholding(vec!["PATH".into()]), ..context(folder.path()) };
    let reader = ground::reader("command", r#"{ command = ["/usr/bin/env"] }"#, &pool);
    let note = reader.inventory(&visit(OpKind::Inventory, "1", 1, 1)).await.unwrap().note.unwrap();
    assert!(note.lines().all(|line| !line.starts_with("PATH=")) && note.contains("PANDIAN_LOCATION=1"), "{note}");
}

#[tokio::test]
async fn a_location_that_would_be_an_option_starts_no_program() {
    let folder = TempDir::new().unwrap();
    let error = reader(folder.path(), "touch started").inventory(&visit(OpKind::Inventory, "-rf", 1, 1)).await.unwrap_err();
    assert_eq!(error.code, Code::CommandNotStarted);
    assert!(error.to_string().contains("crane C1") && error.to_string().contains("\"-rf\""), "{error}");
    assert!(!folder.path().join("started").exists());
}

#[tokio::test]
async fn a_failed_program_tells_its_status_and_last_line() {
    let folder = TempDir::new().unwrap();
    let error =
        read(folder.path(), "echo '{\"tags\": []}'; echo first >&2; echo acquired >&2; printf 'antenna \\033[31m2\\n\\n' >&2; exit 3")
            .await;
    let error = error.unwrap_err();
    assert_eq!(error.to_string(), "the reader of crane C1 (program /bin/sh) ended with exit status: 3: antenna  [31m2");
    assert_eq!(error.code, Code::CommandFailed);
    let error = read(folder.path(), "kill -11 $$").await.unwrap_err();
    assert!(error.to_string().contains("signal: 11"), "{error}");
}

#[tokio::test]
async fn a_program_that_prints_without_end_is_killed() {
    let folder = TempDir::new().unwrap();
    let error = read(folder.path(), "echo $$ > pid; yes").await.unwrap_err();
    assert_eq!(error.code, Code::DeviceTooLarge);
    assert!(error.to_string().contains("more than the 4MiB"), "{error}");
    until("the program is gone", || !is_alive(folder.path(), "pid")).await;
    // What it says on standard error has no bound, since nothing of it is kept.
    let inventory = read(folder.path(), "head -c 9000000 /dev/zero >&2; echo '{\"tags\": []}'").await.unwrap();
    assert_eq!(inventory.tags, Some(vec![]));
}

#[tokio::test]
async fn a_dropped_operation_kills_the_program_with_its_children() {
    let folder = TempDir::new().unwrap();
    let script = "trap '' TERM INT HUP; (trap '' TERM; sleep 1000 & echo $! > grandchild; wait) & echo $$ > head; wait";
    let reader = reader(folder.path(), script);
    let visit = visit(OpKind::Inventory, "1号", 1, 1);
    let all = ["head", "grandchild"];
    tokio::select! {
        ended = reader.inventory(&visit) => panic!("{ended:?}"),
        () = until("both live", || all.iter().all(|name| is_alive(folder.path(), name))) => {}
    }
    until("both are dead and buried", || all.iter().all(|name| !is_alive(folder.path(), name))).await;
}

#[tokio::test]
async fn a_child_that_outlives_the_program_holds_nothing_up() {
    let folder = TempDir::new().unwrap();
    let inventory = read(folder.path(), "sleep 1000 & echo $! > child; echo '{\"tags\": []}'").await.unwrap();
    assert_eq!(inventory.tags, Some(vec![]));
    until("the child is gone", || !is_alive(folder.path(), "child")).await;
    // A child that left for a session of its own cannot be found, but it is not waited for either.
    let inventory = read(folder.path(), "setsid sleep 5 & echo '{\"tags\": []}'").await.unwrap();
    assert_eq!(inventory.tags, Some(vec![]));
}

#[tokio::test]
async fn the_pool_bounds_how_many_programs_run() {
    let folder = TempDir::new().unwrap();
    let pool = BuildContext { processes: ProcessPool::new(2), ..context(folder.path()) };
    let script = "mkdir running.$$; ls -d running.* | wc -l; sleep 0.05; rmdir running.$$";
    let reader = ground::reader("command", &shell(script, ""), &pool);
    let visits: Vec<_> = (0..10).map(|n| visit(OpKind::Inventory, "1", n, 1)).collect();
    let runs = futures_util::future::join_all(visits.iter().map(|visit| reader.inventory(visit))).await;
    let counts: Vec<u32> = runs.into_iter().map(|run| run.unwrap().note.unwrap().parse().unwrap()).collect();
    assert!(counts.iter().all(|count| *count <= 2) && counts.contains(&2), "{counts:?}");
}

#[tokio::test]
async fn a_camera_that_says_acquired_works_on_while_the_crane_leaves() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("1.png"), PNG).unwrap();
    let script =
        r#"echo acquired >&2; while [ ! -e go ]; do sleep 0.01; done; echo '{"picture": "1.png", "findings": {"occupied": true}}'"#;
    let camera = camera(folder.path(), script, "");
    let Shot::Working(rest) = camera.capture(&visit(OpKind::Capture, "1号", 1, 1)).await.unwrap() else { panic!("the crane may leave") };
    std::fs::write(folder.path().join("go"), "").unwrap();
    let end = rest.await.unwrap();
    assert_eq!((end.picture.as_deref(), end.findings.unwrap().occupied), (Some(PNG), Some(true)));
}

#[tokio::test]
async fn a_program_that_works_on_is_listened_to_before_anybody_waits_for_it() {
    let folder = TempDir::new().unwrap();
    let script = "echo acquired >&2; head -c 1000000 /dev/zero | tr '\\0' x; touch printed";
    let camera = camera(folder.path(), script, "");
    let shot = camera.capture(&visit(OpKind::Capture, "1号", 1, 1)).await.unwrap();
    until("all is printed", || folder.path().join("printed").exists()).await;
    assert!(matches!(shot, Shot::Working(_)));
}

#[tokio::test]
async fn a_dropped_comparison_is_killed_too() {
    let folder = TempDir::new().unwrap();
    let camera = camera(folder.path(), "echo $$ > pid; echo acquired >&2; sleep 1000", "");
    let Shot::Working(rest) = camera.capture(&visit(OpKind::Capture, "1号", 1, 1)).await.unwrap() else { panic!("the crane may leave") };
    assert!(is_alive(folder.path(), "pid"));
    drop(rest);
    until("the program is gone", || !is_alive(folder.path(), "pid")).await;
}

#[tokio::test]
async fn a_picture_is_read_from_a_plain_whole_file_only() {
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    std::fs::write(here.join("1.png"), PNG).unwrap();
    std::fs::write(here.join("half.png"), &PNG[..50]).unwrap();
    std::os::unix::fs::symlink("1.png", here.join("link.png")).unwrap();
    for (name, code, told) in [
        ("half.png", Code::CameraBadPicture, "cut off"),
        ("link.png", Code::CameraBadPicture, "it is a symbolic link"),
        ("missing.png", Code::CameraBadPicture, "no such file"),
        (".", Code::CameraBadPicture, "it is no file"),
        ("pipe", Code::CameraBadPicture, "it is no file"),
        ("/dev/zero", Code::CameraBadPicture, "it is no file"),
        ("large.png", Code::DeviceTooLarge, "larger than 1KiB"),
    ] {
        let script = format!("mkfifo pipe; head -c 5000 /dev/zero > large.png; echo '{{\"picture\": \"{name}\"}}'");
        let error = shoot(&*camera(here, &script, ", max_picture = \"1KiB\"")).await.unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(error.to_string().contains(told), "{error}");
    }
    let absolute = format!("echo '{{\"picture\": \"{}\"}}'", here.join("1.png").display());
    assert_eq!(shoot(&*camera(here, &absolute, "")).await.unwrap().picture.as_deref(), Some(PNG));
    let note = shoot(&*camera(here, "echo 视觉比对完成", "")).await.unwrap();
    assert_eq!((note.picture, note.note.as_deref()), (None, Some("视觉比对完成")));
}

#[tokio::test]
async fn blocking_programs_never_hold_up_the_event_loop() {
    let folder = TempDir::new().unwrap();
    let reader = reader(folder.path(), "sleep 0.3");
    let visits: Vec<_> = (0..20).map(|n| visit(OpKind::Inventory, "1", n, 1)).collect();
    let mut checks = std::pin::pin!(futures_util::future::join_all(visits.iter().map(|visit| reader.inventory(visit))));
    let mut longest = Duration::ZERO;
    let mut tick = tokio::time::interval(Duration::from_millis(1));
    let mut last = tokio::time::Instant::now();
    loop {
        tokio::select! {
            runs = &mut checks => break assert!(runs.iter().all(Result::is_ok)),
            now = tick.tick() => longest = longest.max(now.elapsed().max(last.elapsed())),
        }
        last = tokio::time::Instant::now();
    }
    // All twenty sleep 300 ms: a loop that waited for one of them would stall that long.
    assert!(longest < Duration::from_millis(200), "the loop stalled for {longest:?}");
}
