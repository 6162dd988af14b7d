//! The report as one JSON object: heading, locations, totals.

use std::io::{self, Write};

use pandian_domain::history::StopHistory;
use pandian_domain::verdict::Variance;
use serde::Serialize;

use super::{Form, Heading, Row, Totals, not_counted_code};

/// Writes to any output, row by row.
pub struct JsonForm<W> {
    out: W,
    first: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    row: &'a Row,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    variances: &'a [Variance],
    #[serde(skip_serializing_if = "Option::is_none")]
    reads_sha256: Option<pandian_domain::Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_counted_code: Option<pandian_domain::Code>,
}

impl<W: Write> JsonForm<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, first: true }
    }
}

impl<W: Write> Form for JsonForm<W> {
    fn begin(&mut self, heading: &Heading) -> io::Result<()> {
        let text = serde_json::to_string(heading)?;
        let open = text.strip_suffix('}').unwrap_or(&text);
        write!(self.out, "{open},\"locations\":[")
    }

    fn row(&mut self, row: &Row, history: &StopHistory) -> io::Result<()> {
        if !std::mem::take(&mut self.first) {
            self.out.write_all(b",")?;
        }
        let line = Line {
            row,
            variances: history.judgement.as_ref().map_or(&[], |(judgement, _)| &judgement.variances),
            reads_sha256: history.inventory.as_ref().and_then(|inventory| inventory.reads),
            not_counted_code: not_counted_code(history),
        };
        self.out.write_all(b"\n")?;
        Ok(serde_json::to_writer(&mut self.out, &line)?)
    }

    fn end(&mut self, totals: &Totals) -> io::Result<()> {
        self.out.write_all(b"\n],\"totals\":")?;
        serde_json::to_writer(&mut self.out, totals)?;
        self.out.write_all(b"}\n")?;
        self.out.flush()
    }
}
