//! Environment variables of the OpenTelemetry specification: each of them has an effect, below the
//! configuration file.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use prost::Message as _;
use tidegate_exporters::otlp;
use tidegate_model::metric::Value;
use tidegate_runtime::component::{ExporterConfig, Finding};
use toml::de::ValueDeserializer;

use crate::backend::Backend;
use crate::http_server::{HttpServer, Received};
use crate::metric_values::{counter, point};
use crate::pipeline::{FAST_RETRIES, PipelineSetup, flows};

const PREFIX: &str = "OTEL_EXPORTER_OTLP_";

/// Exports a flow and a metric with these variables. `PREFIX` is left out of their names.
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
async fn insecure_decides_for_an_endpoint_without_a_scheme() {
    let backend = Backend::start();
    let target = backend.url().replace("http://", "");
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", target),
        ("OTEL_EXPORTER_OTLP_INSECURE", "TRUE".to_owned()),
    ];
    export(&[], &variables).await;
    assert_eq!(backend.services.logs.received().len(), 1);
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
fn configured(table: &str, name: &str, value: &str) -> Box<dyn ExporterConfig> {
    let mut config = (otlp::KIND.parse)(ValueDeserializer::parse(table).unwrap()).unwrap();
    config.use_environment(&|asked| (asked == name).then(|| value.to_owned()));
    config
}

fn findings(name: &str, value: &str) -> Vec<Finding> {
    configured("{}", name, value).inspect()
}

#[test]
fn every_variable_of_every_signal_changes_the_configuration() {
    let https = "{ endpoint = \"https://h:1\", logs_endpoint = \"https://l:1\", \
                 metrics_endpoint = \"https://m:1\", traces_endpoint = \"https://t:1\" }";
    for signal in ["", "LOGS_", "METRICS_", "TRACES_"] {
        for (setting, value, table) in [
            ("ENDPOINT", "http://collector:1", "{}"),
            ("PROTOCOL", "http/json", "{}"),
            ("HEADERS", "a=b", "{}"),
            ("COMPRESSION", "gzip", "{}"),
            ("TIMEOUT", "1234", "{}"),
            ("CERTIFICATE", "/ca", https),
            ("CLIENT_CERTIFICATE", "/certificate", https),
            ("CLIENT_KEY", "/key", https),
            ("INSECURE", "true", "{}"),
        ] {
            let name = format!("{PREFIX}{signal}{setting}");
            let changed = configured(table, &name, value);
            let unset = configured(table, &name, "");
            assert_ne!(format!("{changed:?}"), format!("{unset:?}"), "{name}");
            let said = changed.inspect();
            assert!(said.is_empty(), "{name}: {said:?}");
        }
    }
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

#[tokio::test]
async fn the_timeout_of_a_signal_is_its_own() {
    let backend = Backend::start();
    let hang = crate::backend::Reply::Hang;
    backend.services.logs.reply_with([hang]);
    let mut setup = PipelineSetup::new(
        &backend.url(),
        &[
            "signals = [\"flows\"]",
            "retry_on_failure = { enabled = false }",
        ],
    );
    setup.environment = vec![("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "20".to_owned())];
    setup.grace = Duration::from_secs(3600);
    let pipeline = setup.start();
    pipeline.send(flows(1..=1)).await;
    assert_eq!(pipeline.finish().await.0.unconfirmed, 1);
}

#[tokio::test]
async fn proxies_of_the_environment_are_used_except_for_hosts_that_need_none() {
    let proxy = HttpServer::start(Vec::new()).await;
    let variables = |no: &str| {
        vec![
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf".to_owned()),
            ("HTTP_PROXY", proxy.url()),
            ("NO_PROXY", no.to_owned()),
        ]
    };
    let signals = "signals = [\"flows\"]";
    let mut setup = PipelineSetup::new("http://backend.test:4318", &[signals]);
    setup.environment = variables("other.test");
    let pipeline = setup.start();
    pipeline.send(flows(1..=1)).await;
    assert_eq!(pipeline.finish().await.0.absorbed, 1);
    assert_eq!(lines(&proxy), ["POST http://backend.test:4318/v1/logs"]);

    // Neither a host in NO_PROXY nor this one is reached through the proxy.
    let backend = HttpServer::start(Vec::new()).await;
    let direct = backend.url();
    for (endpoint, no) in [(&*direct, ""), ("http://backend.invalid:1", ".invalid")] {
        let config = [signals, "drain_timeout = \"0s\""];
        let mut setup = PipelineSetup::new(endpoint, &config);
        setup.environment = variables(no);
        let pipeline = setup.start();
        pipeline.send(flows(1..=1)).await;
        while pipeline.problem().is_none() && backend.received().is_empty() {
            tokio::task::yield_now().await;
        }
        pipeline.finish().await;
    }
    assert_eq!((backend.received().len(), proxy.received().len()), (1, 1));
}
