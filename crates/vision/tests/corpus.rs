//! Replays the corpus of the fuzz target `picture` (`fuzz/README.md`) on every compiler.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

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

/// `cargo test -p pandian-vision --test corpus -- --ignored` writes the seeds anew.
#[test]
#[ignore = "writes the seeds of the corpus"]
fn write_the_seeds() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/picture");
    std::fs::create_dir_all(&folder).unwrap();
    pictures::seeds().into_iter().for_each(|(name, bytes)| std::fs::write(folder.join(name), bytes).unwrap());
}
