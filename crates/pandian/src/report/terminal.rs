//! The report for reading: what was not counted first, then what differs.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

use pandian_domain::Verdict;
use pandian_domain::history::StopHistory;

use super::{Form, Heading, Row, Totals, not_counted_code};
use crate::words::{Lang, Words};

/// Writes to any output; keeps only so many lines as it shows.
pub struct TerminalForm<W> {
    out: W,
    words: &'static Words,
    full: bool,
    /// By verdict: what was not counted comes before everything else, then what a person has to look at.
    lines: BTreeMap<Reverse<Verdict>, Vec<String>>,
    /// How many lines there would be.
    worth_a_line: usize,
}

/// Without `--full`, so many lines are shown.
const SHOWN: usize = 40;

impl<W: Write> TerminalForm<W> {
    /// Writes to `out`; `full` shows every location.
    pub fn new(out: W, lang: Lang, full: bool) -> Self {
        Self { out, words: lang.words(), full, lines: BTreeMap::new(), worth_a_line: 0 }
    }
}

impl<W: Write> Form for TerminalForm<W> {
    fn begin(&mut self, heading: &Heading) -> io::Result<()> {
        let words = self.words;
        writeln!(self.out, "{}  {}", words.stocktake, heading.stocktake)?;
        writeln!(self.out, "{}  {}", words.warehouse, heading.warehouse)?;
        if let Some(book) = &heading.book_source {
            writeln!(self.out, "{}", (words.book_used)(book))?;
        }
        let state = match (&heading.finished_at, heading.cancelled) {
            (None, _) => words.not_finished.to_owned(),
            (Some(at), true) => format!("{} {at}", words.cancelled),
            (Some(at), false) => format!("{} {at}", words.finished),
        };
        writeln!(self.out, "{} {}, {state}", words.started, heading.started_at)?;
        if let (Some(seconds), Some(makespan)) = (heading.seconds, heading.makespan_seconds) {
            writeln!(self.out, "{}", (words.makespan)(makespan, seconds))?;
        }
        writeln!(self.out, "{}  {}", words.head, heading.head)
    }

    fn row(&mut self, row: &Row, history: &StopHistory) -> io::Result<()> {
        let Some((judgement, _)) = &history.judgement else { return Ok(()) };
        if judgement.verdict.is_agreement() && !self.full {
            return Ok(());
        }
        self.worth_a_line += 1;
        let lines = self.lines.entry(Reverse(judgement.verdict)).or_default();
        if lines.len() >= SHOWN && !self.full {
            return Ok(());
        }
        let words = self.words;
        let quantity = |value: Option<rust_decimal::Decimal>| value.map_or_else(|| "–".to_owned(), |quantity| quantity.to_string());
        let mut line = format!(
            "  {}  {}  {} {} → {} {}  {}",
            row.location,
            (words.verdict)(judgement.verdict),
            words.book,
            quantity(row.book),
            words.counted,
            quantity(row.counted),
            (words.reason)(judgement.reason),
        );
        line.push_str(&words.partners(judgement));
        if let Some(code) = not_counted_code(history) {
            line.push_str(&format!(" [{code}]"));
        }
        lines.push(line);
        Ok(())
    }

    fn end(&mut self, totals: &Totals) -> io::Result<()> {
        let words = self.words;
        writeln!(self.out)?;
        for verdict in Verdict::ALL {
            if totals.of(verdict) > 0 {
                writeln!(self.out, "{:>10}  {}", totals.of(verdict), (words.verdict)(verdict))?;
            }
        }
        writeln!(self.out, "{:>10}  {}", totals.locations, words.locations)?;
        if totals.open > 0 {
            writeln!(self.out, "{:>10}  {}", totals.requested, words.requested)?;
            writeln!(self.out, "{:>10}  {}", totals.open, words.left)?;
        }
        writeln!(self.out)?;
        let most = if self.full { usize::MAX } else { SHOWN };
        for line in self.lines.values().flatten().take(most) {
            writeln!(self.out, "{line}")?;
        }
        if self.worth_a_line > most {
            writeln!(self.out, "  {}", (words.and_more)(self.worth_a_line - most))?;
        }
        for unit in totals.traced.iter().take(most) {
            let belongs = unit.belongs_at.as_ref().map(|place| format!(" ({})", (words.belongs_at)(place.as_str()))).unwrap_or_default();
            writeln!(self.out, "  {}{belongs}", (words.traced)(unit.epc.as_str(), unit.found_at.as_str()))?;
        }
        if self.lines.is_empty() && totals.locations > 0 {
            writeln!(self.out, "{}", words.nothing_differs)?;
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use pandian_domain::verdict::{Judgement, Reason, Stage};
    use pandian_domain::{Code, Failure, StocktakeId, Timestamp};

    use super::*;

    /// A stop given up with `crane-out`, whatever its verdict.
    fn judged(location: String, verdict: Verdict, reason: Reason) -> StopHistory {
        let (book, counted, variances, belongs_at, found_at) = (None, None, Vec::new(), None, None);
        let judgement = Judgement { verdict, reason, confidence: 1.0, book, counted, variances, belongs_at, found_at };
        let mut history = StopHistory::default();
        history.location = Some(location.as_str().into());
        history.abandoned = Some(Failure::new(Code::CraneOut, "out"));
        history.judgement = Some((judgement, Stage::Final));
        history
    }

    fn lines(full: bool) -> Vec<String> {
        let mut out = Vec::new();
        let mut form = TerminalForm::new(&mut out, Lang::En, full);
        let mut totals = Totals::default();
        let stops = (0..60).map(|n| (format!("s{n}"), Verdict::Shortage, Reason::PartMissing));
        let late = [("late", Verdict::NotCounted, Reason::CraneOut), ("unsure", Verdict::Ambiguous, Reason::PartMissing)];
        for (n, (location, verdict, reason)) in (0..).zip(stops.chain(late.map(|(location, v, r)| (location.to_owned(), v, r)))) {
            let history = judged(location, verdict, reason);
            let row = Row::of(StocktakeId::new(Timestamp::UNIX_EPOCH, [7; 10]).stop(n), &history).unwrap();
            totals.add(&history);
            form.row(&row, &history).unwrap();
        }
        form.end(&totals).unwrap();
        drop(form);
        let listed = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
        String::from_utf8(out).unwrap().lines().filter(listed).map(str::to_owned).collect()
    }

    #[test]
    fn what_was_not_counted_comes_first_however_many_differences_stand_before_it() {
        let lines = lines(false);
        assert_eq!(lines.len(), SHOWN + 1);
        assert!(lines[0].starts_with("  late  ") && lines[0].ends_with("[crane-out]"), "{}", lines[0]);
        assert!(lines[1].starts_with("  unsure  ") && !lines[1].contains("crane-out"), "{}", lines[1]);
        assert!(lines[2].starts_with("  s0  "), "{}", lines[2]);
        assert!(lines[SHOWN].contains("22"), "{}", lines[SHOWN]);
    }

    #[test]
    fn a_full_report_hides_nothing() {
        assert_eq!(lines(true).len(), 62);
    }
}
