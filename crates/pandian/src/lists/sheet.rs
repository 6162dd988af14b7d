//! Rows of an XLSX workbook.
//!
//! A workbook is a ZIP archive of XML and may unpack to a thousand times its size, so its parts are measured before they are read.

use std::io::{self, Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx};

use super::decode::Fault;
use super::near::shown;
use super::problem::ListError;
use super::source::Limits;
use super::table::Row;

/// Columns A to XFD.
const MOST_COLUMNS: u32 = 16_384;

/// A workbook that cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub(super) enum SheetError {
    #[error("is a ZIP archive, but not an XLSX workbook: it has no part xl/workbook.xml")]
    NotAWorkbook,
    #[error("is a ZIP archive that cannot be read ({0}); perhaps it was cut off")]
    Broken(#[from] zip::result::ZipError),
    #[error("unpacks to more than {0} MiB, the most that is read")]
    UnpacksTooLarge(u64),
    #[error("is damaged: its table of texts claims more entries than it has room for")]
    FalseStringCount,
    #[error("has no sheet \"{0}\"; it has {1}")]
    NoSuchSheet(String, String),
    #[error("has no sheet with cells")]
    NoSheet,
    #[error("is a damaged workbook: {0}")]
    Damaged(String),
}

impl SheetError {
    pub(super) fn of_file(self, file: &str) -> ListError {
        ListError::whole(file, self.to_string())
    }
}

type OnRow<'a> = dyn FnMut(&Row) -> Result<(), Fault> + 'a;

/// Hands over every row that has cells. The outer error is the workbook's, the inner one the row's that ended the reading.
pub(super) fn each_row(bytes: &[u8], sheet: Option<&str>, limits: Limits, on_row: &mut OnRow<'_>) -> Result<Result<(), Fault>, SheetError> {
    measure(bytes, limits)?;
    // The parser panics on some malformed cell references and part names; to the person with the file it is just damaged.
    catch_unwind(AssertUnwindSafe(|| read(bytes, sheet, limits, on_row)))
        .unwrap_or_else(|_| Err(SheetError::Damaged("a cell or part has an impossible name".to_owned())))
}

/// Unpacks every part to nowhere, counting.
fn measure(bytes: &[u8], limits: Limits) -> Result<(), SheetError> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))?;
    if archive.index_for_name("xl/workbook.xml").is_none() {
        return Err(SheetError::NotAWorkbook);
    }
    let mut left = limits.bytes;
    for index in 0..archive.len() {
        let mut part = archive.by_index(index)?;
        let is_table_of_texts = part.name()?.to_ascii_lowercase().ends_with("sharedstrings.xml");
        let mut head = Vec::new();
        let unreadable = |error: io::Error| SheetError::Damaged(error.to_string());
        part.by_ref().take(4096.min(left + 1)).read_to_end(&mut head).map_err(unreadable)?;
        let rest = io::copy(&mut part.take((left + 1).saturating_sub(head.len() as u64)), &mut io::sink()).map_err(unreadable)?;
        let size = head.len() as u64 + rest;
        left = left.checked_sub(size).ok_or(SheetError::UnpacksTooLarge(limits.bytes >> 20))?;
        // The parser reserves room for as many texts as the table claims.
        if is_table_of_texts && claimed_texts(&head).is_some_and(|count| count > size) {
            return Err(SheetError::FalseStringCount);
        }
    }
    Ok(())
}

fn claimed_texts(head: &[u8]) -> Option<u64> {
    let head = String::from_utf8_lossy(head);
    let value = head.split_once("uniqueCount")?.1.trim_start_matches(|c: char| !c.is_ascii_digit());
    let digits = value.find(|c: char| !c.is_ascii_digit()).map_or(value, |end| &value[..end]);
    Some(digits.parse().unwrap_or(u64::MAX))
}

fn read(bytes: &[u8], sheet: Option<&str>, limits: Limits, on_row: &mut OnRow<'_>) -> Result<Result<(), Fault>, SheetError> {
    let damaged = |error: calamine::XlsxError| SheetError::Damaged(error.to_string());
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
    let name = choose(&workbook, sheet)?;
    let mut cells = workbook.worksheet_cells_reader(&name).map_err(damaged)?;
    let mut row = Row::default();
    row.begin(0);
    while let Some(cell) = cells.next_cell().map_err(damaged)? {
        let (at, column) = cell.get_position();
        let line = u64::from(at) + 1;
        if line != row.line() {
            if row.len() > 0
                && let Err(fault) = on_row(&row)
            {
                return Ok(Err(fault));
            }
            row.begin(line);
        }
        if column >= MOST_COLUMNS || (column as usize) < row.len() {
            return Err(SheetError::Damaged(format!("row {line} has a cell out of order")));
        }
        while row.len() < column as usize {
            row.push("");
        }
        if let Err(fault) = push(&mut row, cell.get_value(), limits) {
            return Ok(Err(fault));
        }
    }
    Ok(if row.len() > 0 { on_row(&row) } else { Ok(()) })
}

fn choose(workbook: &Xlsx<Cursor<&[u8]>>, wanted: Option<&str>) -> Result<String, SheetError> {
    let sheets = workbook.sheets_metadata();
    match wanted {
        Some(wanted) if sheets.iter().any(|sheet| sheet.name == wanted) => Ok(wanted.to_owned()),
        Some(wanted) => {
            let names: Vec<_> = sheets.iter().take(12).map(|sheet| format!("\"{}\"", shown(&sheet.name))).collect();
            Err(SheetError::NoSuchSheet(shown(wanted).into_owned(), names.join(", ")))
        }
        None => sheets
            .iter()
            .find(|sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible)
            .map(|sheet| sheet.name.clone())
            .ok_or(SheetError::NoSheet),
    }
}

/// Spreadsheets keep 15 digits of a number.
const EXACT_BELOW: f64 = 1e15;

fn push(row: &mut Row, value: &DataRef<'_>, limits: Limits) -> Result<(), Fault> {
    match value {
        DataRef::String(text) => row.push(text),
        DataRef::SharedString(text) => row.push(text),
        DataRef::Int(number) => row.push(&number.to_string()),
        DataRef::Float(number) if number.abs() < EXACT_BELOW => row.push(&number.to_string()),
        DataRef::Float(_) => row.push_unusable(
            "is a number of more than 15 digits, and a spreadsheet has lost the others; format the column as text and enter it again",
        ),
        DataRef::Bool(yes) => row.push(if *yes { "TRUE" } else { "FALSE" }),
        DataRef::DateTime(_) | DataRef::DateTimeIso(_) | DataRef::DurationIso(_) => {
            row.push_unusable("is a date or time; format the column as text and enter it again");
        }
        DataRef::Error(_) => row.push_unusable("is the error value of a formula"),
        DataRef::Empty => row.push(""),
    }
    if row.bytes() > limits.row_bytes {
        let message = format!("the row is longer than {} bytes, the most a row may have", limits.row_bytes);
        return Err(Fault { line: row.line(), message });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(bytes: &[u8], sheet: Option<&str>) -> Result<Vec<(u64, Vec<String>)>, SheetError> {
        let mut all = Vec::new();
        each_row(bytes, sheet, Limits::default(), &mut |row| {
            all.push((row.line(), row.cells().map(str::to_owned).collect()));
            Ok(())
        })?
        .unwrap();
        Ok(all)
    }

    #[test]
    fn cells_come_as_the_text_that_was_entered_and_gaps_as_empty_cells() {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        sheet.write_string(0, 0, "货位号").unwrap();
        sheet.write_number(2, 0, 10).unwrap();
        sheet.write_number(2, 2, 0.1).unwrap();
        sheet.write_string(3, 1, " 007 ").unwrap();
        sheet.write_number(4, 0, 3.0341234e23).unwrap();
        workbook.add_worksheet().set_name("other").unwrap().write_string(0, 0, "here").unwrap();
        let bytes = workbook.save_to_buffer().unwrap();
        let text = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let expected = [(1, text(&["货位号"])), (3, text(&["10", "", "0.1"])), (4, text(&["", " 007 "])), (5, text(&["?"]))];
        assert_eq!(rows(&bytes, None).unwrap(), expected);
        assert_eq!(rows(&bytes, Some("other")).unwrap(), [(1, text(&["here"]))]);
        assert_eq!(rows(&bytes, Some("none")).unwrap_err().to_string(), "has no sheet \"none\"; it has \"Sheet1\", \"other\"");
    }
}
