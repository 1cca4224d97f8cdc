//! The values of the chart, read from `values.yaml` by its lines: each key with a description is on one line, with its
//! default behind it or, for a map that is described as a whole, indented below it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

/// A described value.
pub(super) struct Described {
    /// Its path, such as `image.tag`.
    pub(super) key: String,
    default: String,
    description: String,
}

/// The described values, in their order. Panics at a key without a description, unless it is within a described one or
/// has described ones within.
pub(super) fn read(text: &str) -> Vec<Described> {
    let mut values: Vec<Described> = Vec::new();
    let mut parents: Vec<(usize, String)> = Vec::new();
    let mut description: Option<String> = None;
    for line in text.lines() {
        let content = line.trim_start();
        let indent = line.len() - content.len();
        if let Some(begin) = content.strip_prefix("# -- ") {
            description = Some(begin.to_owned());
        } else if let Some(more) = content.strip_prefix("# ") {
            if let Some(description) = &mut description {
                *description += " ";
                *description += more;
            }
        } else if let Some((key, default)) = content.split_once(':') {
            parents.retain(|(other, _)| *other < indent);
            let path = parents.last().map(|(_, path)| path.as_str());
            let within = values
                .last()
                .is_some_and(|last| path.is_some_and(|path| is_within(path, &last.key)));
            if within {
                continue;
            }
            let path = path.map_or_else(|| key.to_owned(), |path| format!("{path}.{key}"));
            parents.push((indent, path.clone()));
            match description.take() {
                Some(description) => values.push(Described {
                    key: path,
                    default: default.trim().to_owned(),
                    description,
                }),
                None => assert_eq!(default, "", "{path} has no description"),
            }
        }
    }
    values
}

fn is_within(path: &str, other: &str) -> bool {
    path.strip_prefix(other)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The keys that the schema has properties for: those that are described, and those with no properties of their own.
pub(super) fn keys(
    schema: &Value,
    path: &str,
    described: &BTreeSet<String>,
    known: &mut BTreeSet<String>,
) {
    let properties = schema["properties"].as_object();
    match properties {
        Some(properties) if !described.contains(path) => {
            for (key, schema) in properties {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                keys(schema, &path, described, known);
            }
        }
        _ => {
            known.insert(path.to_owned());
        }
    }
}

/// The table of the README.
pub(super) fn table(text: &str, schema: &Value) -> String {
    let mut table = "| value | type | default | meaning |\n| --- | --- | --- | --- |\n".to_owned();
    for value in read(text) {
        let default = match value.default.as_str() {
            "" => "see [`values.yaml`](values.yaml)".to_owned(),
            default => format!("`{default}`"),
        };
        let kind = kind(schema, &value.key);
        let line = format!(
            "| `{}` | {kind} | {} | {} |",
            value.key,
            default.replace('|', "\\|"),
            value.description.replace('|', "\\|")
        );
        writeln!(table, "{line}").unwrap();
    }
    table
}

/// The type of a value, from the schema.
fn kind(schema: &Value, key: &str) -> String {
    let schema = key
        .split('.')
        .fold(schema, |schema, key| &schema["properties"][key]);
    match (&schema["type"], &schema["enum"]) {
        (Value::String(kind), _) => kind.clone(),
        (Value::Array(kinds), _) => {
            let kinds: Vec<_> = kinds.iter().filter_map(Value::as_str).collect();
            kinds.join(" or ")
        }
        (_, Value::Array(_)) => "string".to_owned(),
        _ => panic!("{key} is not in values.schema.json"),
    }
}
