//! The schemas of tables, keys and values.

use serde_json::{Map, Value, json};
use tidegate_runtime::config::{Choice, Key, Shape, paragraphs};

/// The definition of strings with variables of the environment.
pub(super) const VARIABLE: &str = "variable";

/// The schema of a table with these keys. Other keys are not allowed.
pub(super) fn table(about: &str, keys: &[Key]) -> Map<String, Value> {
    let mut properties = Map::new();
    for key in keys {
        add(&mut properties, key);
    }
    let required = keys.iter().filter(|key| key.is_required);
    let required: Vec<_> = required.map(|key| key.name).collect();
    let mut schema = object(about);
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    let exclusive = keys.iter().flat_map(names_besides);
    let exclusive: Vec<_> = exclusive
        .map(|(name, other)| json!({ "not": { "required": [name, other] } }))
        .collect();
    if !exclusive.is_empty() {
        schema.insert("allOf".to_owned(), Value::Array(exclusive));
    }
    schema
}

/// The schema of a table without keys.
fn object(about: &str) -> Map<String, Value> {
    let schema = json!({
        "description": paragraphs(about).join("\n\n"),
        "type": "object",
        "additionalProperties": false,
    });
    into_object(schema)
}

/// A key with each of its other names.
fn names_besides(key: &Key) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
    let others = key.renamed_from.into_iter().chain(key.alias);
    let name = key.name;
    others.map(move |other| (name, other))
}

fn add(properties: &mut Map<String, Value>, key: &Key) {
    let mut schema = value(&(key.shape)());
    let description = paragraphs(key.text).join("\n\n");
    schema.insert("description".to_owned(), description.into());
    if let Some(default) = (key.default)() {
        schema.insert("default".to_owned(), json!(default));
    } else if let Some(sample) = key.sample.and_then(sample) {
        schema.insert("examples".to_owned(), json!([sample]));
    }
    for (_, other) in names_besides(key) {
        let mut old = schema.clone();
        if Some(other) == key.renamed_from {
            old.insert("deprecated".to_owned(), true.into());
        }
        properties.insert(other.to_owned(), Value::Object(old));
    }
    properties.insert(key.name.to_owned(), Value::Object(schema));
}

/// The sample of a key as a value.
fn sample(text: &str) -> Option<toml::Value> {
    let table: toml::Table = toml::from_str(&format!("value = {text}")).ok()?;
    table.get("value").cloned()
}

/// The schema of a value.
fn value(shape: &Shape) -> Map<String, Value> {
    let schema = match shape {
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Integer { min, max: None } => json!({ "type": "integer", "minimum": min }),
        Shape::Integer { min, max } => {
            json!({ "type": "integer", "minimum": min, "maximum": max })
        }
        Shape::Number { min, max: None } => json!({ "type": "number", "minimum": min }),
        Shape::Number { min, max } => {
            json!({ "type": "number", "minimum": min, "maximum": max })
        }
        Shape::Text { pattern: None } => json!({ "type": "string" }),
        Shape::Text { pattern } => {
            json!({ "anyOf": [{ "type": "string", "pattern": pattern }, variable()] })
        }
        Shape::Choice(choices) => {
            let choices = choices.iter().map(choice).chain([variable()]);
            json!({ "anyOf": choices.collect::<Vec<_>>() })
        }
        Shape::List(of) => json!({ "type": "array", "items": value(of) }),
        Shape::Map(of) => json!({ "type": "object", "additionalProperties": value(of) }),
        Shape::Table(keys) => return table("", keys),
        Shape::Fields(names) => return fields(names),
    };
    into_object(schema)
}

/// The schema of a table with any values.
fn fields(names: &[&str]) -> Map<String, Value> {
    let properties = names.iter().map(|name| ((*name).to_owned(), json!({})));
    let mut schema = object("");
    schema.insert("properties".to_owned(), Value::Object(properties.collect()));
    schema
}

fn choice(choice: &Choice) -> Value {
    json!({ "const": choice.name, "description": paragraphs(choice.text).join("\n\n") })
}

fn variable() -> Value {
    json!({ "$ref": format!("#/$defs/{VARIABLE}") })
}

/// The members of a value that is an object.
fn into_object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => [("const".to_owned(), other)].into_iter().collect(),
    }
}
