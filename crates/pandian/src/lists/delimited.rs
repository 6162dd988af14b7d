//! Delimited text, strictly: what a lenient reader would let pass (a quote that is never closed, text behind a closing quote, a lone
//! carriage return) is a fault here, since it means that the list was cut off or is not what it seems.

use super::decode::{Encoding, Fault, Text};
use super::source::Limits;
use super::table::Row;

/// Reads rows. `delimiter` is none for lists of one code a line, where every other character belongs to the code.
pub(super) struct Records<'a> {
    rest: &'a [u8],
    encoding: Encoding,
    delimiter: Option<u8>,
    line: u64,
    row_bytes: usize,
    unquoted: Vec<u8>,
}

impl<'a> Records<'a> {
    pub(super) fn new(text: &'a Text, delimiter: Option<u8>, limits: Limits) -> Self {
        let encoding = text.encoding();
        Self { rest: text.bytes(), encoding, delimiter, line: 1, row_bytes: limits.row_bytes, unquoted: Vec::new() }
    }

    /// Reads the next row, empty ones included; false at the end.
    pub(super) fn next_row(&mut self, row: &mut Row) -> Result<bool, Fault> {
        if self.rest.is_empty() {
            return Ok(false);
        }
        row.begin(self.line);
        let before = self.rest.len();
        loop {
            let more = if self.rest.first() == Some(&b'"') { self.quoted_cell(row)? } else { self.plain_cell(row)? };
            if before - self.rest.len() > self.row_bytes {
                return Err(self.too_long(row.line()));
            }
            if !more {
                return Ok(true);
            }
        }
    }

    /// A cell without quotes; a quote inside belongs to it. True if another cell follows in the row.
    fn plain_cell(&mut self, row: &mut Row) -> Result<bool, Fault> {
        let delimiter = self.delimiter;
        let reach = &self.rest[..self.rest.len().min(self.row_bytes + 1)];
        let end = reach.iter().position(|byte| *byte == b'\n' || Some(*byte) == delimiter);
        if end.is_none() && reach.len() < self.rest.len() {
            return Err(self.too_long(row.line()));
        }
        let (cell, rest) = self.rest.split_at(end.unwrap_or(reach.len()));
        self.rest = rest;
        let ends_row = rest.first() != delimiter.as_ref() || rest.is_empty();
        let cell = if ends_row { cell.strip_suffix(b"\r").unwrap_or(cell) } else { cell };
        if cell.contains(&b'\r') {
            let message = "a carriage return without a line feed; lines must end with LF or CRLF";
            return Err(Fault { line: self.line, message: message.to_owned() });
        }
        row.push(&self.encoding.decode(cell));
        Ok(self.step_over_separator())
    }

    /// A cell in quotes, quotes inside doubled, line breaks allowed.
    fn quoted_cell(&mut self, row: &mut Row) -> Result<bool, Fault> {
        let opened = self.line;
        let mut at = 1;
        self.unquoted.clear();
        loop {
            let reach = &self.rest[at..self.rest.len().min(at.max(self.row_bytes + 1))];
            let Some(length) = reach.iter().position(|byte| *byte == b'"') else {
                let message = if at + reach.len() == self.rest.len() {
                    format!("the quote that opens on line {opened} is never closed: the list was cut off here, or a quote is too many")
                } else {
                    format!("the quote that opens on line {opened} is not closed within {} bytes, the most a row may have", self.row_bytes)
                };
                let lines = self.rest[..at + reach.len()].iter().filter(|byte| **byte == b'\n').count() as u64;
                let ended = u64::from(self.rest[..at + reach.len()].ends_with(b"\n"));
                return Err(Fault { line: opened + lines - ended.min(lines), message });
            };
            self.unquoted.extend_from_slice(&reach[..length]);
            at += length + 1;
            if self.rest.get(at) != Some(&b'"') {
                break;
            }
            self.unquoted.push(b'"');
            at += 1;
        }
        self.line += self.unquoted.iter().filter(|byte| **byte == b'\n').count() as u64;
        row.push(&self.encoding.decode(&self.unquoted));
        self.rest = &self.rest[at..];
        match self.rest {
            [b'\r', b'\n', ..] => self.rest = &self.rest[1..],
            [] | [b'\n', ..] => {}
            [next, ..] if Some(*next) == self.delimiter => {}
            _ => {
                let message = "text behind a closing quote; a quote inside a quoted cell must be doubled";
                return Err(Fault { line: self.line, message: message.to_owned() });
            }
        }
        Ok(self.step_over_separator())
    }

    /// Steps over a delimiter (true), or over the end of the row.
    fn step_over_separator(&mut self) -> bool {
        match self.rest {
            [b'\n', rest @ ..] => {
                self.rest = rest;
                self.line += 1;
                false
            }
            [_delimiter, rest @ ..] => {
                self.rest = rest;
                true
            }
            [] => false,
        }
    }

    fn too_long(&self, line: u64) -> Fault {
        Fault { line, message: format!("the row is longer than {} bytes, the most a row may have", self.row_bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, delimiter: Option<u8>) -> Result<Vec<(u64, Vec<String>)>, Fault> {
        let text = Text::detect(text.as_bytes().to_vec()).unwrap();
        let mut records = Records::new(&text, delimiter, Limits { row_bytes: 100, ..Limits::default() });
        let mut row = Row::default();
        let mut all = Vec::new();
        while records.next_row(&mut row)? {
            all.push((row.line(), row.cells().map(str::to_owned).collect()));
        }
        Ok(all)
    }

    fn row(line: u64, cells: &[&str]) -> (u64, Vec<String>) {
        (line, cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn cells_keep_blanks_quotes_and_quoted_line_breaks_and_rows_know_their_line() {
        let text = "a, b ,\"c,\"\"d\"\"\"\r\n\"two\nlines\",5\"\n\nlast,";
        let expected = [row(1, &["a", " b ", "c,\"d\""]), row(2, &["two\nlines", "5\""]), row(4, &[""]), row(5, &["last", ""])];
        assert_eq!(rows(text, Some(b',')).unwrap(), expected);
    }

    #[test]
    fn without_a_delimiter_the_line_is_the_code() {
        assert_eq!(rows("A,1;2\t3\r\n\"A\"\"1\"\n", None).unwrap(), [row(1, &["A,1;2\t3"]), row(2, &["A\"1"])]);
    }

    #[test]
    fn what_a_lenient_reader_lets_pass_is_a_fault_at_its_line() {
        for (text, line) in [("a\n\"b\nc", 3), ("a\n\"b\"c\n", 2), ("a\nb\rc\n", 2), ("a\n\"", 2), ("a\n\"b\n", 2)] {
            assert_eq!(rows(text, Some(b',')).unwrap_err().line, line, "{text:?}");
        }
        let long = "x".repeat(100);
        assert_eq!(rows(&format!("a\n{long}\n"), Some(b',')).unwrap_err().line, 2);
        assert_eq!(rows(&format!("a\n\"{long}\"\n"), Some(b',')).unwrap_err().line, 2);
        assert!(rows(&format!("{}\n", "x".repeat(99)), Some(b',')).is_ok());
    }
}
