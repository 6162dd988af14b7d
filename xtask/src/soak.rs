//! `cargo xtask soak`: what takes too long for every day. The long run of the kill test, and on demand the largest stocktake.

use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitStatus};

use clap::Args;

/// How long, and from which chance.
#[derive(Debug, Args)]
pub(crate) struct SoakArgs {
    /// How often stocktakes are killed
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    kills: u64,
    /// Where the moments come from
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// Also count a million locations, in a release build
    #[arg(long)]
    million: bool,
}

/// A soak that did not pass.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SoakError {
    /// The command could not be started.
    #[error("cannot start cargo: {0}")]
    NotStarted(#[from] io::Error),
    /// The tests failed.
    #[error("the tests ended with {0}")]
    Failed(ExitStatus),
}

pub(crate) fn run(args: &SoakArgs) -> Result<(), Box<dyn std::error::Error>> {
    let kills = ["--package", "pandian", "--test", "kill", "--", "--exact", "--nocapture", KILLED];
    test(cargo().args(kills).env("PANDIAN_KILLS", args.kills.to_string()).env("PANDIAN_SEED", args.seed.to_string()))?;
    if args.million {
        crate::bench::million::run(1_000_000)?;
    }
    Ok(())
}

const KILLED: &str = "killed_at_any_moment_every_location_is_judged_once_and_as_ever";

fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    cargo.arg("test");
    cargo
}

fn test(cargo: &mut Command) -> Result<(), SoakError> {
    let status = cargo.status()?;
    if status.success() { Ok(()) } else { Err(SoakError::Failed(status)) }
}
