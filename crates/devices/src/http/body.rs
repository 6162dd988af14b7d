//! JSON bodies with placeholders.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::template::{UnknownPlaceholder, ValueTemplate, Values};

/// A JSON object whose texts may have placeholders: `{ location = "{location}", power = 30 }`. Names of fields are kept as they are.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(try_from = "Map<String, Value>")]
#[schemars(with = "Map<String, Value>")]
pub struct BodyTemplate(ValueTemplate);

impl TryFrom<Map<String, Value>> for BodyTemplate {
    type Error = UnknownPlaceholder;
    fn try_from(map: Map<String, Value>) -> Result<Self, UnknownPlaceholder> {
        ValueTemplate::try_from(Value::Object(map)).map(Self)
    }
}

impl BodyTemplate {
    /// The body of one visit, as JSON text.
    pub(crate) fn fill(&self, values: Values<'_>) -> String {
        self.0.fill(values).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visit_for_tests as visit;

    #[test]
    fn texts_are_filled_and_everything_else_is_kept() {
        let body: BodyTemplate = toml::from_str("location = \"{location}\"\npower = 30\n[deep]\nlist = [\"{crane}\", true, 1.5]").unwrap();
        let text = body.fill((&visit("\"\\号")).into());
        assert_eq!(text, r#"{"deep":{"list":["C1",true,1.5]},"location":"\"\\号","power":30}"#);
    }

    #[test]
    fn an_unknown_placeholder_is_refused() {
        assert!(toml::from_str::<BodyTemplate>("x = [\"{nope}\"]").unwrap_err().message().contains("{nope}"));
    }
}
