//! The report as a workbook: a sheet of totals, a sheet of locations. Cells are written as text or numbers, never as formulas.

use std::io;
use std::path::{Path, PathBuf};

use pandian_domain::Verdict;
use pandian_domain::history::StopHistory;
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use zip::result::ZipError;

use super::{COLUMNS, Form, Heading, Row, Totals};
use crate::words::{Lang, Words};

/// Rows that a sheet can hold beneath its head.
const ROWS: u32 = 1_048_575;

/// Collects the report and writes the file at the end. Rows go to a temporary file on the way, not to memory.
pub struct XlsxForm {
    workbook: Workbook,
    path: PathBuf,
    words: &'static Words,
    heading: Option<Heading>,
    rows: u32,
}

impl XlsxForm {
    /// Will write to `path`.
    pub fn new(path: &Path, lang: Lang) -> Self {
        Self { workbook: Workbook::new(), path: path.to_owned(), words: lang.words(), heading: None, rows: 0 }
    }

    fn locations(&mut self) -> io::Result<&mut Worksheet> {
        self.workbook.worksheet_from_index(0).map_err(failed)
    }
}

fn failed(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(error) | XlsxError::ZipError(ZipError::Io(error)) => error,
        other => io::Error::other(other),
    }
}

impl Form for XlsxForm {
    fn begin(&mut self, heading: &Heading) -> io::Result<()> {
        self.heading = Some(heading.clone());
        let bold = Format::new().set_bold();
        let sheet = self.workbook.add_worksheet_with_constant_memory().map_err(failed)?;
        sheet.set_name(self.words.locations).map_err(failed)?;
        for (column, name) in (0..).zip(COLUMNS) {
            sheet.write_string_with_format(0, column, name, &bold).map_err(failed)?;
        }
        sheet.set_freeze_panes(1, 1).map_err(failed)?;
        Ok(())
    }

    fn row(&mut self, row: &Row, _history: &StopHistory) -> io::Result<()> {
        if self.rows == ROWS {
            return Err(io::Error::other(format!("a sheet holds {ROWS} rows; write the report as CSV")));
        }
        self.rows += 1;
        let number = self.rows;
        let sheet = self.locations()?;
        for ((column, name), cell) in (0..).zip(COLUMNS).zip(row.cells()) {
            let numeric = matches!(name, "confidence" | "book" | "counted" | "tags" | "attempt");
            match cell.parse::<f64>() {
                Ok(value) if numeric => sheet.write_number(number, column, value).map_err(failed)?,
                _ => sheet.write_string(number, column, cell).map_err(failed)?,
            };
        }
        Ok(())
    }

    fn end(&mut self, totals: &Totals) -> io::Result<()> {
        let words = self.words;
        let heading = self.heading.take();
        let sheet = self.workbook.add_worksheet_with_constant_memory().map_err(failed)?;
        sheet.set_name(words.stocktake).map_err(failed)?;
        let mut lines: Vec<(String, String)> = Vec::new();
        if let Some(heading) = heading {
            lines.push((words.stocktake.into(), heading.stocktake.to_string()));
            lines.push((words.warehouse.into(), heading.warehouse));
            lines.push((words.book.into(), heading.book_source.unwrap_or_default()));
            lines.push((words.started.into(), heading.started_at));
            lines.push((words.finished.into(), heading.finished_at.unwrap_or_else(|| words.not_finished.into())));
            lines.push((words.head.into(), heading.head.to_string()));
        }
        for verdict in Verdict::ALL {
            lines.push(((words.verdict)(verdict).into(), totals.of(verdict).to_string()));
        }
        lines.push((words.locations.into(), totals.locations.to_string()));
        lines.push((words.requested.into(), totals.requested.to_string()));
        lines.push((words.left.into(), totals.open.to_string()));
        for (row, (name, value)) in (0..).zip(lines) {
            sheet.write_string(row, 0, name).map_err(failed)?;
            match value.parse::<u64>() {
                Ok(number) => sheet.write_number(row, 1, number as f64).map_err(failed)?,
                Err(_) => sheet.write_string(row, 1, value).map_err(failed)?,
            };
        }
        self.workbook.save(&self.path).map_err(failed)
    }
}
