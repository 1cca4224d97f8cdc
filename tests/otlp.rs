//! Flows and metrics reach an OTLP server, and whatever the server does with them is in the books.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use tonic::Code;

use crate::support::{Answer, Books, Collector, Place};

const FLOWS: &[&str] = &[
    "cilium_decode",
    "l34_flow",
    "dns_flow",
    "http_flow",
    "l7_flow",
];
const EXPORTER: &str = "exporters.otlp";
const FRAMES: u64 = 3000;

/// Keys of an exporter that tries for a tenth of a second.
fn settings(collector: &Collector, more: &str) -> String {
    settings_with_patience(collector, "100ms", more)
}

fn settings_with_patience(collector: &Collector, patience: &str, more: &str) -> String {
    let intervals = "initial_interval = \"10ms\", max_interval = \"20ms\"";
    let retry = format!("retry_on_failure = {{ {intervals}, max_elapsed_time = \"{patience}\" }}");
    format!(
        "endpoint = \"http://{}\"\nqueue = {{ when_full = \"block\" }}\n{retry}\n{more}\n",
        collector.address
    )
}

/// Ships a recording's flows to a server, and reads the books.
fn ship(collector: &Collector, more: &str) -> Books {
    let place = Place::new();
    let config = place.replay(FRAMES, FLOWS, "otlp", &settings(collector, more));
    Books::of(&place, &config)
}

fn attribute(record: &LogRecord, key: &str) -> Option<String> {
    let value = record
        .attributes
        .iter()
        .find(|attribute| attribute.key == key)?
        .value
        .clone()?
        .value?;
    match value {
        Value::StringValue(text) => Some(text),
        Value::IntValue(number) => Some(number.to_string()),
        other => Some(format!("{other:?}")),
    }
}

#[test]
fn every_flow_and_loss_arrives_once() {
    let collector = Collector::answering(&[], Answer::Accept);
    let books = ship(&collector, "signals = [\"flows\", \"lost\"]");
    let logs = collector.logs();
    assert_eq!(logs.len() as u64, books.number(EXPORTER, "absorbed"));
    let lost = logs
        .iter()
        .filter(|record| record.event_name == "hubble.lost_events")
        .count();
    assert_eq!(lost, 30, "one frame in a hundred reports a loss");
    let dropped = logs
        .iter()
        .find(|record| attribute(record, "cilium.verdict").as_deref() == Some("DROPPED"))
        .unwrap();
    assert!(
        attribute(dropped, "source.address").is_some(),
        "{dropped:?}"
    );
    assert!(
        attribute(dropped, "cilium.drop_reason").is_some(),
        "{dropped:?}"
    );
}

#[test]
fn what_a_server_refuses_for_good_is_dropped_with_a_reason() {
    let collector = Collector::answering(&[], Answer::Refuse(Code::InvalidArgument));
    let books = ship(&collector, "signals = [\"flows\"]");
    assert_eq!(collector.logs().len(), 0);
    let offered = books.number(EXPORTER, "in") - books.number(EXPORTER, "filtered/signals");
    assert!(offered > 0);
    assert_eq!(books.number(EXPORTER, "dropped/permanent_error"), offered);
}

#[test]
fn what_a_server_refuses_for_now_is_tried_again_and_counted_once() {
    let refusals = [Answer::Refuse(Code::Unavailable); 2];
    let collector = Collector::answering(&refusals, Answer::Accept);
    let place = Place::new();
    let keys = settings_with_patience(&collector, "30s", "signals = [\"flows\"]");
    let books = Books::of(&place, &place.replay(FRAMES, FLOWS, "otlp", &keys));
    assert_eq!(
        collector.logs().len() as u64,
        books.number(EXPORTER, "absorbed")
    );
    assert_eq!(books.number(EXPORTER, "dropped/retries_exhausted"), 0);
}

#[test]
fn a_server_that_refuses_for_ever_costs_counted_records() {
    let collector = Collector::answering(&[], Answer::Refuse(Code::Unavailable));
    let books = ship(&collector, "signals = [\"flows\"]");
    let row = books.stage(EXPORTER);
    let dropped: u64 = row["dropped"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(serde_json::Value::as_u64)
        .sum();
    assert_eq!(
        dropped + books.number(EXPORTER, "filtered/signals"),
        books.number(EXPORTER, "in"),
        "{row}"
    );
}

#[test]
fn the_part_that_a_server_rejects_is_dropped_and_the_rest_is_delivered() {
    let collector = Collector::answering(&[Answer::Reject(7)], Answer::Accept);
    let books = ship(&collector, "signals = [\"flows\"]");
    assert_eq!(books.number(EXPORTER, "dropped/rejected_by_peer"), 7);
    assert_eq!(
        collector.logs().len() as u64,
        books.number(EXPORTER, "absorbed")
    );
}

#[test]
fn metrics_arrive_as_cumulative_sums_that_count_every_flow() {
    let collector = Collector::answering(&[], Answer::Accept);
    let place = Place::new();
    let processors = ["cilium_decode", "l34_flow", "hubble_metrics"];
    let keys = settings(&collector, "signals = [\"metrics\"]");
    let config = place.replay(FRAMES, &processors, "otlp", &keys);
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace(
        "[processors.hubble_metrics]\n",
        "[processors.hubble_metrics]\nmetrics = [\"flow\"]\n",
    );
    let books = Books::of(&place, &place.write("pipeline.toml", text));
    let flows = collector
        .metrics()
        .into_iter()
        .rfind(|metric| metric.name.starts_with("hubble_flows_processed"))
        .unwrap();
    let Some(Data::Sum(sum)) = flows.data else {
        panic!("a counter is a sum: {flows:?}")
    };
    assert!(sum.is_monotonic);
    let counted: f64 = sum
        .data_points
        .iter()
        .map(|point| number(point.value))
        .sum();
    let others = books.number("processors.l34_flow", "in") - 30 - counted as u64;
    assert!(
        others < FRAMES / 10,
        "{counted} flows were counted, {others} records are other events"
    );
}

fn number(value: Option<opentelemetry_proto::tonic::metrics::v1::number_data_point::Value>) -> f64 {
    use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
    match value {
        Some(Value::AsDouble(double)) => double,
        Some(Value::AsInt(int)) => int as f64,
        None => 0.0,
    }
}
