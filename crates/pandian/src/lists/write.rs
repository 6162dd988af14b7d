//! CSV for spreadsheets.

use std::fmt::Display;
use std::io::{self, Write};

/// Writes CSV as spreadsheets like it: UTF-8 with BOM, CRLF.
///
/// A spreadsheet runs a cell that begins with `=`, `+`, `-`, `@` (or their full-width forms, in East Asian settings), and strips some
/// control characters to find one behind them, quoted or not. So a [`text`](Self::text) cell of that kind gets a leading `'` inside
/// quotes, which makes it text to every spreadsheet. [`number`](Self::number) cells stay as they are: `-5` is a number.
#[derive(Debug)]
pub struct CsvWriter<W: Write> {
    out: W,
    row_begun: bool,
}

impl<W: Write> CsvWriter<W> {
    /// Begins a file: writes the BOM.
    ///
    /// # Errors
    /// The writer's own, here and in the other functions.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(b"\xef\xbb\xbf")?;
        Ok(Self { out, row_begun: false })
    }

    /// Writes a cell that holds text from anywhere.
    pub fn text(&mut self, cell: &str) -> io::Result<()> {
        self.separate()?;
        let runs = cell.starts_with(|c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠') || c.is_control());
        let blank_edge = cell.starts_with(' ') || cell.ends_with(' ');
        if !runs && !blank_edge && !cell.contains([',', ';', '\t', '"', '\r', '\n']) {
            return self.out.write_all(cell.as_bytes());
        }
        self.out.write_all(if runs { b"\"'" } else { b"\"" })?;
        self.out.write_all(cell.replace('"', "\"\"").as_bytes())?;
        self.out.write_all(b"\"")
    }

    /// Writes a cell that holds a number of ours: digits, sign and decimal point only, or nothing.
    pub fn number(&mut self, cell: impl Display) -> io::Result<()> {
        self.separate()?;
        write!(self.out, "{cell}")
    }

    /// Ends the row.
    pub fn end_row(&mut self) -> io::Result<()> {
        self.row_begun = false;
        self.out.write_all(b"\r\n")
    }

    /// Hands everything on to where it goes.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Flushes and gives the writer back.
    pub fn finish(mut self) -> io::Result<W> {
        self.flush()?;
        Ok(self.out)
    }

    fn separate(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.row_begun, true) { self.out.write_all(b",") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str) -> String {
        let mut csv = CsvWriter::new(Vec::new()).unwrap();
        csv.text(text).unwrap();
        String::from_utf8(csv.finish().unwrap()).unwrap().trim_start_matches('\u{feff}').to_owned()
    }

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_becomes_text() {
        assert_eq!(cell("=1+1"), "\"'=1+1\"");
        assert_eq!(cell("-A01"), "\"'-A01\"");
        assert_eq!(cell("\t=cmd|' /C calc'!A0"), "\"'\t=cmd|' /C calc'!A0\"");
        assert_eq!(cell("＝SUM(A1)"), "\"'＝SUM(A1)\"");
        assert_eq!(cell("@x\",=1"), "\"'@x\"\",=1\"");
    }

    #[test]
    fn other_cells_are_quoted_only_where_csv_wants_it() {
        assert_eq!(cell("1号"), "1号");
        assert_eq!(cell("a=b"), "a=b");
        assert_eq!(cell(" a"), "\" a\"");
        assert_eq!(cell("a;b"), "\"a;b\"");
        assert_eq!(cell("say \"hi\""), "\"say \"\"hi\"\"\"");
    }

    #[test]
    fn numbers_stay_numbers_and_rows_end_with_crlf() {
        let mut csv = CsvWriter::new(Vec::new()).unwrap();
        csv.text("a").unwrap();
        csv.number(-5).unwrap();
        csv.number("").unwrap();
        csv.end_row().unwrap();
        csv.text("b").unwrap();
        csv.end_row().unwrap();
        assert_eq!(csv.finish().unwrap(), "\u{feff}a,-5,\r\nb\r\n".as_bytes());
    }
}
