//! The parsed file: values with their places, read section by section so that one error does not hide the next.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use serde::de::DeserializeOwned;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::error::{ConfigError, Report};
use super::unknown;
use crate::lists::most_similar;

/// The way to a value: `crane[2].device.timeout`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

impl Path {
    pub(super) fn of(key: &str) -> Self {
        Self::default().key(key)
    }

    pub(super) fn key(mut self, key: &str) -> Self {
        self.push_key(key);
        self
    }

    pub(super) fn index(mut self, index: usize) -> Self {
        self.push_index(index);
        self
    }

    pub(super) fn push_key(&mut self, key: &str) {
        self.0.push(Step::Key(key.to_owned()));
    }

    pub(super) fn push_index(&mut self, index: usize) {
        self.0.push(Step::Index(index));
    }

    pub(super) fn pop(&mut self) {
        self.0.pop();
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if i == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// A configuration while it is read.
pub(super) struct Document<'t> {
    root: Spanned<DeValue<'t>>,
    pub(super) report: Report<'t>,
}

impl<'t> Document<'t> {
    /// Parses the text and takes out the keys that `schema` does not know, each a problem.
    ///
    /// # Errors
    /// No TOML: nothing else can be checked then.
    pub(super) fn parse(file: &'t str, text: &'t str, schema: &Value) -> Result<Self, ConfigError> {
        let mut report = Report::new(file, text);
        let (root, errors) = DeTable::parse_recoverable(text);
        let mut told = HashSet::new();
        for error in errors {
            let span = error.span().unwrap_or_default();
            // Brackets that were left open all end at the same place.
            if told.insert((span.clone(), error.message().to_owned())) {
                report.add(span, "", format!("this is not TOML: {}", error.message()), None);
            }
        }
        if !report.is_empty() {
            return Err(report.into_error());
        }
        let span = root.span();
        let mut document = Self { root: Spanned::new(span, DeValue::Table(root.into_inner())), report };
        let mut root = std::mem::replace(&mut document.root, Spanned::new(0..0, DeValue::Boolean(false)));
        document.strip_unknown(&mut root, schema, &[], &Path::default());
        document.root = root;
        Ok(document)
    }

    /// Takes unknown keys out of a value. `more` are keys that are allowed besides the schema's.
    pub(super) fn strip_unknown(&mut self, value: &mut Spanned<DeValue<'t>>, schema: &Value, more: &[&str], at: &Path) {
        unknown::strip(value, schema, &mut at.clone(), &mut |unknown| {
            let mut allowed = unknown.allowed;
            if unknown.path == at {
                allowed.extend_from_slice(more);
            }
            allowed.sort_unstable();
            let mut message = format!("unknown field `{}`", crate::lists::shown(unknown.key));
            if let Some(meant) = most_similar(unknown.key, allowed.iter().copied()) {
                message.push_str(&format!("; did you mean `{meant}`?"));
            }
            self.report.add(unknown.span, unknown.path.clone().key(unknown.key), message, Some(allowed.join(", ")));
        });
    }

    /// The value at a path.
    pub(super) fn get(&self, path: &Path) -> Option<&Spanned<DeValue<'t>>> {
        path.0.iter().try_fold(&self.root, |value, step| match step {
            Step::Key(key) => value.get_ref().get(key.as_str()),
            Step::Index(index) => value.get_ref().get(*index),
        })
    }

    /// Notes a problem of the value at a path, or of what is there of the way to it.
    pub(super) fn problem(&mut self, path: &Path, message: impl Into<String>) {
        let mut present = path.clone();
        while self.get(&present).is_none() {
            present.pop();
        }
        let span = self.get(&present).map_or(0..0, Spanned::span);
        self.report.add(span, path, message, None);
    }

    /// Reads the value at a path; none if it is not there, or wrong, which is a problem then.
    pub(super) fn read<T: DeserializeOwned>(&mut self, path: &Path) -> Option<T> {
        let value = self.get(path)?.clone();
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(read) => Some(read),
            Err(error) => {
                self.refuse(&error, path);
                None
            }
        }
    }

    /// Reads each entry of an array of tables, with its path. One that is not there is empty.
    pub(super) fn read_each<T: DeserializeOwned>(&mut self, key: &str) -> Vec<(Path, T)> {
        let path = Path::of(key);
        let length = match self.get(&path).map(Spanned::get_ref) {
            None => return Vec::new(),
            Some(DeValue::Array(entries)) => entries.len(),
            Some(_) => {
                self.problem(&path, format!("`{key}` is written as [[{key}]], once for each"));
                return Vec::new();
            }
        };
        (0..length).filter_map(|index| self.read(&path.clone().index(index)).map(|read| (path.clone().index(index), read))).collect()
    }

    /// Notes what a type had to say of the value at a path.
    pub(super) fn refuse(&mut self, error: &toml::de::Error, path: &Path) {
        let mut field = path.clone();
        let value = self.get(path);
        let span = error.span().or_else(|| value.map(Spanned::span)).unwrap_or_default();
        if let Some(value) = value {
            locate(value, &span, &mut field);
        }
        let (message, allowed) = in_our_words(error.message().trim_end());
        self.report.add(span, field, message, allowed);
    }
}

/// What serde says of a wrong value, the wanted first; and the choices it lists.
fn in_our_words(message: &str) -> (String, Option<String>) {
    let split = |prefix: &str| message.strip_prefix(prefix)?.split_once(", expected ");
    if let Some((found, wanted)) = split("invalid type: ").or_else(|| split("invalid value: ")) {
        let found = found.trim_end_matches(" as i128").trim_end_matches(" as u128");
        let found =
            found.replacen("string", "the text", 1).replacen("integer", "the number", 1).replacen("floating point", "the number", 1);
        return (format!("{wanted} is wanted, not {found}"), None);
    }
    if let Some((found, choices)) = split("unknown variant ") {
        let choices: Vec<&str> = choices.split('`').skip(1).step_by(2).collect();
        let meant = most_similar(found.trim_matches('`'), choices.iter().copied());
        let meant = meant.map_or_else(String::new, |choice| format!("; did you mean \"{choice}\"?"));
        return (format!("{} is none of the choices{meant}", found.replace('`', "\"")), Some(choices.join(", ")));
    }
    (message.to_owned(), None)
}

/// Extends the path of `value` by the way to the key or value that lies at `span`.
fn locate(value: &Spanned<DeValue<'_>>, span: &Range<usize>, path: &mut Path) -> bool {
    match value.get_ref() {
        DeValue::Table(table) => table.iter().any(|(key, child)| {
            path.push_key(key.get_ref());
            let found = locate(child, span, path) || key.span() == *span || child.span() == *span;
            if !found {
                path.pop();
            }
            found
        }),
        DeValue::Array(entries) => entries.iter().enumerate().any(|(index, child)| {
            path.push_index(index);
            let found = locate(child, span, path) || child.span() == *span;
            if !found {
                path.pop();
            }
            found
        }),
        _ => false,
    }
}
