//! Texts with placeholders such as `{location}`, filled in for each visit.

use std::fmt;
use std::sync::Arc;

use crate::Visit;

mod value;

pub(crate) use value::ValueTemplate;

/// What a placeholder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Location,
    Crane,
    Lane,
    Stop,
    Attempt,
    Key,
    TaskId,
}

impl Slot {
    /// What a visit alone can fill.
    pub(crate) const OF_VISIT: &'static [Self] = &[Self::Location, Self::Crane, Self::Lane, Self::Stop, Self::Attempt, Self::Key];
    /// What can be filled once the device has named its task.
    pub(crate) const OF_TASK: &'static [Self] =
        &[Self::TaskId, Self::Location, Self::Crane, Self::Lane, Self::Stop, Self::Attempt, Self::Key];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Location => "location",
            Self::Crane => "crane",
            Self::Lane => "lane",
            Self::Stop => "stop",
            Self::Attempt => "attempt",
            Self::Key => "key",
            Self::TaskId => "task_id",
        }
    }
}

/// What the placeholders are filled with.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) visit: &'a Visit,
    /// The device's name of the task; empty before it has named one.
    pub(crate) task: &'a str,
}

impl<'a> From<&'a Visit> for Values<'a> {
    fn from(visit: &'a Visit) -> Self {
        Self { visit, task: "" }
    }
}

impl Values<'_> {
    pub(crate) fn with<R>(&self, slot: Slot, f: impl FnOnce(&str) -> R) -> R {
        match slot {
            Slot::Location => f(self.visit.location.as_str()),
            Slot::Crane => f(self.visit.crane.as_str()),
            Slot::Lane => f(self.visit.lane.as_str()),
            Slot::Stop => f(&self.visit.stop.to_string()),
            Slot::Attempt => f(&self.visit.attempt.to_string()),
            Slot::Key => f(&self.visit.key()),
            Slot::TaskId => f(self.task),
        }
    }
}

/// A text that names a placeholder which nothing fills.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("nothing fills the placeholder {{{unknown}}}; there are {known}")]
pub struct UnknownPlaceholder {
    unknown: String,
    known: String,
}

/// A text with placeholders. Braces that enclose no name (`{"a": 1}`) are ordinary characters.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    text: Arc<str>,
    parts: Arc<[Part]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Text(Box<str>),
    Slot(Slot),
}

impl Part {
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Slot(_) => None,
        }
    }
}

impl Template {
    pub(crate) fn parse(text: &str, allowed: &[Slot]) -> Result<Self, UnknownPlaceholder> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, from_brace) = rest.split_at(open);
            literal.push_str(before);
            let name_end = from_brace[1..].find(|c: char| !c.is_ascii_lowercase() && c != '_').map_or(from_brace.len(), |at| at + 1);
            let name = &from_brace[1..name_end];
            if name.is_empty() || !from_brace[name_end..].starts_with('}') {
                literal.push('{');
                rest = &from_brace[1..];
                continue;
            }
            let slot = allowed.iter().copied().find(|slot| slot.name() == name).ok_or_else(|| UnknownPlaceholder {
                unknown: name.to_owned(),
                known: allowed.iter().map(|slot| format!("{{{}}}", slot.name())).collect::<Vec<_>>().join(" "),
            })?;
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal).into()));
            }
            parts.push(Part::Slot(slot));
            rest = &from_brace[name_end + 1..];
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal.into()));
        }
        Ok(Self { text: text.into(), parts: parts.into() })
    }

    /// A text without placeholders.
    pub(crate) fn plain(text: &str) -> Self {
        Self { text: text.into(), parts: [Part::Text(text.into())].into() }
    }

    /// A text that ends in a placeholder.
    pub(crate) fn ending_in(text: &str, slot: Slot) -> Self {
        Self { text: format!("{text}{{{}}}", slot.name()).into(), parts: [Part::Text(text.into()), Part::Slot(slot)].into() }
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether nothing is to be filled in.
    pub(crate) fn is_fixed(&self) -> bool {
        self.parts.iter().all(|part| part.as_text().is_some())
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    pub(crate) fn fill(&self, values: Values<'_>) -> String {
        let mut out = String::with_capacity(self.text.len() + 32);
        for part in self.parts() {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Slot(slot) => values.with(*slot, |value| out.push_str(value)),
            }
        }
        out
    }

    /// Whether a text is exactly this one, filled in.
    pub(crate) fn is_filled_as(&self, text: &str, values: Values<'_>) -> bool {
        let rest = self.parts().iter().try_fold(text, |rest, part| match part {
            Part::Text(literal) => rest.strip_prefix(&**literal),
            Part::Slot(slot) => values.with(*slot, |value| rest.strip_prefix(value)),
        });
        rest == Some("")
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visit_for_tests as visit;

    fn template(text: &str) -> Template {
        Template::parse(text, Slot::OF_VISIT).unwrap()
    }

    #[test]
    fn placeholders_are_filled_and_other_braces_are_left_alone() {
        let visit = visit("1号");
        let filled = template(r#"{"at": "{location}", {crane}/{attempt}} {"#).fill((&visit).into());
        assert_eq!(filled, r#"{"at": "1号", C1/1} {"#);
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        let visit = visit("{crane}");
        assert_eq!(template("{location}").fill((&visit).into()), "{crane}");
    }

    #[test]
    fn a_placeholder_that_nothing_fills_is_refused_by_name() {
        let error = Template::parse("x {loc}", Slot::OF_VISIT).unwrap_err();
        assert_eq!(error.to_string(), "nothing fills the placeholder {loc}; there are {location} {crane} {lane} {stop} {attempt} {key}");
    }

    #[test]
    fn a_filled_text_is_compared_whole() {
        let message = template("堆垛机已到达货位{location}");
        let visit = visit("1号");
        for (text, same) in [
            ("堆垛机已到达货位1号", true),
            ("堆垛机已到达货位11号", false),
            ("堆垛机已到达货位1号 ", false),
            ("堆垛机已到达货位1", false),
            ("", false),
        ] {
            assert_eq!(message.is_filled_as(text, (&visit).into()), same, "{text}");
        }
    }
}
