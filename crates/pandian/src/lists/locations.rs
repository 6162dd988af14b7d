//! Lists of location codes: what to count, or what a dispatcher serves.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use pandian_domain::{Code, Layout, LocationCode};

use super::near::{nearest, shown};
use super::problem::{ListError, Problems};
use super::source::ListFile;
use super::table::{Column, read_table};

const COLUMNS: &[Column] = &[Column { names: &["location", "货位号", "货位", "location_code"], required: true }];

/// Longest location code in bytes.
const LONGEST_CODE: usize = 200;

/// The locations to count, in the order of the list, each with its line (from 1). The codes are the layout's own.
///
/// # Errors
/// What [`ListFile`] cannot read, a code that the layout does not have, a code listed twice.
pub fn read_locations(file: &ListFile, layout: &Layout) -> Result<Vec<(LocationCode, u64)>, ListError> {
    let mut listed = Vec::new();
    let mut first_lines = vec![0_u64; layout.slots().len()];
    read_table(file, COLUMNS, true, |cells, problems| {
        let (code, line) = (cells.get(0), cells.line());
        let Some(index) = layout.index_of(code) else {
            problems.add(Code::LocationUnknown, line, |nth| unknown_location(code, layout, nth));
            return;
        };
        match std::mem::replace(&mut first_lines[index as usize], line) {
            0 => listed.push((layout.slot(index).code.clone(), line)),
            first => {
                first_lines[index as usize] = first;
                twice(problems, code, first, line);
            }
        }
    })?;
    Ok(listed)
}

/// Codes that are not known elsewhere, such as those of a dispatcher, in the order of the list, each with its line (from 1).
///
/// # Errors
/// What [`ListFile`] cannot read, what cannot be a code, a code listed twice.
pub fn read_codes(file: &ListFile) -> Result<Vec<(LocationCode, u64)>, ListError> {
    let mut listed = Vec::new();
    let mut first_lines = HashMap::new();
    read_table(file, COLUMNS, true, |cells, problems| {
        let (code, line) = (cells.get(0), cells.line());
        if let Err(why) = check_code(code) {
            problems.invalid(line, why);
            return;
        }
        let code = LocationCode::from(code);
        match first_lines.entry(code.clone()) {
            Entry::Vacant(free) => {
                free.insert(line);
                listed.push((code, line));
            }
            Entry::Occupied(taken) => twice(problems, code.as_str(), *taken.get(), line),
        }
    })?;
    Ok(listed)
}

/// Whether a text can be a location code: 1 to 200 bytes without control characters; everything else is the warehouse's business.
///
/// # Errors
/// Why it cannot.
pub fn check_code(code: &str) -> Result<(), String> {
    if code.trim().is_empty() {
        Err("the location code is empty".to_owned())
    } else if code.len() > LONGEST_CODE {
        Err(format!("location code \"{}\" is {} bytes long; at most {LONGEST_CODE} are allowed", shown(code), code.len()))
    } else if code.contains(char::is_control) {
        Err(format!("location code \"{}\" contains a control character", shown(code)))
    } else {
        Ok(())
    }
}

/// What to say of a code that the layout does not have, in the problem number `nth` of an error.
pub(crate) fn unknown_location(code: &str, layout: &Layout, nth: usize) -> String {
    if code.is_empty() {
        return "the location is missing".to_owned();
    }
    let mut message = format!("location \"{}\" is not in the warehouse", shown(code));
    let near = nearest(code, layout, nth);
    if !near.is_empty() {
        let quoted: Vec<_> = near.iter().map(|code| format!("\"{}\"", shown(code))).collect();
        message.push_str("; did you mean ");
        message.push_str(&quoted.join(" or "));
        message.push('?');
    } else if code.contains([',', ';', '\t']) {
        message.push_str("; a list of several columns begins with a header that has a column `location`");
    }
    message
}

fn twice(problems: &mut Problems, code: &str, first: u64, line: u64) {
    problems.add(Code::ListInvalid, line, |_| format!("location \"{}\" is listed twice, first on line {first}", shown(code)));
}

#[cfg(test)]
mod tests {
    use pandian_domain::{LaneSpec, QueueSpec, Slot};

    use super::super::source::Limits;
    use super::*;

    fn layout(codes: &[&str]) -> Layout {
        let lane = LaneSpec { id: "C1".into(), crane: "C1".into(), queue: 0 };
        let mut layout = Layout::new(vec![lane], vec![QueueSpec::default()]);
        for code in codes {
            layout.add(Slot { code: (*code).into(), place: None, queue: 0 }).unwrap();
        }
        layout
    }

    fn read(list: &str, known: &[&str]) -> Result<Vec<(String, u64)>, ListError> {
        let file = ListFile::read("list.csv", list.as_bytes(), Limits::default()).unwrap();
        let listed = read_locations(&file, &layout(known))?;
        Ok(listed.into_iter().map(|(code, line)| (code.to_string(), line)).collect())
    }

    #[test]
    fn with_a_header_the_column_counts_and_without_one_the_line() {
        let expected = [("1号".to_owned(), 2), ("8号".to_owned(), 4)];
        for list in ["location\n1号\n\n8号\n", "备注;货位号\r\nx;1号\r\n;\r\ny;8号", "zone\tLocation\na\t1号\n\nb\t8号\n"] {
            assert_eq!(read(list, &["1号", "8号"]).unwrap(), expected, "{list}");
        }
        assert_eq!(read("1号\n8号", &["1号", "8号"]).unwrap(), [("1号".to_owned(), 1), ("8号".to_owned(), 2)]);
        assert_eq!(read("A,1\n", &["A,1"]).unwrap(), [("A,1".to_owned(), 1)]);
    }

    #[test]
    fn blanks_belong_to_a_code_if_the_warehouse_has_it_so() {
        assert_eq!(read(" A 1\n", &[" A 1"]).unwrap(), [(" A 1".to_owned(), 1)]);
        let error = read(" A 1\n", &["A 1"]).unwrap_err();
        assert_eq!(error.to_string(), "list.csv:1: location \" A 1\" is not in the warehouse; did you mean \"A 1\"?");
        assert_eq!(error.code(), Code::LocationUnknown);
    }

    #[test]
    fn only_the_first_problems_are_told() {
        let list: String = (0..50).map(|n| format!("nowhere {n}\n")).collect();
        let error = read(&list, &["1号"]).unwrap_err();
        assert_eq!((error.problems.len(), error.more), (20, 30));
        assert!(error.to_string().ends_with("\nand 30 more"));
    }
}
