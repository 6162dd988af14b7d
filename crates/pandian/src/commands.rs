//! What each command does. One file a command.

use std::path::Path;
use std::time::Duration;

use pandian_domain::Code;
use pandian_store::{Access, StocktakeSummary, Store};
use tokio::runtime::{Builder, Runtime};

use crate::cli::{Cli, Command};
use crate::fault::{Exit, Fault};
use crate::words::Lang;

mod configuration;
mod ctl;
mod demo;
mod devices;
mod epc;
mod import;
mod listen;
mod llrp;
mod plan;
mod references;
mod report;
mod run;
mod sim;
mod verify;
mod vision;

pub use demo::{Outcome, Pictures};

/// How long what still blocks may take when a command is done.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(1);

/// Runs the command that was asked for.
pub fn execute(cli: Cli, lang: Lang) -> Result<Exit, Fault> {
    match cli.command {
        Command::Demo(args) => block_on(demo::demo(args, lang)),
        Command::Run(args) if args.r#virtual => block_on_paused(run::run(args, lang)),
        Command::Run(args) => block_on(run::run(args, lang)),
        Command::Plan(args) => block_on(plan::plan(args, lang)),
        Command::Ctl(args) => block_on(ctl::ctl(args, lang)),
        Command::Sim(args) => block_on(sim::sim(args, lang)),
        Command::Devices(args) => block_on(devices::devices(args, lang)),
        Command::Epc(command) => epc::epc(command),
        Command::Llrp(command) => llrp::llrp(command),
        Command::Vision(command) => vision::vision(command, lang),
        Command::Import(args) => block_on(import::import(args, lang)),
        Command::References(command) => block_on(references::references(command, lang)),
        Command::Report(args) => block_on(report::report(args, lang)),
        Command::Verify(args) => block_on(verify::verify(args, lang)),
        Command::Config(command) => configuration::configuration(command, lang),
        Command::Explain { code } => configuration::explain(code.as_deref(), lang),
        Command::Completions { shell } => configuration::completions(shell),
    }
}

/// One thread runs the events; everything that blocks has threads of its own.
fn block_on(command: impl Future<Output = Result<Exit, Fault>>) -> Result<Exit, Fault> {
    execute_on(runtime(false)?, command)
}

/// The same in virtual time: the clock jumps to the next thing that happens.
fn block_on_paused(command: impl Future<Output = Result<Exit, Fault>>) -> Result<Exit, Fault> {
    execute_on(runtime(true)?, command)
}

/// What still blocks when the command is done (standard output that nobody reads, a disk that does not answer) may not keep the
/// program from ending.
fn execute_on(runtime: Runtime, command: impl Future<Output = Result<Exit, Fault>>) -> Result<Exit, Fault> {
    let ended = runtime.block_on(command);
    runtime.shutdown_timeout(LAST_WORDS_WITHIN);
    ended
}

fn runtime(paused: bool) -> Result<Runtime, Fault> {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().start_paused(paused);
    builder.build().map_err(|error| Fault::new(Code::Internal, format!("cannot start the event loop: {error}")))
}

/// Opens a data directory that must be there already.
async fn open_existing(data: &Path) -> Result<Store, Fault> {
    if !data.is_dir() {
        return Err(no_data_directory(data));
    }
    Ok(Store::open(data, Access::Read).await?)
}

fn no_data_directory(data: &Path) -> Fault {
    Fault::new(Code::StoreUnavailable, format!("there is no data directory {}", data.display()))
}

/// The stocktake whose id begins with `text`; the newest without one.
async fn find(store: &Store, data: &Path, text: Option<&str>) -> Result<StocktakeSummary, Fault> {
    let mut known = store.stocktakes().await?;
    let unknown = |message: String| Fault::new(Code::StocktakeUnknown, message);
    let Some(text) = text else {
        return known.pop().ok_or_else(|| unknown(format!("there is no stocktake in {}", data.display())));
    };
    if text.is_empty() {
        return Err(Fault::new(Code::UsageInvalid, "an empty text is no id: the stocktake's id is wanted, or its first characters"));
    }
    let total = known.len();
    known.retain(|summary| summary.id.starts_with(text));
    match known.len() {
        1 => Ok(known.remove(0)),
        0 => Err(unknown(format!("none of the {total} stocktakes in {} has an id that begins with \"{text}\"", data.display()))),
        several => {
            Err(unknown(format!("{several} stocktakes in {} have an id that begins with \"{text}\"; give more of it", data.display())))
        }
    }
}
