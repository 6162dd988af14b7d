//! Counting with models that a user brings.

#![cfg(feature = "onnx")]
#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "support/brought.rs"]
mod brought;
#[path = "support/small_model.rs"]
mod small_model;

use pandian_vision::counter::{Coloured, Counter, CounterSettings, Found};
use pandian_vision::onnx::BadModel;
use pandian_vision::picture::{BadPicture, Bound, Limits};
use pandian_vision::{Luma, Point};
use proptest::prelude::*;
use qrcode::{Color, QrCode};
use small_model::SmallModel;

/// The input of the small models, and the cells of its three grids: 8 × 8, 4 × 4 and 2 × 2.
const SIDE: f32 = 64.0;
const CELLS: usize = 84;

/// A cell of the finest grid, at column 2 and row 3, and the next one.
const CELL: usize = 3 * 8 + 2;

/// What a model says of its cells: box, whether there is anything, two classes.
fn rows(of_cell: impl Fn(usize) -> [f32; 7]) -> Vec<f32> {
    (0..CELLS).flat_map(of_cell).collect()
}

fn load(output: &[u64], numbers: &[f32], settings: CounterSettings) -> Result<Counter, BadModel> {
    Counter::load(SmallModel { input: &[1, 3, 64, 64], output, numbers, characters: None }.bytes(), settings)
}

fn gray(width: u32, height: u32) -> Coloured {
    Coloured::from(&Luma::new(width, height, vec![90; width as usize * height as usize]).unwrap())
}

fn corners(found: &Found) -> [f32; 4] {
    [found.quad[0].x, found.quad[0].y, found.quad[2].x, found.quad[2].y]
}

fn assert_near(found: [f32; 4], wanted: [f32; 4]) {
    assert!(found.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 0.01), "{found:?} is not {wanted:?}");
}

/// The one box is at 20, 28 of the input, 16 wide and high; the picture is twice as wide as the input, so it is twice as large there.
const BOX: [f32; 4] = [24.0, 40.0, 56.0, 72.0];

#[test]
fn offsets_from_cells_become_boxes_on_the_picture() {
    let numbers = rows(|cell| if cell == CELL { [0.5, 0.5, 2f32.ln(), 2f32.ln(), 0.9, 0.1, 0.8] } else { [0.0; 7] });
    let counted = load(&[1, 84, 7], &numbers, CounterSettings::default()).unwrap().count(&gray(128, 96)).unwrap();
    let [found] = &counted.boxes[..] else { panic!("{counted:?}") };
    assert_near(corners(found), BOX);
    assert!((found.score - 0.72).abs() < 1e-4 && found.class == 1 && !counted.is_cut, "{found:?}");
}

#[test]
fn boxes_in_pixels_are_told_from_offsets_by_where_they_are() {
    let of_cell = |cell: usize| match cell {
        CELL => [20.0, 28.0, 16.0, 16.0, 0.9, 0.1, 0.8],
        _ => [(cell % 8) as f32 * 8.0 + 4.0, 30.0, 8.0, 8.0, 0.001, 0.5, 0.5],
    };
    let counted = load(&[1, 84, 7], &rows(of_cell), CounterSettings::default()).unwrap().count(&gray(128, 96)).unwrap();
    assert_eq!(counted.boxes.len(), 1);
    assert_near(corners(&counted.boxes[0]), BOX);
}

#[test]
fn columns_have_no_number_for_whether_there_is_anything() {
    let mut numbers = vec![0.0; 6 * CELLS];
    for (row, number) in [20.0, 28.0, 16.0, 16.0, 0.2, 0.7].into_iter().enumerate() {
        numbers[row * CELLS + CELL] = number;
    }
    let counted = load(&[1, 6, 84], &numbers, CounterSettings::default()).unwrap().count(&gray(128, 96)).unwrap();
    assert_near(corners(&counted.boxes[0]), BOX);
    assert_eq!((counted.boxes.len(), counted.boxes[0].class, counted.boxes[0].score), (1, 1, 0.7));
}

#[test]
fn only_classes_that_are_asked_for_count_and_nothing_counts_twice() {
    let of_cell = |cell: usize| match cell {
        CELL => [0.5, 0.5, 2f32.ln(), 2f32.ln(), 0.9, 0.1, 0.8],
        // A pixel beside it, and of the other class.
        60 => [-1.5 + 0.125, -3.5, 2f32.ln(), 2f32.ln(), 0.8, 0.9, 0.1],
        // Far away.
        83 => [0.5, 0.5, 0.0, 0.0, 0.9, 0.9, 0.1],
        _ => [0.0; 7],
    };
    let count = |classes: &[usize]| {
        let settings = CounterSettings { classes: classes.to_vec(), ..CounterSettings::default() };
        load(&[1, 84, 7], &rows(of_cell), settings)
            .unwrap()
            .count(&gray(64, 64))
            .unwrap()
            .boxes
            .iter()
            .map(|found| found.class)
            .collect::<Vec<_>>()
    };
    assert_eq!((count(&[]), count(&[1]), count(&[7])), (vec![0, 1], vec![1], vec![]));
}

#[test]
fn what_a_picture_has_no_room_for_is_on_its_edge() {
    let numbers = rows(|cell| if cell == CELL { [0.5, 0.5, 8.0, 8.0, 0.9, 0.1, 0.8] } else { [0.0; 7] });
    let counted = load(&[1, 84, 7], &numbers, CounterSettings::default()).unwrap().count(&gray(128, 96)).unwrap();
    assert_near(corners(&counted.boxes[0]), [0.0, 0.0, 128.0, 96.0]);
}

#[test]
fn what_is_seen_beside_the_picture_is_none() {
    let numbers = rows(|cell| if cell == CELL { [0.5, 2.5, 2f32.ln(), 2f32.ln(), 0.9, 0.1, 0.8] } else { [0.0; 7] });
    let counter = load(&[1, 84, 7], &numbers, CounterSettings::default()).unwrap();
    // The middle is at row 44; a picture of 128 × 64 covers 32 rows of the input, one of 128 × 96 covers 48.
    assert_eq!((counter.count(&gray(128, 64)).unwrap().boxes.len(), counter.count(&gray(128, 96)).unwrap().boxes.len()), (0, 1));
}

#[test]
fn a_model_that_does_not_fit_is_told_what_is_wanted_and_what_it_has() {
    let of = |input: &[u64], output: &[u64], number: f32| {
        let numbers = vec![number; output.iter().product::<u64>() as usize];
        let error = Counter::load(SmallModel { input, output, numbers: &numbers, characters: None }.bytes(), CounterSettings::default());
        error.err().unwrap().to_string()
    };
    let input = "instead of one picture of floats, 1 × 3 × height × width, at most 2048 a side";
    assert_eq!(of(&[1, 64, 64, 3], &[1, 84, 7], 0.0), format!("its input does not fit: 1 × 64 × 64 × 3 {input}"));
    assert_eq!(of(&[1, 3, 4096, 4096], &[1, 84, 7], 0.0), format!("its input does not fit: 1 × 3 × 4096 × 4096 {input}"));
    assert_eq!(
        of(&[1, 3, 60, 64], &[1, 84, 7], 0.0),
        "its input does not fit: a picture of 64 × 60 pixels instead of one whose sides are multiples of 32, at most 2048"
    );
    let output =
        "instead of 1 × 84 × (5 + classes) as of YOLOX, 1 × 252 × (5 + classes) as of YOLOv5, or 1 × (4 + classes) × 84 as of YOLOv8";
    // Boxes that a model has sorted out itself are in another order.
    assert_eq!(of(&[1, 3, 64, 64], &[1, 300, 6], 0.0), format!("its output does not fit: 1 × 300 × 6 {output}"));
    assert_eq!(of(&[1, 3, 64, 64], &[84, 7], 0.0), format!("its output does not fit: 84 × 7 {output}"));
    assert_eq!(
        of(&[1, 3, 64, 64], &[1, 84, 7], 1.5),
        "its output does not fit: 1.5 instead of scores from 0 to 1; its last sigmoid may be missing"
    );
    assert!(matches!(Counter::load(b"no model".to_vec(), CounterSettings::default()), Err(BadModel::Unloadable { .. })));
    assert!(matches!(Counter::load(Vec::new(), CounterSettings::default()), Err(error) if error.code() != "model-failed"));
}

#[test]
fn an_open_input_is_as_large_as_the_settings_say() {
    let model = SmallModel { input: &[0, 3, 0, 0], output: &[1, 84, 7], numbers: &[0.0; 7 * CELLS], characters: None };
    let settings = CounterSettings { side: SIDE as usize, ..CounterSettings::default() };
    assert!(Counter::load(model.bytes(), settings).is_ok());
    assert!(Counter::load(model.bytes(), CounterSettings::default()).is_err());
}

#[test]
fn colours_are_decoded_within_the_same_limits_as_gray() {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 40, 20);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&[200, 10, 30].repeat(800)).unwrap();
    let picture = Coloured::decode(&bytes, &Limits::default()).unwrap();
    assert_eq!((picture.width(), picture.height()), (40, 20));
    let narrow = Limits { side: 39, ..Limits::default() };
    assert_eq!(Coloured::decode(&bytes, &narrow), Err(BadPicture::TooLarge { width: 40, height: 20, limit: Bound::Side(39) }));
    let few = Limits { pixels: 799, ..Limits::default() };
    assert_eq!(Coloured::decode(&bytes, &few), Err(BadPicture::TooLarge { width: 40, height: 20, limit: Bound::Pixels(799) }));
    let short = Limits { bytes: 10, ..Limits::default() };
    assert_eq!(Coloured::decode(&bytes, &short), Err(BadPicture::TooManyBytes { bytes: bytes.len(), limit: 10 }));
    assert_eq!(Coloured::decode(b"", &Limits::default()), Err(BadPicture::Empty));
    assert_eq!(Coloured::decode(b"P3 1 1", &Limits::default()), Err(BadPicture::UnknownKind));
    assert!(matches!(Coloured::decode(&bytes[..60], &Limits::default()), Err(BadPicture::Damaged { kind: "PNG", .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn damaged_models_and_pictures_are_errors_at_most(place in 0usize..3_000, byte: u8, end in 0usize..3_000) {
        let mut model = SmallModel { input: &[1, 3, 64, 64], output: &[1, 84, 7], numbers: &[0.5; 7 * CELLS], characters: None }.bytes();
        let place = place % model.len();
        model[place] = byte;
        model.truncate(if end < 1_500 { model.len() } else { end });
        if let Ok(counter) = Counter::load(model.clone(), CounterSettings::default()) {
            let _ = counter.count(&gray(20, 10));
        }
        let _ = Coloured::decode(&model, &Limits::default());
    }
}

/// YOLOX-S, trained on codes: the class of QR codes is 0.
#[test]
#[ignore = "wants PANDIAN_MODELS: ./test brings it"]
fn a_real_detector_finds_each_code_on_a_picture() {
    let code = QrCode::new(b"HU-4006381333931").unwrap();
    let (modules, scale) = (code.width(), 6);
    let (width, height) = (1280usize, 720usize);
    let mut pixels = vec![170u8; width * height];
    let places = [(140, 120), (600, 380), (980, 90)];
    for (left, top) in places {
        for y in 0..(modules + 8) * scale {
            for x in 0..(modules + 8) * scale {
                let (column, row) = ((x / scale).wrapping_sub(4), (y / scale).wrapping_sub(4));
                let is_dark = column < modules && row < modules && code[(column, row)] == Color::Dark;
                pixels[(top + y) * width + left + x] = if is_dark { 25 } else { 235 };
            }
        }
    }
    let picture = Coloured::from(&Luma::new(width as u32, height as u32, pixels).unwrap());
    let counter = Counter::load(brought::model("arbez_yolox_s.onnx"), CounterSettings::default()).unwrap();
    let counted = counter.count(&picture).unwrap();
    println!("{:?}: {:?}", counted.took, counted.boxes);
    assert_eq!(counted.boxes.len(), places.len());
    for (left, top) in places {
        let side = (modules * scale) as f32;
        let middle = Point { x: left as f32 + 4.0 * scale as f32 + side / 2.0, y: top as f32 + 4.0 * scale as f32 + side / 2.0 };
        let is_here = |found: &&Found| {
            let [left, top, right, bottom] = corners(found);
            ((left + right) / 2.0 - middle.x).hypot((top + bottom) / 2.0 - middle.y) < side / 5.0
                && (0.7..1.5).contains(&((right - left) / side))
        };
        assert_eq!(counted.boxes.iter().filter(is_here).count(), 1, "{middle:?} in {:?}", counted.boxes);
    }
}
