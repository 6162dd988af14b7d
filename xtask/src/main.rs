//! What the project does with itself: `cargo xtask TASK`. A task is a file of its own and a line of [`Task`].

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bench;
mod soak;
mod tidy;

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Check the directions of dependencies, manifests, file names and lengths, and the links of the pages
    Tidy,
    /// Measure what the documents say
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Kill stocktakes again and again, and see that nothing is lost
    Soak(soak::SoakArgs),
}

impl Task {
    fn run(self) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Tidy => Ok(tidy::run()?),
            Self::Bench(bench) => bench.run(),
            Self::Soak(args) => soak::run(&args),
        }
    }
}

fn main() -> ExitCode {
    match Cli::parse().task.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
