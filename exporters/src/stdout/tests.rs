//! Valid and invalid configurations.

use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::{BuildContext, ExporterConfig};
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;
use toml::de::ValueDeserializer;

use super::KIND;
use crate::lines::WRITABLE;

fn parse(table: &str) -> Result<Box<dyn ExporterConfig>, toml::de::Error> {
    (KIND.parse)(ValueDeserializer::parse(table).unwrap())
}

fn build_error(table: &str) -> Option<(&'static str, String)> {
    let context = BuildContext {
        stage: StageId::exporter("stdout"),
        node_name: "default/node-a".to_owned(),
        telemetry: Telemetry::default(),
        health: Default::default(),
        requests: Default::default(),
    };
    parse(table)
        .unwrap()
        .build(&context)
        .err()
        .map(|error| (error.key, error.message))
}

#[test]
fn the_default_signals_of_a_format_are_those_of_hubble() {
    for (table, expected) in [
        ("{}", Kinds::of(&[Kind::Flow, Kind::Lost])),
        ("{ format = 'json' }", WRITABLE),
        ("{ signals = ['lost'] }", Kinds::of(&[Kind::Lost])),
        (
            "{ format = 'json', signals = ['debug_events'] }",
            Kinds::of(&[Kind::DebugEvent]),
        ),
    ] {
        assert_eq!(parse(table).unwrap().consumes(), expected, "{table}");
    }
}

#[test]
fn signals_that_are_not_lines_are_refused() {
    let cases = [
        (
            "{ signals = ['flows', 'lost', 'agent_events', 'debug_events'] }",
            None,
        ),
        (
            "{ signals = ['flows', 'metrics'] }",
            Some("metrics cannot be written as lines"),
        ),
        ("{ signals = [] }", Some("the list is empty")),
    ];
    for (table, expected) in cases {
        let error = build_error(table);
        assert_eq!(
            error.as_ref().map(|(key, _)| *key),
            expected.map(|_| "signals"),
            "{table}"
        );
        let message = error.map(|(_, message)| message).unwrap_or_default();
        assert!(
            message.starts_with(expected.unwrap_or_default()),
            "{message}"
        );
    }
}

#[test]
fn unknown_formats_and_colours_are_refused() {
    for table in [
        "{ format = 'json', color = 'always' }",
        "{ format = 'compact', color = 'never' }",
        "{ color = 'auto' }",
    ] {
        assert_eq!(build_error(table), None, "{table}");
    }
    for table in [
        "{ format = 'dict' }",
        "{ color = true }",
        "{ colour = 'auto' }",
    ] {
        assert!(parse(table).is_err(), "{table}");
    }
}
