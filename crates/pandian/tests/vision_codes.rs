//! `pandian vision codes` and `pandian vision bench`, as people and programs use them.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "support/program.rs"]
mod program;

use std::fs;
use std::path::Path;

use program::{Ended, event, run};
use qrcode::{Color, QrCode};

/// A BMP of a QR code: no encoder of pictures is needed for it.
fn bmp(text: &str) -> Vec<u8> {
    const SCALE: usize = 6;
    let code = QrCode::new(text).unwrap();
    let side = (code.width() + 8) * SCALE;
    let stride = (side * 3).next_multiple_of(4);
    let mut bytes = b"BM".to_vec();
    bytes.extend((54 + stride as u32 * side as u32).to_le_bytes());
    for number in [0, 54, 40, side as u32, side as u32] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend([1, 0, 24, 0]);
    bytes.extend([0; 24]);
    // Rows come from below.
    for y in (0..side).rev() {
        let dark = |x: usize| {
            let module = |at: usize| (at / SCALE).checked_sub(4).filter(|&at| at < code.width());
            module(x).zip(module(y)).is_some_and(|at| code[at] == Color::Dark)
        };
        let row: Vec<u8> = (0..side).flat_map(|x| [if dark(x) { 0 } else { 255 }; 3]).collect();
        bytes.extend(&row);
        bytes.resize(bytes.len() + stride - row.len(), 0);
    }
    bytes
}

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn codes(folder: &Path, files: &[&str], more: &[&str]) -> Ended {
    let paths = files.iter().map(|file| folder.join(file).display().to_string());
    run(["vision", "codes"].map(str::to_owned).into_iter().chain(paths).chain(more.iter().map(|&argument| argument.to_owned())))
}

#[test]
fn each_picture_is_a_line_of_json_with_its_codes() {
    let folder = folder(&[("a.bmp", &bmp("SLOT A01-L-012-05")), ("壁.bmp", &bmp("堆垛机"))]);
    let ended = codes(folder.path(), &["a.bmp", "壁.bmp"], &["--json"]);
    assert_eq!((ended.code(), ended.stderr.as_str()), (Some(0), ""));
    let [one, other] = &ended.events()[..] else { panic!("{:?}", ended.lines) };
    assert_eq!(one["file"], folder.path().join("a.bmp").display().to_string());
    let code = &one["codes"][0];
    assert_eq!(
        (&code["text"], &code["format"], &code["rung"], &code["sure"]),
        (&"SLOT A01-L-012-05".into(), &"qr".into(), &"plain".into(), &true.into())
    );
    let quad: Vec<Vec<f64>> = serde_json::from_value(code["quad"].clone()).unwrap();
    assert!(quad.len() == 4 && (quad[0][0] - 24.0).abs() < 4.0 && (quad[0][1] - 24.0).abs() < 4.0, "{quad:?}");
    assert!(one["ms"].as_f64().unwrap() > 0.0 && one.get("error").is_none());
    assert_eq!(other["codes"][0]["text"], "堆垛机");
}

#[test]
fn a_file_that_is_no_picture_is_an_error_of_its_own_and_the_others_are_read() {
    let good = bmp("GOOD");
    let folder = folder(&[("good.bmp", &good), ("cut.bmp", &good[..good.len() / 2]), ("text.jpg", b"<html>"), ("empty.png", b"")]);
    let ended = codes(folder.path(), &["cut.bmp", "text.jpg", "gone.png", "empty.png", ".", "good.bmp"], &["--json"]);
    assert_eq!(ended.code(), Some(2));
    let codes: Vec<_> = ended.events().iter().map(|line| line["error"]["code"].as_str().unwrap_or("-").to_owned()).collect();
    assert_eq!(codes, ["picture-damaged", "picture-unknown-kind", "file-unreadable", "picture-empty", "file-unreadable", "-"]);
    assert!(ended.events().iter().all(|line| line["file"].as_str().unwrap().starts_with(folder.path().to_str().unwrap())));
    assert_eq!(ended.events()[5]["codes"][0]["text"], "GOOD");
}

#[test]
fn people_get_a_line_a_code() {
    let folder = folder(&[("a.bmp", &bmp("ONE")), ("longer.bmp", b"nothing")]);
    let ended = codes(folder.path(), &["a.bmp", "longer.bmp"], &[]);
    assert!(ended.lines[0].starts_with("✓ ") && ended.lines[0].contains("  qr           ONE  (plain, "), "{:?}", ended.lines);
    assert!(
        ended.lines[1].starts_with("✗ ") && ended.lines[1].contains("picture-unknown-kind: it begins like no JPEG"),
        "{:?}",
        ended.lines
    );
}

#[test]
fn only_the_symbologies_asked_for_are_read() {
    let folder = folder(&[("a.bmp", &bmp("ONE"))]);
    let read = |formats: &str| codes(folder.path(), &["a.bmp"], &["--json", "--formats", formats]);
    assert_eq!(read("code128,ean13").events()[0]["codes"], serde_json::json!([]));
    assert_eq!(read("ean13,qr").events()[0]["codes"][0]["text"], "ONE");
    let wrong = read("qr,code12");
    assert!(wrong.code() == Some(2) && wrong.stderr.contains("`code12` is none of all, code128, "), "{}", wrong.stderr);
}

#[test]
fn a_folder_of_photos_is_counted_by_set() {
    let table = "file,text,format,set\n1.bmp,ONE,qr,first\n2.bmp,OTHER,qr,first\n3.bmp,,,bare\n4.bmp,FOUR,qr,bare\n";
    let folder = folder(&[
        ("photos.csv", table.as_bytes()),
        ("1.bmp", &bmp("ONE")),
        ("2.bmp", &bmp("TWO")),
        ("3.bmp", &bmp("THREE")),
        ("4.bmp", b"BM"),
    ]);
    let path = folder.path().to_str().unwrap();
    let ended = run(["vision", "bench", path, "--json"]);
    assert_eq!((ended.code(), ended.stderr.as_str()), (Some(0), ""));
    let outcomes: Vec<_> = ended.events().iter().map(|line| line["outcome"].as_str().unwrap_or("-").to_owned()).collect();
    assert_eq!(outcomes, ["right", "otherwise", "false_read", "-", "-"]);
    let sets = &event(ended.lines.last().unwrap())["sets"];
    assert_eq!(
        (&sets["first"]["photos"], &sets["first"]["right"], &sets["first"]["otherwise"]),
        (&2.into(), &1.into(), &1.into()),
        "{sets}"
    );
    assert_eq!((&sets["bare"]["false_reads"], &sets["bare"]["undecoded"]), (&1.into(), &1.into()), "{sets}");
    let table = run(["vision", "bench", path]);
    assert!(table.lines[0].starts_with("| set | photos | right at once |") && table.lines.len() == 4, "{:?}", table.lines);
}

#[test]
fn a_folder_that_is_wrong_is_named_with_its_line() {
    let folder = folder(&[("photos.csv", b"file,text\ngone.png,1\n")]);
    let ended = run(["vision", "bench", folder.path().to_str().unwrap()]);
    assert!(ended.code() == Some(2) && ended.stderr.contains("photos.csv:2: there is no file `gone.png`"), "{}", ended.stderr);
}
