//! Every key and every variable has an effect: which test shows it. A key or a variable without one
//! fails here.

mod certificates;
mod keepalive;
mod retries;
mod shown;
mod signals;
mod variables;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;

use tidegate_exporters::otlp;
use tidegate_processors::hubble_metrics;
use tidegate_runtime::component::Environment;
use tidegate_runtime::config::{Key, Shape};
use toml::de::ValueDeserializer;

/// The variables that the specification has for the exporter and its resource, from its repository
/// open-telemetry/opentelemetry-specification: `specification/protocol/exporter.md`,
/// `specification/metrics/sdk_exporters/otlp.md`, and the general ones of
/// `specification/configuration/sdk-environment-variables.md` that concern a resource or the whole
/// SDK.
const SPECIFIED: &str = include_str!("../../../../tests/golden/otlp/environment-variables-1.60.0");

/// What precedes the tests' files below.
const CRATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/");

/// The test of each key.
const KEYS: &str = include_str!("keys");

/// The test of each variable, also of those of proxies, which no specification has.
const VARIABLES: &str = include_str!("variables");

/// Variables of the specification that the exporter does not read, each for its reason.
const NOT_READ: [&str; 3] = [
    // It concerns the agent's own telemetry alone.
    "OTEL_SDK_DISABLED",
    // Obsolete names, kept only by exporters that had them.
    "OTEL_EXPORTER_OTLP_METRIC_INSECURE",
    "OTEL_EXPORTER_OTLP_SPAN_INSECURE",
];

/// A test.
#[derive(Clone, Copy, Debug)]
struct Test {
    file: &'static str,
    name: &'static str,
    /// What its file has to mention.
    about: &'static str,
}

impl Test {
    fn assert_exists(self) {
        let Self { file, name, about } = self;
        let text = fs::read_to_string(format!("{CRATE}{file}")).expect(file);
        assert!(
            text.contains(&format!("fn {name}(")),
            "{file} has no test `{name}`"
        );
        assert!(text.contains(about), "{file} does not mention `{about}`");
    }
}

/// The lines of a table that are no comments.
fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.starts_with('#'))
}

/// The tests of a table by key or variable, with each of `signals` in place of `<signal>`.
fn tests(table: &'static str, signals: &[&str]) -> BTreeMap<String, Test> {
    let entries = lines(table).flat_map(|line| {
        let [name, file, test] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let about = name.rsplit(['.', '>']).next().unwrap_or(name);
        let about = about.rsplit("METRICS_").next().unwrap_or(about);
        let test = Test {
            file,
            name: test,
            about,
        };
        let names = signals
            .iter()
            .map(|signal| name.replace("<signal>", signal));
        names.map(move |name| (name, test)).collect::<Vec<_>>()
    });
    entries.collect()
}

/// The paths of keys, with those of tables in them.
fn paths(keys: &[Key], prefix: &str) -> Vec<String> {
    let of_key = |key: &Key| {
        let path = format!("{prefix}{}", key.name);
        match (key.shape)() {
            Shape::Table(inner) => paths(inner, &format!("{path}.")),
            Shape::Fields(names) => names.iter().map(|name| format!("{path}.{name}")).collect(),
            _ => vec![path],
        }
    };
    keys.iter().flat_map(of_key).collect()
}

/// The variables that the exporter, and the processor that makes its histograms, read.
fn read_variables() -> BTreeSet<String> {
    let read = Mutex::new(BTreeSet::new());
    let environment = |name: &str| {
        read.lock().unwrap().insert(name.to_owned());
        None
    };
    let environment: Environment<'_> = &environment;
    let empty = || ValueDeserializer::parse("{}").unwrap();
    (otlp::KIND.parse)(empty())
        .unwrap()
        .use_environment(environment);
    (hubble_metrics::KIND.parse)(empty())
        .unwrap()
        .use_environment(environment);
    read.into_inner().unwrap()
}

#[test]
fn every_key_has_an_effect_in_a_test() {
    let tests = tests(KEYS, &["logs", "metrics", "traces"]);
    let declared: BTreeSet<_> = paths(otlp::KIND.keys, "").into_iter().collect();
    let tested: BTreeSet<_> = tests.keys().cloned().collect();
    assert_eq!(declared, tested);
    tests.into_values().for_each(Test::assert_exists);
}

#[test]
fn every_variable_of_the_specification_is_read_and_has_an_effect_in_a_test() {
    let tests = tests(VARIABLES, &["", "LOGS_", "METRICS_", "TRACES_"]);
    let read = read_variables();
    assert_eq!(read, tests.keys().cloned().collect());
    for name in lines(SPECIFIED) {
        assert_ne!(read.contains(name), NOT_READ.contains(&name), "{name}");
    }
    tests.into_values().for_each(Test::assert_exists);
}
