//! `pandian sim`: simulated devices where a configuration expects real ones.

use std::path::Path;
use std::sync::Arc;

use pandian_domain::Code;
use pandian_domain::book::Book;
use pandian_sim::wire::SimServers;
use pandian_sim::{Simulation, SimulationSettings};
use tokio::signal::unix::{SignalKind, signal};

use crate::assemble::{list_fault, load, simulation};
use crate::cli::SimArgs;
use crate::fault::{Exit, Fault};
use crate::lists::write::CsvWriter;
use crate::rehearsal::servers;
use crate::say;
use crate::words::Lang;

pub(super) async fn sim(args: SimArgs, lang: Lang) -> Result<Exit, Fault> {
    let words = lang.words();
    let mut warehouse = load(&args.warehouse)?;
    let settings = warehouse.simulation.get_or_insert_with(SimulationSettings::default);
    if let Some(speed) = args.speed {
        settings.speed = speed;
    }
    let book = warehouse.read_book().map_err(list_fault)?.map(|book| Arc::new(book) as Arc<dyn Book>);
    let Some(simulation) = simulation(&warehouse, book)? else { return Ok(Exit::Internal) };
    if let Some(file) = &args.planted {
        write_planted(&simulation, file)?;
    }
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let running = SimServers::start(simulation, servers(&warehouse, args.listen)?)
        .await
        .map_err(|error| Fault::new(Code::DeviceUnreachable, error.to_string()))?;
    for url in running.urls() {
        say::line(format_args!("{} {url}", words.serving))?;
    }
    say::line(words.stop_with_ctrl_c)?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    let traffic = running.stop().await;
    for (what, requests) in traffic.requests {
        say::line(format_args!("{requests:>8}  {what}"))?;
    }
    for (kind, struck) in traffic.faults {
        say::line(format_args!("{struck:>8}  {}", kind.as_str()))?;
    }
    Ok(Exit::Done)
}

/// The differences between books and rack that the simulated warehouse was given.
pub(super) fn write_planted(simulation: &Simulation, file: &Path) -> Result<(), Fault> {
    let failed = |error: std::io::Error| Fault::new(Code::UsageInvalid, format!("cannot write {}: {error}", file.display()));
    let out = std::io::BufWriter::new(std::fs::File::create(file).map_err(failed)?);
    let write = || -> std::io::Result<()> {
        let mut csv = CsvWriter::new(out)?;
        for column in ["location", "verdict", "partner"] {
            csv.text(column)?;
        }
        csv.end_row()?;
        for planted in simulation.world().planted() {
            csv.text(planted.location.as_str())?;
            csv.text(planted.verdict.as_str())?;
            csv.text(planted.partner.as_ref().map_or("", |partner| partner.as_str()))?;
            csv.end_row()?;
        }
        csv.finish().map(drop)
    };
    write().map_err(failed)
}
