//! Configurations of kinds that exist for these tests only, and what is said about them, to the
//! letter.

mod environment;
mod good;
mod kinds;
mod metrics;
mod mistakes;
mod names;
mod otlp;
mod own_telemetry;
mod releases;
mod renamed;
mod samples;
mod syntax;
mod values;
mod warnings;
mod wiring;

use tidegate_runtime::telemetry::Telemetry;

use super::{Assembly, Config, Problems, Registry, Source, load};

fn environment(name: &str) -> Option<String> {
    match name {
        "LISTEN" => Some("127.0.0.1:9001".to_owned()),
        "API_TOKEN" => Some("s3cret".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

/// Loads a text: what it describes and the warnings about it, or what is said about it.
fn try_load(text: &str) -> Result<(Config, Assembly, String), String> {
    try_load_with(&kinds::REGISTRY, text)
}

/// The same, with other kinds of components.
fn try_load_with(registry: &Registry, text: &str) -> Result<(Config, Assembly, String), String> {
    let source = Source {
        name: "pipeline.toml".to_owned(),
        text: text.to_owned(),
    };
    let mut problems = Problems::default();
    let telemetry = Telemetry::default();
    let loaded = load(
        &source,
        registry,
        &environment,
        telemetry,
        &mut problems,
        |_| {},
    );
    let text = problems.render(&source, false);
    match loaded {
        Some((config, assembly)) => Ok((config, assembly, text)),
        None => Err(text),
    }
}

/// The configuration of a text without errors.
pub(in crate::config) fn good(text: &str) -> Config {
    try_load(text)
        .unwrap_or_else(|problems| panic!("{problems}"))
        .0
}

/// The warnings about a text without errors.
fn warnings(text: &str) -> String {
    try_load(text)
        .unwrap_or_else(|problems| panic!("{problems}"))
        .2
}

/// Checks all that is said about a text without errors, with the number of warnings at the end.
fn warns(text: &str, expected: &str) {
    let said = warnings(text);
    assert_eq!(
        said.trim(),
        expected.trim(),
        "\n--- {text}\n--- was:\n{said}\n---"
    );
}

/// Checks all that is said about a text, but for the number of errors at the end.
fn complains(text: &str, expected: &str) {
    let said = try_load(text).err().expect("there is a mistake");
    let said = said.rsplit_once("\n\n").expect("there is a summary").0;
    assert_eq!(
        said.trim(),
        expected.trim(),
        "\n--- {text}\n--- was:\n{said}\n---"
    );
}

/// Checks what is said about a text that stands in front of a good pipeline.
fn complains_about(text: &str, expected: &str) {
    complains(&format!("{text}{GOOD}"), expected);
}

/// A pipeline without a mistake.
const GOOD: &str = r#"
[receivers.source]
[processors.decode]
[exporters.sink]
[service.pipelines.flows]
receivers = ["source"]
processors = ["decode"]
exporters = ["sink"]
"#;
