//! Names of files that are pictures of a visit.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::Visit;
use crate::template::{Part, Slot, Template, Values};

/// A file's name with placeholders of a visit, in which `*` is any text: `{location}_*.jpg`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct NamePattern(Template);

impl NamePattern {
    /// Every file.
    pub(super) fn any() -> Self {
        Self(Template::plain("*"))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The names of one visit.
    pub(super) fn of(&self, visit: &Visit) -> Names {
        self.filled(|slot| Values::from(visit).with(slot, safe))
    }

    /// The names of any visit.
    pub(super) fn of_any(&self) -> Names {
        self.filled(|_| "*".to_owned()).with_stars()
    }

    fn filled(&self, value: impl Fn(Slot) -> String) -> Names {
        let mut pieces = vec![String::new()];
        for part in self.0.parts() {
            match part {
                Part::Slot(slot) => push(&mut pieces, &value(*slot)),
                Part::Text(text) => {
                    let mut texts = text.split('*');
                    push(&mut pieces, texts.next().unwrap_or_default());
                    pieces.extend(texts.map(str::to_owned));
                }
            }
        }
        Names(pieces)
    }
}

fn push(pieces: &mut [String], text: &str) {
    pieces.iter_mut().last().into_iter().for_each(|last| last.push_str(text));
}

/// A text as the name of a file can bear it.
fn safe(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '/' | '\\') || c.is_control() { '_' } else { c }).collect()
}

impl TryFrom<String> for NamePattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.is_empty() || text.contains('/') {
            return Err("a pattern is the name of a file in the folder, without slashes, such as \"*.jpg\"".to_owned());
        }
        Template::parse(&text, Slot::OF_VISIT).map(Self).map_err(|error| error.to_string())
    }
}

impl JsonSchema for NamePattern {
    fn schema_name() -> Cow<'static, str> {
        "NamePattern".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[^/]+$", "examples": ["*.jpg", "{location}_*.jpg"] })
    }
}

/// Names: these pieces in this order, with anything between them.
#[derive(Debug, PartialEq)]
pub(super) struct Names(Vec<String>);

impl Names {
    fn with_stars(self) -> Self {
        Self(self.0.join("*").split('*').map(str::to_owned).collect())
    }

    /// Whether a name is one of these. Hidden files are only where the pattern begins with a dot: tools write under such names what is
    /// not ready.
    pub(super) fn has(&self, name: &str) -> bool {
        let (Some(first), Some(last)) = (self.0.first(), self.0.last()) else { return false };
        if name.starts_with('.') && !first.starts_with('.') {
            return false;
        }
        if self.0.len() == 1 {
            return name == first;
        }
        let inner = &self.0[1..self.0.len() - 1];
        let Some(rest) = name.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str())) else { return false };
        inner.iter().try_fold(rest, |rest, piece| rest.find(piece.as_str()).map(|at| &rest[at + piece.len()..])).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visit_for_tests as visit;

    fn names(pattern: &str, location: &str) -> Names {
        NamePattern::try_from(pattern.to_owned()).unwrap().of(&visit(location))
    }

    #[test]
    fn a_star_is_any_text_and_nothing_else_is() {
        for (pattern, name, is_one) in [
            ("*", "a.jpg", true),
            ("*", ".a.jpg", false),
            (".*", ".a.jpg", true),
            ("a.jpg", "a.jpg", true),
            ("a.jpg", "aXjpg", false),
            ("*.jpg", "x.jpg", true),
            ("*.jpg", "x.jpg.tmp", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "a__b_b_c", true),
            ("a*b*c", "a__c", false),
            ("aa*aa", "aaa", false),
            ("?.jpg", "x.jpg", false),
        ] {
            assert_eq!(names(pattern, "1号").has(name), is_one, "{pattern} {name}");
        }
    }

    #[test]
    fn a_location_is_compared_as_it_is_but_for_what_no_name_has() {
        assert!(names("{location}_*.jpg", "1号").has("1号_5.jpg"));
        assert!(!names("{location}_*.jpg", "1号").has("11号_5.jpg"));
        assert!(names("{location}.jpg", "a/b\\c\n").has("a_b_c_.jpg"));
        assert!(names("x{location}.jpg", "*").has("x*.jpg"));
        assert!(!names("x{location}.jpg", "*").has("xy.jpg"), "a star in a location is itself");
        let any = NamePattern::try_from("{crane}_{location}.jpg".to_owned()).unwrap().of_any();
        assert!(any.has("C1_5.jpg") && !any.has("C1.jpg"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", "a/b", "../*.jpg", "{place}.jpg"] {
            assert!(NamePattern::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
