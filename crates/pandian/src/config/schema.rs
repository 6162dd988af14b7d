//! The JSON Schema of `warehouse.toml`, made from the types that read it.

use pandian_devices::Catalog;
use pandian_devices::catalog::Kind;
use schemars::schema_for;
use serde_json::{Map, Value, json};

use super::file::{CAMERA, CRANE, READER, ROLES, RetryTable, WarehouseFile};

/// JSON Schema (draft 2020-12) of the whole file; device tables are one of the catalogue's kinds.
pub fn schema(catalog: &Catalog) -> Value {
    let mut schema = of_file();
    let mut definitions = Map::new();
    add_role(&mut definitions, CRANE, &catalog.cranes);
    add_role(&mut definitions, READER, &catalog.readers);
    add_role(&mut definitions, CAMERA, &catalog.cameras);
    if let Some(own) = schema["$defs"].as_object_mut() {
        own.extend(definitions);
    }
    schema
}

/// The schema without device tables.
pub(super) fn of_file() -> Value {
    schema_for!(WarehouseFile).to_value()
}

fn add_role<D: ?Sized>(definitions: &mut Map<String, Value>, role: u8, kinds: &[Kind<D>]) {
    let role = ROLES[usize::from(role)];
    // What it refers to is among the file's own definitions.
    let retry = schema_for!(RetryTable).to_value();
    let mut choices = Vec::new();
    for kind in kinds {
        let name = format!("{role}.{}", kind.name);
        let mut settings = (kind.schema)().to_value();
        // Each kind brings definitions of its own; the names of two kinds may be the same.
        if let Some(Value::Object(own)) = settings.as_object_mut().and_then(|settings| settings.remove("$defs")) {
            for (inner, mut definition) in own {
                rename(&mut definition, &name);
                definitions.insert(format!("{name}.{inner}"), definition);
            }
        }
        rename(&mut settings, &name);
        add_common(&mut settings, kind.name, &retry["properties"]);
        settings["title"] = json!(kind.name);
        settings["description"] = json!(kind.summary);
        choices.push(json!({ "$ref": format!("#/$defs/{name}") }));
        definitions.insert(name, settings);
    }
    definitions.insert(role.to_owned(), json!({ "oneOf": choices }));
}

/// Adds what every device table may hold: its kind, and the rule for time-outs and retries.
fn add_common(settings: &mut Value, kind: &str, retry: &Value) {
    if let Some(settings) = settings.as_object_mut() {
        settings.remove("$schema");
        settings.entry("properties").or_insert_with(|| json!({}));
        settings.entry("required").or_insert_with(|| json!([]));
    }
    if let Some(properties) = settings["properties"].as_object_mut() {
        properties.insert("kind".to_owned(), json!({ "const": kind }));
        properties.extend(retry.as_object().into_iter().flatten().map(|(key, schema)| (key.clone(), schema.clone())));
    }
    if let Some(required) = settings["required"].as_array_mut() {
        required.push(json!("kind"));
    }
}

/// Leads references to definitions to where they were moved.
fn rename(schema: &mut Value, prefix: &str) {
    match schema {
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                match value.as_str().filter(|_| key == "$ref").and_then(|text| text.strip_prefix("#/$defs/")) {
                    Some(name) => *value = json!(format!("#/$defs/{prefix}.{name}")),
                    None => rename(value, prefix),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| rename(value, prefix)),
        _ => {}
    }
}
