//! `pandian vision`: what a picture shows, without a warehouse around it.

use crate::cli::VisionCommand;
use crate::fault::{Exit, Fault};
use crate::words::Lang;

mod bench;
mod codes;
mod compare;
#[cfg(feature = "onnx")]
mod count;
#[cfg(feature = "onnx")]
mod model;
#[cfg(feature = "onnx")]
mod ocr;

pub(super) fn vision(command: VisionCommand, lang: Lang) -> Result<Exit, Fault> {
    match command {
        VisionCommand::Codes(args) => codes::codes(&args, lang),
        VisionCommand::Compare(args) => compare::compare(&args, lang),
        VisionCommand::Bench(args) => bench::bench(&args, lang),
        #[cfg(feature = "onnx")]
        VisionCommand::Count(args) => count::count(&args, lang),
        #[cfg(feature = "onnx")]
        VisionCommand::Ocr(args) => ocr::ocr(&args, lang),
        #[cfg(not(feature = "onnx"))]
        VisionCommand::Count(_) | VisionCommand::Ocr(_) => Err(Fault::new(
            pandian_domain::Code::UsageInvalid,
            "this pandian runs no models: build it with `cargo build --release --features onnx` (see docs/vision-models.md)",
        )),
    }
}
