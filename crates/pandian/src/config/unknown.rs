//! Unknown keys, found with the JSON Schema that the types themselves make: all at once, where deserializing would stop at the first.

use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeString, DeValue};

use super::document::Path;

/// A key that does not belong where it stands.
pub(super) struct Unknown<'a> {
    /// The table it stands in.
    pub(super) path: &'a Path,
    pub(super) key: &'a str,
    pub(super) span: Range<usize>,
    pub(super) allowed: Vec<&'a str>,
}

/// Removes every unknown key below `value` and tells of it. Where the schema does not settle what is allowed, nothing is touched.
pub(super) fn strip(value: &mut Spanned<DeValue<'_>>, schema: &Value, path: &mut Path, on_unknown: &mut dyn FnMut(Unknown<'_>)) {
    strip_below(value, schema, schema, path, on_unknown);
}

fn strip_below(value: &mut Spanned<DeValue<'_>>, schema: &Value, root: &Value, path: &mut Path, on_unknown: &mut dyn FnMut(Unknown<'_>)) {
    let Some(schema) = settle(schema, root, value.get_ref()) else { return };
    match value.get_mut() {
        DeValue::Table(table) => {
            let Some(properties) = schema["properties"].as_object() else { return };
            if schema["additionalProperties"] == Value::Bool(false) {
                let unknown = |key: &&Spanned<DeString<'_>>| !properties.contains_key(key.get_ref().as_ref());
                let names: Vec<_> = table.keys().filter(unknown).map(|key| key.get_ref().to_string()).collect();
                for name in names {
                    let Some((key, _)) = table.remove_entry(name.as_str()) else { continue };
                    let allowed = properties.keys().map(String::as_str).collect();
                    on_unknown(Unknown { path, key: &name, span: key.span(), allowed });
                }
            }
            for (key, child) in table.iter_mut() {
                let Some(schema) = properties.get(key.get_ref().as_ref()) else { continue };
                path.push_key(key.get_ref());
                strip_below(child, schema, root, path, on_unknown);
                path.pop();
            }
        }
        DeValue::Array(entries) => {
            for (index, child) in entries.iter_mut().enumerate() {
                path.push_index(index);
                strip_below(child, &schema["items"], root, path, on_unknown);
                path.pop();
            }
        }
        _ => {}
    }
}

/// The schema that holds for this value: references followed, options opened, the variant chosen that the value's tag names.
fn settle<'s>(schema: &'s Value, root: &'s Value, value: &DeValue<'_>) -> Option<&'s Value> {
    if let Some(reference) = schema["$ref"].as_str() {
        return settle(root.pointer(reference.strip_prefix('#')?)?, root, value);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let mut choices = choices.iter().filter(|choice| choice["type"] != "null");
        return match (choices.next(), choices.next()) {
            (Some(only), None) => settle(only, root, value),
            _ => None,
        };
    }
    if let Some(variants) = schema["oneOf"].as_array() {
        let is_tagged = |variant: &&Value| {
            let properties = variant["properties"].as_object();
            properties.is_some_and(|properties| {
                properties.iter().any(|(key, property)| {
                    let tag = property["const"].as_str();
                    tag.is_some() && value.get(key.as_str()).and_then(|value| value.get_ref().as_str()) == tag
                })
            })
        };
        return variants.iter().find(is_tagged);
    }
    Some(schema)
}
