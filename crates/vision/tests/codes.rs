//! Codes on rendered labels. What draws them is not what reads them.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "support/labels.rs"]
mod labels;

use std::cell::Cell;
use std::time::Duration;

use labels::{code128, data_matrix, ean13, qr};
use pandian_vision::codes::{self, CodeSettings, CodesSeen, Expected, Format, Identity, Rung};
use pandian_vision::{Luma, Point, Quad, Region};
use proptest::prelude::*;

/// Long enough for every rung, in any build.
const PATIENT: Duration = Duration::from_secs(60);

fn settings() -> CodeSettings {
    CodeSettings { budget: PATIENT, ..CodeSettings::default() }
}

/// Held against these labels.
fn read(picture: &Luma, labels: &[&str]) -> CodesSeen {
    let find = |text: &str| labels.iter().position(|label| *label == text);
    codes::read(picture, &settings(), Some(Expected { labels: labels.len(), find: &find }))
}

fn middle(quad: &Quad) -> Point {
    let sum = |of: fn(&Point) -> f32| quad.iter().map(of).sum::<f32>() / 4.0;
    Point { x: sum(|point| point.x), y: sum(|point| point.y) }
}

/// Whether a quad lies where a label of that size was drawn, a few pixels more or less.
fn lies_at(quad: &Quad, at: [f32; 2], size: [f32; 2], tolerance: f32) -> bool {
    let middle = middle(quad);
    (middle.x - at[0] - size[0] / 2.0).abs() <= tolerance && (middle.y - at[1] - size[1] / 2.0).abs() <= tolerance
}

#[test]
fn every_symbology_that_is_drawn_is_read_with_its_text_and_place() {
    for (label, format, text) in [
        (code128("PALLET-4711", 3), Format::Code128, "PALLET-4711"),
        (ean13("400638133393", 3), Format::Ean13, "4006381333931"),
        (qr("https://example.com/slot/7", 4), Format::Qr, "https://example.com/slot/7"),
        (data_matrix(b"01040123456789011725", 4), Format::DataMatrix, "01040123456789011725"),
    ] {
        let seen = read(&label.on(800, 600, 310, 220), &[text]);
        let [code] = &seen.codes[..] else { panic!("{format:?}: {seen:?}") };
        assert_eq!((code.text.as_str(), code.bytes.as_slice(), code.format), (text, text.as_bytes(), format));
        assert_eq!((seen.identity, seen.climbed.len(), seen.out_of_time), (Some(Identity::Match), 1, false), "{seen:?}");
        assert!(code.is_sure && code.rungs == [Rung::Plain], "{code:?}");
        assert!(lies_at(&code.quad, [310.0, 220.0], label.size(), 6.0), "{format:?}: {:?}, drawn {:?}", code.quad, label.size());
    }
}

#[test]
fn group_separators_and_zero_bytes_are_kept() {
    let text = "10ABC\u{1d}21XYZ";
    let seen = codes::read(&data_matrix(text.as_bytes(), 5).on(400, 400, 100, 100), &settings(), None);
    assert_eq!(seen.codes[0].text, text);
    let bytes = b"A\0B";
    let seen = codes::read(&data_matrix(bytes, 5).on(400, 400, 100, 100), &settings(), None);
    assert_eq!((seen.codes[0].bytes.as_slice(), seen.codes[0].text.as_str()), (&bytes[..], "A\0B"));
}

#[test]
fn itf_is_read_only_where_it_is_asked_for() {
    let picture = labels::itf("00012345678905", 3).on(700, 300, 100, 80);
    assert!(codes::read(&picture, &settings(), None).codes.iter().all(|code| code.format != Format::Itf));
    let with = CodeSettings { formats: vec![Format::Itf], ..settings() };
    let seen = codes::read(&picture, &with, None);
    assert_eq!((seen.codes[0].format, seen.codes[0].text.as_str()), (Format::Itf, "00012345678905"));
}

#[test]
fn whatever_a_rung_does_to_the_picture_places_are_those_of_the_picture() {
    // Tilted bars are read by no row of pixels: the turned rungs bring them, and their places are turned back.
    let (label, at) = (code128("TILTED-22", 3), [600.0, 400.0]);
    for degrees in [22.5f32, -22.5, 45.0, -30.0] {
        let drawn = label.on(1200, 800, 100, 100);
        let around = label.size().map(|side| 100.0 + side / 2.0);
        let picture = labels::turned(&drawn, around, degrees, at);
        let seen = read(&picture, &["TILTED-22"]);
        assert_eq!(seen.identity, Some(Identity::Match), "{degrees}: {seen:?}");
        let place = middle(&seen.codes[0].quad);
        assert!((place.x - at[0]).abs() < 12.0 && (place.y - at[1]).abs() < 12.0, "{degrees}: {place:?} {:?}", seen.codes[0].rungs);
    }
    // Soft bars, by whichever rung.
    let label = code128("SMALL-1", 2);
    let picture = labels::blurred(&label.on(500, 300, 150, 120), 1);
    let seen = read(&picture, &["SMALL-1"]);
    assert_eq!(seen.identity, Some(Identity::Match), "{seen:?}");
    assert!(lies_at(&seen.codes[0].quad, [150.0, 120.0], label.size(), 6.0), "{:?}", seen.codes[0]);
}

#[test]
fn only_the_region_is_looked_at_and_places_stay_those_of_the_whole_picture() {
    let mut picture = qr("LEFT", 5).on(1000, 500, 60, 100);
    let right = qr("RIGHT", 5);
    right.draw(&mut picture, 700, 200);
    let half = CodeSettings { region: Region { left: 0.5, top: 0.1, right: 1.0, bottom: 0.9 }, ..settings() };
    let seen = codes::read(&picture, &half, None);
    let [code] = &seen.codes[..] else { panic!("{seen:?}") };
    assert!(code.text == "RIGHT" && lies_at(&code.quad, [700.0, 200.0], right.size(), 6.0), "{code:?}");
}

#[test]
fn the_same_text_at_two_places_is_two_labels_and_at_one_place_is_one() {
    let label = code128("TWIN-1", 2);
    let mut picture = label.on(900, 600, 50, 60);
    label.draw(&mut picture, 500, 60);
    label.draw(&mut picture, 300, 300);
    // Something that is not there keeps it climbing: every rung sees the three anew.
    let seen = read(&picture, &["TWIN-1", "absent"]);
    assert!(seen.climbed.len() == Rung::LADDER.len() && seen.codes.iter().all(|code| code.rungs.len() > 1), "{seen:?}");
    assert_eq!((seen.codes.len(), seen.identity), (3, Some(Identity::Partial)), "{:?}", seen.codes);
}

#[test]
fn identity_is_what_was_read_against_what_is_expected() {
    let mut picture = qr("A", 5).on(900, 400, 40, 60);
    qr("B", 5).draw(&mut picture, 400, 60);
    for (labels, identity) in
        [(&["A", "B"][..], Identity::Match), (&["A"], Identity::Match), (&["A", "C"], Identity::Mismatch), (&["C"], Identity::Mismatch)]
    {
        assert_eq!(read(&picture, labels).identity, Some(identity), "{labels:?}");
    }
    assert_eq!(read(&qr("A", 5).on(400, 400, 60, 60), &["A", "C"]).identity, Some(Identity::Partial));
    let blank = Luma::new(200, 200, vec![180; 40_000]).unwrap();
    assert_eq!(read(&blank, &["A"]).identity, Some(Identity::Unreadable));
    assert_eq!(codes::read(&blank, &settings(), None).identity, None, "nothing was expected");
}

#[test]
fn no_rung_is_begun_after_the_time_is_used_up() {
    let blank = Luma::new(640, 480, vec![200; 640 * 480]).unwrap();
    let none = CodeSettings { budget: Duration::ZERO, ..settings() };
    let seen = codes::read(&blank, &none, None);
    assert!(seen.out_of_time && seen.climbed.len() == 1, "{seen:?}");
    let seen = codes::read(&blank, &settings(), None);
    assert!(!seen.out_of_time && seen.climbed.len() == Rung::LADDER.len(), "{seen:?}");
}

#[test]
fn the_ladder_ends_with_the_last_expected_label() {
    let asked = Cell::new(0);
    let find = |text: &str| {
        asked.set(asked.get() + 1);
        (text == "A").then_some(0)
    };
    let seen = codes::read(&qr("A", 5).on(400, 400, 60, 60), &settings(), Some(Expected { labels: 1, find: &find }));
    assert_eq!((seen.climbed.len(), seen.identity), (1, Some(Identity::Match)));
    assert!(asked.get() > 0);
}

#[test]
fn names_of_symbologies_read_back() {
    for format in Format::ALL {
        assert_eq!(Format::of_name(format.name()), Some(format));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Noise, stripes and tiny pictures: nothing panics, and nothing is read for sure.
    #[test]
    fn any_pixels_can_be_looked_at(width in 1u32..80, height in 1u32..60, seed in any::<u64>(), stripes in 1u32..9) {
        let mut state = seed | 1;
        let pixels = (0..width * height).map(|at| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            if (at % width / stripes) % 2 == 0 { 255 } else { (state >> 56) as u8 }
        });
        let picture = Luma::new(width, height, pixels.collect()).unwrap();
        let seen = codes::read(&picture, &CodeSettings { formats: Format::ALL.to_vec(), ..settings() }, None);
        prop_assert!(seen.codes.iter().flat_map(|code| code.quad).all(|corner| corner.x.is_finite() && corner.y.is_finite()));
    }
}
