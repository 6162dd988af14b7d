//! Replays the corpora of the fuzz targets `look` and `picture` (`fuzz/README.md`) on every compiler.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

use std::time::Duration;

use pandian_vision::Luma;
use pandian_vision::codes::{self, CodeSettings, Format};

#[path = "support/labels.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod labels;
#[path = "../../../fuzz/properties/look.rs"]
mod look;
#[path = "../../../fuzz/properties/picture.rs"]
mod picture;
#[path = "support/pictures.rs"]
mod pictures;
#[path = "../../../fuzz/properties/replay.rs"]
mod replay;
#[path = "support/slots.rs"]
mod slots;

#[test]
fn what_fuzzing_holds_for_pictures_holds_for_its_corpus() {
    assert!(replay::corpus("picture", picture::check) >= pictures::seeds().len());
}

#[test]
fn what_fuzzing_holds_for_looks_holds_for_its_corpus() {
    assert!(replay::corpus("look", look::check) >= slots::seeds().len());
}

/// A fuzzer that starts with labels nobody can read never gets behind the reader.
#[test]
fn the_labels_among_the_seeds_can_be_read() {
    for (name, bytes) in slots::seeds() {
        let (width, pixels) = (u32::from(bytes[0]), bytes[1..].to_vec());
        let picture = Luma::new(width, pixels.len() as u32 / width, pixels).unwrap();
        let settings = CodeSettings { formats: Format::ALL.to_vec(), budget: Duration::MAX, ..CodeSettings::default() };
        assert_eq!(codes::read(&picture, &settings, None).codes.len(), 1, "{name}");
    }
}
