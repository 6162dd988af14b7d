//! A program and its arguments, as the configuration writes them.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

use crate::template::{Slot, Template};

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

    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Template> {
        self.arguments.iter()
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
}
