//! The program: reads the command line, runs the command, says how it ended.

use std::process::ExitCode;

use clap::Parser;
use pandian::cli::Cli;
use pandian::commands::execute;
use pandian::fault::{Exit, Fault};
use pandian::say;
use pandian::words::Lang;
use pandian_domain::Code;
use tracing_subscriber::EnvFilter;

/// A stop is many small allocations that come and go together; this allocator halves what they cost.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output and are no error.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            let _ = error.print();
            return exit.into();
        }
    };
    let lang = Lang::choose(cli.lang);
    // A broken connection to a broker is made again, and told as the device's failure where it becomes one: lapin need not tell it, too,
    // unless it is asked for by name.
    let ended = match EnvFilter::try_new(format!("lapin=off,{}", cli.log)) {
        Ok(filter) => {
            tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
            execute(cli, lang)
        }
        Err(error) => Err(Fault::new(Code::UsageInvalid, format!("--log \"{}\": {error}", cli.log))),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(fault) => {
            let words = lang.words();
            say::aside(format_args!("{}[{}]: {}", words.error, fault.code, fault.message));
            say::aside((words.explain_hint)(fault.code.as_str()));
            fault.exit().into()
        }
    }
}
