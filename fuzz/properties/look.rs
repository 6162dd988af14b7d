//! What holds for any pixels as a picture of a slot.

use std::time::Duration;

use pandian_vision::codes::{CodeSettings, Expected, Format};
use pandian_vision::gates::{self, GateSettings};
use pandian_vision::look::{EmptySlot, Questions, look};
use pandian_vision::marker::Texts;
use pandian_vision::occupancy::Framing;
use pandian_vision::picture::{Limits, decode};
use pandian_vision::{Luma, Region};

/// No label is larger, and a fuzzer stays quick.
const MOST_PIXELS: usize = 1 << 14;

/// All questions have an answer within its bounds, whatever the pixels, and nothing panics.
pub(crate) fn check(input: &[u8]) {
    let Some((&width, pixels)) = input.split_first() else { return };
    let width = usize::from(width).max(1);
    let pixels = &pixels[..pixels.len().min(MOST_PIXELS) / width * width];
    let luma = |pixels: Vec<u8>| Luma::new(width as u32, (pixels.len() / width) as u32, pixels);
    let Some(picture) = luma(pixels.to_vec()) else { return };
    let like = |turn: usize| {
        let mut turned = pixels.to_vec();
        turned.rotate_left(turn);
        luma(turned)
    };
    let references: Vec<Luma> = [width, 1].into_iter().filter_map(|turn| like(turn.min(pixels.len()))).collect();
    let before = luma(pixels.iter().rev().copied().collect());
    let framing = Framing::default();
    let empty = EmptySlot::of(&references, &framing, |_| None);
    // The time stands still, so that every rung is climbed and the same input does the same.
    let codes = CodeSettings { formats: Format::ALL.to_vec(), region: Region::WHOLE, budget: Duration::MAX, clock: || Duration::ZERO };
    let find = |text: &str| (text == "HU-1").then_some(0);
    let seen = look(
        &picture,
        &Questions {
            framing: &framing,
            empty: Some(&empty),
            before: before.as_ref(),
            codes: &codes,
            expected: Some(Expected { labels: 1, find: &find }),
            markers: Texts { front: Some("A"), rear: Some("B") },
            is_marker: &|text| text.len() == 1,
        },
    );
    assert!((0.0..=1.0).contains(&seen.occupancy.score), "score {}", seen.occupancy.score);
    assert!(seen.occupancy.reference.is_none_or(|index| index < references.len()));
    assert!(seen.change.is_some_and(|change| (0.0..=1.0).contains(&change.share)), "{:?}", seen.change);
    for code in &seen.codes.codes {
        assert!(code.quad.iter().all(|corner| corner.x.is_finite() && corner.y.is_finite()), "{code:?}");
        assert!(!code.rungs.is_empty(), "{code:?}");
    }
    if let Some(mask) = &seen.mask {
        assert!(decode(mask, &Limits::default()).is_ok(), "the mask is no picture");
    }
    let gates = gates::measure(&picture, &GateSettings::default());
    assert!([gates.brightness, gates.contrast, gates.sharpness].into_iter().all(f32::is_finite), "{gates:?}");
}
