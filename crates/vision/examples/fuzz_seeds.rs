//! Writes the seeds of the fuzz targets `look` and `picture` (`fuzz/README.md`): `cargo run -p pandian-vision --example fuzz_seeds`.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "../tests/support/labels.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod labels;
#[path = "../tests/support/pictures.rs"]
mod pictures;
#[path = "../tests/support/slots.rs"]
mod slots;

fn main() {
    for (target, seeds) in [("picture", pictures::seeds()), ("look", slots::seeds())] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
        std::fs::create_dir_all(&folder).unwrap();
        seeds.into_iter().for_each(|(name, bytes)| std::fs::write(folder.join(name), bytes).unwrap());
    }
}
