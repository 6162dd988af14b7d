//! What is wrong with a configuration, told like a compiler does: the place, the line itself, what is allowed.

use std::fmt;
use std::ops::Range;

use pandian_domain::Code;

use crate::lists::ListError;

/// How many problems one error names; the others are only numbered.
const MOST_PROBLEMS: usize = 20;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The file: the configuration, or a list that it names.
    pub file: String,
    /// Line, from 1, where there is one.
    pub line: Option<u64>,
    /// Column in characters, from 1, where there is one.
    pub column: Option<u64>,
    /// The field, such as `crane[2].device.timeout` (indices from 0); empty where the whole file is meant.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What is allowed instead, where that can be listed.
    pub allowed: Option<String>,
    excerpt: Option<Excerpt>,
}

/// The line of the file with the place marked.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Excerpt {
    text: String,
    before: usize,
    width: usize,
}

/// A configuration that cannot be used. Shown as one paragraph a problem, with the line of the file and a mark below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The first 20 problems, in the order of the file.
    pub problems: Vec<ConfigProblem>,
    /// How many more there are.
    pub more: u64,
}

impl ConfigError {
    /// Its code.
    pub fn code(&self) -> Code {
        Code::ConfigInvalid
    }

    pub(super) fn of_file(file: &str, line: Option<u64>, message: impl Into<String>) -> Self {
        let problem = ConfigProblem {
            file: file.to_owned(),
            line,
            column: None,
            field: String::new(),
            message: message.into(),
            allowed: None,
            excerpt: None,
        };
        Self { problems: vec![problem], more: 0 }
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("\n\n")?;
            }
            problem.fmt(f)?;
        }
        if self.more > 0 {
            write!(f, "\n\nand {} more", self.more)?;
        }
        Ok(())
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gutter = self.line.map_or(1, |line| line.to_string().len());
        write!(f, "{}\n{:gutter$}--> {}", self.message, "", self.file)?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        if let (Some(excerpt), Some(line)) = (&self.excerpt, self.line) {
            let Excerpt { text, before, width } = excerpt;
            write!(f, "\n{:gutter$} |\n{line} | {text}\n{:gutter$} | {:before$}{:^<width$}", "", "", "", "")?;
        }
        if !self.field.is_empty() {
            write!(f, "\n{:gutter$} = field: {}", "", self.field)?;
        }
        if let Some(allowed) = &self.allowed {
            write!(f, "\n{:gutter$} = allowed: {allowed}", "")?;
        }
        Ok(())
    }
}

/// The configuration's file and text, and the problems found in it so far.
pub(super) struct Report<'t> {
    file: &'t str,
    text: &'t str,
    found: Vec<ConfigProblem>,
    more: u64,
}

impl<'t> Report<'t> {
    pub(super) fn new(file: &'t str, text: &'t str) -> Self {
        Self { file, text, found: Vec::new(), more: 0 }
    }

    /// Notes a problem at a part of the text.
    pub(super) fn add(&mut self, span: Range<usize>, field: impl fmt::Display, message: impl Into<String>, allowed: Option<String>) {
        if self.found.len() == MOST_PROBLEMS {
            self.more += 1;
            return;
        }
        let place = Place::of(self.text, span);
        self.found.push(ConfigProblem {
            file: self.file.to_owned(),
            line: Some(place.line),
            column: Some(place.column),
            field: field.to_string(),
            message: message.into(),
            allowed,
            excerpt: Some(place.excerpt).filter(|excerpt| !excerpt.text.trim().is_empty()),
        });
    }

    /// Notes the problems of a list that the configuration names in `field`.
    pub(super) fn add_list(&mut self, error: ListError, field: impl fmt::Display) {
        self.more += error.more;
        for problem in error.problems {
            self.add_line(&error.file, problem.line, &field, problem.message);
        }
    }

    /// Notes a problem of one line of such a list.
    pub(super) fn add_line(&mut self, file: &str, line: Option<u64>, field: impl fmt::Display, message: String) {
        if self.found.len() == MOST_PROBLEMS {
            self.more += 1;
            return;
        }
        let (file, field) = (file.to_owned(), field.to_string());
        self.found.push(ConfigProblem { file, line, column: None, field, message, allowed: None, excerpt: None });
    }

    /// The error: the problems of the configuration in the order of its lines, then those of the lists.
    pub(super) fn into_error(mut self) -> ConfigError {
        self.found.sort_by_key(|problem| (problem.file != self.file, if problem.file == self.file { problem.line } else { None }));
        ConfigError { problems: self.found, more: self.more }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}

struct Place {
    line: u64,
    column: u64,
    excerpt: Excerpt,
}

impl Place {
    /// Where a part of the text begins, and its line, shortened around it.
    fn of(text: &str, span: Range<usize>) -> Self {
        const BEFORE: usize = 60;
        const LONGEST: usize = 120;
        let start = floor(text, span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let line = text[line_start..line_end].trim_end_matches('\r');
        let marked_end = floor(text, span.end.clamp(start, line_start + line.len()).max(start));
        let column = text[line_start..start].chars().count();
        let skipped = column.saturating_sub(BEFORE);
        let mut shown: String = line.chars().skip(skipped).take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
        if skipped > 0 {
            shown.insert(0, '…');
        }
        if line.chars().count() > skipped + LONGEST {
            shown.push('…');
        }
        let before: usize = text[line_start..start].chars().skip(skipped).map(columns_of).sum();
        let width: usize = text[start..marked_end].chars().take(LONGEST - BEFORE).map(columns_of).sum();
        Self {
            line: text[..line_start].matches('\n').count() as u64 + 1,
            column: column as u64 + 1,
            excerpt: Excerpt { text: shown, before: before + usize::from(skipped > 0), width: width.max(1) },
        }
    }
}

fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at.min(text.len()))
}

/// How wide a terminal shows a character: Chinese, Japanese and Korean ones and full-width forms take two columns.
fn columns_of(c: char) -> usize {
    let wide = matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{20000}'..='\u{3fffd}');
    if wide { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, part: &str) -> String {
        let start = text.find(part).unwrap();
        let mut report = Report::new("warehouse.toml", text);
        report.add(start..start + part.len(), "crane[0].id", "wrong", Some("right".to_owned()));
        report.into_error().to_string()
    }

    #[test]
    fn the_mark_stands_below_the_place_also_behind_wide_characters() {
        let expected =
            "wrong\n --> warehouse.toml:2:12\n  |\n2 | name = \"货\" id\n  |             ^^\n  = field: crane[0].id\n  = allowed: right";
        assert_eq!(shown("# x\nname = \"货\" id\n", "id"), expected);
    }

    #[test]
    fn a_long_line_is_shortened_around_the_place() {
        let text = format!("{}id{}", "a".repeat(500), "b".repeat(500));
        let told = shown(&text, "id");
        assert!(told.lines().all(|line| line.chars().count() < 130), "{told}");
        let lines: Vec<_> = told.lines().collect();
        let at = lines[3].chars().position(|c| c == 'i').unwrap();
        assert_eq!(lines[4].chars().position(|c| c == '^').unwrap(), at);
    }
}
