//! `cargo xtask soak`: what takes too long for every day. Many random routes, the long run of the kill test, and on demand the largest
//! stocktake.

use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitStatus};

use clap::Args;

/// How much, and from which chance.
#[derive(Debug, Args)]
pub(crate) struct SoakArgs {
    /// How many random instances a route's properties are held against, in a release build; 0 leaves them out
    #[arg(long, default_value_t = 100_000)]
    routes: u32,
    /// How often stocktakes are killed; 0 leaves it out
    #[arg(long, default_value_t = 200)]
    kills: u64,
    /// Where the instances and the moments come from
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
    let seed = args.seed.to_string();
    if args.routes > 0 {
        println!("routes: {} random instances from seed {seed}", args.routes);
        let routes = ["--release", "--package", "pandian-domain", "--lib", "--", ROUTES];
        test(cargo().args(routes).env("PANDIAN_ROUTE_INSTANCES", args.routes.to_string()).env("PROPTEST_RNG_SEED", &seed))?;
    }
    if args.kills > 0 {
        let kills = ["--package", "pandian", "--test", "kill", "--", "--exact", "--nocapture", KILLED];
        test(cargo().args(kills).env("PANDIAN_KILLS", args.kills.to_string()).env("PANDIAN_SEED", &seed))?;
    }
    if args.million {
        crate::bench::million::run(1_000_000)?;
    }
    Ok(())
}

const ROUTES: &str = "route::tests::";
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
