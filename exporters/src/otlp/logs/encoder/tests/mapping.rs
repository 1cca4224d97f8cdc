//! The attributes of records with every field, against the declarations and against
//! `tests/golden/otlp/records`.
//!
//! `OTLP_GOLDEN=write cargo test -p tidegate-exporters every_record_has` rewrites that file.

mod samples;

use std::collections::{BTreeMap, BTreeSet};

use opentelemetry_proto::tonic::trace::v1;

use super::*;
use crate::otlp::mapping::{Attribute, TABLES, ValueType};
use crate::otlp::spans::SpanFinder;
use samples::{Sample, samples};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/otlp/records");

fn encoded(sample: &Sample) -> LogRecord {
    single(&sample.record, &sample.format)
}

/// The spans of the samples, with their names.
fn spans() -> Vec<(String, v1::Span)> {
    let mut finder = SpanFinder::new("prod/node-a", false);
    let span = |sample: Sample| {
        let Record::Flow(flow) = &sample.record else {
            return None;
        };
        let span = finder.find(flow)?;
        let span = super::spans::encoded(flow, &span, &sample.format);
        Some((format!("span of {}", sample.name), span))
    };
    samples().into_iter().filter_map(span).collect()
}

/// All samples: name, body or name of the span, and attributes.
fn all_encoded() -> Vec<(String, String, Vec<KeyValue>)> {
    let log = |sample: Sample| {
        let log = encoded(&sample);
        let body = log.body.as_ref().map(shown).unwrap_or_default();
        (sample.name.to_owned(), body, log.attributes)
    };
    let logs = samples().into_iter().map(log);
    let spans = spans().into_iter();
    logs.chain(spans.map(|(name, span)| (name, span.name, span.attributes)))
        .collect()
}

#[test]
fn every_record_has_the_body_and_attributes_of_the_golden_file() {
    let shown = all_encoded().into_iter().map(|(name, body, attributes)| {
        let lines = attributes.iter().map(|attribute| {
            let value = attribute.value.as_ref().map(shown).unwrap_or_default();
            format!("{}={value}\n", attribute.key)
        });
        let lines: String = lines.collect();
        format!("# {name}\n{body}\n{lines}\n")
    });
    let shown: String = shown.collect();
    if std::env::var_os("OTLP_GOLDEN").is_some_and(|value| value == "write") {
        std::fs::write(GOLDEN, &shown).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    assert!(
        golden == shown,
        "run `OTLP_GOLDEN=write cargo test every_record_has` and review the change"
    );
}

/// The names on the wire that a declaration stands for. A name that the record determines is one
/// prefix.
fn names(attribute: &Attribute) -> Vec<String> {
    ["source", "destination"]
        .map(|side| attribute.name.replace("<side>", side))
        .map(|name| name.split('<').next().unwrap_or_default().to_owned())
        .into_iter()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

fn is_of_type(value: &AnyValue, value_type: ValueType) -> bool {
    matches!(
        (value_type, &value.value),
        (
            ValueType::String | ValueType::Uint,
            Some(Value::StringValue(_))
        ) | (ValueType::Bool, Some(Value::BoolValue(_)))
            | (ValueType::Int | ValueType::Uint, Some(Value::IntValue(_)))
            | (
                ValueType::Strings | ValueType::Labels,
                Some(Value::ArrayValue(_))
            )
            | (ValueType::Labels, Some(Value::KvlistValue(_)))
    )
}

#[test]
fn every_attribute_is_declared_with_its_type_and_every_declaration_has_a_sample() {
    let declared: BTreeMap<_, _> = TABLES
        .iter()
        .flat_map(|(_, table)| *table)
        .flat_map(|attribute| {
            names(attribute)
                .into_iter()
                .map(move |name| (name, attribute))
        })
        .collect();
    let mut missing: BTreeSet<_> = declared.keys().cloned().collect();
    for (sample, _, attributes) in all_encoded() {
        let mut keys = BTreeSet::new();
        for attribute in &attributes {
            let key = attribute.key.as_str();
            assert!(keys.insert(key), "{key} occurs twice in {sample}");
            let prefix_of = |name: &&String| key.starts_with(name.as_str()) && name.ends_with('.');
            let owner = declared.keys().find(prefix_of);
            let name = declared
                .get_key_value(key)
                .or_else(|| declared.get_key_value(owner?));
            let (name, declaration) = name.unwrap_or_else(|| panic!("{key} is not declared"));
            let value = attribute.value.as_ref().expect("a value");
            assert!(
                is_of_type(value, declaration.value_type),
                "{key}: {value:?}"
            );
            missing.remove(name);
        }
    }
    assert!(missing.is_empty(), "without a sample: {missing:?}");
}
