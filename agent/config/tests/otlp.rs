//! The endpoint of OTLP, with the kinds of the agent.

use super::samples::said_about;

fn otlp(keys: &str) -> String {
    let text = format!(
        "[exporters.otlp]\n{keys}\n[receivers.monitor1_2]\n[processors]\ncilium_decode = {{}}\n\
         l34_flow = {{}}\n[service.pipelines.flows]\nreceivers = [\"monitor1_2\"]\n\
         processors = [\"cilium_decode\", \"l34_flow\"]\nexporters = [\"otlp\"]\n"
    );
    said_about("pipeline.toml", &text)
}

fn says(keys: &str, expected: &str) {
    let said = otlp(keys);
    assert_eq!(
        said.trim(),
        expected.trim(),
        "\n--- {keys}\n--- was:\n{said}\n---"
    );
}

#[test]
fn grpc_to_the_port_of_http() {
    says(
        "endpoint = \"https://collector:4318\"",
        r#"
warning[port_of_other_protocol]: port 4318 is that of OTLP over HTTP
 --> pipeline.toml:2:12
  |
2 | endpoint = "https://collector:4318"
  |            ^^^^^^^^^^^^^^^^^^^^^^^^ `protocol` is "grpc"
  |
  = help: set protocol = "http/protobuf", or use the port of OTLP over gRPC, usually 4317

pipeline.toml: 1 warning
"#,
    );
    assert_eq!(otlp("endpoint = \"http://collector:4317\""), "");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a file and its messages")]
fn credentials_in_plain_text() {
    says(
        "endpoint = \"http://collector\"\nheaders = { X-Tenant = \"a\", X-Api-Key = \"0123456789\" }",
        r#"
warning[plain_text_credentials]: the header `X-Api-Key` crosses the network in plain text
 --> pipeline.toml:2:12
  |
2 | endpoint = "http://collector"
  |            ^^^^^^^^^^^^^^^^^^ without TLS, and not on this host
  |
  = help: begin the endpoint with https://

pipeline.toml: 1 warning
"#,
    );
    for header in [
        "Authorization",
        "api-key",
        "x-honeycomb-team-token",
        "Cookie",
        "x_secret",
    ] {
        let said = otlp(&format!(
            "endpoint = \"http://10.0.0.1:4317\"\nheaders.{header} = \"abcdef\""
        ));
        assert!(
            said.contains("[plain_text_credentials]"),
            "{header}: {said}"
        );
    }
    let credential = "headers.authorization = \"abcdef\"";
    for endpoint in [
        "https://collector:4317",
        "http://localhost:4317",
        "http://127.0.0.2:4317",
        "http://[::1]:4317",
    ] {
        assert_eq!(
            otlp(&format!("endpoint = \"{endpoint}\"\n{credential}")),
            "",
            "{endpoint}"
        );
    }
    let tenant = "endpoint = \"http://collector:4317\"\nheaders.x-scope-orgid = \"tenant\"";
    assert_eq!(otlp(tenant), "");
}
