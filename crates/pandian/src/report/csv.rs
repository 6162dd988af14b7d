//! The report as CSV, safe to open in a spreadsheet.

use std::io::{self, Write};

use pandian_domain::history::StopHistory;

use super::{COLUMNS, Form, Heading, Row, Totals};
use crate::lists::write::CsvWriter;

/// Writes to any output, row by row.
pub struct CsvForm<W: Write> {
    csv: CsvWriter<W>,
}

/// Columns that hold numbers of ours.
const NUMBERS: [&str; 5] = ["confidence", "book", "counted", "tags", "attempt"];

impl<W: Write> CsvForm<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> io::Result<Self> {
        Ok(Self { csv: CsvWriter::new(out)? })
    }
}

impl<W: Write> Form for CsvForm<W> {
    fn begin(&mut self, _heading: &Heading) -> io::Result<()> {
        for column in COLUMNS {
            self.csv.text(column)?;
        }
        self.csv.end_row()
    }

    fn row(&mut self, row: &Row, _history: &StopHistory) -> io::Result<()> {
        for (column, cell) in COLUMNS.iter().zip(row.cells()) {
            if NUMBERS.contains(column) { self.csv.number(cell)? } else { self.csv.text(&cell)? }
        }
        self.csv.end_row()
    }

    fn end(&mut self, _totals: &Totals) -> io::Result<()> {
        self.csv.flush()
    }
}
