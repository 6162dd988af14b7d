//! What markers on the rack prove goes before what the edges suggest.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[allow(dead_code, reason = "one kind of label is enough here")]
#[path = "support/labels.rs"]
mod labels;

use std::ops::Range;
use std::time::Duration;

use labels::data_matrix;
use pandian_vision::codes::{CodeSettings, Expected, Format, Rung};
use pandian_vision::look::{EmptySlot, Questions, Seen, look};
use pandian_vision::marker::Texts;
use pandian_vision::occupancy::{Framing, Presence, Unsure};
use pandian_vision::{Luma, Region};

const WIDTH: usize = 720;
const HEIGHT: usize = 480;
/// The upper edge of the carrying beam.
const BEAM: usize = 390;
/// Where a box would stand.
const BOX: (Range<usize>, Range<usize>) = (240..470, 170..BEAM);

const OWN: &str = "LOC A01-L-004-02";
const OTHER: &str = "LOC A01-L-005-02";
const REAR: &str = "REAR A01-L-004-02";

fn fill(picture: &mut Luma, (columns, rows): (Range<usize>, Range<usize>), brightness: u8) {
    for y in rows {
        picture.pixels_mut()[y * WIDTH..][columns.clone()].fill(brightness);
    }
}

/// Two uprights with holes and two beams in front, posts, a beam and a deck of wires behind, and a dark room with goods that stand elsewhere
/// on each picture.
fn rack(picture: u32) -> Luma {
    let mut drawn = Luma::new(WIDTH as u32, HEIGHT as u32, vec![55; WIDTH * HEIGHT]).unwrap();
    let goods = 100 + 90 * picture as usize;
    fill(&mut drawn, (goods..goods + 60, 90..150), 95);
    for x in [150, WIDTH - 180] {
        fill(&mut drawn, (x..x + 30, 0..BEAM), 120);
    }
    for wire in (90..WIDTH - 90).step_by(18) {
        fill(&mut drawn, (wire..wire + 5, 330..BEAM), 110);
    }
    fill(&mut drawn, (80..WIDTH - 80, 300..328), 120);
    for x in [0, WIDTH - 80] {
        fill(&mut drawn, (x..x + 80, 0..HEIGHT), 165);
        for y in (20..HEIGHT - 30).step_by(50) {
            fill(&mut drawn, (x + 30..x + 50, y..y + 14), 60);
        }
    }
    fill(&mut drawn, (0..WIDTH, 0..40), 165);
    fill(&mut drawn, (0..WIDTH, BEAM..BEAM + 40), 165);
    // The grain of a sensor.
    for (index, pixel) in drawn.pixels_mut().iter_mut().enumerate() {
        *pixel += ((index as u32 ^ picture).wrapping_mul(2_654_435_761) >> 29) as u8;
    }
    drawn
}

fn with_box(mut picture: Luma) -> Luma {
    fill(&mut picture, BOX, 125);
    let (columns, rows) = BOX;
    fill(&mut picture, (columns.start + 60..columns.start + 150, rows.start + 60..rows.start + 110), 220);
    picture
}

/// On the front beam.
fn with_front(mut picture: Luma, text: &str, left: u32) -> Luma {
    data_matrix(text.as_bytes(), 2).draw(&mut picture, left, BEAM as u32 + 4);
    picture
}

/// In the opening, where any load hides it.
fn with_rear(mut picture: Luma) -> Luma {
    data_matrix(REAR.as_bytes(), 3).draw(&mut picture, 330, 230);
    picture
}

fn seen(picture: &Luma, empty: Option<&EmptySlot>) -> Seen {
    asked(picture, empty, None)
}

fn asked(picture: &Luma, empty: Option<&EmptySlot>, expected: Option<Expected<'_>>) -> Seen {
    let framing = framing();
    let questions = Questions {
        framing: &framing,
        empty,
        before: None,
        codes: &CodeSettings { formats: vec![Format::DataMatrix], budget: Duration::from_secs(60), ..CodeSettings::default() },
        expected,
        markers: Texts { front: Some(OWN), rear: Some(REAR) },
        is_marker: &|text| text.starts_with("LOC "),
    };
    look(picture, &questions)
}

fn framing() -> Framing {
    let share = |at: usize, of: usize| at as f32 / of as f32;
    let opening = Region { left: share(80, WIDTH), top: share(40, HEIGHT), right: share(WIDTH - 80, WIDTH), bottom: share(BEAM, HEIGHT) };
    Framing::drawn(opening, None)
}

fn empty_slot() -> EmptySlot {
    EmptySlot::of(&[0, 1, 2, 3].map(rack), &framing(), |_| None)
}

#[test]
fn without_markers_the_edges_decide() {
    let empty = empty_slot();
    let (bare, loaded) = (seen(&rack(4), Some(&empty)), seen(&with_box(rack(4)), Some(&empty)));
    assert_eq!(
        (bare.occupancy.verdict, loaded.occupancy.verdict),
        (Presence::Empty, Presence::Occupied),
        "{:?} {:?}",
        bare.occupancy,
        loaded.occupancy
    );
    assert!(!bare.markers.is_elsewhere && bare.markers.front.is_none() && bare.markers.rear.is_none());
    assert_eq!(seen(&rack(4), None).occupancy.unsure, Some(Unsure::NoReference));
}

#[test]
fn the_front_marker_of_another_location_makes_any_answer_unsure() {
    let empty = empty_slot();
    for picture in [rack(4), with_box(rack(4)), with_rear(rack(4))] {
        let seen = seen(&with_front(picture, OTHER, 300), Some(&empty));
        assert!(seen.markers.is_elsewhere && seen.markers.front.is_none(), "{:?}", seen.markers);
        assert_eq!(
            (seen.occupancy.verdict, seen.occupancy.unsure),
            (Presence::Unsure, Some(Unsure::OtherLocation)),
            "{:?}",
            seen.occupancy
        );
    }
}

#[test]
fn the_locations_own_front_marker_counts_for_more_than_a_neighbours_beside_it() {
    let empty = empty_slot();
    let seen = seen(&with_front(with_front(rack(4), OWN, 300), OTHER, 600), Some(&empty));
    let left = seen.markers.front.unwrap()[0].x;
    assert!(!seen.markers.is_elsewhere && (left - 300.0).abs() < 10.0, "{:?}", seen.markers);
    assert_eq!((seen.occupancy.verdict, seen.occupancy.unsure), (Presence::Empty, None), "{:?}", seen.occupancy);
}

#[test]
fn a_rear_marker_that_is_seen_proves_the_slot_empty_whatever_the_edges_suggest() {
    let empty = empty_slot();
    // Edges alone would take the frame of a crate for a load; what is behind it is seen all the same.
    let mut framed = with_box(rack(4));
    fill(&mut framed, (260..450, 190..BEAM - 60), 55);
    assert_ne!(seen(&framed, Some(&empty)).occupancy.verdict, Presence::Empty);
    for (picture, empty) in [(&framed, Some(&empty)), (&rack(4), None)] {
        let seen = seen(&with_rear(picture.clone()), empty);
        assert!(seen.markers.rear.is_some(), "{:?}", seen.codes);
        assert_eq!((seen.occupancy.verdict, seen.occupancy.unsure), (Presence::Empty, None), "{:?}", seen.occupancy);
    }
}

#[test]
fn a_code_that_is_no_marker_proves_nothing() {
    let empty = empty_slot();
    let seen = seen(&with_front(rack(4), "340123450000000018", 300), Some(&empty));
    assert!(seen.markers == Default::default() && !seen.codes.codes.is_empty(), "{:?}", seen.markers);
    assert_eq!(seen.occupancy.unsure, None);
}

#[test]
fn labels_that_are_hard_to_read_are_not_looked_for_where_nothing_is_expected_and_nothing_stands() {
    let empty = empty_slot();
    let nobody = |_: &str| None;
    let rungs = |picture: &Luma, expected| asked(picture, Some(&empty), expected).codes.climbed.len();
    let one = Expected { labels: 1, find: &nobody };
    assert_eq!(rungs(&rack(9), None), 3);
    assert_eq!(rungs(&rack(9), Some(one)), Rung::LADDER.len(), "a missing unit is a claim");
    assert_eq!(rungs(&with_box(rack(9)), None), Rung::LADDER.len(), "nobody knows what it is");
}
