//! The keys of the `otlp` exporter, for `tidegate components` and the documentation.

use tidegate_runtime::component::Key;

/// Every key; those of tables with the table's name before a dot.
pub(super) const KEYS: &[Key] = &[
    key(
        "endpoint",
        "\"http://127.0.0.1:4317\"",
        "scheme, host and port of the OTLP/gRPC backend; https means TLS; credentials belong into headers",
    ),
    key(
        "signals",
        "[\"flows\", \"lost\", \"metrics\"]",
        "what is shipped; there are also \"agent_events\" and \"debug_events\"",
    ),
    key(
        "headers",
        "{}",
        "metadata of every request, such as an API key; values never show in logs",
    ),
    key(
        "compression",
        "\"none\"",
        "\"none\", \"gzip\" or \"zstd\"; worth its CPU time when the backend is on another host",
    ),
    key(
        "timeout",
        "\"10s\"",
        "how long one attempt may take, connecting included",
    ),
    key(
        "batch.max_records",
        "2048",
        "log records in one request at most",
    ),
    key(
        "batch.max_bytes",
        "\"1MiB\"",
        "bytes of one request at most, before compression; `in_flight` and two more are in memory while the backend does not answer",
    ),
    key(
        "batch.timeout",
        "\"1s\"",
        "how long a log record waits for others",
    ),
    key(
        "retry_on_failure.enabled",
        "true",
        "whether a request is repeated that failed for a passing reason",
    ),
    key(
        "retry_on_failure.initial_interval",
        "\"1s\"",
        "the first delay between attempts",
    ),
    key(
        "retry_on_failure.max_interval",
        "\"30s\"",
        "the longest delay, unless the backend asks for a longer one",
    ),
    key("retry_on_failure.multiplier", "1.5", "how delays grow"),
    key(
        "retry_on_failure.randomization_factor",
        "0.5",
        "how far a delay is spread by chance",
    ),
    key(
        "retry_on_failure.max_elapsed_time",
        "\"300s\"",
        "after this time a request is given up and its records are dropped with a count; \"0s\" retries for ever",
    ),
    key(
        "in_flight",
        "4",
        "requests with log records under way at once; raise it for a far backend",
    ),
    key(
        "drain_timeout",
        "\"5s\"",
        "how long delivery goes on at the end; what is left is dropped with a count",
    ),
    key(
        "metrics_interval",
        "\"10s\"",
        "how often the current values of all series are sent",
    ),
    key(
        "http_headers",
        "[]",
        "HTTP headers that are recorded as attributes; [\"*\"] for all, credentials included",
    ),
    key("resource", "{}", "resource attributes to add or replace"),
    key(
        "tls.ca_file",
        "",
        "PEM file of who signs the backend's certificate; the system's roots if not given",
    ),
    key(
        "tls.cert_file",
        "",
        "PEM file of the certificate to show to the backend; with key_file",
    ),
    key(
        "tls.key_file",
        "",
        "PEM file of that certificate's private key",
    ),
    key(
        "tls.server_name_override",
        "",
        "the name that the backend's certificate has to have; the endpoint's host if not given",
    ),
];

const fn key(name: &'static str, default: &'static str, effect: &'static str) -> Key {
    Key {
        name,
        default,
        effect,
    }
}
