//! Metrics: those of `/metrics`, with the same values.

use std::ffi::OsStr;

use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{AggregationTemporality, Metric};

use super::{attribute, collector, config};
use crate::exporters::agreement::{Samples, otlp_samples};
use crate::support::{Agent, Collector, FakeCilium, TestDir, eventually, get};

/// Families that change while nothing happens.
const RESTLESS: [&str; 2] = ["process_", "tidegate_own_telemetry_requests_total"];

fn is_quiet(name: &str) -> bool {
    !RESTLESS.iter().any(|prefix| name.starts_with(prefix))
}

/// The samples of a page, with their labels in alphabetical order.
fn page_samples(page: &str) -> Samples {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let samples = lines.map(|line| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let mut labels: Vec<_> = labels
            .trim_end_matches('}')
            .split(',')
            .filter(|label| !label.is_empty())
            .collect();
        labels.sort_unstable();
        let labels = labels.join(",");
        let key = match labels.as_str() {
            "" => name.to_owned(),
            labels => format!("{name}{{{labels}}}"),
        };
        (key, value.parse().unwrap())
    });
    samples.collect()
}

fn names(samples: &Samples) -> Vec<&str> {
    let names = samples.keys().map(|key| key.split('{').next().unwrap());
    let mut names: Vec<_> = names.collect();
    names.dedup();
    names
}

#[test]
fn every_family_of_the_page_is_sent_with_the_same_values() {
    let dir = TestDir::new();
    let collector = collector();
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let keys = format!(
        "endpoint = \"http://{}\"\ninterval = \"50ms\"",
        collector.address
    );
    let mut agent = Agent::run(&config(&dir, &keys));
    let address = agent.telemetry_address();
    let _connection = cilium.send(300);
    let mut sent = Samples::new();
    let mut page = Samples::new();
    eventually("the page and the metrics agree", || {
        page = page_samples(&get(&address, "/metrics").1);
        sent = otlp_samples(&collector.last_metrics());
        let quiet = |samples: &Samples| -> Samples {
            let samples = samples.clone().into_iter();
            samples.filter(|(key, _)| is_quiet(key)).collect()
        };
        let received =
            "tidegate_stage_records_in_total{pipeline=\"flows\",stage=\"receivers.monitor1_2\"}";
        sent.get(received) == Some(&300.0) && quiet(&page) == quiet(&sent)
    });
    assert_eq!(names(&sent), names(&page));
    assert!(sent.len() > 50, "{sent:?}");
}

/// The sums of a request.
fn sums(metrics: &[Metric]) -> Vec<(&str, &opentelemetry_proto::tonic::metrics::v1::Sum)> {
    let sums = metrics.iter().filter_map(|metric| match &metric.data {
        Some(Data::Sum(sum)) => Some((metric.name.as_str(), sum)),
        _ => None,
    });
    sums.collect()
}

#[test]
fn counters_are_cumulative_since_the_start_of_the_process_also_after_a_reload_moves_them() {
    let dir = TestDir::new();
    let first = collector();
    let second = collector();
    let keys = |address| format!("endpoint = \"http://{address}\"\ninterval = \"50ms\"");
    let mut agent = Agent::run(&config(&dir, &keys(first.address)));
    let address = agent.telemetry_address();
    eventually("the first server has metrics", || {
        !first.last_metrics().is_empty()
    });
    config(&dir, &keys(second.address));
    agent.send_signal("HUP");
    agent.wait_for_line("the configuration was reloaded");
    eventually("the second server has metrics", || {
        !second.last_metrics().is_empty()
    });
    let page = page_samples(&get(&address, "/metrics").1);
    let start = page["process_start_time_seconds"] * 1e9;
    for collector in [&first, &second] {
        let metrics = collector.last_metrics();
        let sums = sums(&metrics);
        assert!(sums.len() > 10, "{sums:?}");
        for (name, sum) in sums {
            let cumulative = AggregationTemporality::Cumulative as i32;
            assert_eq!(
                (sum.is_monotonic, sum.aggregation_temporality),
                (true, cumulative),
                "{name}"
            );
            for point in &sum.data_points {
                let difference = point.start_time_unix_nano as f64 - start;
                assert!(difference.abs() < 1e6, "{name} starts {difference} ns late");
                assert!(point.time_unix_nano > point.start_time_unix_nano, "{name}");
            }
        }
    }
    let reloads = "tidegate_config_reloads_total{outcome=\"applied\"}";
    eventually("the reload is counted", || {
        otlp_samples(&second.last_metrics()).get(reloads) == Some(&1.0)
    });
}

/// Starts the agent with variables, among them the endpoint, and waits for metrics.
fn start(dir: &TestDir, collector: &Collector, keys: &str, variables: &[(&str, &str)]) -> Agent {
    let path = config(dir, keys);
    let endpoint = format!("http://{}", collector.address);
    let common = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_METRIC_EXPORT_INTERVAL", "50"),
    ];
    let variables = common.iter().chain(variables);
    let variables: Vec<_> = variables
        .map(|(name, value)| (*name, OsStr::new(*value)))
        .collect();
    let args = ["run".as_ref(), "-c".as_ref(), path.as_os_str()];
    let agent = Agent::start_with_env(&args, &variables);
    eventually("metrics arrive", || !collector.last_metrics().is_empty());
    agent
}

#[test]
fn the_resource_comes_from_the_file_the_environment_and_the_host() {
    let dir = TestDir::new();
    let collector = collector();
    let variables = [
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "team=other,deployment.environment.name=test",
        ),
        ("OTEL_SERVICE_NAME", "edge"),
        ("K8S_NODE_NAME", "node-a"),
    ];
    let keys = "resource = { team = \"net\" }";
    let agent = start(&dir, &collector, keys, &variables);
    let resource = collector.resource().attributes;
    let pid = agent.id().to_string();
    for (key, value) in [
        ("service.name", "edge"),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("service.instance.id", "node-a"),
        ("k8s.node.name", "node-a"),
        ("process.pid", &pid),
        ("process.executable.name", "tidegate"),
        ("deployment.environment.name", "test"),
        ("team", "net"),
    ] {
        assert_eq!(attribute(&resource, key).as_deref(), Some(value), "{key}");
    }
    assert!(attribute(&resource, "host.name").is_some());
}

#[test]
fn headers_of_the_file_count_before_those_of_the_environment() {
    let dir = TestDir::new();
    let collector = collector();
    let variables = [(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "x-tenant=environment,x-other=1",
    )];
    let keys = "headers = { x-tenant = \"file\" }\ncompression = \"none\"";
    let _agent = start(&dir, &collector, keys, &variables);
    let headers = collector.headers();
    let header = |name: &str| {
        let values = headers.get_all(name).iter();
        let values: Vec<_> = values
            .map(|value| value.to_str().unwrap().to_owned())
            .collect();
        values.join(",")
    };
    assert_eq!(header("x-tenant"), "file");
    assert_eq!(header("x-other"), "1");
    assert_eq!(header("grpc-encoding"), "");
    assert!(header("user-agent").starts_with("OTel-OTLP-Exporter-tidegate/"));
}
