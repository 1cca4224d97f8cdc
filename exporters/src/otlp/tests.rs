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
        "endpoint = \"127.0.0.1:4318\", protocol = \"http/json\"",
        "endpoint: `127.0.0.1:4318` must begin with http://",
    ),
    (
        "logs_endpoint = \"http://h:4317/v1/logs\"",
        "logs_endpoint: `http://h:4317/v1/logs` must end after the port",
    ),
    (
        "endpoint = \"http://a\", endpoints = [\"http://b\"]",
        "endpoints: `endpoint` is given, too",
    ),
    (
        "endpoints = [\"http://a\", \"http://b:0\"]",
        "endpoints: `http://b:0` has the port `0`",
    ),
    (
        "proxy_url = \"socks5://alice:s3cret@h\"",
        "proxy_url: `socks5://***@h` is not the URL of an HTTP proxy",
    ),
    (
        "headers = { content-encoding = \"br\" }",
        "headers: `content-encoding` is set by the exporter",
    ),
    (
        "header_files = { Host = \"/x\" }",
        "header_files: `Host` is set by the exporter",
    ),
    (
        "headers = { X-Key = \"a\" }, header_files = { x-key = \"/x\" }",
        "header_files: `headers` has `x-key`, too",
    ),
    (
        "basic_auth = { username = \"a\" }",
        "basic_auth: `password` or `password_file` is needed",
    ),
    (
        "basic_auth = { username = \"a\", password = \"b\" }, token_file = \"/token\"",
        "basic_auth: `token_file` sets the header `authorization`, too",
    ),
    (
        "logs = { tls = { cert_file = \"/c\" } }",
        "tls: `cert_file` and `key_file` must be given together",
    ),
    (
        "endpoint = \"http://h:4317/v1/logs\"",
        "endpoint: `http://h:4317/v1/logs` must end after the port",
    ),
    (
        "endpoint = \"unix://run/otlp.sock\"",
        "endpoint: `unix://run/otlp.sock` must have an absolute path",
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
fn the_exporter_shares_the_thread_of_its_pipeline_since_it_compresses_on_another() {
    for compression in ["none", "zstd", "gzip"] {
        let exporter = build(&format!("{{ compression = '{compression}' }}")).expect(compression);
        assert!(!exporter.runs_apart(), "{compression}");
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

/// Headers of a connection and of a message, and those of gRPC.
const FORBIDDEN: [&str; 18] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
    "host",
    ":authority",
    "accept-encoding",
    "content-encoding",
    "content-length",
    "content-type",
    "content-md5",
    "grpc-timeout",
    "grpc-encoding",
];

#[test]
fn headers_that_are_not_the_operators_are_refused_wherever_they_are_given() {
    for protocol in ["grpc", "http/protobuf"] {
        for name in FORBIDDEN {
            for keys in [
                format!("headers = {{ \"{name}\" = \"x\" }}"),
                format!("header_files = {{ \"{name}\" = \"/x\" }}"),
                format!("logs = {{ headers = {{ \"{name}\" = \"x\" }} }}"),
            ] {
                let toml = format!("{{ protocol = \"{protocol}\", {keys} }}");
                let error = build(&toml).err().unwrap_or_default();
                assert!(error.contains(&format!("`{name}` is")), "{toml}: {error}");
            }
        }
    }
}

#[test]
fn a_forbidden_header_of_the_environment_is_refused_with_the_variable() {
    let table = toml::de::ValueDeserializer::parse("{}").expect("a table");
    let mut config = (KIND.parse)(table).expect("a configuration");
    config.use_environment(&|name| {
        (name == "OTEL_EXPORTER_OTLP_HEADERS").then(|| "content-type=text/plain".to_owned())
    });
    let context = tidegate_runtime::component::BuildContext {
        stage: StageId::exporter("otlp"),
        node_name: String::new(),
        telemetry: tidegate_runtime::telemetry::Telemetry::default(),
        health: Default::default(),
        requests: Default::default(),
    };
    let error = config.build(&context).err().expect("an error").message;
    assert!(
        error.contains("`content-type` is set by the exporter")
            && error.contains("`OTEL_EXPORTER_OTLP_HEADERS`"),
        "{error}"
    );
}
