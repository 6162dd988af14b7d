//! `pandian ctl`: an operator's commands to a running stocktake.

use std::collections::BTreeMap;
use std::path::Path;

use pandian_domain::stocktake::{Mode, Tally};
use pandian_domain::{Code, Fact, LocationCode, Verdict};
use pandian_engine::{Command, Status};
use pandian_store::{StocktakeSummary, Store};
use serde::Serialize;

use super::{find, open_existing};
use crate::cli::{CraneCommand, CtlArgs, CtlCommand};
use crate::ctl;
use crate::fault::{Exit, Fault};
use crate::report::{requested, totals};
use crate::say;
use crate::show::{doing, short};
use crate::words::{Lang, Words};

pub(super) async fn ctl(args: CtlArgs, lang: Lang) -> Result<Exit, Fault> {
    let words = lang.words();
    let data = &args.data;
    let store = open_existing(data).await?;
    let (id, command) = match args.command {
        CtlCommand::List => return list(&store, data, args.json, words).await,
        CtlCommand::Status { id } => return status(&store, data, &id, args.json, words).await,
        CtlCommand::Pause { id } => (Some(id), Command::Pause),
        CtlCommand::Resume { id } => (Some(id), Command::Resume),
        CtlCommand::Cancel { id } => (Some(id), Command::Cancel),
        CtlCommand::Crane(CraneCommand::Out { crane, hand_on }) => (None, Command::CraneOut { crane, hand_on }),
        CtlCommand::Crane(CraneCommand::Lend { crane, hand_on }) => (None, Command::CraneLend { crane, hand_on }),
        CtlCommand::Crane(CraneCommand::In { crane }) => (None, Command::CraneIn { crane }),
        CtlCommand::Add { id, locations } => (Some(id), Command::Add { locations: codes(locations) }),
        CtlCommand::Drop { id, locations } => (Some(id), Command::Drop { locations: codes(locations) }),
    };
    let id = match id {
        Some(id) => find(&store, data, Some(&id)).await?.id,
        None => running(&store, data).await?.stocktake,
    };
    let status = ctl::send(data, &id.to_string(), command).await?;
    show(&status, args.json, words)
}

fn codes(locations: Vec<String>) -> Vec<LocationCode> {
    locations.into_iter().map(LocationCode::new).collect()
}

async fn running(store: &Store, data: &Path) -> Result<Status, Fault> {
    let known: Vec<_> = store.stocktakes().await?.iter().filter(|summary| summary.finished.is_none()).map(|summary| summary.id).collect();
    ctl::running(data, &known).await.ok_or_else(|| Fault::new(Code::NotRunning, format!("no stocktake is running in {}", data.display())))
}

/// A stocktake that no process runs, as its records tell it.
#[derive(Serialize)]
struct Stored {
    stocktake: pandian_domain::StocktakeId,
    state: &'static str,
    warehouse: String,
    started_at: String,
    locations: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
}

impl Stored {
    /// `running` is the mode of the process that runs it, if one does.
    async fn of(store: &Store, summary: &StocktakeSummary, running: Option<Mode>) -> Result<Self, Fault> {
        let started = summary.started.record()?;
        let finished = summary.finished.as_ref().map(|stored| stored.record()).transpose()?;
        let warehouse = match started.fact {
            Fact::StocktakeStarted { warehouse, .. } => warehouse.to_string(),
            _ => String::new(),
        };
        let locations = requested(store, summary.id).await?;
        let state = match &finished {
            Some(record) if matches!(record.fact, Fact::StocktakeFinished { cancelled: true, .. }) => "cancelled",
            Some(_) => "finished",
            None => match running {
                Some(Mode::Paused) => "paused",
                Some(_) => "running",
                None => "interrupted",
            },
        };
        let finished_at = finished.map(|record| format!("{:.6}", record.at));
        Ok(Self { stocktake: summary.id, state, warehouse, started_at: format!("{:.6}", started.at), locations, finished_at })
    }

    fn print(&self, json: bool) -> Result<(), Fault> {
        if json {
            return say::line(serde_json::to_string(self).unwrap_or_default());
        }
        say::line(format_args!("{}  {:<11}  {}  {:>8}  {}", self.stocktake, self.state, self.started_at, self.locations, self.warehouse))
    }
}

/// How far a stocktake came that no process runs; `mode` and `tally` are where a running one has them.
#[derive(Serialize)]
struct Rested {
    #[serde(flatten)]
    stored: Stored,
    mode: &'static str,
    tally: Tally,
    verdicts: BTreeMap<&'static str, u64>,
}

impl Rested {
    fn print(&self, json: bool, words: &Words) -> Result<(), Fault> {
        if json {
            return say::line(serde_json::to_string(self).unwrap_or_default());
        }
        self.stored.print(false)?;
        say::line(counts(&self.tally, words))?;
        for verdict in Verdict::ALL {
            if let Some(count) = self.verdicts.get(verdict.as_str()) {
                say::line(format_args!("{count:>10}  {}", (words.verdict)(verdict)))?;
            }
        }
        Ok(())
    }
}

fn counts(tally: &Tally, words: &Words) -> String {
    format!(
        "{}/{} {}, {} {}, {} {}, {} {}",
        tally.requested - tally.open(),
        tally.requested,
        words.done,
        tally.differences,
        words.differences,
        tally.ambiguous,
        words.ambiguous,
        tally.not_counted,
        words.not_counted,
    )
}

async fn list(store: &Store, data: &Path, json: bool, words: &Words) -> Result<Exit, Fault> {
    let all = store.stocktakes().await?;
    let open: Vec<_> = all.iter().filter(|summary| summary.finished.is_none()).map(|summary| summary.id).collect();
    let running = ctl::running(data, &open).await;
    for summary in &all {
        let mode = running.as_ref().filter(|status| status.stocktake == summary.id).map(|status| status.mode);
        Stored::of(store, summary, mode).await?.print(json)?;
    }
    if all.is_empty() && !json {
        say::line((words.no_stocktakes)(&data.display().to_string()))?;
    }
    Ok(Exit::Done)
}

async fn status(store: &Store, data: &Path, id: &str, json: bool, words: &Words) -> Result<Exit, Fault> {
    let summary = find(store, data, Some(id)).await?;
    match ctl::send(data, &summary.id.to_string(), Command::Status).await {
        Ok(status) => show(&status, json, words),
        Err(fault) if fault.code == Code::NotRunning => {
            let stored = Stored::of(store, &summary, None).await?;
            let totals = totals(store, summary.id, |_, _| Ok(())).await?;
            let rested = Rested { mode: stored.state, stored, tally: totals.tally(), verdicts: totals.verdicts };
            rested.print(json, words)?;
            Ok(Exit::Done)
        }
        Err(fault) => Err(fault),
    }
}

fn show(status: &Status, json: bool, words: &Words) -> Result<Exit, Fault> {
    if json {
        say::line(serde_json::to_string(status).unwrap_or_default())?;
        return Ok(Exit::Done);
    }
    let mode = match status.mode {
        Mode::Running => words.running,
        Mode::Paused => words.paused,
        Mode::Cancelled => words.cancelled,
        Mode::Finished => words.finished,
    };
    say::line(format_args!("{} {}  {mode}", words.stocktake, status.stocktake))?;
    say::line(counts(&status.tally, words))?;
    if let Some(seconds) = status.eta_seconds {
        say::line(format_args!("{} {}", words.eta, short(seconds)))?;
    }
    if let Some(failure) = &status.stalled {
        say::line((words.stalled)(&failure.message))?;
    }
    for lane in &status.lanes {
        let doing = doing(lane, words);
        say::line(format_args!("  {}  {} {}, {} {}  {doing}", lane.lane, lane.done, words.done, lane.waiting, words.waiting))?;
        if lane.waits > 0 {
            say::line(format_args!("    {}", (words.waited)(&lane.lane, lane.waits, lane.waited_seconds)))?;
        }
    }
    Ok(Exit::Done)
}
