//! What is played to the agent, and who takes what it makes of it.

use std::time::Duration;

use crate::surroundings::Input;

/// One row of the table.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// How long the OTLP backend takes for a request; `None` is for ever.
    pub(crate) backend: Option<Duration>,
    /// Whether somebody reads standard output.
    pub(crate) is_read: bool,
    pub(crate) input: Input,
    /// What of the pipeline that ships is written otherwise.
    pub(crate) instead: &'static [(&'static str, &'static str)],
}

/// Metrics alone, for Prometheus.
const METRICS: &[(&str, &str)] = &[
    (
        "exporters = [\"otlp\", \"prometheus\", \"stdout\"]",
        "exporters = [\"prometheus\"]",
    ),
    ("[exporters.otlp]\n", ""),
    (
        "endpoint = \"${env:OTEL_EXPORTER_OTLP_ENDPOINT:-http://127.0.0.1:4317}\"\n",
        "",
    ),
    ("[exporters.stdout]\n", ""),
    ("format = \"compact\"\n", ""),
];

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);
const SECOND: Option<Duration> = Some(Duration::from_secs(1));

pub(crate) fn all() -> Vec<Scenario> {
    let simulated = |mix, rate| Input::Simulated { mix, rate };
    let row = |name, backend, is_read, input| Scenario {
        name,
        backend,
        is_read,
        input,
        instead: &[],
    };
    let steady = simulated("default", 200_000);
    vec![
        row("idle", AT_ONCE, true, simulated("default", 1)),
        Scenario {
            instead: METRICS,
            ..row("200,000/s: metrics to Prometheus", AT_ONCE, true, steady)
        },
        row("200,000/s: all exporters", AT_ONCE, true, steady),
        row(
            "flat out: all exporters",
            AT_ONCE,
            true,
            simulated("default", 0),
        ),
        row(
            "flat out: OTLP takes a second",
            SECOND,
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
            "flat out: nobody reads stdout either",
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
