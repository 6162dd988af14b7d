//! Device tables: a kind of the catalogue, its settings, and the rule for time-outs and retries that stands among them.

use std::sync::Arc;

use pandian_devices::catalog::{Build, Kind};
use pandian_domain::Sided;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::document::{Document, Path};
use super::file::RetryTable;
use crate::lists::most_similar;

/// A device, ready to be built.
pub(super) struct Device<D: ?Sized> {
    /// Its table.
    pub(super) path: Path,
    pub(super) build: Arc<dyn Build<D>>,
    pub(super) retry: RetryTable,
}

/// The kinds of one role with the schemas of their settings.
pub(super) struct Kinds<'c, D: ?Sized + 'static> {
    kinds: &'c [Kind<D>],
    schemas: Vec<Value>,
}

impl<'c, D: ?Sized> Kinds<'c, D> {
    pub(super) fn new(kinds: &'c [Kind<D>]) -> Self {
        Self { kinds, schemas: kinds.iter().map(|kind| (kind.schema)().to_value()).collect() }
    }

    fn names(&self) -> String {
        self.kinds.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ")
    }

    /// Reads the table at a path; none if it is not there or wrong, which is a problem then.
    pub(super) fn read(&self, document: &mut Document<'_>, path: &Path) -> Option<Device<D>> {
        let value = document.get(path)?.clone();
        let span = value.span();
        let DeValue::Table(mut settings) = value.into_inner() else { return None };
        let Some(name) = settings.remove("kind") else {
            document.report.add(span, path, "missing field `kind`", Some(self.names()));
            return None;
        };
        let Some(which) = self.kinds.iter().position(|kind| Some(kind.name) == name.get_ref().as_str()) else {
            let field = path.clone().key("kind");
            let message = match name.get_ref().as_str() {
                None => "`kind` is not a text".to_owned(),
                Some(text) => {
                    let meant = most_similar(text, self.kinds.iter().map(|kind| kind.name));
                    let meant = meant.map_or_else(String::new, |name| format!("; did you mean \"{name}\"?"));
                    format!("there is no device kind \"{}\" here{meant}", crate::lists::shown(text))
                }
            };
            document.report.add(name.span(), field, message, Some(self.names()));
            return None;
        };
        let retry = take_retry(&mut settings, &span);
        let mut settings = Spanned::new(span, DeValue::Table(settings));
        let more: Vec<&str> = RetryTable::KEYS.into_iter().chain(["kind"]).collect();
        document.strip_unknown(&mut settings, &self.schemas[which], &more, path);
        let retry = <RetryTable as serde::Deserialize>::deserialize(ValueDeserializer::from(retry));
        let build = (self.kinds[which].parse)(ValueDeserializer::from(settings));
        if let Err(error) = &retry {
            document.refuse(error, path);
        }
        if let Err(error) = &build {
            document.refuse(error, path);
        }
        Some(Device { path: path.clone(), build: build.ok()?, retry: retry.ok()? })
    }

    /// Reads a crane's device for both sides of the aisle, under the key `one`, or those for either side, under `each`.
    pub(super) fn read_sided(&self, document: &mut Document<'_>, crane: &Path, one: &str, each: &str) -> Sided<Device<D>> {
        let (both, sides) = (crane.clone().key(one), crane.clone().key(each));
        if document.get(&sides).is_none() {
            return self.read(document, &both).into();
        }
        if document.get(&both).is_some() {
            document.problem(&sides, format!("`{one}` serves both sides, `{each}` one each: a crane has either the one or the other"));
        }
        let left = self.read(document, &sides.clone().key("L"));
        let right = self.read(document, &sides.clone().key("R"));
        let (Some(left), Some(right)) = (left, right) else { return Sided::None };
        if let Some(key) = left.retry.differs_in(&right.retry) {
            let message = format!("L and R differ in `{key}`: a crane has one rule for time-outs and retries of both its {each}");
            document.problem(&right.path.clone().key(key), message);
        }
        Sided::Each { left, right }
    }
}

fn take_retry<'t>(settings: &mut DeTable<'t>, span: &std::ops::Range<usize>) -> Spanned<DeValue<'t>> {
    let mut retry = DeTable::new();
    for key in RetryTable::KEYS {
        if let Some((key, value)) = settings.remove_entry(key) {
            retry.insert(key, value);
        }
    }
    Spanned::new(span.clone(), DeValue::Table(retry))
}
