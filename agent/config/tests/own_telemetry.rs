//! The table `[service.telemetry.otlp]`, with the messages of the exporter for the same keys.

use super::samples::said_with;

fn says(keys: &str, variables: &[(&str, &str)], expected: &str) {
    let text = format!(
        "[service.telemetry.otlp]\n{keys}\n[receivers.monitor1_2]\n[exporters.nop]\n\
         [service.pipelines.flows]\nreceivers = [\"monitor1_2\"]\nexporters = [\"nop\"]\n"
    );
    let environment = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let said = said_with("pipeline.toml", &text, &environment);
    assert_eq!(
        said.trim(),
        expected.trim(),
        "\n--- {keys}\n--- was:\n{said}\n---"
    );
}

#[test]
fn a_good_table_gives_no_message() {
    says("", &[], "");
    let keys = "endpoint = \"https://otel:4317\"\nsignals = [\"logs\"]\nlevel = \"error\"\n\
                interval = \"5s\"\ntimeout = \"1s\"\ncompression = \"none\"\n\
                headers = { x-tenant = \"a\" }\nresource = { team = \"net\" }\n\
                tls = { ca_file = \"ca.pem\", server_name_override = \"otel.example.org\" }";
    says(keys, &[], "");
}

#[test]
#[expect(clippy::too_many_lines, reason = "files and their messages")]
fn wrong_values_have_their_places() {
    says(
        "endpoint = \"ftp://otel\"",
        &[],
        r#"
error: wrong value in `service.telemetry.otlp.endpoint`
 --> pipeline.toml:2:12
  |
2 | endpoint = "ftp://otel"
  |            ^^^^^^^^^^^^ `ftp://otel` must begin with http://, https:// or unix://, or be a host and a port

pipeline.toml: 1 error
"#,
    );
    says(
        "signals = []",
        &[],
        r#"
error: wrong value in `service.telemetry.otlp.signals`
 --> pipeline.toml:2:11
  |
2 | signals = []
  |           ^^ at least one signal is needed

pipeline.toml: 1 error
"#,
    );
    says(
        "headers = { te = \"abc\" }",
        &[],
        r#"
error: wrong value in `service.telemetry.otlp.headers`
 --> pipeline.toml:2:11
  |
2 | headers = { te = "***" }
  |           ^^^^^^^^^^^^^^ `te` is set by the exporter or not allowed in HTTP/2

pipeline.toml: 1 error
"#,
    );
    says(
        "tls = { ca_file = \"ca.pem\" }",
        &[],
        r#"
error: wrong value in `service.telemetry.otlp.tls`
 --> pipeline.toml:2:7
  |
2 | tls = { ca_file = "ca.pem" }
  |       ^^^^^^^^^^^^^^^^^^^^^^ the endpoint is plain text; begin it with https:// to use certificates

pipeline.toml: 1 error
"#,
    );
}

#[test]
fn ports_and_plain_text_give_the_warnings_of_the_exporter() {
    says(
        "endpoint = \"http://otel:4318\"\nheaders = { api-key = \"0123456789\" }",
        &[],
        r#"
warning[port_of_other_protocol]: port 4318 is that of OTLP over HTTP
 --> pipeline.toml:2:12
  |
2 | endpoint = "http://otel:4318"
  |            ^^^^^^^^^^^^^^^^^^ the agent's own telemetry is sent over gRPC
  |
  = help: use the port of OTLP over gRPC, usually 4317

warning[plain_text_credentials]: the header `api-key` crosses the network in plain text
 --> pipeline.toml:2:12
  |
2 | endpoint = "http://otel:4318"
  |            ^^^^^^^^^^^^^^^^^^ without TLS, and not on this host
  |
  = help: begin the endpoint with https://

pipeline.toml: 2 warnings
"#,
    );
}

#[test]
fn variables_that_are_ignored_are_named() {
    let variables = [
        ("OTEL_SDK_DISABLED", "yes"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "1m"),
        ("OTEL_METRIC_EXPORT_TIMEOUT", "0"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
    ];
    says(
        "",
        &variables,
        r#"
warning[ignored_variable]: the environment variable `OTEL_SDK_DISABLED` is ignored: "yes" is none of "true", "false"
 --> pipeline.toml:1:1
  |
1 | [service.telemetry.otlp]
  | ^^^^^^^^^^^^^^^^^^^^^^^^ whose defaults it would be

warning[ignored_variable]: the environment variable `OTEL_METRIC_EXPORT_INTERVAL` is ignored: it is not a number of milliseconds from 1 up
 --> pipeline.toml:1:1
  |
1 | [service.telemetry.otlp]
  | ^^^^^^^^^^^^^^^^^^^^^^^^ whose defaults it would be

warning[ignored_variable]: the environment variable `OTEL_METRIC_EXPORT_TIMEOUT` is ignored: it is not a number of milliseconds from 1 up
 --> pipeline.toml:1:1
  |
1 | [service.telemetry.otlp]
  | ^^^^^^^^^^^^^^^^^^^^^^^^ whose defaults it would be

warning[ignored_variable]: the environment variable `OTEL_EXPORTER_OTLP_PROTOCOL` is ignored: the agent's own telemetry is sent over gRPC
 --> pipeline.toml:1:1
  |
1 | [service.telemetry.otlp]
  | ^^^^^^^^^^^^^^^^^^^^^^^^ whose defaults it would be

warning[ignored_variable]: the environment variable `OTEL_EXPORTER_OTLP_COMPRESSION` is ignored: the agent's own telemetry has "gzip" and "none"
 --> pipeline.toml:1:1
  |
1 | [service.telemetry.otlp]
  | ^^^^^^^^^^^^^^^^^^^^^^^^ whose defaults it would be

pipeline.toml: 5 warnings
"#,
    );
}

#[test]
fn an_error_in_a_variable_names_it() {
    says(
        "",
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://")],
        r#"
error: wrong value in `service.telemetry.otlp.endpoint`
 --> pipeline.toml:1:1
  |
1 | [service.telemetry.otlp]
  | ^^^^^^^^^^^^^^^^^^^^^^^^ `http://` has no host; the value is that of the environment variable `OTEL_EXPORTER_OTLP_ENDPOINT`

pipeline.toml: 1 error
"#,
    );
}
