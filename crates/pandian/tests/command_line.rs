//! The command line as people meet it: help, errors of usage, both languages, pipes that end early; what is kept in snapshots is read by
//! other people's eyes and scripts.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "support/masked.rs"]
mod masks;
#[path = "support/program.rs"]
mod program;
#[path = "support/warehouse.rs"]
mod warehouse;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use encoding_rs::GB18030;
use masks::masked;
use program::{Ended, Running, pandian};
use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};
use warehouse::{Draft, Served, book_rows, judged, named};

/// The program without anything of the tests' own, 100 columns wide.
fn plain(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pandian"));
    command.args(arguments).env_clear().env("COLUMNS", "100").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str]) -> Ended {
    Running::start(&mut plain(arguments)).end()
}

/// What a command says, as a snapshot has it.
fn told(arguments: &[&str], folder: &Path) -> String {
    let ended = run(arguments);
    let mut text = format!("$ pandian {}\n", arguments.join(" "));
    for line in ended.lines {
        writeln!(text, "{line}").unwrap();
    }
    write!(text, "{}[exit {}]\n\n", ended.stderr, ended.status.code().unwrap()).unwrap();
    masked(&text, folder)
}

#[test]
fn help_of_every_command() {
    let mut text = String::new();
    for command in [
        "",
        "demo",
        "run",
        "plan",
        "ctl",
        "ctl list",
        "ctl status",
        "ctl pause",
        "ctl resume",
        "ctl cancel",
        "ctl crane",
        "ctl crane out",
        "ctl crane in",
        "ctl add",
        "ctl drop",
        "sim",
        "devices",
        "devices listen",
        "import",
        "references",
        "references list",
        "references add",
        "references take",
        "references show",
        "references accept",
        "references reject",
        "report",
        "verify",
        "config",
        "config check",
        "config schema",
        "epc",
        "epc decode",
        "epc encode",
        "llrp",
        "llrp decode",
        "vision",
        "vision codes",
        "vision compare",
        "vision bench",
        "vision count",
        "vision ocr",
        "explain",
        "completions",
    ] {
        let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        text.push_str(&told(&arguments, Path::new("/nowhere")));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let file = Draft::default().write(folder.path());
    let (file, data) = (file.display().to_string(), folder.path().join("data").display().to_string());
    let nowhere = folder.path().join("nowhere").display().to_string();
    let mut text = String::new();
    for arguments in [
        &[][..],
        &["count"],
        &["run"],
        &["run", &file],
        &["run", &file, "--all", "--locations", "list.csv"],
        &["run", &file, "--all", "--speed", "3"],
        &["run", &nowhere, "--all", "--data", &data],
        &["run", &file, "--locations", &nowhere, "--data", &data],
        &["run", "--resume", "0", "--all"],
        &["run", &file, "--locations", "list.csv", "--resume", "0"],
        &["demo", "--cranes", "0"],
        &["demo", "--once", "--speed", "-1"],
        &["demo", "--once", "--speed", "fast"],
        &["demo", "--once", "--data", &folder.path().display().to_string()],
        &["sim", &file, "--speed", "0"],
        &["sim", &file],
        &["report", "--format", "pdf"],
        &["report", "--lang", "fr"],
        &["verify", "--head", "xyz"],
        &["explain", "no-such-code"],
        &["completions", "cmd"],
        &["ctl", "crane", "sideways", "C1"],
        &["ctl", "add", "0"],
    ] {
        assert_eq!(run(arguments).code(), Some(2), "{arguments:?}");
        text.push_str(&told(arguments, folder.path()));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_data_directory_without_the_stocktake_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = Draft::default().write(folder.path()).display().to_string();
    let data = folder.path().join("data").display().to_string();
    let mut text = String::new();
    for arguments in [&["report", "--data", &data][..], &["verify", "--data", &data], &["ctl", "--data", &data, "list"]] {
        text.push_str(&told(arguments, folder.path()));
    }
    assert_eq!(run(&["run", &file, "--all", "--virtual", "--data", &data]).code(), Some(0));
    for arguments in [
        &["report", "zzz", "--data", &data][..],
        &["run", "--resume", "zzz", "--data", &data],
        &["report", "--format", "xlsx", "--data", &data],
    ] {
        text.push_str(&told(arguments, folder.path()));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn codes_are_explained_in_both_languages() {
    let mut text = told(&["explain"], Path::new("/nowhere"));
    text.push_str(&told(&["explain", "device-timeout"], Path::new("/nowhere")));
    text.push_str(&told(&["--lang", "zh", "explain", "device-timeout"], Path::new("/nowhere")));
    insta::assert_snapshot!(text);
    for code in run(&["explain"]).lines {
        for lang in ["en", "zh"] {
            let page = run(&["explain", &code, "--lang", lang]);
            assert!(page.code() == Some(0) && page.lines.len() >= 3, "{code} in {lang}: {page:?}");
        }
    }
}

#[test]
fn a_configuration_is_checked_and_described() {
    let folder = tempfile::tempdir().unwrap();
    let file = Draft::default().write(folder.path()).display().to_string();
    let mut text = told(&["config", "check", &file], folder.path());
    text.push_str(&told(&["config", "check", &folder.path().display().to_string(), "--lang", "zh"], folder.path()));
    std::fs::write(&file, std::fs::read_to_string(&file).unwrap().replace("levels = 1", "levels = \"one\"\nlevel = 2")).unwrap();
    text.push_str(&told(&["config", "check", &file], folder.path()));
    insta::assert_snapshot!(text);
    let schema: Value = serde_json::from_str(&run(&["config", "schema"]).lines.join("\n")).unwrap();
    assert_eq!(schema["title"], "pandian warehouse.toml");
    assert!(schema["properties"]["crane"].is_object());
}

#[test]
fn completions_name_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell]);
        let text = script.lines.join("\n");
        assert_eq!(script.code(), Some(0));
        for command in ["demo", "run", "ctl", "sim", "devices", "import", "report", "verify", "config", "explain", "completions"] {
            assert!(text.contains(command), "{shell}: {command}");
        }
    }
}

#[test]
fn devices_are_tried_and_a_bad_one_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let served = Draft { cranes: 1, ..Draft::default() }.serve(folder.path());
    let file = served.file.display().to_string();
    let mut text = told(&["devices", &file], folder.path());
    let as_json: Vec<Value> = run(&["devices", &file, "--json"]).events();
    let roles: Vec<&Value> = as_json.iter().map(|device| &device["device"]).collect();
    assert_eq!(roles, ["crane", "reader", "camera"]);
    assert!(as_json.iter().all(|device| device["good"] == true && device["crane"] == "C1"));
    served.stop();
    text.push_str(&told(&["devices", &file], folder.path()));
    text.push_str(&told(&["devices", &file, "--lang", "zh"], folder.path()));
    insta::assert_snapshot!(text);
    let as_json = run(&["devices", &file, "--json"]);
    assert_eq!(as_json.code(), Some(5));
    assert!(as_json.events().iter().all(|device| device["good"] == false && device["code"] == "device-unreachable"));
}

#[test]
fn a_stocktake_is_told_in_chinese_where_that_is_asked_for_or_the_locale_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let faults = "[[simulation.fault]]\nkind = \"crane_alarm\"\nlocations = [\"A01-L-002-01\"]\n";
    // One try, since the pause before a second is drawn anew each time.
    let (simulation, tables) = (format!("seed = 4\ndifferences = 0.4\n{faults}"), "[defaults]\nattempts = 1\n".into());
    let draft = Draft { cranes: 1, simulation, tables, ..Draft::default() };
    let file = draft.write(folder.path()).display().to_string();
    let data = |name: &str| folder.path().join(name).display().to_string();
    let asked = told(&["run", &file, "--all", "--virtual", "--lang", "zh", "--data", &data("one")], folder.path());
    let english = told(&["run", &file, "--all", "--virtual", "--data", &data("two")], folder.path());
    insta::assert_snapshot!(asked + &english);
    let mut by_locale = plain(&["explain", "nothing"]);
    let said = Running::start(by_locale.env("LC_ALL", "zh_CN.UTF-8")).end().stderr;
    assert!(said.starts_with("错误[usage-invalid]"), "{said}");
}

#[test]
fn nobody_listening_is_no_error_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let served = Draft { cranes: 1, simulation: "seed = 7\nspeed = 500.0\n".into(), ..Draft::default() }.serve(folder.path());
    let file = served.file.display().to_string();
    let data = folder.path().join("data").display().to_string();
    let head = |number: u32, arguments: &str| {
        // With `pipefail` the pipe ends as the program does.
        let line = format!("set -o pipefail; \"$PANDIAN\" {arguments} | head -{number} >&3");
        let mut command = Command::new("bash");
        command.args(["-c", &format!("exec 3>/dev/null; {line}")]).env("PANDIAN", env!("CARGO_BIN_EXE_pandian"));
        let ended = Running::start(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped())).end();
        // A CSV has no room for the head of the chain: that goes to standard error.
        let said = ended.stderr.lines().filter(|line| !line.starts_with("record chain")).collect::<String>();
        assert_eq!((ended.code(), said.as_str()), (Some(0), ""), "{arguments}");
    };
    // `head` may end before, while or after the program writes: all three must be well.
    head(1, &format!("run {file} --all --json --data {data}"));
    head(1, &format!("run {file} --all --data {data}"));
    let states: Vec<Value> = run(&["ctl", "--data", &data, "--json", "list"]).events();
    assert!(states.iter().all(|stocktake| stocktake["state"] == "finished"), "{states:?}");
    for number in [0, 1] {
        for arguments in ["", "--full", "--format csv", "--format json"] {
            head(number, &format!("report --data {data} {arguments}"));
        }
        for arguments in ["verify --data", "verify --json --data", "ctl list --data", "ctl list --json --data"] {
            head(number, &format!("{arguments} {data}"));
        }
        for arguments in ["explain", "explain device-timeout", "config schema", "completions bash", "--help", "run --help"] {
            head(number, arguments);
        }
        head(number, &format!("devices {file}"));
        head(number, &format!("config check {file}"));
    }
}

/// Books that differ from the world's in every item's name and in one location, which they have empty.
fn imported_rows(served: &Served) -> (Vec<Vec<String>>, String) {
    let mut rows = book_rows(served.world.world());
    let emptied = rows[1][0].clone();
    rows.retain(|row| row[0] != emptied);
    rows.push(vec![emptied.clone(), String::new(), String::new(), String::new(), String::new()]);
    for row in rows.iter_mut().skip(1).filter(|row| !row[1].is_empty()) {
        row[1] = format!("物料-{}", row[1]);
    }
    (rows, emptied)
}

fn csv(rows: &[Vec<String>]) -> String {
    rows.iter().map(|row| row.join(",") + "\r\n").collect()
}

#[test]
fn an_imported_list_of_book_stock_is_what_the_next_stocktake_counts_against() {
    let folder = tempfile::tempdir().unwrap();
    let simulation = "seed = 7\nspeed = 1000.0\ndifferences = 0.0\nfill = 1.0\n".to_owned();
    let served = Draft { cranes: 1, simulation, ..Draft::default() }.serve(folder.path());
    let (rows, emptied) = imported_rows(&served);
    let utf8 = csv(&rows);
    let xlsx = folder.path().join("账面.xlsx");
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (number, row) in rows.iter().enumerate() {
        for (column, cell) in row.iter().enumerate() {
            sheet.write_string(number as u32, column as u16, cell).unwrap();
        }
    }
    workbook.save(&xlsx).unwrap();
    let expected: BTreeMap<String, String> = named(&served.truth()).into_iter().chain([(emptied, "overage".to_owned())]).collect();

    let lists = [
        ("book.csv", utf8.clone().into_bytes()),
        ("bom.csv", format!("\u{feff}{utf8}").into_bytes()),
        ("gb18030.csv", GB18030.encode(&utf8).0.into_owned()),
        ("账面.xlsx", std::fs::read(&xlsx).unwrap()),
    ];
    let file = served.file.display().to_string();
    for (name, bytes) in lists {
        let list = folder.path().join(name);
        std::fs::write(&list, bytes).unwrap();
        let data = folder.path().join(format!("data-{name}")).display().to_string();
        let imported = run(&["import", &file, "--book", &list.display().to_string(), "--data", &data]);
        assert_eq!(
            imported.lines,
            [format!("{} lines of book stock from {name} are in the data directory", rows.len() - 2)],
            "{imported:?}"
        );
        std::fs::remove_file(&list).unwrap();
        let counted = run(&["run", &file, "--all", "--json", "--data", &data]);
        assert_eq!(counted.code(), Some(0), "{}", counted.stderr);
        let events = counted.events();
        assert_eq!(events[0]["book_source"], name);
        assert_eq!(judged(&events), expected, "{name}");
        let items = events.iter().filter_map(|event| event["book"]["lines"][0]["item"].as_str());
        assert!(items.clone().count() > 0 && items.clone().all(|item| item.starts_with("物料-")), "{name}");
        assert_eq!(run(&["verify", "--data", &data]).code(), Some(0));
    }
}

#[test]
fn a_list_of_book_stock_is_imported_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let file = Draft { cranes: 1, ..Draft::default() }.write(folder.path()).display().to_string();
    let data = folder.path().join("data").display().to_string();
    let mut command = plain(&["import", &file, "--book", "-", "--data", &data]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"location,item,quantity\nA01-L-001-01,a,1\nA01-L-009-01,b,2\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(String::from_utf8(output.stderr).unwrap());
    assert!(!Path::new(&data).exists(), "nothing was begun");
}

#[test]
fn the_simulator_writes_what_it_planted() {
    let folder = tempfile::tempdir().unwrap();
    let draft = Draft { cranes: 1, bays: 10, simulation: "seed = 9\ndifferences = 0.5\n".into(), ..Draft::default() };
    let served = draft.serve(folder.path());
    let planted = folder.path().join("planted.csv");
    let mut command = pandian([
        "sim".as_ref(),
        served.file.as_os_str(),
        "--listen".as_ref(),
        "127.0.0.1:0".as_ref(),
        "--planted".as_ref(),
        planted.as_os_str(),
    ]);
    let mut running = Running::start(&mut command);
    running.wait_for_line("that it serves", |line| line.contains("http://"));
    let text = std::fs::read_to_string(&planted).unwrap();
    let mut lines = text.strip_prefix('\u{feff}').unwrap().split_terminator("\r\n");
    assert_eq!(lines.next(), Some("location,verdict,partner"));
    let expected: Vec<String> = served
        .world
        .world()
        .planted()
        .map(|planted| {
            format!(
                "{},{},{}",
                planted.location,
                planted.verdict.as_str(),
                planted.partner.map(|partner| partner.to_string()).unwrap_or_default()
            )
        })
        .collect();
    assert!(expected.len() > 4);
    assert_eq!(lines.collect::<Vec<_>>(), expected);
    running.signal(rustix::process::Signal::INT);
    let ended = running.end();
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    let refused = run(&["sim", &served.file.display().to_string(), "--planted", "/nowhere/planted.csv"]);
    assert_eq!((refused.code(), json!(refused.stderr.contains("/nowhere/planted.csv"))), (Some(2), json!(true)));
}

#[test]
fn a_configuration_beside_oneself_is_found_by_its_bare_name() {
    let folder = tempfile::tempdir().unwrap();
    let text = "name = \"Test\"\n[[crane]]\nid = \"C1\"\nlocations = [\"1\"]\ndevice = { kind = \"sim\" }\n\
                reader = { kind = \"command\", command = [\"sh\", \"-c\", \"cat tags\"] }\n[simulation]\nspeed = 1000.0\n";
    std::fs::write(folder.path().join("warehouse.toml"), text).unwrap();
    std::fs::write(folder.path().join("tags"), "{\"tags\": []}").unwrap();
    for name in ["warehouse.toml", "."] {
        let mut command = pandian(["run", name, "--all", "--json"]);
        let ended = Running::start(command.current_dir(folder.path())).end();
        assert_eq!((ended.code(), ended.stderr.as_str()), (Some(3), ""), "nothing is known of the stock");
        assert!(ended.events().iter().any(|event| event["type"] == "inventory_done"), "the command runs in the configuration's folder");
    }
}

#[test]
fn a_demonstration_in_use_is_not_made_anew_and_an_interrupted_one_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo").display().to_string();
    for wrong in [&["--speed", "0"][..], &["--speed", "nan"], &["--speed", "-1"], &["--seed", "-1"], &["--log", "bad["]] {
        let ended = run(["demo", "--once", "--data", &data].iter().chain(wrong).copied().collect::<Vec<_>>().as_slice());
        assert_eq!(ended.code(), Some(2), "{wrong:?}: {ended:?}");
    }
    assert!(!Path::new(&data).exists(), "nothing was begun");
    let mut running = Running::start(&mut pandian(["demo", "--cranes", "1", "--speed", "1", "--json", "--data", &data]));
    let id = running.wait_for_event("stocktake_started")["stocktake"].as_str().unwrap().to_owned();
    let second = run(&["demo", "--once", "--data", &data]);
    assert_eq!(second.code(), Some(5), "{second:?}");
    assert!(second.stderr.starts_with("error[data-in-use]: "), "{}", second.stderr);
    running.signal(rustix::process::Signal::INT);
    let ended = running.end();
    assert_eq!(ended.code(), Some(130));
    assert!(ended.stderr.starts_with("interrupted; ") && ended.stderr.contains(&format!("pandian run --resume {id} --data ")), "{ended:?}");
}
