//! Showing a stocktake while it runs: events as JSON lines, bars on a terminal, plain lines elsewhere.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use pandian_domain::stocktake::{Outage, Standing};
use pandian_domain::{Fact, Record, Stage};
use pandian_engine::{Controller, LaneStatus, Status};
use tokio::io::AsyncWriteExt;

use crate::fault::{Fault, is_broken_pipe};
use crate::tail::{Tail, is_last, write_event};
use crate::words::Words;

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// One event a line, as JSON.
    Json,
    /// A bar a lane.
    Bars,
    /// One line for what matters.
    Lines,
    /// Nothing.
    Silent,
}

impl Manner {
    /// JSON if asked for, bars where a person looks, plain lines elsewhere.
    pub fn choose(json: bool, paced: bool) -> Self {
        match (json, io::stdout().is_terminal() && io::stderr().is_terminal() && paced) {
            (true, _) => Self::Json,
            (false, true) => Self::Bars,
            (false, false) => Self::Lines,
        }
    }
}

/// Follows the records to the end of the stocktake, or until no more come. A reader that is slow, or reads nothing, holds up nothing but this.
pub async fn show(mut tail: Tail, manner: Manner, words: &'static Words, bars: Option<Bars>) -> Result<(), Fault> {
    let mut stdout = tokio::io::stdout();
    let mut listening = manner != Manner::Silent;
    loop {
        let page = tail.next().await?;
        let mut ended = page.is_empty();
        let mut text = Vec::new();
        for stored in page.iter().filter(|stored| tail.is_event(stored)) {
            let record = stored.record()?;
            ended |= is_last(&record);
            if !listening {
                continue;
            }
            match (manner, &bars) {
                (Manner::Json, _) => write_event(&mut text, stored)?,
                (_, Some(bars)) => line(&record, words).map_or(Ok(()), |line| bars.print(&line))?,
                _ => line(&record, words).map_or(Ok(()), |line| writeln!(text, "{line}"))?,
            }
        }
        let written = async {
            stdout.write_all(&text).await?;
            stdout.flush().await
        };
        match written.await {
            Err(error) if is_broken_pipe(&error) => listening = false,
            other => other?,
        }
        if ended {
            return Ok(());
        }
    }
}

/// The line for what a person wants to know while it happens: differences, failures, cranes in and out.
fn line(record: &Record, words: &Words) -> Option<String> {
    let location = record.location.as_ref().map(ToString::to_string).unwrap_or_default();
    let lane = record.lane.as_ref().map(ToString::to_string).unwrap_or_default();
    Some(match &record.fact {
        Fact::Judged { judgement, stage: Stage::Final, .. } if !judgement.verdict.is_agreement() => {
            let partners = words.partners(judgement);
            format!("{location}  {}: {}{partners}", (words.verdict)(judgement.verdict), (words.reason)(judgement.reason))
        }
        Fact::OperationFailed { operation, code, message, .. } => {
            format!("{} [{code}]", (words.operation_failed)(operation.as_str(), &location, message))
        }
        Fact::LaneOut { message, .. } => (words.lane_out)(&lane, message),
        Fact::LaneIn {} => (words.lane_in)(&lane),
        Fact::Paused {} => words.paused.to_owned(),
        _ => return None,
    })
}

/// One bar a lane, and one for all.
#[derive(Clone)]
pub struct Bars {
    all: MultiProgress,
    total: ProgressBar,
    lanes: Vec<ProgressBar>,
    /// Says how many lanes have no bar; taken off the screen when dropped.
    _rest: Option<ProgressBar>,
    words: &'static Words,
}

/// At most so many lanes have a bar.
const MOST_BARS: usize = 16;
/// Lines that a screen keeps free of the lanes' bars: for the other bars, and for what is said above them.
const OTHER_LINES: usize = 6;

/// How many lanes have a bar on this screen.
fn room() -> usize {
    let rows = rustix::termios::tcgetwinsize(io::stderr()).map_or(0, |size| usize::from(size.ws_row));
    // A screen that does not know its size says 0.
    if rows == 0 { MOST_BARS } else { rows.saturating_sub(OTHER_LINES).clamp(1, MOST_BARS) }
}

impl Bars {
    /// Bars for the lanes of a stocktake.
    pub fn new(status: &Status, words: &'static Words) -> Self {
        let all = MultiProgress::new();
        let style =
            |template: &str| ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸─");
        let names = status.lanes.iter().map(|lane| lane.lane.as_str()).chain([words.stocktake]);
        let width = names.map(|name| name.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()).max().unwrap_or(0).min(24);
        let bar = |name: &str, template: &str| {
            let bar = all.add(ProgressBar::new(0).with_style(style(template)));
            let pad = width - name.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>().min(width);
            bar.set_prefix(format!("{name}{}", " ".repeat(pad)));
            bar
        };
        let lanes: Vec<_> =
            status.lanes.iter().take(room()).map(|lane| bar(&lane.lane, "{prefix} {bar:30.cyan/dim} {pos:>5}/{len} {wide_msg}")).collect();
        let unseen = status.lanes.len() - lanes.len();
        let rest = (unseen > 0).then(|| {
            let rest = bar("", "{wide_msg}");
            rest.set_message((words.more_lanes)(unseen));
            rest
        });
        let total = bar(words.stocktake, "{prefix} {bar:30.green/dim} {pos:>5}/{len} {wide_msg}");
        Self { all, total, lanes, _rest: rest, words }
    }

    fn print(&self, line: &str) -> io::Result<()> {
        self.all.println(line)
    }

    /// Shows a status.
    pub fn update(&self, status: &Status) {
        let tally = &status.tally;
        self.total.set_length(tally.requested);
        self.total.set_position(tally.requested - tally.open());
        let differences = format!("{} {}", tally.differences, self.words.differences);
        let eta = status.eta_seconds.filter(|_| tally.open() > 0).map(|seconds| self.eta(seconds));
        let stalled = status.stalled.as_ref().map(|failure| format!("  {}", (self.words.stalled)(&failure.message)));
        self.total.set_message(format!("{differences}{}{}", eta.unwrap_or_default(), stalled.unwrap_or_default()));
        for (bar, lane) in self.lanes.iter().zip(&status.lanes) {
            let at_work = usize::from(lane.location.is_some()) as u64;
            bar.set_length(lane.done + at_work + lane.waiting as u64);
            bar.set_position(lane.done);
            let goes_on = lane.location.is_some() && lane.standing == Standing::In;
            let eta = lane.eta_seconds.filter(|_| goes_on).map(|seconds| self.eta(seconds)).unwrap_or_default();
            bar.set_message(format!("{}{eta}", doing(lane, self.words)));
        }
    }

    fn eta(&self, seconds: f64) -> String {
        format!("  {} {}", self.words.eta, short(seconds))
    }

    /// Takes the bars off the screen.
    pub fn clear(&self) {
        // A terminal that is gone needs no clearing.
        let _ = self.all.clear();
    }
}

/// Keeps the bars up to date; never ends by itself.
pub async fn keep_updated(bars: Bars, controller: Controller) {
    let mut tick = tokio::time::interval(Duration::from_millis(150));
    loop {
        tick.tick().await;
        bars.update(&controller.status());
    }
}

/// What a lane's crane is busy with, or why with nothing.
pub fn doing(lane: &LaneStatus, words: &Words) -> String {
    match (&lane.location, lane.standing) {
        (None, Standing::Out { by: Outage::Production, .. }) => words.lent.to_owned(),
        (Some(location), Standing::Out { by: Outage::Production, .. }) => format!("→ {location}  {}", words.lent),
        (_, Standing::Out { by: Outage::Operator | Outage::GaveUp, .. }) => words.out_of_work.to_owned(),
        (Some(location), Standing::In) => format!("→ {location}"),
        (None, Standing::In) => words.idle.to_owned(),
    }
}

/// Seconds as people say them.
pub fn short(seconds: f64) -> String {
    let whole = seconds.round().max(0.0) as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}
