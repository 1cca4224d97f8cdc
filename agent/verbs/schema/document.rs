//! The schema of a whole configuration file.

use serde_json::{Map, Value, json};
use tidegate_runtime::config::Table as _;

use super::shape::{VARIABLE, table};
use crate::config::{PIPELINES, PipelineTable, QUEUE, Registry, ServiceTable};
use crate::verbs::common::catalog::{Entry, Inbox, kinds};

/// A name of a pipeline, or of a component after the slash of its id.
const NAME: &str = "[A-Za-z0-9_-]+";

/// The definition of a pipeline.
const PIPELINE: &str = "pipeline";

/// The schema of files with the kinds of a registry.
pub(super) fn document(registry: &Registry) -> Value {
    let kinds = kinds(registry);
    let mut properties = Map::new();
    let mut definitions = Map::new();
    for section in ["receivers", "processors", "exporters"] {
        let of_section = kinds.iter().filter(|kind| kind.section == section);
        let of_section: Vec<_> = of_section.collect();
        properties.insert(section.to_owned(), components(section, &of_section));
        definitions.extend(of_section.iter().map(|kind| (kind.path(), component(kind))));
    }
    properties.insert("service".to_owned(), service());
    definitions.insert(PIPELINE.to_owned(), pipeline());
    definitions.insert(VARIABLE.to_owned(), variable());
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": concat!("Configuration of tidegate ", env!("CARGO_PKG_VERSION")),
        "type": "object",
        "additionalProperties": false,
        "required": ["service"],
        "properties": properties,
        "$defs": definitions,
    })
}

/// A section: components by their id, `kind` or `kind/name`.
fn components(section: &str, kinds: &[&Entry]) -> Value {
    let reference = |kind: &Entry| json!({ "$ref": format!("#/$defs/{}", kind.path()) });
    let by_kind = kinds
        .iter()
        .map(|kind| (kind.name.to_owned(), reference(kind)));
    let by_name = kinds
        .iter()
        .map(|kind| (format!("^{}/{NAME}$", kind.name), reference(kind)));
    json!({
        "description": format!("The {section}, each by its id: `kind` or, for further ones of a kind, `kind/name`."),
        "type": "object",
        "additionalProperties": false,
        "properties": by_kind.collect::<Map<_, _>>(),
        "patternProperties": by_name.collect::<Map<_, _>>(),
    })
}

fn component(kind: &Entry) -> Value {
    let mut schema = table(kind.about, kind.keys);
    if let (Some(inbox), Some(properties)) = (&kind.inbox, schema.get_mut("properties")) {
        properties[QUEUE] = queue(inbox);
    }
    Value::Object(schema)
}

/// The inbox of a component, with the defaults of its kind.
fn queue(inbox: &Inbox) -> Value {
    let about = "The inbox. A processor without one runs in the task of the previous processor.";
    let mut schema = table(about, inbox.keys);
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for (name, property) in properties {
            property["default"] = json!(inbox.default.get(name.as_str()));
        }
    }
    Value::Object(schema)
}

fn service() -> Value {
    let mut schema = table(ServiceTable::ABOUT, ServiceTable::KEYS);
    if let Some(properties) = schema.get_mut("properties") {
        properties[PIPELINES] = json!({
            "description": "The pipelines, each by its name.",
            "type": "object",
            "additionalProperties": false,
            "minProperties": 1,
            "patternProperties": { format!("^{NAME}$"): { "$ref": format!("#/$defs/{PIPELINE}") } },
        });
    }
    schema.insert("required".to_owned(), json!([PIPELINES]));
    Value::Object(schema)
}

/// A pipeline. Its lists name a component once, and those that are required are not empty.
fn pipeline() -> Value {
    let mut schema = table(PipelineTable::ABOUT, PipelineTable::KEYS);
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for key in PipelineTable::KEYS {
            let list = &mut properties[key.name];
            list["uniqueItems"] = true.into();
            if key.is_required {
                list["minItems"] = 1.into();
            }
        }
    }
    Value::Object(schema)
}

fn variable() -> Value {
    json!({
        "description": "A string with variables of the environment: `${env:NAME}` or \
                        `${env:NAME:-default}`.",
        "type": "string",
        "pattern": r"\$\{env:[A-Za-z0-9_]+(:-[^}]*)?\}",
    })
}
