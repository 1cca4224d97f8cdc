//! The measured inputs, and the consumers of what the agent exports.

use std::time::Duration;

use crate::environment::Input;

/// One row of the table.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// How long the OTLP backend takes to reply; `None` means that it never does.
    pub(crate) backend: Option<Duration>,
    /// Whether standard output is read.
    pub(crate) reads_stdout: bool,
    pub(crate) input: Input,
    /// Replacements in the text of the shipped configuration.
    pub(crate) replacements: &'static [(&'static str, &'static str)],
}

/// Removes every exporter but `prometheus`.
const ONLY_PROMETHEUS: &[(&str, &str)] = &[
    (
        "exporters = [\"otlp\", \"prometheus\", \"stdout\"]",
        "exporters = [\"prometheus\"]",
    ),
    ("[exporters.otlp]\n", ""),
    ("[exporters.stdout]\n", ""),
    ("format = \"compact\"\n", ""),
];

const IMMEDIATE: Option<Duration> = Some(Duration::ZERO);
const ONE_SECOND: Option<Duration> = Some(Duration::from_secs(1));

#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn all() -> Vec<Scenario> {
    let simulated = |mix, rate| Input::Simulated { mix, rate };
    let row = |name, backend, reads_stdout, input| Scenario {
        name,
        backend,
        reads_stdout,
        input,
        replacements: &[],
    };
    let steady = simulated("default", 200_000);
    vec![
        row("idle", IMMEDIATE, true, simulated("default", 1)),
        Scenario {
            replacements: ONLY_PROMETHEUS,
            ..row("200,000/s: metrics to Prometheus", IMMEDIATE, true, steady)
        },
        row("200,000/s: all exporters", IMMEDIATE, true, steady),
        row(
            "flat out: all exporters",
            IMMEDIATE,
            true,
            simulated("default", 0),
        ),
        row(
            "flat out: OTLP takes a second",
            ONE_SECOND,
            true,
            simulated("default", 0),
        ),
        row(
            "flat out: OTLP never answers",
            None,
            true,
            simulated("default", 0),
        ),
        row(
            "flat out: OTLP never answers, much L7",
            None,
            true,
            simulated("even", 0),
        ),
        row(
            "flat out: stdout is not read either",
            None,
            false,
            simulated("even", 0),
        ),
        row(
            "access-log records of 60 kB",
            None,
            true,
            Input::AccessLog(60_000),
        ),
        row(
            "access-log records of 1 MB",
            None,
            true,
            Input::AccessLog(1_000_000),
        ),
    ]
}
