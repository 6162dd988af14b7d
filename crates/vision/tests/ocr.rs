//! Reading labels with PP-OCR models.

#![cfg(feature = "onnx")]
#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "support/brought.rs"]
mod brought;
#[path = "support/small_model.rs"]
mod small_model;
#[path = "support/strokes.rs"]
mod strokes;

use std::time::Duration;

use pandian_vision::ocr::{Detector, LabelReader, OcrSettings, Recogniser};
use pandian_vision::onnx::BadModel;
use pandian_vision::{Luma, Point, Region};
use proptest::prelude::*;
use small_model::SmallModel;
use strokes::{Place, write};

/// Finds one line of 40 × 12 pixels on a picture of 64 × 64.
fn small_detector() -> Vec<u8> {
    let is_line = |pixel: usize| (10..50).contains(&(pixel % 64)) && (20..32).contains(&(pixel / 64));
    let numbers: Vec<f32> = (0..64 * 64).map(|pixel| if is_line(pixel) { 0.9 } else { 0.0 }).collect();
    SmallModel { input: &[1, 3, 64, 64], output: &[1, 1, 64, 64], numbers: &numbers, characters: None }.bytes()
}

/// Reads "ab" whatever it sees.
fn small_recogniser(characters: Option<&str>) -> Vec<u8> {
    let numbers = [[0.0, 0.9, 0.1], [0.0, 0.9, 0.1], [1.0, 0.0, 0.0], [0.1, 0.2, 0.7]].concat();
    SmallModel { input: &[1, 3, 48, 320], output: &[1, 4, 3], numbers: &numbers, characters }.bytes()
}

fn paper(width: u32, height: u32) -> Luma {
    Luma::new(width, height, vec![235; width as usize * height as usize]).unwrap()
}

#[test]
fn a_line_is_found_where_it_is_and_read_with_the_characters_that_the_model_names() {
    let recogniser = Recogniser::load(small_recogniser(Some("a\nb\n")), None).unwrap();
    let settings = OcrSettings { region: Region { left: 0.5, ..Region::WHOLE }, ..OcrSettings::default() };
    let reader = LabelReader::new(Detector::load(small_detector()).unwrap(), recogniser, settings);
    let read = reader.read(&paper(256, 128)).unwrap();
    let [line] = &read.lines[..] else { panic!("{read:?}") };
    assert_eq!((line.text.as_str(), read.unread), ("ab", 0));
    assert!((line.confidence - 0.8).abs() < 1e-6);
    // The right half is 128 × 128: twice as large as the input. The rim is 480 × 1.6 / 104.
    let rim = 480.0 * 1.6 / 104.0;
    let [Point { x, y }, ..] = line.quad;
    assert!((x - (128.0 + 2.0 * (10.0 - rim))).abs() < 0.1 && (y - 2.0 * (20.0 - rim)).abs() < 0.1, "{line:?}");
}

#[test]
fn a_list_of_characters_that_was_given_goes_before_the_models_own() {
    let read = |own: Option<&str>, given: Option<&str>| {
        let recogniser = Recogniser::load(small_recogniser(own), given)?;
        let reader = LabelReader::new(Detector::load(small_detector())?, recogniser, OcrSettings::default());
        Ok::<_, BadModel>(reader.read(&paper(64, 64))?.lines[0].text.clone())
    };
    assert_eq!(read(Some("a\nb"), Some("x\r\ny\r\n")).unwrap(), "xy");
    // The last class may be the space.
    assert_eq!(read(None, Some("x")).unwrap(), "x ");
    assert_eq!(read(None, None).unwrap_err(), BadModel::NoCharacters);
    assert_eq!(
        read(Some("a\nb\nc"), None).unwrap_err().to_string(),
        "its output does not fit: 1 × 4 × 3 instead of 1 × steps × 4 or 5, a likelihood for nothing, for each character, and perhaps for the space"
    );
}

#[test]
fn lines_that_there_is_no_time_for_are_told_of() {
    let recogniser = Recogniser::load(small_recogniser(Some("a\nb\n")), None).unwrap();
    let settings = OcrSettings { budget: Duration::ZERO, ..OcrSettings::default() };
    let read = LabelReader::new(Detector::load(small_detector()).unwrap(), recogniser, settings).read(&paper(64, 64)).unwrap();
    assert_eq!((read.lines.len(), read.unread), (0, 1));
}

#[test]
fn models_in_each_others_place_are_told_what_is_wanted() {
    let error = Detector::load(small_recogniser(None)).err().unwrap().to_string();
    assert_eq!(error, "its output does not fit: 1 × 4 × 3 instead of 1 × 1 × 48 × 320, a likelihood a pixel");
    assert!(Recogniser::load(small_detector(), Some("a")).err().unwrap().to_string().contains("1 × 1 × 64 × 64 instead of"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damaged_models_are_errors_at_most(place in 0usize..400, byte: u8) {
        let mut model = small_recogniser(Some("a\nb\n"));
        let place = place % model.len();
        model[place] = byte;
        let (detector, recogniser) = (Detector::load(small_detector()).unwrap(), Recogniser::load(model, None));
        if let Ok(recogniser) = recogniser {
            let _ = LabelReader::new(detector, recogniser, OcrSettings::default()).read(&paper(64, 64));
        }
    }
}

/// PP-OCRv6, small: lines upright, tilted, downwards, upwards and upside down, on one picture.
#[test]
#[ignore = "wants PANDIAN_MODELS: ./test brings it"]
fn real_models_read_the_numbers_on_labels() {
    let mut picture = paper(1280, 960);
    let wanted = [
        ("HU-4006381333", (80.0, 80.0), 44.0, 0.0),
        ("20260417", (150.0, 330.0), 32.0, 12.0),
        ("H1725946", (1200.0, 120.0), 40.0, 90.0),
        ("LU-5528", (760.0, 780.0), 36.0, 180.0),
        ("5-30817", (1180.0, 900.0), 36.0, -90.0),
        ("91304", (120.0, 860.0), 20.0, 0.0),
    ];
    for (text, (x, y), height, degrees) in wanted {
        write(&mut picture, text, &Place { at: Point { x, y }, height, degrees });
    }
    let detector = Detector::load(brought::model("PP-OCRv6_det_small.onnx")).unwrap();
    let recogniser = Recogniser::load(brought::model("PP-OCRv6_rec_small.onnx"), None).unwrap();
    let settings = OcrSettings { budget: Duration::from_secs(60), ..OcrSettings::default() };
    let read = LabelReader::new(detector, recogniser, settings).read(&picture).unwrap();
    println!("{:?}: {:#?}", read.took, read.lines);
    for (text, (x, y), ..) in wanted {
        let found = read.lines.iter().find(|line| line.text == text);
        let [corner, ..] = found.unwrap_or_else(|| panic!("{text} is not among {:?}", read.lines)).quad;
        assert!((corner.x - x).hypot(corner.y - y) < 60.0, "{text} is at {corner:?}");
    }
}
