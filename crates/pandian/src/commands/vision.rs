//! `pandian vision`: what a picture shows, without a warehouse around it.

use crate::cli::VisionCommand;
use crate::fault::{Exit, Fault};
use crate::words::Lang;

mod bench;
mod codes;
mod compare;

pub(super) fn vision(command: VisionCommand, lang: Lang) -> Result<Exit, Fault> {
    match command {
        VisionCommand::Codes(args) => codes::codes(&args, lang),
        VisionCommand::Compare(args) => compare::compare(&args, lang),
        VisionCommand::Bench(args) => bench::bench(&args, lang),
    }
}
