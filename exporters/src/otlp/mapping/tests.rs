//! The tables of `docs/otlp.md`, and the names against the semantic conventions.
//!
//! `OTLP_DOCS=write cargo test -p tidegate-exporters docs_otlp` rewrites the tables.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Attribute, SCHEMA_URL, TABLES, ValueType};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/otlp.md");

/// Name, type and stability of the attributes of version 1.44.0, from `model/*/registry.yaml` of
/// the repository open-telemetry/semantic-conventions.
const CONVENTIONS: &str = include_str!("../../../../tests/golden/otlp/semantic-conventions-1.44.0");

/// Attributes that the Collector's `probabilistic_sampler` writes.
const SAMPLER: [&str; 2] = ["sampling.threshold", "sampling.randomness"];

/// What encloses the tables of the page.
const BEGIN: &str = "<!-- The tables are written by `OTLP_DOCS=write cargo test docs_otlp`. -->\n";
const END: &str = "<!-- End of the tables. -->\n";

fn conventions() -> BTreeMap<&'static str, (&'static str, &'static str)> {
    let entry = |line: &'static str| {
        let mut words = line.split(' ');
        let name = words.next()?;
        Some((name, (words.next()?, words.next()?)))
    };
    CONVENTIONS.lines().filter_map(entry).collect()
}

/// The names that an attribute has on the wire, with `<key>` in place of another placeholder.
fn names(attribute: &Attribute) -> Vec<String> {
    let name = attribute.name.replace("<name>", "<key>");
    if name.contains("<side>") {
        vec![
            name.replace("<side>", "source"),
            name.replace("<side>", "destination"),
        ]
    } else {
        vec![name]
    }
}

fn type_name(value_type: ValueType) -> &'static str {
    match value_type {
        ValueType::String => "string",
        ValueType::Bool => "boolean",
        ValueType::Int => "int",
        ValueType::Uint => "uint",
        ValueType::Strings => "string[]",
        ValueType::Labels => "string[] or map",
    }
}

/// The last column: how stable the convention is.
fn convention(attribute: &Attribute) -> &'static str {
    if SAMPLER.contains(&attribute.name) {
        return "of the Collector";
    }
    let conventions = conventions();
    let stability = names(attribute)
        .iter()
        .find_map(|name| conventions.get(name.as_str()));
    stability.map_or("", |(_, stability)| stability)
}

fn tables() -> String {
    let mut text = String::new();
    for (title, table) in TABLES {
        let _ = write!(
            text,
            "\n### {title}\n\n| attribute | type | field of Hubble's JSON | value | convention |\n\
             | --- | --- | --- | --- | --- |\n"
        );
        for attribute in table {
            let fields = attribute
                .field
                .split(", ")
                .filter(|field| !field.is_empty());
            let fields: Vec<_> = fields.map(|field| format!("`{field}`")).collect();
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} | {} |",
                attribute.name,
                type_name(attribute.value_type),
                fields.join(", "),
                attribute.about,
                convention(attribute)
            );
        }
    }
    text.push('\n');
    text
}

#[test]
fn docs_otlp_has_the_declared_attributes() {
    let page = std::fs::read_to_string(DOCS).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the begin of the tables");
    let (_, after) = rest.split_once(END).expect("the end of the tables");
    let expected = [before, BEGIN, &tables(), END, after].concat();
    if std::env::var_os("OTLP_DOCS").is_some_and(|value| value == "write") {
        std::fs::write(DOCS, &expected).unwrap();
    }
    let page = std::fs::read_to_string(DOCS).unwrap();
    assert!(
        page == expected,
        "run `OTLP_DOCS=write cargo test docs_otlp` and review the change"
    );
}

#[test]
fn names_of_other_namespaces_are_those_of_the_conventions_with_their_types() {
    let conventions = conventions();
    for attribute in TABLES.iter().flat_map(|(_, table)| *table) {
        for name in names(attribute) {
            let is_own = name.starts_with("cilium.");
            match conventions.get(name.as_str()) {
                Some((value_type, _)) => {
                    let own_type = type_name(attribute.value_type);
                    assert_eq!(own_type, *value_type, "{name}");
                }
                None => assert!(is_own || SAMPLER.contains(&name.as_str()), "{name}"),
            }
        }
    }
}

#[test]
fn every_attribute_is_declared_once() {
    let mut all: Vec<_> = TABLES
        .iter()
        .flat_map(|(_, table)| table.iter().map(|attribute| attribute.name))
        .collect();
    all.sort_unstable();
    let count = all.len();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn the_page_and_the_schema_have_the_version_of_the_conventions() {
    let version = CONVENTIONS.lines().next().expect("a version");
    let version = version.trim_start_matches("# ");
    assert!(SCHEMA_URL.ends_with(&format!("/{version}")), "{version}");
    let page = std::fs::read_to_string(DOCS).unwrap();
    assert!(page.contains(SCHEMA_URL), "{SCHEMA_URL}");
}
