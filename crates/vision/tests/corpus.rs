//! Replays the corpora of the fuzz targets `look` and `picture` (`fuzz/README.md`) on every compiler.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

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

#[test]
fn what_fuzzing_holds_for_pictures_holds_for_its_corpus() {
    assert!(replay::corpus("picture", picture::check) >= pictures::seeds().len());
}

#[test]
fn what_fuzzing_holds_for_looks_holds_for_its_corpus() {
    assert!(replay::corpus("look", look::check) >= slots().len());
}

/// Small pictures with a label: the first byte is the width, the others are the pixels.
fn slots() -> Vec<(&'static str, Vec<u8>)> {
    let slot = |label: &labels::Label, quiet: u32| {
        let [width, height] = label.size().map(|side| side as u32 + 2 * quiet);
        let picture = label.on(width, height, quiet, quiet);
        let mut bytes = vec![u8::try_from(width).unwrap()];
        bytes.extend(picture.pixels());
        bytes
    };
    vec![
        ("code128", slot(&labels::code128("HU-1", 1), 10)),
        ("ean13", slot(&labels::ean13("400638133393", 1), 10)),
        ("itf", slot(&labels::itf("1234", 1), 10)),
        ("qr", slot(&labels::qr("HU-1", 2), 8)),
        ("data-matrix", slot(&labels::data_matrix(b"HU-1", 3), 6)),
        ("marker", slot(&labels::data_matrix(b"A", 3), 6)),
    ]
}

/// `cargo test -p pandian-vision --test corpus -- --ignored` writes the seeds anew.
#[test]
#[ignore = "writes the seeds of the corpora"]
fn write_the_seeds() {
    for (target, seeds) in [("picture", pictures::seeds()), ("look", slots())] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
        std::fs::create_dir_all(&folder).unwrap();
        seeds.into_iter().for_each(|(name, bytes)| std::fs::write(folder.join(name), bytes).unwrap());
    }
}
