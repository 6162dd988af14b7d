//! How heard tags are shown.

use std::io::{self, IsTerminal};
use std::time::Duration;

use pandian_domain::TagRead;
use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::table::{TagTable, gs1};
use crate::fault::{Fault, is_broken_pipe};
use crate::words::Words;

/// How often the table is drawn.
const REFRESH: Duration = Duration::from_millis(250);
/// So many reads are shown at once.
const BATCH: usize = 1024;

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// One object a read, as JSON.
    Json,
    /// A table that is drawn anew in its place.
    Table,
    /// A line for each tag that was not heard before, and the table at the end.
    Lines,
}

impl Manner {
    /// JSON if asked for, a table where a person looks, lines elsewhere.
    pub(super) fn choose(json: bool) -> Self {
        match (json, io::stdout().is_terminal()) {
            (true, _) => Self::Json,
            (false, true) => Self::Table,
            (false, false) => Self::Lines,
        }
    }
}

/// A read. What the reader does not tell is null.
#[derive(Serialize)]
struct Heard<'a> {
    epc: &'a str,
    gs1: Option<String>,
    antenna: Option<u16>,
    rssi_dbm: Option<f64>,
    channel: Option<u16>,
    count: u32,
    first_seen_us: Option<u64>,
    last_seen_us: Option<u64>,
}

impl<'a> Heard<'a> {
    fn of(read: &'a TagRead) -> Self {
        Self {
            epc: read.epc.as_str(),
            gs1: gs1(&read.epc),
            antenna: read.antenna,
            rssi_dbm: read.rssi_dbm.or(read.level_dbm()),
            channel: read.channel,
            count: read.count,
            first_seen_us: read.first_seen_us,
            last_seen_us: read.last_seen_us,
        }
    }
}

/// Shows what is heard until no more comes, or nobody looks any more.
pub(super) async fn show(heard: Receiver<TagRead>, manner: Manner, words: &'static Words) -> Result<(), Fault> {
    match shown(heard, manner, words).await {
        Err(error) if is_broken_pipe(&error) || (manner == Manner::Table && is_gone_terminal(&error)) => Ok(()),
        other => Ok(other?),
    }
}

/// Whether a write to a terminal failed because it was closed.
fn is_gone_terminal(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

async fn shown(mut heard: Receiver<TagRead>, manner: Manner, words: &'static Words) -> io::Result<()> {
    let mut out = tokio::io::stdout();
    let mut table = TagTable::new(Instant::now());
    let mut tick = interval(REFRESH);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut drawn = 0;
    let mut reads = Vec::new();
    loop {
        let mut text = String::new();
        let (open, drawing) = tokio::select! {
            _ = tick.tick(), if manner == Manner::Table => (true, true),
            count = heard.recv_many(&mut reads, BATCH) => (count > 0, count == 0),
        };
        let now = Instant::now();
        for read in reads.drain(..) {
            if manner == Manner::Json {
                text += &serde_json::to_string(&Heard::of(&read))?;
                text.push('\n');
            } else if table.add(&read, now) && manner == Manner::Lines {
                text += &line(&read);
            }
        }
        table.reckon(now);
        if manner == Manner::Table && drawing {
            let size = rustix::termios::tcgetwinsize(io::stdout()).ok().filter(|size| size.ws_row > 0 && size.ws_col > 0);
            let size = size.map(|size| [size.ws_row, size.ws_col].map(usize::from));
            let lines = table.text(now, size, words);
            // Up to where the table began, and everything below away.
            text = if drawn == 0 { lines.clone() } else { format!("\x1b[{drawn}A\x1b[J{lines}") };
            drawn = lines.lines().count();
        }
        if manner == Manner::Lines && !open {
            text += &table.text(now, None, words);
        }
        if !text.is_empty() {
            out.write_all(text.as_bytes()).await?;
            out.flush().await?;
        }
        if !open {
            return Ok(());
        }
    }
}

fn line(read: &TagRead) -> String {
    let gs1 = gs1(&read.epc).map(|gs1| format!("  {gs1}")).unwrap_or_default();
    let antenna = read.antenna.map(|antenna| format!("  @{antenna}")).unwrap_or_default();
    let dbm = read.level_dbm().map(|dbm| format!("  {dbm:.1} dBm")).unwrap_or_default();
    format!("{}{gs1}{antenna}{dbm}\n", read.epc)
}
