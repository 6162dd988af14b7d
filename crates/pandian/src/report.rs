//! Reports: one row a location, made from the records alone.

#![allow(missing_docs, reason = "the fields are the columns, named as in the records")]

use std::io;

use pandian_domain::docket::Traced;
use pandian_domain::history::StopHistory;
use pandian_domain::stocktake::Tally;
use pandian_domain::{Code, Digest, Fact, Purpose, Stage, StocktakeId, StopId, Timestamp, Verdict};
use pandian_store::{StocktakeSummary, Store, StoreError};
use rust_decimal::Decimal;
use serde::Serialize;

pub mod csv;
pub mod json;
pub mod terminal;
pub mod xlsx;

/// The columns of the list, in this order; other programs read them.
pub const COLUMNS: [&str; 16] = [
    "location",
    "verdict",
    "stage",
    "reason",
    "confidence",
    "book",
    "counted",
    "tags",
    "picture_sha256",
    "crane",
    "sent_at",
    "arrived_at",
    "released_at",
    "judged_at",
    "stop",
    "attempt",
];

/// One location's line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    pub location: String,
    pub verdict: &'static str,
    pub stage: &'static str,
    pub reason: &'static str,
    pub confidence: f64,
    pub book: Option<Decimal>,
    pub counted: Option<Decimal>,
    pub tags: Option<u64>,
    pub picture_sha256: Option<Digest>,
    pub crane: String,
    pub sent_at: Option<String>,
    pub arrived_at: Option<String>,
    pub released_at: Option<String>,
    pub judged_at: Option<String>,
    pub stop: StopId,
    pub attempt: u16,
}

impl Row {
    /// The line of a stop; none while it has no judgement.
    pub fn of(stop: StopId, history: &StopHistory) -> Option<Self> {
        let (judgement, stage) = history.judgement.as_ref()?;
        let at = |instant: Option<Timestamp>| instant.map(|at| format!("{at:.6}"));
        // A reader that gave only a note has not said that there are none.
        let heard = || history.inventory.as_ref().filter(|inventory| inventory.reads.is_some()).map(|inventory| inventory.tags);
        Some(Self {
            location: history.location.as_ref().map(ToString::to_string).unwrap_or_default(),
            verdict: judgement.verdict.as_str(),
            stage: stage.as_str(),
            reason: judgement.reason.as_str(),
            confidence: judgement.confidence,
            book: judgement.book,
            counted: judgement.counted,
            tags: history.tags.or_else(heard),
            picture_sha256: history.capture.as_ref().and_then(|capture| capture.picture.as_ref()).map(|picture| picture.sha256),
            crane: history.crane.as_ref().map(ToString::to_string).unwrap_or_default(),
            sent_at: at(history.sent_at),
            arrived_at: at(history.arrived_at),
            released_at: at(history.released_at),
            judged_at: at(history.judged_at),
            stop,
            attempt: history.most_attempts(),
        })
    }

    /// The cells in the order of [`COLUMNS`].
    pub fn cells(&self) -> [String; 16] {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        [
            self.location.clone(),
            self.verdict.to_owned(),
            self.stage.to_owned(),
            self.reason.to_owned(),
            self.confidence.to_string(),
            self.book.map(|quantity| quantity.to_string()).unwrap_or_default(),
            self.counted.map(|quantity| quantity.to_string()).unwrap_or_default(),
            self.tags.map(|tags| tags.to_string()).unwrap_or_default(),
            self.picture_sha256.map(|digest| digest.to_string()).unwrap_or_default(),
            self.crane.clone(),
            text(&self.sent_at),
            text(&self.arrived_at),
            text(&self.released_at),
            text(&self.judged_at),
            self.stop.to_string(),
            self.attempt.to_string(),
        ]
    }
}

/// Why a location was not counted, if it was not: a stop can be given up after what it saw was judged.
fn not_counted_code(history: &StopHistory) -> Option<Code> {
    let (judgement, _) = history.judgement.as_ref()?;
    history.not_counted_code().filter(|_| judgement.verdict == Verdict::NotCounted)
}

/// A stocktake as reports head it.
#[derive(Debug, Clone, Serialize)]
pub struct Heading {
    pub stocktake: StocktakeId,
    pub warehouse: String,
    pub book_source: Option<String>,
    pub configuration: Option<Digest>,
    pub started_at: String,
    pub finished_at: Option<String>,
    pub cancelled: bool,
    pub seconds: Option<f64>,
    pub makespan_seconds: Option<f64>,
    /// Head of the chain when the report was made.
    pub head: Digest,
}

impl Heading {
    /// Reads it from the stocktake's own records.
    pub fn of(summary: &StocktakeSummary, head: Digest) -> Result<Self, StoreError> {
        let started = summary.started.record()?;
        let mut heading = Self {
            stocktake: summary.id,
            warehouse: String::new(),
            book_source: None,
            configuration: None,
            started_at: format!("{:.6}", started.at),
            finished_at: None,
            cancelled: false,
            seconds: None,
            makespan_seconds: None,
            head,
        };
        if let Fact::StocktakeStarted { warehouse, configuration, book_source, .. } = started.fact {
            heading.warehouse = warehouse.to_string();
            heading.book_source = book_source.map(|source| source.to_string());
            heading.configuration = Some(configuration);
        }
        if let Some(finished) = &summary.finished {
            let record = finished.record()?;
            heading.finished_at = Some(format!("{:.6}", record.at));
            if let Fact::StocktakeFinished { seconds, makespan_seconds, cancelled, .. } = record.fact {
                heading.seconds = Some(seconds);
                heading.makespan_seconds = Some(makespan_seconds);
                heading.cancelled = cancelled;
            }
        }
        Ok(heading)
    }
}

/// How many locations came to which verdict, and pieces too many and too few.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Totals {
    /// With a judgement.
    pub locations: u64,
    /// Asked for and not dropped.
    pub requested: u64,
    /// Asked for and still without a judgement.
    pub open: u64,
    pub verdicts: std::collections::BTreeMap<&'static str, u64>,
    /// Pieces found beyond the books, over all lines of all locations.
    pub overage: Decimal,
    /// Pieces booked and not found.
    pub shortage: Decimal,
    /// Units that lie where nobody asked for a count, and do not belong there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub traced: Vec<Traced>,
    /// Final judgements alone.
    #[serde(skip)]
    finals: Tally,
}

impl Totals {
    /// Adds a stop.
    pub fn add(&mut self, history: &StopHistory) {
        let Some((judgement, stage)) = &history.judgement else { return };
        self.locations += 1;
        if *stage == Stage::Final {
            self.finals.add(judgement.verdict);
        }
        *self.verdicts.entry(judgement.verdict.as_str()).or_default() += 1;
        for line in &judgement.variances {
            let difference = line.counted - line.book;
            if difference.is_sign_negative() {
                self.shortage -= difference;
            } else {
                self.overage += difference;
            }
        }
    }

    /// The same as a running stocktake shows it.
    pub fn tally(&self) -> Tally {
        Tally { requested: self.locations + self.open, ..self.finals }
    }

    /// How many locations came to a verdict.
    pub fn of(&self, verdict: Verdict) -> u64 {
        self.verdicts.get(verdict.as_str()).copied().unwrap_or(0)
    }
}

/// Something that takes a report, row by row; a report of a million rows is never in memory.
pub trait Form {
    /// The beginning.
    fn begin(&mut self, heading: &Heading) -> io::Result<()>;
    /// One location.
    fn row(&mut self, row: &Row, history: &StopHistory) -> io::Result<()>;
    /// The end.
    fn end(&mut self, totals: &Totals) -> io::Result<()>;
}

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The records cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The report cannot be written.
    #[error("cannot write the report: {0}")]
    Write(#[from] io::Error),
}

/// How many locations are asked for: what was planned at the start or later, without what was dropped.
pub async fn requested(store: &Store, stocktake: StocktakeId) -> Result<u64, StoreError> {
    let (mut planned, mut dropped) = (0, 0);
    let mut records = store.records_of(stocktake, &["stocktake_planned", "locations_dropped"]);
    while let Some(record) = records.next().await? {
        match record.record()?.fact {
            Fact::StocktakePlanned { planned: locations, purpose: Purpose::Count, .. } => planned += locations.len() as u64,
            Fact::LocationsDropped { dropped: locations } => dropped += locations.len() as u64,
            _ => {}
        }
    }
    Ok(planned.saturating_sub(dropped))
}

/// What a stocktake has come to so far; every location with a judgement is given to `each`.
pub async fn totals(
    store: &Store,
    stocktake: StocktakeId,
    mut each: impl FnMut(&Row, &StopHistory) -> io::Result<()>,
) -> Result<Totals, ReportError> {
    let mut totals = Totals { requested: requested(store, stocktake).await?, ..Totals::default() };
    let mut stops = store.histories(stocktake);
    while let Some((stop, history)) = stops.next().await? {
        if let Some(row) = Row::of(stop, &history) {
            totals.add(&history);
            each(&row, &history)?;
        }
    }
    totals.open = totals.requested.saturating_sub(totals.locations);
    let mut records = store.records_of(stocktake, &["units_traced"]);
    while let Some(record) = records.next().await? {
        if let Fact::UnitsTraced { traced } = record.record()?.fact {
            totals.traced.extend(traced);
        }
    }
    Ok(totals)
}

/// Makes a report of a stocktake, in the order of its stops, and gives the head of the chain that it bears.
pub async fn make(store: &Store, summary: &StocktakeSummary, form: &mut (dyn Form + Send)) -> Result<Digest, ReportError> {
    let head = store.head().borrow().hash;
    form.begin(&Heading::of(summary, head)?)?;
    let totals = totals(store, summary.id, |row, history| form.row(row, history)).await?;
    form.end(&totals)?;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use pandian_domain::history::ReadsKept;
    use pandian_domain::verdict::{Judgement, Reason};

    use super::*;

    #[test]
    fn a_reader_that_gave_only_a_note_counted_no_tags_and_not_zero() {
        let judgement = Judgement {
            verdict: Verdict::Ambiguous,
            reason: Reason::NothingHeard,
            confidence: 0.0,
            book: None,
            counted: None,
            variances: Vec::new(),
            belongs_at: None,
            found_at: None,
        };
        let mut history = StopHistory::default();
        history.judgement = Some((judgement, Stage::Final));
        let stop = StocktakeId::new(Timestamp::UNIX_EPOCH, [7; 10]).stop(1);
        for (reads, tags) in [(None, None), (Some(Digest([7; 32])), Some(0))] {
            history.inventory = Some(ReadsKept { tags: 0, reads, note: None });
            assert_eq!(Row::of(stop, &history).unwrap().tags, tags);
        }
    }
}
