//! Models out of files.

use std::path::Path;

use pandian_domain::Code;
use pandian_vision::onnx::{BadModel, MODEL_BYTES};

use crate::fault::Fault;
use crate::lists::read_bounded;

/// The bytes of a model.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    read_bounded(path, MODEL_BYTES as u64).map_err(|error| unusable(path, error))
}

/// What is wrong with a model, in a fault that names its file.
pub(super) fn bad(path: &Path) -> impl Fn(BadModel) -> Fault {
    move |error| unusable(path, error)
}

pub(super) fn unusable(path: &Path, why: impl std::fmt::Display) -> Fault {
    Fault::new(Code::UsageInvalid, format!("{}: {why}", path.display()))
}
