//! Valid and invalid configurations.

use tidegate_runtime::stage::Exporter;
use tidegate_runtime::stage_id::StageId;

use super::KIND;

fn build(toml: &str) -> Result<Box<dyn Exporter>, String> {
    let table = toml::de::ValueDeserializer::parse(toml).map_err(|error| error.to_string())?;
    let config = (KIND.parse)(table).map_err(|error| error.message().to_owned())?;
    let context = tidegate_runtime::component::BuildContext {
        stage: StageId::exporter("otlp"),
        node_name: "default/node-a".to_owned(),
        telemetry: tidegate_runtime::telemetry::Telemetry::default(),
        health: Default::default(),
        requests: Default::default(),
    };
    config
        .build(&context)
        .map_err(|error| format!("{}: {}", error.key, error.message))
}

/// Entries of the table, and a part of the error.
const INVALID: &[(&str, &str)] = &[
    (
        "endpoint = \"127.0.0.1:4317\"",
        "endpoint: `127.0.0.1:4317` ",
    ),
    (
        "endpoint = \"http://h:4317/v1/logs\"",
        "endpoint: `http://h:4317/v1/logs` must end after the port",
    ),
    (
        "endpoint = \"unix:///run/otlp.sock\"",
        "endpoint: `unix:///run/otlp.sock` ",
    ),
    (
        "endpoint = \"http://127.0.0.1:99999\"",
        "endpoint: `http://127.0.0.1:99999` has the port `99999`",
    ),
    (
        "endpoint = \"http://a:secret@h:4317\"",
        "endpoint: `http://***@h:4317` contains a user or a password",
    ),
    (
        "endpoint = \"https://h:4317\", tls = { server_name_override = \"a b\" }",
        "tls: `server_name_override` is `a b`",
    ),
    (
        "headers = { Authorization = \"Bearer x\" }, token_file = \"/token\"",
        "token_file: `headers` has `authorization`, too",
    ),
    ("signals = []", "signals: at least one"),
    ("timeout = \"0s\"", "longer than zero"),
    ("metrics_interval = \"0s\"", "longer than zero"),
    (
        "batch = { max_bytes = \"5MiB\" }",
        "batch.max_bytes: `max_bytes`",
    ),
    ("batch = { max_records = 0 }", "invalid value: integer `0`"),
    ("in_flight = 0", "invalid value: integer `0`"),
    (
        "retry_on_failure = { multiplier = 0.5 }",
        "expected a number from 1 up",
    ),
    (
        "retry_on_failure = { randomization_factor = 1.5 }",
        "expected a number from 0 to 1",
    ),
    (
        "retry_on_failure = { initial_interval = \"0s\" }",
        "longer than zero",
    ),
    (
        "headers = { \"a b\" = \"c\" }",
        "headers: `a b` is not a valid header name",
    ),
    (
        "headers = { key = \"a\\nsecret\" }",
        "headers: `key` has a value",
    ),
    (
        "headers = { Content-Length = \"1\" }",
        "headers: `Content-Length` is set by the exporter",
    ),
    (
        "headers = { grpc-encoding = \"x\" }",
        "headers: `grpc-encoding` is set by the exporter",
    ),
    (
        "tls = { cert_file = \"a\" }",
        "tls: `cert_file` and `key_file`",
    ),
    (
        "tls = { ca_file = \"a\" }",
        "tls: the endpoint is plain text",
    ),
    ("compression = \"snappy\"", "unknown variant `snappy`"),
];

#[test]
fn invalid_values_are_refused_with_their_key() {
    for (toml, expected) in INVALID {
        let message = build(&format!("{{ {toml} }}")).map(drop).expect_err(toml);
        assert!(message.contains(expected), "{toml}: {message}");
        assert!(!message.contains("secret"), "{message}");
    }
}

#[test]
fn an_empty_configuration_is_valid() {
    assert_eq!(build("{}").map(drop), Ok(()));
}

#[test]
fn only_an_exporter_with_gzip_runs_apart() {
    for (compression, apart) in [("none", false), ("zstd", false), ("gzip", true)] {
        let exporter = build(&format!("{{ compression = '{compression}' }}")).expect(compression);
        assert_eq!(exporter.runs_apart(), apart, "{compression}");
    }
}

#[test]
fn the_debug_output_of_a_configuration_contains_no_secret() {
    for table in [
        "{ headers = { api-key = \"s3cret\" } }",
        "{ endpoint = \"http://api-key:s3cret@h\" }",
    ] {
        let config = (KIND.parse)(toml::de::ValueDeserializer::parse(table).expect("a table"))
            .expect("a configuration");
        assert!(!format!("{config:?}").contains("s3cret"), "{config:?}");
    }
}
