//! Tables with a header: which column is which, and the rows below.

use std::borrow::Cow;

use super::decode::Fault;
use super::delimited::Records;
use super::problem::{ListError, Problems};
use super::source::{Content, ListFile};
use super::{near, sheet};

/// One row; its memory is used again for the next.
#[derive(Debug, Default)]
pub(super) struct Row {
    line: u64,
    text: String,
    ends: Vec<usize>,
    /// Cells that have no text of their own, and why.
    unusable: Vec<(usize, &'static str)>,
}

impl Row {
    pub(super) fn begin(&mut self, line: u64) {
        self.line = line;
        self.text.clear();
        self.ends.clear();
        self.unusable.clear();
    }

    pub(super) fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(self.text.len());
    }

    /// Appends a cell whose value cannot be taken as text.
    pub(super) fn push_unusable(&mut self, why: &'static str) {
        self.unusable.push((self.ends.len(), why));
        self.push("?");
    }

    pub(super) fn line(&self) -> u64 {
        self.line
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Length of all cells together.
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The cell's text; empty behind the row's end.
    pub(super) fn cell(&self, index: usize) -> &str {
        let Some(end) = self.ends.get(index) else { return "" };
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start..*end]
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = &str> + Clone {
        (0..self.len()).map(|index| self.cell(index))
    }

    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    fn why_unusable(&self, index: usize) -> Option<&'static str> {
        self.unusable.iter().find(|(at, _)| *at == index).map(|(_, why)| *why)
    }
}

/// A column that a table may have.
pub(super) struct Column {
    /// Its name in headers; the first is the one that messages use.
    pub(super) names: &'static [&'static str],
    pub(super) required: bool,
}

impl Column {
    fn is_named(&self, header: &str) -> bool {
        let plain: String = header.trim().chars().map(|c| if matches!(c, ' ' | '-') { '_' } else { c.to_ascii_lowercase() }).collect();
        self.names.contains(&plain.as_str())
    }
}

/// A row as the reader of a table sees it.
pub(super) struct Cells<'a> {
    row: &'a Row,
    places: &'a [Option<usize>],
}

impl<'a> Cells<'a> {
    pub(super) fn line(&self) -> u64 {
        self.row.line
    }

    /// The cell under the table's column number `column`; empty where there is none.
    pub(super) fn get(&self, column: usize) -> &'a str {
        self.places[column].map_or("", |place| self.row.cell(place))
    }
}

/// Reads every row that is not blank. With `header_optional`, a file whose first row is no header is a list of the first column.
pub(super) fn read_table(
    file: &ListFile,
    columns: &[Column],
    header_optional: bool,
    mut on_row: impl FnMut(&Cells<'_>, &mut Problems),
) -> Result<(), ListError> {
    let mut problems = Problems::new(&file.name);
    let is_workbook = matches!(file.content, Content::Workbook(_));
    let mut table = Table { columns, header_optional, places: Vec::new(), width: 0, headed: false, rows: 0, ragged: is_workbook };
    let mut each = |row: &Row| -> Result<(), Fault> {
        if row.is_blank() {
            return Ok(());
        }
        if table.places.is_empty() && table.take_header(row)? {
            return Ok(());
        }
        table.rows += 1;
        if table.rows > file.limits.rows {
            return Err(Fault { line: row.line, message: format!("more than {} rows, the most that are read", file.limits.rows) });
        }
        if let Err(fault) = table.check_shape(row) {
            problems.invalid(fault.line, fault.message);
            return Ok(());
        }
        on_row(&Cells { row, places: &table.places }, &mut problems);
        Ok(())
    };
    let read = match &file.content {
        Content::Text(text) => {
            let mut row = Row::default();
            let delimiter = find_delimiter(file, columns, &mut row);
            let mut records = Records::new(text, delimiter.or(if header_optional { None } else { Some(b',') }), file.limits);
            std::iter::from_fn(|| match records.next_row(&mut row) {
                Ok(true) => Some(each(&row)),
                Ok(false) => None,
                Err(fault) => Some(Err(fault)),
            })
            .collect()
        }
        Content::Workbook(bytes) => {
            sheet::each_row(bytes, file.sheet.as_deref(), file.limits, &mut each).map_err(|error| error.of_file(&file.name))?
        }
    };
    if let Err(fault) = read {
        problems.end(fault.line, fault.message);
    } else if table.rows == 0 && problems.is_empty() {
        let message = if table.headed { "has a header and no rows below it" } else { "has no rows" };
        return Err(ListError::whole(&file.name, message));
    }
    problems.finish()
}

/// The delimiter under which the first row names the most columns; none if it names none under any.
fn find_delimiter(file: &ListFile, columns: &[Column], row: &mut Row) -> Option<u8> {
    let Content::Text(text) = &file.content else { return None };
    let mut named = |delimiter: u8| {
        let mut records = Records::new(text, Some(delimiter), file.limits);
        while matches!(records.next_row(row), Ok(true)) {
            if !row.is_blank() {
                return row.cells().filter(|cell| columns.iter().any(|column| column.is_named(cell))).count();
            }
        }
        0
    };
    let counts = [b',', b'\t', b';'].map(|delimiter| (named(delimiter), delimiter));
    let most = counts.iter().map(|(count, _)| *count).max().filter(|count| *count > 0)?;
    counts.iter().find(|(count, _)| *count == most).map(|(_, delimiter)| *delimiter)
}

struct Table<'a> {
    columns: &'a [Column],
    header_optional: bool,
    places: Vec<Option<usize>>,
    width: usize,
    headed: bool,
    rows: u64,
    /// Rows may end before their last columns, as they do in workbooks.
    ragged: bool,
}

impl Table<'_> {
    /// Finds the columns in the first row; false if it is no header and need not be.
    fn take_header(&mut self, row: &Row) -> Result<bool, Fault> {
        let mut places = vec![None; self.columns.len()];
        for (place, cell) in row.cells().enumerate() {
            let Some(which) = self.columns.iter().position(|column| column.is_named(cell)) else { continue };
            if let Some(before) = places[which].replace(place) {
                let message = format!("columns {} and {} are both `{}`", before + 1, place + 1, self.columns[which].names[0]);
                return Err(Fault { line: row.line, message });
            }
        }
        if self.header_optional && places.iter().all(Option::is_none) {
            self.places = std::iter::once(Some(0)).chain(std::iter::repeat_n(None, self.columns.len() - 1)).collect();
            self.width = 1;
            return Ok(false);
        }
        let missing: Vec<_> = self
            .columns
            .iter()
            .zip(&places)
            .filter(|(column, place)| column.required && place.is_none())
            .map(|(column, _)| column)
            .collect();
        if !missing.is_empty() {
            return Err(Fault { line: row.line, message: self.describe_missing(&missing, row) });
        }
        self.width = row.len();
        self.places = places;
        self.headed = true;
        Ok(true)
    }

    fn describe_missing(&self, missing: &[&Column], row: &Row) -> String {
        let list = |columns: &mut dyn Iterator<Item = &str>| columns.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let found: Vec<Cow<'_, str>> = row.cells().take(12).map(|cell| near::shown(cell.trim())).collect();
        let guess = missing
            .iter()
            .find_map(|column| near::most_similar(column.names[0], row.cells().map(str::trim)))
            .map_or_else(String::new, |header| format!("; is `{header}` meant?"));
        format!(
            "the header has no column {}; it has {}{guess} (columns of this table: {})",
            list(&mut missing.iter().map(|column| column.names[0])),
            list(&mut found.iter().map(AsRef::as_ref)),
            list(&mut self.columns.iter().map(|column| column.names[0])),
        )
    }

    /// Cells beyond the header mean an unquoted delimiter and shifted cells; a missing required one means the row is cut.
    fn check_shape(&self, row: &Row) -> Result<(), Fault> {
        let fault = |message| Err(Fault { line: row.line, message });
        if (self.width..row.len()).any(|index| !row.cell(index).is_empty()) {
            return fault(if self.headed {
                format!("{} cells where the header has {}; a cell that contains the delimiter must be quoted", row.len(), self.width)
            } else {
                "more than one cell; a list of several columns begins with a header".to_owned()
            });
        }
        for (column, place) in self.columns.iter().zip(&self.places) {
            let Some(place) = *place else { continue };
            if let Some(why) = row.why_unusable(place) {
                return fault(format!("the cell of column `{}` {why}", column.names[0]));
            }
            if column.required && row.len() <= place && !self.ragged {
                let name = column.names[0];
                return fault(format!("the row ends before column `{name}`: it has {} of the header's {} cells", row.len(), self.width));
            }
        }
        Ok(())
    }
}
