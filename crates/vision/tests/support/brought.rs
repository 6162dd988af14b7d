//! Real models, which are not part of the project: `./test` brings them, and `PANDIAN_MODELS` names their folder.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::path::{Path, PathBuf};

/// A file in the folder of models.
pub(crate) fn model(name: &str) -> Vec<u8> {
    let folder = std::env::var_os("PANDIAN_MODELS").map(PathBuf::from).expect("PANDIAN_MODELS names the folder of models");
    // Tests run in the folder of their crate.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder).join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
