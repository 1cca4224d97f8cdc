//! The agent's own telemetry, as an OTLP server receives it.

mod failures;
mod metrics;
mod signals;

use std::path::PathBuf;

use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};

use crate::support::{Collector, Reply, TestDir};

fn collector() -> Collector {
    Collector::with_replies(&[], Reply::Accept)
}

/// Writes a configuration that reads a socket, with keys of `[service.telemetry.otlp]`.
fn config(dir: &TestDir, keys: &str) -> PathBuf {
    let path = dir.socket("reconnect");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}[service.telemetry.otlp]\n{keys}\n")).unwrap();
    path
}

/// The value of an attribute, as text.
fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        any_value::Value::StringValue(text) => Some(text.clone()),
        any_value::Value::IntValue(number) => Some(number.to_string()),
        other => panic!("{other:?}"),
    }
}

/// The value of a series of `/metrics`.
fn sample(page: &str, series: &str) -> u64 {
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix(series))
        .unwrap_or_else(|| panic!("no {series} in\n{page}"));
    line.trim().parse::<f64>().unwrap() as u64
}
