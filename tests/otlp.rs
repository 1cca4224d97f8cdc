//! Flows and metrics reach an OTLP server, and the ledger reflects the server's replies.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use tonic::Code;

use crate::support::{Collector, LedgerReport, Reply, TestDir};

const FLOWS: &[&str] = &[
    "cilium_decode",
    "l34_flow",
    "dns_flow",
    "http_flow",
    "l7_flow",
];
const EXPORTER: &str = "exporters.otlp";
const FRAMES: u64 = 3000;

/// The keys of an exporter that retries for a tenth of a second.
fn exporter_keys(collector: &Collector, more: &str) -> String {
    exporter_keys_with_retries(collector, "100ms", more)
}

fn exporter_keys_with_retries(collector: &Collector, max_elapsed_time: &str, more: &str) -> String {
    let intervals = "initial_interval = \"10ms\", max_interval = \"20ms\"";
    let retry =
        format!("retry_on_failure = {{ {intervals}, max_elapsed_time = \"{max_elapsed_time}\" }}");
    format!(
        "endpoint = \"http://{}\"\nqueue = {{ when_full = \"block\" }}\n{retry}\n{more}\n",
        collector.address
    )
}

/// Exports a recording's flows to a server, and returns the ledger.
fn export_flows(collector: &Collector, more: &str) -> LedgerReport {
    let dir = TestDir::new();
    let config = dir.replay(FRAMES, FLOWS, "otlp", &exporter_keys(collector, more));
    LedgerReport::of_run(&dir, &config)
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
    let collector = Collector::with_replies(&[], Reply::Accept);
    let ledger = export_flows(&collector, "signals = [\"flows\", \"lost\"]");
    let logs = collector.logs();
    assert_eq!(logs.len() as u64, ledger.count(EXPORTER, "absorbed"));
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
fn permanently_refused_records_are_dropped_with_a_reason() {
    let collector = Collector::with_replies(&[], Reply::Fail(Code::InvalidArgument));
    let ledger = export_flows(&collector, "signals = [\"flows\"]");
    assert_eq!(collector.logs().len(), 0);
    let offered = ledger.count(EXPORTER, "in") - ledger.filtered(EXPORTER);
    assert!(offered > 0);
    // A few were refused alone before the budget of refusals was used up.
    let alone = ledger.count(EXPORTER, "dropped/invalid_for_peer");
    assert_ne!(alone, 0);
    assert_eq!(
        alone + ledger.count(EXPORTER, "dropped/permanent_error"),
        offered
    );
}

#[test]
fn temporarily_refused_records_are_retried_and_counted_once() {
    let refusals = [Reply::Fail(Code::Unavailable); 2];
    let collector = Collector::with_replies(&refusals, Reply::Accept);
    let dir = TestDir::new();
    let keys = exporter_keys_with_retries(&collector, "30s", "signals = [\"flows\"]");
    let ledger = LedgerReport::of_run(&dir, &dir.replay(FRAMES, FLOWS, "otlp", &keys));
    assert_eq!(
        collector.logs().len() as u64,
        ledger.count(EXPORTER, "absorbed")
    );
    assert_eq!(ledger.count(EXPORTER, "dropped/retries_exhausted"), 0);
}

#[test]
fn records_refused_until_retries_end_are_counted() {
    let collector = Collector::with_replies(&[], Reply::Fail(Code::Unavailable));
    let ledger = export_flows(&collector, "signals = [\"flows\"]");
    let row = ledger.stage(EXPORTER);
    let dropped: u64 = row["dropped"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(serde_json::Value::as_u64)
        .sum();
    assert_eq!(
        dropped + ledger.filtered(EXPORTER),
        ledger.count(EXPORTER, "in"),
        "{row}"
    );
}

#[test]
fn rejected_records_are_dropped_and_the_rest_is_delivered() {
    let collector = Collector::with_replies(&[Reply::RejectRecords(7)], Reply::Accept);
    let ledger = export_flows(&collector, "signals = [\"flows\"]");
    assert_eq!(ledger.count(EXPORTER, "dropped/rejected_by_peer"), 7);
    assert_eq!(
        collector.logs().len() as u64,
        ledger.count(EXPORTER, "absorbed")
    );
}

#[test]
fn metrics_arrive_as_cumulative_sums_that_count_every_flow() {
    let collector = Collector::with_replies(&[], Reply::Accept);
    let dir = TestDir::new();
    let processors = ["cilium_decode", "l34_flow", "hubble_metrics"];
    let keys = exporter_keys(&collector, "signals = [\"metrics\"]");
    let config = dir.replay(FRAMES, &processors, "otlp", &keys);
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace(
        "[processors.hubble_metrics]\n",
        "[processors.hubble_metrics]\nmetrics = [\"flow\"]\n",
    );
    let ledger = LedgerReport::of_run(&dir, &dir.write("pipeline.toml", text));
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
    let others = ledger.count("processors.l34_flow", "in") - 30 - counted as u64;
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
