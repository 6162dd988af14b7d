//! What is wrong with a list.

use std::fmt;
use std::io;

use pandian_domain::Code;

/// How many problems one error names; the others are only numbered.
pub const MOST_PROBLEMS: usize = 20;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListProblem {
    /// The line or spreadsheet row, from 1; none where the whole file is meant.
    pub line: Option<u64>,
    /// The kind: [`Code::ListInvalid`] or [`Code::LocationUnknown`].
    pub code: Code,
    /// What is wrong and what to do.
    pub message: String,
}

/// A list that cannot be used. Shown as one line a problem, `file:line: what`.
#[derive(Debug)]
pub struct ListError {
    /// The file as it was named; `standard input` for `-`.
    pub file: String,
    /// The first [`MOST_PROBLEMS`] problems, in the order of the file, and the one that ended the reading.
    pub problems: Vec<ListProblem>,
    /// How many more there are.
    pub more: u64,
    /// What lies beneath, when the file could not be read.
    pub source: Option<io::Error>,
}

impl ListError {
    /// An error of the whole file.
    pub(super) fn whole(file: &str, message: impl Into<String>) -> Self {
        let problem = ListProblem { line: None, code: Code::ListInvalid, message: message.into() };
        Self { file: file.to_owned(), problems: vec![problem], more: 0, source: None }
    }

    /// The same, with what lies beneath.
    pub(super) fn because(mut self, source: io::Error) -> Self {
        self.source = Some(source);
        self
    }

    /// [`Code::LocationUnknown`] if nothing else is wrong, else [`Code::ListInvalid`].
    pub fn code(&self) -> Code {
        if self.problems.iter().all(|problem| problem.code == Code::LocationUnknown) { Code::LocationUnknown } else { Code::ListInvalid }
    }
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            let end = if i == 0 { "" } else { "\n" };
            match problem.line {
                Some(line) => write!(f, "{end}{}:{line}: {}", self.file, problem.message)?,
                None => write!(f, "{end}{}: {}", self.file, problem.message)?,
            }
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for ListError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

/// Problems as they are found.
pub(super) struct Problems {
    file: String,
    found: Vec<ListProblem>,
    more: u64,
}

impl Problems {
    pub(super) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), found: Vec::new(), more: 0 }
    }

    /// Notes a problem. The message is made only if it will be shown, from the number of those before it: looking for similar codes
    /// takes time.
    pub(super) fn add(&mut self, code: Code, line: u64, message: impl FnOnce(usize) -> String) {
        if self.found.len() < MOST_PROBLEMS {
            self.found.push(ListProblem { line: Some(line), code, message: message(self.found.len()) });
        } else {
            self.more += 1;
        }
    }

    /// Notes that the list itself is wrong at a line.
    pub(super) fn invalid(&mut self, line: u64, message: impl Into<String>) {
        self.add(Code::ListInvalid, line, |_| message.into());
    }

    /// Notes why the rest could not be read; always told, however many problems there are.
    pub(super) fn end(&mut self, line: u64, message: String) {
        self.found.push(ListProblem { line: Some(line), code: Code::ListInvalid, message });
    }

    /// Whether nothing was found so far.
    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The error, if there were problems. They are told in the order of the file.
    pub(super) fn finish(mut self) -> Result<(), ListError> {
        if self.found.is_empty() {
            return Ok(());
        }
        self.found.sort_by_key(|problem| problem.line);
        Err(ListError { file: self.file, problems: self.found, more: self.more, source: None })
    }
}
