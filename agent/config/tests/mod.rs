//! Configurations of kinds that exist for these tests only, and what is said about them, to the
//! letter.

mod environment;
mod good;
mod kinds;
mod renamed;
mod syntax;
mod values;
mod wiring;

use tidegate_runtime::telemetry::Telemetry;

use super::{Assembly, Config, Source, load};

fn environment(name: &str) -> Option<String> {
    match name {
        "LISTEN" => Some("127.0.0.1:9001".to_owned()),
        "API_TOKEN" => Some("s3cret".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

fn try_load(text: &str) -> Result<(Config, Assembly), String> {
    let source = Source {
        name: "pipeline.toml".to_owned(),
        text: text.to_owned(),
    };
    load(
        &source,
        &kinds::REGISTRY,
        &environment,
        Telemetry::default(),
        |_| {},
    )
    .map_err(|problems| problems.render(&source, false))
}

/// The configuration of a text without mistakes.
pub(in crate::config) fn good(text: &str) -> Config {
    try_load(text)
        .unwrap_or_else(|problems| panic!("{problems}"))
        .0
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
