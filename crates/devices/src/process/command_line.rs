//! A program and its arguments, as the configuration writes them.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

use crate::error::excerpt;
use crate::template::{Part, Slot, Template, Values};

/// What fills an argument would be read as an option.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "its argument \"{template}\" would be \"{}\", which looks like an option: in `command`, put \"--\" before it or write \"--name={template}\"",
    excerpt(filled)
)]
pub(crate) struct LooksLikeAnOption {
    template: String,
    filled: String,
}

/// A program and its arguments: `["python3", "scan.py", "{location}"]`. Each text is one argument, whatever fills it; no shell reads
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    program: String,
    arguments: Vec<Template>,
}

impl CommandLine {
    /// Checks a program and its arguments.
    pub fn parse(words: Vec<String>) -> Result<Self, String> {
        let mut words = words.into_iter();
        let program = words.next().filter(|program| !program.is_empty()).ok_or("the program is missing: the list is empty")?;
        if !Template::parse(&program, Slot::OF_VISIT).is_ok_and(|template| template.is_fixed()) {
            return Err(format!("the program \"{program}\" has a placeholder: only arguments may"));
        }
        let arguments = words.map(|word| Template::parse(&word, Slot::OF_VISIT)).collect::<Result<_, _>>();
        Ok(Self { program, arguments: arguments.map_err(|error| error.to_string())? })
    }

    /// The program: a path, or a name that is looked up in `PATH`.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// The arguments, filled in. An argument that begins with what is filled in must not become an option, since whoever names
    /// locations does not choose options; behind a literal `--` there are none.
    pub(crate) fn arguments(&self, values: Values<'_>) -> Result<Vec<String>, LooksLikeAnOption> {
        let mut options_end = false;
        let fill = |template: &Template| {
            options_end |= template.as_str() == "--";
            let filled = template.fill(values);
            if filled.starts_with('-') && matches!(template.parts().first(), Some(Part::Slot(_))) && !options_end {
                return Err(LooksLikeAnOption { template: template.as_str().to_owned(), filled });
            }
            Ok(filled)
        };
        self.arguments.iter().map(fill).collect()
    }
}

impl<'de> Deserialize<'de> for CommandLine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = CommandLine;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of texts such as [\"python3\", \"scan.py\", \"{location}\"] (no shell reads it)")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<CommandLine, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = list.next_element()? {
                    words.push(word);
                }
                CommandLine::parse(words).map_err(A::Error::custom)
            }
        }
        deserializer.deserialize_any(Words)
    }
}

impl JsonSchema for CommandLine {
    fn schema_name() -> Cow<'static, str> {
        "CommandLine".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array",
            "items": { "type": "string" },
            "minItems": 1,
            "description": "A program and its arguments; in arguments {location} {crane} {lane} {stop} {attempt} {key} are filled in."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visit_for_tests as visit;

    fn refused(text: &str) -> String {
        toml::from_str::<std::collections::BTreeMap<String, CommandLine>>(text).unwrap_err().message().to_owned()
    }

    #[test]
    fn what_is_no_command_says_how_to_write_one() {
        assert!(refused("c = \"scan {location}\"").contains(r#"a list of texts such as ["python3""#));
        assert!(refused("c = []").contains("the program is missing"));
        assert!(refused("c = [\"\"]").contains("the program is missing"));
        assert!(refused("c = [\"{location}\"]").contains("has a placeholder"));
        assert!(refused("c = [\"scan\", \"{where}\"]").contains("{where}"));
    }

    #[test]
    fn no_location_becomes_an_option() {
        let filled = |words: &[&str], location| {
            let words = words.iter().map(|word| (*word).to_owned()).collect();
            CommandLine::parse(words).unwrap().arguments((&visit(location)).into()).map_err(|error| error.to_string())
        };
        let refused = filled(&["scan", "-q", "{location}"], "--output=x").unwrap_err();
        assert!(refused.starts_with("its argument \"{location}\" would be \"--output=x\", which looks like an option"), "{refused}");
        assert!(filled(&["scan", "{location}.png"], "-3").is_err());
        assert_eq!(filled(&["scan", "-q", "--at={location}"], "-3").unwrap(), ["-q", "--at=-3"]);
        assert_eq!(filled(&["scan", "-q", "--", "{location}"], "-3").unwrap(), ["-q", "--", "-3"]);
        assert_eq!(filled(&["scan", "{location}"], "3-").unwrap(), ["3-"]);
    }
}
