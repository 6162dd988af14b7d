//! Reports as other programs read them, made from one small stocktake whose every value is known.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "support/masked.rs"]
mod masks;
#[path = "support/program.rs"]
mod program;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use calamine::{Data, Reader, Xlsx, open_workbook};
use masks::masked;
use pandian::assemble::{Assembled, assemble, load};
use pandian::report::COLUMNS;
use pandian_domain::StocktakeId;
use pandian_domain::stocktake::Sequence;
use pandian_engine::{Clock, Ending, Run};
use pandian_store::{Access, Store};
use program::{Ended, Running};
use serde_json::Value;

/// Codes that a spreadsheet would run, that CSV has to quote, and one that is neither.
const CODES: [&str; 12] = ["1号", "=1+1", "+2", "-3", "@x", "a,b", "say \"hi\"", " 空 ", "＝SUM(A1)", "007", "1e5", "TRUE"];

/// A stocktake of these locations. `=1+1` cannot be reached, at `+2` the picture fails.
struct Counted {
    folder: tempfile::TempDir,
    data: PathBuf,
}

impl Counted {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "name = \"=Test 仓库\"\n[book]\nsimulated = true\n[[crane]]\nid = \"C1\"\nlocations = {CODES:?}\n\
             device = {{ kind = \"sim\" }}\nreader = {{ kind = \"sim\" }}\ncamera = {{ kind = \"sim\" }}\n\
             [defaults]\nattempts = 1\n[simulation]\nseed = 1\ndifferences = 0.5\n\
             [[simulation.fault]]\nkind = \"wrong_code\"\nlocations = [\"=1+1\"]\n\
             [[simulation.fault]]\nkind = \"corrupt_picture\"\nlocations = [\"+2\"]\n"
        );
        std::fs::write(folder.path().join("warehouse.toml"), text).unwrap();
        let data = folder.path().join("data");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(Self::count(folder.path(), &data));
        Self { folder, data }
    }

    async fn count(folder: &Path, data: &Path) {
        let store = Store::open(data, Access::Write).await.unwrap();
        let Assembled { site, .. } = assemble(&load(folder).unwrap(), Some(&store)).await.unwrap();
        let clock = Clock::starting_at("2026-01-02T03:04:05Z".parse().unwrap());
        let locations = site.layout.slots().iter().map(|slot| slot.code.clone()).collect();
        let run = Run::start(site, Arc::new(store.clone()), clock, StocktakeId::new(clock.now(), [7; 10]), locations, Sequence::Given, 1)
            .await
            .unwrap();
        assert!(matches!(run.drive().await.unwrap(), Ending::Finished(_)));
        store.close().await.unwrap();
    }

    fn report(&self, arguments: &[&str]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pandian"));
        command.arg("report").arg("--data").arg(&self.data).args(arguments).env("LC_ALL", "C");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let ended = Running::start(&mut command).end();
        // A CSV has no room for the head of the chain: that goes to standard error.
        let said = ended.stderr.lines().filter(|line| !line.starts_with("record chain")).collect::<String>();
        assert_eq!((ended.code(), said.as_str()), (Some(0), ""), "{arguments:?}");
        ended
    }

    fn file(&self, format: &str) -> PathBuf {
        let path = self.folder.path().join(format!("report.{format}"));
        assert!(self.report(&["--format", format, "--output", &path.display().to_string()]).lines.is_empty());
        path
    }

    fn text(&self, format: &str) -> String {
        std::fs::read_to_string(self.file(format)).unwrap()
    }

    /// The cells of the CSV report, header included.
    fn rows(&self) -> Vec<Vec<String>> {
        let text = self.text("csv");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.strip_prefix('\u{feff}').unwrap().as_bytes());
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    }
}

/// What a cell says: without the apostrophe that keeps a spreadsheet from running it.
fn meaning(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

#[test]
fn the_list_has_its_columns_in_their_order_with_bom_and_crlf_and_no_cell_runs() {
    let counted = Counted::new();
    let text = counted.text("csv");
    assert!(text.starts_with(
        "\u{feff}location,verdict,stage,reason,confidence,book,counted,tags,picture_sha256,crane,sent_at,arrived_at,released_at,judged_at,stop,attempt\r\n"
    ));
    assert!(text.ends_with("\r\n"));
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    let rows = counted.rows();
    assert_eq!(rows[0], COLUMNS);
    assert!(rows.iter().all(|row| row.len() == COLUMNS.len()));
    let locations: Vec<&str> = rows[1..].iter().map(|row| meaning(&row[0])).collect();
    assert_eq!(locations, CODES, "in the order of the count, byte for byte");
    for cell in rows.iter().flatten() {
        assert!(!cell.starts_with(['=', '+', '-', '@', '＝', '\t', '\r']), "{cell}");
    }
    let printed = counted.report(&["--format", "csv"]).lines.join("\n") + "\n";
    assert_eq!(printed, text, "on standard output the same as in a file");
    insta::assert_snapshot!(masked(&text.replace(['\r', '\u{feff}'], ""), counted.folder.path()));
}

#[test]
fn the_json_report_is_one_object_with_heading_locations_and_totals() {
    let counted = Counted::new();
    let report: Value = serde_json::from_str(&counted.text("json")).unwrap();
    let keys: Vec<&str> = report.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "stocktake",
            "warehouse",
            "book_source",
            "configuration",
            "started_at",
            "finished_at",
            "cancelled",
            "seconds",
            "makespan_seconds",
            "head",
            "locations",
            "totals"
        ]
    );
    let locations = report["locations"].as_array().unwrap();
    for (row, location) in counted.rows().iter().skip(1).zip(locations) {
        let keys: Vec<&str> = location.as_object().unwrap().keys().map(String::as_str).take(COLUMNS.len()).collect();
        assert_eq!(keys, COLUMNS);
        for (column, cell) in COLUMNS.iter().zip(row) {
            let value = match &location[*column] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                number => number.to_string(),
            };
            assert_eq!(value.trim_end_matches(".0"), meaning(cell), "{column} of {}", location["location"]);
        }
    }
    let mut some = report.clone();
    some["locations"] = locations[..3].into();
    insta::assert_snapshot!(masked(&serde_json::to_string_pretty(&some).unwrap(), counted.folder.path()));
}

/// A cell of a sheet as text.
fn shown(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::Float(number) => number.to_string(),
        Data::String(text) => text.clone(),
        other => panic!("neither text nor number: {other:?}"),
    }
}

#[test]
fn the_workbook_holds_the_same_values_as_text_and_numbers_without_a_formula() {
    let counted = Counted::new();
    let rows = counted.rows();
    for (lang, locations, totals) in [("en", "locations", "stocktake"), ("zh", "货位", "盘点任务")] {
        let path = counted.folder.path().join(format!("{lang}.xlsx"));
        counted.report(&["--format", "xlsx", "--lang", lang, "--output", &path.display().to_string()]);
        let mut workbook: Xlsx<_> = open_workbook(&path).unwrap();
        assert_eq!(workbook.sheet_names(), [locations, totals]);
        let sheet = workbook.worksheet_range(locations).unwrap();
        let cells: Vec<Vec<String>> = sheet.rows().map(|row| row.iter().map(shown).collect()).collect();
        let expected: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| meaning(cell).to_owned()).collect()).collect();
        assert_eq!(cells, expected);
        for row in sheet.rows().skip(1) {
            for (column, cell) in COLUMNS.iter().zip(row) {
                let is_number = matches!(*column, "confidence" | "book" | "counted" | "tags" | "attempt");
                assert!(
                    matches!((cell, is_number), (Data::Empty, _) | (Data::Float(_), true) | (Data::String(_), false)),
                    "{column}: {cell:?}"
                );
            }
        }
        assert!(workbook.worksheet_formula(locations).unwrap().is_empty() && workbook.worksheet_formula(totals).unwrap().is_empty());
    }
}

#[test]
fn another_program_reads_the_same_values_from_the_workbook() {
    let there = Command::new("python3").args(["-c", "import openpyxl"]).output().is_ok_and(|output| output.status.success());
    if !there {
        println!("skipped: python3 has no openpyxl");
        return;
    }
    let counted = Counted::new();
    let script = "import json, openpyxl, sys\n\
        sheet = openpyxl.load_workbook(sys.argv[1]).worksheets[0]\n\
        assert all(cell.data_type in 'sn' for row in sheet.iter_rows() for cell in row), 'a cell that runs'\n\
        print(json.dumps([['' if value is None else str(value) for value in row] for row in sheet.values]))\n";
    let output = Command::new("python3").args(["-c", script]).arg(counted.file("xlsx")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let cells: Vec<Vec<String>> = serde_json::from_slice(&output.stdout).unwrap();
    let expected: Vec<Vec<String>> = counted.rows().iter().map(|row| row.iter().map(|cell| meaning(cell).to_owned()).collect()).collect();
    assert_eq!(cells, expected);
}

#[test]
fn the_terminal_report_in_both_languages() {
    let counted = Counted::new();
    let mut text = String::new();
    for arguments in [&["--lang", "en"][..], &["--lang", "zh"], &["--lang", "en", "--full"], &["--lang", "zh", "--full"]] {
        text.push_str(&format!("$ pandian report {}\n{}\n\n", arguments.join(" "), counted.report(arguments).lines.join("\n")));
    }
    insta::assert_snapshot!(masked(&text, counted.folder.path()));
}

#[test]
fn a_report_that_does_not_fit_on_the_disk_is_an_error_wherever_it_goes() {
    let counted = Counted::new();
    for format in ["csv", "json", "terminal"] {
        for output in [&["--output", "/dev/full"][..], &[]] {
            let mut command = program::pandian(["report", "--format", format, "--data", &counted.data.display().to_string()]);
            command.args(output).stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
            let ended = command.output().unwrap();
            let said = String::from_utf8(ended.stderr).unwrap();
            assert_eq!(ended.status.code(), Some(5), "{format} {output:?}: {said}");
            assert!(said.starts_with("error[disk-full]: cannot write the report to "), "{format} {output:?}: {said}");
        }
    }
}

#[test]
fn a_report_takes_its_name_when_it_is_whole() {
    let counted = Counted::new();
    let folder = counted.folder.path().join("reports");
    std::fs::create_dir(&folder).unwrap();
    let (first, link) = (folder.join("first.csv"), folder.join("link.csv"));
    std::fs::write(&first, "what was there before").unwrap();
    std::os::unix::fs::symlink(&first, &link).unwrap();
    counted.report(&["--format", "csv", "--output", &link.display().to_string()]);
    assert!(std::fs::read_to_string(&first).unwrap().starts_with("\u{feff}location,"));
    let names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
}
