//! JSON with placeholders in its texts.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Slot, Template, UnknownPlaceholder, Values};

/// A JSON value whose texts may have placeholders; everything else, names of fields included, is kept as it is.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(try_from = "Value")]
#[schemars(with = "Value")]
pub struct ValueTemplate(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Fixed(Value),
    Text(Template),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl TryFrom<Value> for ValueTemplate {
    type Error = UnknownPlaceholder;
    fn try_from(value: Value) -> Result<Self, UnknownPlaceholder> {
        Node::parse(value).map(Self)
    }
}

impl ValueTemplate {
    /// The value of one visit.
    pub(crate) fn fill(&self, values: Values<'_>) -> Value {
        self.0.fill(values)
    }
}

impl Node {
    fn parse(value: Value) -> Result<Self, UnknownPlaceholder> {
        Ok(match value {
            Value::String(text) => Self::Text(Template::parse(&text, Slot::OF_VISIT)?),
            Value::Array(values) => Self::List(values.into_iter().map(Self::parse).collect::<Result<_, _>>()?),
            Value::Object(map) => {
                Self::Object(map.into_iter().map(|(name, value)| Ok((name, Self::parse(value)?))).collect::<Result<_, _>>()?)
            }
            fixed => Self::Fixed(fixed),
        })
    }

    fn fill(&self, values: Values<'_>) -> Value {
        match self {
            Self::Fixed(value) => value.clone(),
            Self::Text(template) => Value::String(template.fill(values)),
            Self::List(nodes) => nodes.iter().map(|node| node.fill(values)).collect(),
            Self::Object(fields) => Value::Object(fields.iter().map(|(name, node)| (name.clone(), node.fill(values))).collect()),
        }
    }
}
