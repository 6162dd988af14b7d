//! Names and lengths of the source files.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Finding, TidyError};

/// No file of code is longer.
const MOST_LINES: usize = 800;
/// Files beyond this are listed, so that somebody thinks about dividing them.
const MANY_LINES: usize = 500;

/// Words that say nothing of what a file is about.
const EMPTY_WORDS: &[&str] = &["base", "common", "data", "helper", "info", "item", "manager", "misc", "util"];

/// Folders that hold no source of ours.
const FOREIGN: &[&str] = &["node_modules", "pandian-data", "pandian-demo", "target"];

/// Every file below the root, relative to it and sorted; hidden folders and what a build or a run leaves behind are left out.
pub(super) fn below(root: &Path) -> Result<Vec<PathBuf>, TidyError> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let path = root.join(&folder);
        let unreadable = |source| TidyError::Unreadable { path: path.clone(), source };
        for entry in fs::read_dir(&path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name();
            let kind = entry.file_type().map_err(unreadable)?;
            if kind.is_dir() && !is_foreign(&name) {
                folders.push(folder.join(&name));
            } else if kind.is_file() {
                files.push(folder.join(&name));
            }
        }
    }
    files.sort();
    Ok(files)
}

fn is_foreign(folder: &OsStr) -> bool {
    folder.to_str().is_none_or(|name| name.starts_with('.') || FOREIGN.contains(&name))
}

/// Holds one file of Rust code, given by its path below the root, against the rules.
pub(super) fn check(path: &Path, lines: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    if lines > MOST_LINES {
        findings.push(Finding::error(path.display(), format!("has {lines} lines, more than {MOST_LINES}")));
    } else if lines > MANY_LINES {
        findings.push(Finding::warning(path.display(), format!("has {lines} lines; about 400 are usual")));
    }
    if path.file_name() == Some(OsStr::new("mod.rs")) {
        findings.push(Finding::error(path.display(), "a module is foo.rs beside foo/, not foo/mod.rs"));
    }
    let names = path.iter().filter_map(OsStr::to_str).flat_map(|name| name.trim_end_matches(".rs").split(['_', '-']));
    for word in names.filter(|name| EMPTY_WORDS.iter().any(|word| name.strip_suffix('s').unwrap_or(name) == *word)) {
        findings.push(Finding::error(path.display(), format!("\"{word}\" does not say what it is about")));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::Weight;
    use super::*;

    fn weights(path: &str, lines: usize) -> Vec<Weight> {
        check(Path::new(path), lines).into_iter().map(|finding| finding.weight).collect()
    }

    #[test]
    fn long_files_are_listed_and_longer_ones_refused() {
        assert_eq!(weights("crates/store/src/database.rs", 500), []);
        assert_eq!(weights("crates/store/src/database.rs", 501), [Weight::Warning]);
        assert_eq!(weights("crates/store/src/database.rs", 801), [Weight::Error]);
    }

    #[test]
    fn names_say_what_a_file_is_about() {
        for path in ["a/src/util.rs", "a/src/http_utils.rs", "a/tests/common/walk.rs", "crates/info/src/lib.rs", "a/src/lane/mod.rs"] {
            assert_eq!(weights(path, 1), [Weight::Error], "{path}");
        }
    }

    #[test]
    fn build_output_and_hidden_folders_are_not_looked_at() {
        assert!(is_foreign(OsStr::new("target")) && is_foreign(OsStr::new(".git")) && !is_foreign(OsStr::new("crates")));
    }
}
