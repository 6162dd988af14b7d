//! Runs a property over the corpus of its fuzz target, without a fuzzer.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Checks every file of `fuzz/corpus/TARGET`; yields how many there are.
pub(crate) fn corpus(target: &str, check: impl Fn(&[u8])) -> usize {
    // Every crate that includes this lies two folders below the root.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a corpus can be listed").path()).collect();
    files.sort();
    for file in &files {
        let input = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(catch_unwind(AssertUnwindSafe(|| check(&input))).is_ok(), "{} does not hold", file.display());
    }
    files.len()
}
