//! Rendered slots: the same for the same scene, different for what differs, and readable where they should be.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::time::Duration;

use pandian_sim::scene::{Beams, CameraPose, Distortion, Family, Kind, Label, Light, Load, Scene, Size, SlotLook, Symbology, Unit};
use pandian_vision::Luma;
use pandian_vision::codes::{self, CodeSettings, Format};
use pandian_vision::picture::{Limits, decode};

const FULL_HD: Size = Size { width: 1920, height: 1080 };

fn picture(scene: &Scene) -> Luma {
    decode(&scene.render(), &Limits::default()).unwrap()
}

fn texts(scene: &Scene) -> Vec<String> {
    let formats = vec![Format::Code128, Format::Qr, Format::DataMatrix];
    let settings = CodeSettings { formats, budget: Duration::from_secs(5), ..CodeSettings::default() };
    codes::read(&picture(scene), &settings, None).codes.into_iter().map(|code| code.text).collect()
}

/// A slot with one unit that bears one label, in good light.
fn labelled(slot: u64, kind: Kind, label: Label, size: Size) -> Scene {
    let unit = Unit { labels: vec![label], ..Unit::new(kind, slot) };
    Scene { light: Light::HALL, ..Scene::new(SlotLook::new(slot, slot), Load { units: vec![unit] }, size, slot) }
}

#[test]
fn the_same_scene_is_the_same_picture_and_another_moment_is_not() {
    for family in Family::TUNING.into_iter().chain(Family::HELD_OUT) {
        let scene = |picture| {
            let mut scene = Scene::new(SlotLook::new(3, 4), Load::drawn(Kind::Drums, 5), Size::new(320, 240), picture);
            scene.distortions.push(Distortion::drawn(family, 6));
            scene
        };
        assert_eq!(scene(1).render(), scene(1).render(), "{family:?}");
        assert_ne!(scene(1).render(), scene(2).render(), "{family:?}");
    }
}

#[test]
fn a_picture_is_as_large_as_asked_for() {
    for (width, height) in [(640, 480), (960, 540), (161, 123), (64, 300)] {
        let scene = Scene::new(SlotLook::new(1, 1), Load::default(), Size::new(width, height), 1);
        let picture = picture(&scene);
        assert_eq!((picture.width(), picture.height()), (width.into(), height.into()));
        assert_eq!(scene.render_luma().len(), usize::from(width) * usize::from(height));
    }
}

#[test]
fn the_gray_picture_is_the_photograph_before_it_is_compressed() {
    let scene = Scene::new(SlotLook::new(8, 1), Load::drawn(Kind::BigBag, 3), Size::VGA, 2);
    let (gray, photograph) = (scene.render_luma(), picture(&scene));
    let off: u64 = gray.iter().zip(photograph.pixels()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!((off as f64 / gray.len() as f64) < 4.0, "{off}");
}

#[test]
fn every_kind_of_load_is_seen_within_the_opening() {
    for kind in Kind::ALL {
        for seed in 0..6 {
            let look = SlotLook::new(seed, seed);
            let empty = Scene::new(look, Load::default(), Size::VGA, seed);
            let loaded = Scene { load: Load::drawn(kind, seed), ..empty.clone() };
            let (empty, loaded) = (picture(&empty), picture(&loaded));
            let [left, top, right, bottom] = look.opening(Size::VGA);
            let opening = pandian_vision::Region { left, top, right, bottom };
            let (empty, loaded) = (empty.crop(&opening), loaded.crop(&opening));
            let differ = empty.pixels().iter().zip(loaded.pixels()).filter(|(a, b)| a.abs_diff(**b) > 24).count();
            assert!(differ * 200 > empty.pixels().len(), "{kind:?} of seed {seed}: {differ} of {}", empty.pixels().len());
        }
    }
}

#[test]
fn the_opening_lies_within_the_picture_and_moves_with_the_camera_only() {
    for kind in 0..50 {
        for size in [Size::VGA, FULL_HD] {
            let [left, top, right, bottom] = SlotLook::new(kind, 1).opening(size);
            assert!(0.0 <= left && left < right && right <= 1.0 && 0.0 <= top && top < bottom && bottom <= 1.0, "{kind}");
            assert!((right - left) * (bottom - top) > 0.15, "{kind}: {left} {top} {right} {bottom}");
            assert_eq!(SlotLook::new(kind, 1).opening(size), SlotLook::new(kind, 2).opening(size));
        }
    }
}

#[test]
fn labels_of_two_pixels_a_module_are_read() {
    let number = "069012340000000018";
    // Narrower ones have no room for a long code of such modules.
    let kinds = [Kind::PalletOfCartons, Kind::WrappedPallet, Kind::BigBag];
    for (symbology, text) in [
        (Symbology::Gs1, format!("00{number}")),
        (Symbology::Code128, "HU-77".into()),
        (Symbology::Qr, number.into()),
        (Symbology::DataMatrix, number.into()),
    ] {
        let mut read = 0;
        for slot in 0..12 {
            let shown = if symbology == Symbology::Code128 { text.as_str() } else { number };
            let label = Label { module_px: 2.2, turn: 1.0, ..Label::new(shown, symbology) };
            read += usize::from(texts(&labelled(slot, kinds[slot as usize % kinds.len()], label, FULL_HD)).contains(&text));
        }
        assert!(read >= 11, "{symbology:?}: {read} of 12");
    }
}

#[test]
fn what_cannot_be_encoded_is_left_off() {
    let plain = labelled(1, Kind::LooseCarton, Label::new("盘点", Symbology::Code128), Size::VGA);
    let bare = Scene { load: Load { units: vec![Unit::new(Kind::LooseCarton, 1)] }, ..plain.clone() };
    assert_eq!(plain.render(), bare.render());
    assert_eq!(Label::of("盘点").symbology, Symbology::Qr);
    assert_eq!(Label::of("069012340000000018").symbology, Symbology::Gs1);
}

#[test]
fn the_front_marker_is_always_read_and_any_load_hides_the_rear_one() {
    let markers = Beams { front: Some("A01-L-012-05".into()), rear: Some("A01-L-012-05@rear".into()) };
    let (mut front, mut rear, mut pictures) = (0, 0, 0);
    for slot in 0..8 {
        let empty =
            Scene { markers: markers.clone(), light: Light::HALL, ..Scene::new(SlotLook::new(slot, 1), Load::default(), FULL_HD, slot) };
        let found = texts(&empty);
        pictures += 1;
        front += usize::from(found.contains(&"A01-L-012-05".to_owned()));
        rear += usize::from(found.contains(&"A01-L-012-05@rear".to_owned()));
        let kind = Kind::ALL[slot as usize];
        let found = texts(&Scene { load: Load::drawn(kind, slot), ..empty });
        assert!(!found.contains(&"A01-L-012-05@rear".to_owned()), "{kind:?} in slot {slot} hides no marker");
    }
    assert!(front >= pictures - 1 && rear >= pictures - 1, "front {front}, rear {rear} of {pictures}");
}

#[test]
fn a_unit_looks_the_same_wherever_it_stands_and_whatever_its_label_says() {
    let look = |label| Load::of([(77, label)]).units[0].kind;
    assert_eq!(look(Some("069012340000000018")), look(None));
    assert_eq!(Load::of([(77, None), (78, Some("x"))]).units.len(), 2);
    assert!(Load::of([]).is_empty());
}

#[test]
fn no_scene_makes_the_renderer_panic() {
    for seed in 0..40_u64 {
        let mut scene =
            Scene::new(SlotLook::new(seed, seed), Load::default(), Size::new((seed * 13) as u16 % 200, (seed * 7) as u16 % 200), seed);
        scene.load = Load {
            units: (0..seed % 7).map(|n| Unit { labels: vec![Label::of("label"); 5], ..Unit::new(Kind::ALL[n as usize], n) }).collect(),
        };
        scene.pose = CameraPose { moved: [seed as f32; 3], yaw: seed as f32 * 9.0, pitch: 80.0, roll: 180.0 };
        scene.distortions = Family::HELD_OUT
            .into_iter()
            .chain(Family::TUNING)
            .map(|family| Distortion { strength: 5.0, ..Distortion::drawn(family, seed) })
            .collect();
        assert!(!scene.render().is_empty());
    }
}
