//! OTLP and Prometheus have the same series with the same values after an outage of the OTLP
//! server.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data, number_data_point};

use super::live_ledger::LiveLedger;
use super::{PROMETHEUS, config, start_simulator};
use crate::support::{Agent, Collector, Reply, TestDir, eventually, get};

/// Samples by name and labels in the exposition format.
pub(crate) type Samples = BTreeMap<String, f64>;

const EVENTS: u64 = 60_000;
/// Metrics with many series of several kinds.
const METRICS: &str =
    "\"flow:sourceContext=ip;destinationContext=ip\", \"tcp:sourceContext=ip\", \"drop\"";

#[test]
fn after_a_stall_the_otlp_server_has_the_same_series_as_prometheus() {
    let dir = TestDir::new();
    let collector = Collector::with_replies(&[], Reply::Accept);
    collector.set_stalled(true);
    let _cilium = start_simulator(&dir, "even", EVENTS);
    let otlp = format!(
        "endpoint = \"http://{}\"\ntimeout = \"200ms\"\nmetrics_interval = \"100ms\"\nin_flight = 1\n\
         batch = {{ max_records = 500, max_bytes = \"4MiB\" }}\nqueue = {{ records = 1000, requests = \"1KiB\" }}\n\
         retry_on_failure = {{ initial_interval = \"50ms\", max_interval = \"50ms\" }}",
        collector.address
    );
    let exporters = [("otlp", otlp.as_str()), PROMETHEUS];
    let path = config(&dir, METRICS, &exporters);
    let mut agent = Agent::run(&path);
    let live = LiveLedger(agent.telemetry_address());
    let metrics = agent.metrics_address();
    eventually("all events are received", || {
        live.count("receivers.monitor1_2", "in") >= EVENTS
    });
    assert!(
        live.count("exporters.otlp", "dropped/queue_full") > 1000,
        "{live}"
    );
    // Ends the series of `drop` while the server is stalled.
    config(&dir, &METRICS.replace("\"drop\"", "\"icmp\""), &exporters);
    agent.send_signal("HUP");
    agent.wait_for_line("the configuration was reloaded");
    collector.set_stalled(false);
    let exposed = || exposition_samples(&get(&metrics, "/metrics").1);
    let mut sent = Samples::new();
    eventually("both have the same samples", || {
        sent = otlp_samples(&collector.last_metrics());
        !sent.is_empty() && sent == exposed()
    });
    assert!(sent.len() > 100, "{} samples", sent.len());
    assert!(
        !sent.keys().any(|key| key.starts_with("hubble_drop_total")),
        "the series of `drop` have ended: {sent:?}"
    );
}

/// The samples of an exposition, except the endpoint's own metrics and the histogram buckets.
fn exposition_samples(text: &str) -> Samples {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.starts_with("hubble_metrics_http_handler"));
    let sample = |line: &str| {
        line.rsplit_once(' ')
            .map(|(key, value)| (key.to_owned(), value.parse().unwrap()))
    };
    lines
        .filter(|line| !line.contains("_bucket{"))
        .filter_map(sample)
        .collect()
}

/// The samples of OTLP metrics under their Prometheus names.
pub(crate) fn otlp_samples(metrics: &[Metric]) -> Samples {
    let mut samples = Samples::new();
    for metric in metrics {
        match metric.data.as_ref().unwrap() {
            Data::Sum(sum) => {
                let named = |point: &KeyValues| key(&format!("{}_total", metric.name), point);
                samples.extend(
                    sum.data_points
                        .iter()
                        .map(|point| (named(&point.attributes), number(&point.value))),
                );
            }
            Data::Gauge(gauge) => {
                let points = gauge.data_points.iter();
                samples.extend(
                    points
                        .map(|point| (key(&metric.name, &point.attributes), number(&point.value))),
                );
            }
            Data::Histogram(histogram) => {
                for point in &histogram.data_points {
                    let name =
                        |what: &str| key(&format!("{}_{what}", metric.name), &point.attributes);
                    samples.insert(name("count"), point.count as f64);
                    samples.insert(name("sum"), point.sum.unwrap());
                }
            }
            other => panic!("{other:?}"),
        }
    }
    samples
}

type KeyValues = Vec<KeyValue>;

fn key(name: &str, labels: &KeyValues) -> String {
    let mut labels: Vec<_> = labels
        .iter()
        .map(|label| format!("{}=\"{}\"", label.key, text(label)))
        .collect();
    labels.sort();
    if labels.is_empty() {
        name.to_owned()
    } else {
        format!("{name}{{{}}}", labels.join(","))
    }
}

fn text(label: &KeyValue) -> &str {
    match label.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text,
        other => panic!("{other:?}"),
    }
}

fn number(value: &Option<number_data_point::Value>) -> f64 {
    match value {
        Some(number_data_point::Value::AsDouble(value)) => *value,
        Some(number_data_point::Value::AsInt(value)) => *value as f64,
        None => panic!("no value"),
    }
}
