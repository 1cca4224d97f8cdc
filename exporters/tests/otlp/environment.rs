//! Environment variables of the OpenTelemetry specification: each of them has an effect, below the
//! configuration file.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use prost::Message as _;
use tidegate_exporters::otlp;
use tidegate_model::metric::Value;
use tidegate_runtime::component::{ExporterConfig, Finding};
use toml::de::ValueDeserializer;

use crate::http_server::{HttpServer, Received};
use crate::metric_values::{counter, point};
use crate::pipeline::{FAST_RETRIES, PipelineSetup, flows};

/// Exports a flow and a metric with these variables.
async fn export(config: &[&str], variables: &[(&'static str, String)]) {
    let mut setup = PipelineSetup::without_endpoint(&[config, &[FAST_RETRIES]].concat());
    setup.environment = variables.to_vec();
    let pipeline = setup.start();
    pipeline.send(flows(1..=1)).await;
    pipeline
        .send(vec![point(&counter("a"), Value::Counter(1.0))])
        .await;
    let (report, _) = pipeline.finish().await;
    assert_eq!(report.dropped.len(), 0, "{variables:?}: {report:?}");
}

/// The lines of the requests that a server got, sorted.
fn lines(server: &HttpServer) -> Vec<String> {
    let mut lines: Vec<_> = server.received().into_iter().map(|one| one.line).collect();
    lines.sort();
    lines.dedup();
    lines
}

fn of(server: &HttpServer, path: &str) -> Received {
    let mut received = server.received().into_iter();
    received.find(|one| one.line.ends_with(path)).unwrap()
}

#[tokio::test]
async fn endpoint_and_protocol_are_those_of_the_variables() {
    let common = HttpServer::start(Vec::new()).await;
    let logs = HttpServer::start(Vec::new()).await;
    let variables = [
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            format!("{}/base", common.url()),
        ),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf".to_owned()),
        (
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
            format!("{}/own", logs.url()),
        ),
        ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "http/json".to_owned()),
    ];
    export(&[], &variables).await;
    assert_eq!(lines(&common), ["POST /base/v1/metrics"]);
    assert_eq!(lines(&logs), ["POST /own"]);
    assert_eq!(
        of(&common, "metrics").headers["content-type"],
        "application/x-protobuf"
    );
    assert_eq!(of(&logs, "own").headers["content-type"], "application/json");
}

#[tokio::test]
async fn an_own_endpoint_without_a_path_is_the_root() {
    let server = HttpServer::start(Vec::new()).await;
    let variables = [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf".to_owned()),
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", server.url()),
        (
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
            format!("{}/m", server.url()),
        ),
    ];
    export(&[], &variables).await;
    assert_eq!(lines(&server), ["POST /", "POST /m"]);
}

#[tokio::test]
async fn headers_and_compression_are_those_of_the_variables() {
    let server = HttpServer::start(Vec::new()).await;
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", server.url()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf".to_owned()),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "api-key=a%20b%3D, tenant = one,own=env".to_owned(),
        ),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip".to_owned()),
        (
            "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
            "tenant=two".to_owned(),
        ),
        ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "none".to_owned()),
    ];
    export(&["headers = { Own = \"file\" }"], &variables).await;
    let logs = of(&server, "/v1/logs").headers;
    assert_eq!(
        (&logs["api-key"], &logs["tenant"], &logs["own"]),
        (
            &"a b=".parse().unwrap(),
            &"one".parse().unwrap(),
            &"file".parse().unwrap()
        )
    );
    assert_eq!(logs["content-encoding"], "gzip");
    let metrics = of(&server, "/v1/metrics").headers;
    assert_eq!(
        (&metrics["tenant"], &metrics["own"]),
        (&"two".parse().unwrap(), &"file".parse().unwrap())
    );
    assert!(!metrics.contains_key("api-key") && !metrics.contains_key("content-encoding"));
}

#[tokio::test]
async fn the_resource_has_the_attributes_of_the_variables_below_those_of_the_file() {
    let server = HttpServer::start(Vec::new()).await;
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", server.url()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf".to_owned()),
        ("OTEL_SERVICE_NAME", "name".to_owned()),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "service.name=other,team=net%2Cwork,zone=env".to_owned(),
        ),
    ];
    let config = ["compression = \"none\"", "resource = { zone = \"file\" }"];
    export(&config, &variables).await;
    let request = of(&server, "/v1/logs");
    let message = ExportLogsServiceRequest::decode(&request.body[..]).unwrap();
    let resource = message.resource_logs[0].resource.clone().unwrap();
    let value = |key: &str| {
        let mut attributes = resource.attributes.iter();
        let value = attributes
            .find(|one| one.key == key)?
            .value
            .clone()?
            .value?;
        match value {
            AnyValue::StringValue(text) => Some(text),
            _ => None,
        }
    };
    assert_eq!(value("service.name").as_deref(), Some("name"));
    assert_eq!(value("team").as_deref(), Some("net,work"));
    assert_eq!(value("zone").as_deref(), Some("file"));
}

#[tokio::test]
async fn the_file_comes_before_variables() {
    let server = HttpServer::start(Vec::new()).await;
    let variables = [
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "http://127.0.0.1:1".to_owned(),
        ),
        (
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
            "http://127.0.0.1:1".to_owned(),
        ),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc".to_owned()),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpc".to_owned()),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip".to_owned()),
        ("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "gzip".to_owned()),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "1".to_owned()),
        (
            "OTEL_EXPORTER_OTLP_CERTIFICATE",
            "/nowhere/ca.pem".to_owned(),
        ),
        ("OTEL_EXPORTER_OTLP_INSECURE", "false".to_owned()),
    ];
    let file = format!(
        "endpoint = \"{}\", protocol = \"http/protobuf\", compression = \"none\", timeout = \"10s\"",
        server.url()
    );
    export(&[&file], &variables).await;
    assert_eq!(lines(&server), ["POST /v1/logs", "POST /v1/metrics"]);
    assert!(
        !of(&server, "/v1/logs")
            .headers
            .contains_key("content-encoding")
    );
}

/// Parses a table with a variable.
pub(crate) fn configured(table: &str, name: &str, value: &str) -> Box<dyn ExporterConfig> {
    let mut config = (otlp::KIND.parse)(ValueDeserializer::parse(table).unwrap()).unwrap();
    config.use_environment(&|asked| (asked == name).then(|| value.to_owned()));
    config
}

pub(crate) fn findings(name: &str, value: &str) -> Vec<Finding> {
    configured("{}", name, value).inspect()
}

/// A variable, a value that cannot be read, and a part of the warning.
const UNREADABLE: &[(&str, &str, &str)] = &[
    (
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "http",
        "\"http\" is none of \"grpc\"",
    ),
    (
        "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION",
        "br",
        "\"br\" is none of \"none\"",
    ),
    (
        "OTEL_EXPORTER_OTLP_INSECURE",
        "yes",
        "\"yes\" is none of \"true\"",
    ),
    (
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        "sum",
        "\"sum\" is none of \"cumulative\", \"delta\", \"lowmemory\"",
    ),
    (
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        "10s",
        "not a number of milliseconds",
    ),
    (
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        "-1",
        "not a number of milliseconds",
    ),
    (
        "OTEL_EXPORTER_OTLP_HEADERS",
        "s3cret",
        "not a list of pairs",
    ),
    ("OTEL_EXPORTER_OTLP_HEADERS", "a=s3cret%2", "a percent sign"),
    (
        "OTEL_EXPORTER_OTLP_LOGS_HEADERS",
        "=s3cret",
        "a pair has no name",
    ),
    ("OTEL_RESOURCE_ATTRIBUTES", "a=%ffs3cret", "a percent sign"),
    (
        "HTTPS_PROXY",
        "socks5://s3cret@proxy",
        "not the URL of an HTTP proxy",
    ),
    (
        "http_proxy",
        "https://s3cret@proxy",
        "not the URL of an HTTP proxy",
    ),
];

#[test]
fn a_variable_that_cannot_be_read_is_ignored_with_a_warning() {
    for (name, value, reason) in UNREADABLE {
        let findings = findings(name, value);
        let [finding] = &findings[..] else {
            panic!("{name}: {findings:?}")
        };
        let title = &finding.title;
        let ignored = format!("`{name}` is ignored: ");
        assert!(
            title.contains(&ignored) && title.contains(reason),
            "{title}"
        );
        assert!(!title.contains("s3cret"), "{title}");
    }
    assert!(findings("OTEL_EXPORTER_OTLP_PROTOCOL", " ").is_empty());
}
