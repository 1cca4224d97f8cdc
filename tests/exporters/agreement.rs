//! OTLP and Prometheus have the same series with the same values, whatever the OTLP server did
//! meanwhile.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data, number_data_point};

use super::books::Live;
use super::{PROMETHEUS, config, flood, prometheus};
use crate::support::{Agent, Answer, Collector, Place, eventually, get};

/// Samples by name and labels, as an exposition writes them.
type Samples = BTreeMap<String, f64>;

const EVENTS: u64 = 60_000;
/// Many series of several kinds.
const METRICS: &str =
    "\"flow:sourceContext=ip;destinationContext=ip\", \"tcp:sourceContext=ip\", \"drop\"";

#[test]
fn once_a_server_that_stalled_is_back_it_has_every_series_as_prometheus_has_it() {
    let place = Place::new();
    let collector = Collector::answering(&[], Answer::Accept);
    collector.stall(true);
    let _cilium = flood(&place, "even", EVENTS);
    let otlp = format!(
        "endpoint = \"http://{}\"\ntimeout = \"200ms\"\nmetrics_interval = \"100ms\"\nin_flight = 1\n\
         batch = {{ max_records = 500, max_bytes = \"4MiB\" }}\nqueue = {{ records = 1000 }}\n\
         retry_on_failure = {{ initial_interval = \"50ms\", max_interval = \"50ms\" }}",
        collector.address
    );
    let exporters = [("otlp", otlp.as_str()), PROMETHEUS];
    let path = config(&place, METRICS, &exporters);
    let mut agent = Agent::run(&path);
    let live = Live(agent.address());
    let metrics = prometheus(&mut agent);
    eventually("all events have come", || {
        live.number("receivers.monitor1_2", "in") >= EVENTS
    });
    assert!(
        live.number("exporters.otlp", "dropped/queue_full") > 1000,
        "{live}"
    );
    // Series that end while nothing is taken.
    config(&place, &METRICS.replace("\"drop\"", "\"icmp\""), &exporters);
    agent.signal("HUP");
    agent.says("the configuration was reloaded");
    collector.stall(false);
    let exposed = || exposition(&get(&metrics, "/metrics").1);
    let mut sent = Samples::new();
    eventually("both have the same", || {
        sent = of(&collector.last_metrics());
        !sent.is_empty() && sent == exposed()
    });
    assert!(sent.len() > 100, "{} samples", sent.len());
    assert!(
        !sent.keys().any(|key| key.starts_with("hubble_drop_total")),
        "its series have ended: {sent:?}"
    );
}

/// The samples of an exposition, but for what the endpoint counts of itself.
fn exposition(text: &str) -> Samples {
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

/// The samples of OTLP metrics, under the names that Prometheus gives them.
fn of(metrics: &[Metric]) -> Samples {
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
        other => panic!("{other:?}"),
    }
}
