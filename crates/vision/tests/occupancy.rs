//! Empty or occupied, changed or not, fit or not: told on small drawn racks.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

use pandian_vision::change::{self, Difference};
use pandian_vision::gates::{self, GateSettings, Unfit};
use pandian_vision::occupancy::{Framing, Presence, Reference, References, Unsure, judge};
use pandian_vision::{Luma, Point, Region, mask};
use proptest::prelude::*;

/// What is to be drawn. Lengths are in shares of the picture's width.
#[derive(Clone, Copy)]
struct Rack {
    /// Which goods stand behind it.
    behind: u32,
    /// A box on the beam: left, width and height.
    load: Option<(f32, f32, f32)>,
    /// How far the rack lies from where it usually does.
    moved: (f32, f32),
    /// The brightness is multiplied by the first and the second is added.
    light: (f32, f32),
    size: (u32, u32),
}

const EMPTY: Rack = Rack { behind: 0, load: None, moved: (0.0, 0.0), light: (1.0, 0.0), size: (480, 320) };
const BOX: Option<(f32, f32, f32)> = Some((0.3, 0.35, 0.3));
/// The upper edge of the carrying beam, in shares of the width.
const BEAM: f32 = 0.52;

fn framing() -> Framing {
    Framing::drawn(Region { left: 0.1, top: 0.1, right: 0.9, bottom: BEAM * 1.5 }, None)
}

/// A number from 0 to 1 that looks like chance.
fn chance(seed: u32) -> f32 {
    let mixed = (seed.wrapping_mul(2_654_435_761) ^ 0x9e37_79b9).wrapping_mul(2_246_822_519);
    (mixed ^ (mixed >> 15)).wrapping_mul(3_266_489_917) as f32 / u32::MAX as f32
}

fn is_in(x: f32, y: f32, left: f32, top: f32, right: f32, bottom: f32) -> bool {
    (left..right).contains(&x) && (top..bottom).contains(&y)
}

/// The brightness at a place: the nearest thing there.
fn brightness(rack: &Rack, x: f32, y: f32) -> f32 {
    let (x, y) = (x - rack.moved.0, y - rack.moved.1);
    let is_front = !(0.1..0.9).contains(&x) || is_in(x, y, 0.0, BEAM, 1.0, BEAM + 0.05) || y < 0.06;
    if is_front {
        // Holes in the uprights, as real ones have.
        return if !(0.1..0.9).contains(&x) && (y * 24.0).fract() < 0.3 && is_in((x - 0.03).abs() % 0.87, 0.0, 0.0, -1.0, 0.03, 1.0) {
            60.0
        } else {
            165.0
        };
    }
    if let Some((left, width, height)) = rack.load
        && is_in(x, y, left, BEAM - height, left + width, BEAM)
    {
        let is_label = is_in(x, y, left + 0.2 * width, BEAM - 0.7 * height, left + 0.6 * width, BEAM - 0.4 * height);
        let is_foot = y > BEAM - 0.04 && ((x - left) / width * 3.0).fract() > 0.4;
        return if is_label {
            225.0
        } else if is_foot {
            30.0
        } else {
            128.0
        };
    }
    if is_in(x, y, 0.1, BEAM - 0.12, 0.9, BEAM - 0.085) || is_in(x, y, 0.2, 0.0, 0.24, BEAM) || is_in(x, y, 0.76, 0.0, 0.8, BEAM) {
        return 120.0;
    }
    // A deck of wires up to the rear beam.
    if y > BEAM - 0.085 && ((x - 0.5) / (1.6 - (y / BEAM)) * 40.0).rem_euclid(1.0) < 0.25 {
        return 110.0;
    }
    for goods in 0..4 {
        let at = |what: u32| chance(rack.behind.wrapping_mul(101).wrapping_add(goods * 7 + what));
        let (left, top) = (0.1 + 0.7 * at(0), 0.1 + 0.35 * at(1));
        if rack.behind > 0 && is_in(x, y, left, top, left + 0.05 + 0.15 * at(2), top + 0.05 + 0.12 * at(3)) {
            return 40.0 + 90.0 * at(4);
        }
    }
    55.0
}

fn draw(rack: &Rack) -> Luma {
    let (width, height) = rack.size;
    let mut pixels = Vec::with_capacity((width * height) as usize);
    for y in 0..height {
        for x in 0..width {
            let parts = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)];
            let sum: f32 = parts.iter().map(|(u, v)| brightness(rack, (x as f32 + u) / width as f32, (y as f32 + v) / width as f32)).sum();
            let grain = 6.0 * (chance(y * width + x + rack.behind * 7919) - 0.5);
            pixels.push((sum / 4.0 * rack.light.0 + rack.light.1 + grain).clamp(0.0, 255.0) as u8);
        }
    }
    Luma::new(width, height, pixels).unwrap()
}

fn references() -> References {
    let light = [(1.0, 0.0), (0.8, 10.0), (1.1, 0.0), (0.9, 5.0)];
    let pictures =
        [1, 2, 3, 4].map(|behind| draw(&Rack { behind, light: light[behind as usize - 1], moved: (0.002 * behind as f32, 0.0), ..EMPTY }));
    let prepared = pictures.map(|picture| Reference::prepare(&picture, &framing()));
    References::of(&prepared.iter().collect::<Vec<_>>())
}

#[test]
fn a_box_on_the_beam_is_seen_and_goods_behind_the_rack_are_not_taken_for_one() {
    let references = references();
    for behind in 20..28 {
        let empty = references.judge(&draw(&Rack { behind, ..EMPTY }), None);
        assert_eq!(empty.verdict, Presence::Empty, "goods {behind}: {empty:?}");
        let full = references.judge(&draw(&Rack { behind, load: BOX, ..EMPTY }), None);
        assert_eq!(full.verdict, Presence::Occupied, "goods {behind}: {full:?}");
    }
}

#[test]
fn one_reference_is_enough_where_nothing_behind_it_changes() {
    let reference = Reference::prepare(&draw(&EMPTY), &framing());
    assert_eq!(judge(&draw(&EMPTY), &[&reference]).verdict, Presence::Empty);
    assert_eq!(judge(&draw(&Rack { load: BOX, ..EMPTY }), &[&reference]).verdict, Presence::Occupied);
}

#[test]
fn nobody_has_to_say_where_the_slot_is() {
    let empty = [draw(&EMPTY)];
    let found = Framing::default().found_on(&empty);
    let near = |a: f32, b: f32| (a - b).abs() < 0.03;
    assert!(near(found.opening.left, 0.1) && near(found.opening.right, 0.9) && near(found.opening.bottom, 1.5 * BEAM), "{found:?}");
    let reference = Reference::prepare(&empty[0], &found);
    assert_eq!(judge(&draw(&EMPTY), &[&reference]).verdict, Presence::Empty);
    assert_eq!(judge(&draw(&Rack { load: BOX, ..EMPTY }), &[&reference]).verdict, Presence::Occupied);
}

#[test]
fn a_crane_that_stopped_a_little_astray_changes_nothing_and_the_shift_is_told() {
    let references = references();
    let size = (960, 640);
    for load in [None, BOX] {
        let rack = Rack { load, moved: (0.03, -0.02), behind: 9, size, ..EMPTY };
        let seen = references.judge(&draw(&rack), None);
        assert_eq!(seen.verdict, if load.is_some() { Presence::Occupied } else { Presence::Empty }, "{seen:?}");
        let reference = seen.reference.unwrap() as f32 + 1.0;
        let wanted = [-960.0 * (0.03 - 0.002 * reference), 960.0 * 0.02];
        assert!(seen.shift.iter().zip(wanted).all(|(shift, wanted)| (shift - wanted).abs() < 3.0), "{:?} for {wanted:?}", seen.shift);
    }
}

#[test]
fn a_moved_camera_and_a_blocked_view_are_never_called_empty() {
    let references = references();
    let moved = references.judge(&draw(&Rack { moved: (0.05, 0.16), ..EMPTY }), None);
    assert_eq!((moved.verdict, moved.unsure), (Presence::Unsure, Some(Unsure::CameraMoved)), "{moved:?}");
    let mut blocked = draw(&EMPTY);
    for (index, pixel) in blocked.pixels_mut().iter_mut().enumerate() {
        let (x, y) = (index % 480, index / 480);
        *pixel = 90 + (20.0 * ((x as f32 / 31.0).sin() + (y as f32 / 23.0).cos())) as u8;
    }
    let seen = references.judge(&blocked, None);
    assert_eq!((seen.verdict, seen.unsure), (Presence::Unsure, Some(Unsure::ViewBlocked)), "{seen:?}");
    assert_eq!(references.judge(&Luma::new(480, 320, vec![3; 480 * 320]).unwrap(), None).unsure, Some(Unsure::NotFit));
    assert_eq!(judge(&draw(&EMPTY), &[]).unsure, Some(Unsure::NoReference));
}

#[test]
fn where_something_stands_before_the_beam_a_slot_is_not_called_empty() {
    let references = references();
    let mut half = draw(&Rack { behind: 6, ..EMPTY });
    for (index, pixel) in half.pixels_mut().iter_mut().enumerate() {
        if (170..330).contains(&(index % 480)) {
            *pixel = 100 + (index / 480 % 3) as u8;
        }
    }
    let seen = references.judge(&half, None);
    assert_ne!(seen.verdict, Presence::Empty, "{seen:?}");
    assert!(seen.evidence.is_none_or(|evidence| evidence.blocked > 0.2), "{seen:?}");
}

#[test]
fn a_front_marker_leads_to_a_rack_that_lies_far_off() {
    let moved = (0.1, 0.05);
    let quad = |by: (f32, f32)| {
        [(0.4, 0.53), (0.5, 0.53), (0.5, 0.56), (0.4, 0.56)].map(|(x, y)| Point { x: (x + by.0) * 480.0, y: (y + by.1) * 480.0 })
    };
    let empty = draw(&EMPTY);
    let reference = Reference::prepare(&empty, &framing()).with_marker(&empty, &quad((0.0, 0.0)));
    let references = References::of(&[&reference]);
    let seen = references.judge(&draw(&Rack { moved, load: BOX, ..EMPTY }), Some(&quad(moved)));
    assert_eq!(seen.verdict, Presence::Occupied, "{seen:?}");
    assert!((seen.shift[0] + 48.0).abs() < 2.0 && (seen.shift[1] + 24.0).abs() < 2.0, "{:?}", seen.shift);
}

#[test]
fn only_a_change_of_the_slot_is_a_change() {
    let before = draw(&Rack { behind: 5, load: BOX, ..EMPTY });
    let again = draw(&Rack { behind: 5, load: BOX, moved: (0.01, 0.005), light: (0.7, 15.0), ..EMPTY });
    assert_eq!(change::compare(&again, &before, &framing().opening).verdict, Difference::Same);
    let gone = draw(&Rack { behind: 5, ..EMPTY });
    let change = change::compare(&gone, &before, &framing().opening);
    assert_eq!(change.verdict, Difference::Changed, "{change:?}");
    let other = Luma::new(480, 320, vec![90; 480 * 320]).unwrap();
    assert_eq!(change::compare(&other, &before, &framing().opening).verdict, Difference::Unsure);
}

#[test]
fn the_mask_is_white_at_the_load_and_black_elsewhere() {
    let (reference, picture) =
        (draw(&Rack { behind: 5, ..EMPTY }), draw(&Rack { behind: 5, load: BOX, moved: (0.02, 0.0), size: (960, 640), ..EMPTY }));
    let bytes = mask::difference(&picture, &Reference::prepare(&reference, &framing()), [-19.0, 0.0]);
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((frame.width, frame.height, frame.color_type), (480, 320, png::ColorType::Grayscale));
    let mean = |columns: std::ops::Range<usize>, rows: std::ops::Range<usize>| {
        let count = columns.len() * rows.len();
        rows.flat_map(|y| columns.clone().map(move |x| (x, y))).map(|(x, y)| f32::from(pixels[y * 480 + x])).sum::<f32>() / count as f32
    };
    let (at_load, beside) = (mean(140..315, 100..250), mean(340..430, 60..250));
    assert!(at_load > 60.0 && beside < 10.0, "{at_load} at the load, {beside} beside it");
}

#[test]
fn pictures_that_show_nothing_are_unfit_and_dim_or_empty_ones_are_not() {
    let unfit = |picture: &Luma| gates::measure(picture, &GateSettings::default()).unfit;
    let flat = |level: u8| Luma::new(640, 480, vec![level; 640 * 480]).unwrap();
    assert_eq!([2, 130, 252].map(|level| unfit(&flat(level))), [Some(Unfit::Dark), Some(Unfit::Blank), Some(Unfit::Bright)]);
    let size = (960, 640);
    assert_eq!(unfit(&draw(&Rack { light: (0.25, 4.0), size, ..EMPTY })), None);
    assert_eq!(unfit(&draw(&Rack { size, ..EMPTY })), None);
    assert_eq!(unfit(&smeared(&draw(&Rack { size, ..EMPTY }), 24)), Some(Unfit::Blurred));
}

#[test]
fn limits_of_the_gates_can_be_set() {
    let picture = draw(&EMPTY);
    let strict = GateSettings { sharpness: 1.1, ..GateSettings::default() };
    assert_eq!(gates::measure(&picture, &strict).unfit, Some(Unfit::Blurred));
    let lenient = GateSettings { darkest: 0.0, brightest: 255.0, contrast: 0.0, sharpness: 0.0 };
    assert_eq!(gates::measure(&Luma::new(64, 64, vec![130; 4096]).unwrap(), &lenient).unfit, None);
}

/// Moved to the right while it was exposed, by so many pixels.
fn smeared(picture: &Luma, by: usize) -> Luma {
    let width = picture.width() as usize;
    let mean = |row: &[u8], x: usize| {
        let part = &row[x.saturating_sub(by)..=x];
        (part.iter().map(|&pixel| u32::from(pixel)).sum::<u32>() / part.len() as u32) as u8
    };
    let rows = (0..picture.height()).flat_map(|y| (0..width).map(move |x| (y, x)));
    Luma::new(picture.width(), picture.height(), rows.map(|(y, x)| mean(picture.row(y), x)).collect()).unwrap()
}

fn any_picture() -> impl Strategy<Value = Luma> {
    let side = prop_oneof![1u32..4, 4u32..90];
    (side.clone(), side).prop_flat_map(|(width, height)| {
        proptest::collection::vec(any::<u8>(), (width * height) as usize).prop_map(move |pixels| Luma::new(width, height, pixels).unwrap())
    })
}

fn any_framing() -> impl Strategy<Value = Framing> {
    let edge = || prop_oneof![4 => 0.0f32..1.0, 1 => Just(0.0), 1 => Just(1.0), 1 => Just(f32::NAN), 1 => -2.0f32..3.0];
    let opening = (edge(), edge(), edge(), edge()).prop_map(|(left, top, right, bottom)| Region { left, top, right, bottom });
    (opening, proptest::option::of(edge())).prop_map(|(opening, beam)| Framing::drawn(opening, beam))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_picture_and_no_slot_make_it_panic(a in any_picture(), b in any_picture(), framing in any_framing(), by in any::<[f32; 2]>()) {
        let quad = [Point { x: by[0], y: by[1] }; 4];
        let reference = Reference::prepare(&a, &framing).with_marker(&a, &quad);
        let other = Reference::prepare(&b, &framing);
        let seen = References::of(&[&reference, &other]).judge(&b, Some(&quad));
        prop_assert!((0.0..=1.0).contains(&seen.score));
        prop_assert!((0.0..=1.0).contains(&change::compare(&a, &b, &framing.opening).share));
        mask::difference(&a, &other, by);
        gates::measure(&a, &GateSettings::default());
    }

    #[test]
    fn light_changes_no_verdict(behind in 0u32..40, gain in 0.55f32..1.3, offset in 0.0f32..20.0, is_full: bool) {
        let references = references();
        let rack = Rack { behind, load: BOX.filter(|_| is_full), light: (gain, offset), ..EMPTY };
        let seen = references.judge(&draw(&rack), None);
        prop_assert_eq!(seen.verdict, if is_full { Presence::Occupied } else { Presence::Empty }, "{:?}", seen);
    }

    #[test]
    fn the_size_of_the_picture_changes_no_verdict(width in 300u32..1400, is_full: bool) {
        let references = references();
        let rack = Rack { behind: 8, load: BOX.filter(|_| is_full), size: (width, width * 2 / 3), ..EMPTY };
        let seen = references.judge(&draw(&rack), None);
        prop_assert_eq!(seen.verdict, if is_full { Presence::Occupied } else { Presence::Empty }, "{:?}", seen);
    }
}
