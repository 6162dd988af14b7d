//! Rows of text in columns, for a terminal.

use unicode_width::UnicodeWidthStr;

/// The rows, a line each: cells of one column under each other, two blanks between columns. Cells of the first `left` columns begin at
/// the same place, those of all others end there.
pub fn columns(rows: &[Vec<String>], left: usize) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths[column] - cell.width());
            let between = if column == 0 { "" } else { "  " };
            let (before, after) = if column < left { ("", pad.as_str()) } else { (pad.as_str(), "") };
            line.extend([between, before, cell.as_str(), after]);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_places() {
        let rows = [["堆垛机", "行驶"], ["C1", "3 min"], ["", "–"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(columns(&rows, 1), "堆垛机   行驶\nC1      3 min\n            –\n");
        assert_eq!(columns(&[], 1), "");
    }
}
