//! The line of a metric point.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};
use tidegate_model::metric::{Point, Value};

/// Appends `name{label="value"} 3` and a line feed.
pub(super) fn push(out: &mut String, point: &Point) {
    out.push_str(&point.series.family.name);
    let labels: Vec<_> = labels(point)
        .map(|(name, value)| format!("{name}={value:?}"))
        .collect();
    let _ = write!(out, "{{{}}} ", labels.join(","));
    let _ = match &point.value {
        Value::Counter(value) | Value::Gauge(value) => writeln!(out, "{value}"),
        Value::Histogram(histogram) => {
            writeln!(out, "count {} sum {}", histogram.count, histogram.sum)
        }
        Value::Ended => writeln!(out, "ended"),
    };
}

/// The name, the labels, and the value. 64-bit integers are strings, as in Hubble's JSON.
pub(super) fn json(point: &Point) -> Json {
    let labels: Map<_, _> = labels(point)
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    let mut object = Map::new();
    object.insert("name".to_owned(), json!(point.series.family.name));
    object.insert("labels".to_owned(), Json::Object(labels));
    let value = match &point.value {
        Value::Counter(value) | Value::Gauge(value) => vec![("value", json!(value))],
        Value::Histogram(histogram) => {
            let buckets: Vec<_> = histogram.buckets.iter().map(ToString::to_string).collect();
            vec![
                ("count", json!(histogram.count.to_string())),
                ("sum", json!(histogram.sum)),
                ("buckets", json!(buckets)),
            ]
        }
        Value::Ended => vec![("ended", json!(true))],
    };
    object.extend(
        value
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value)),
    );
    Json::Object(object)
}

fn labels(point: &Point) -> impl Iterator<Item = (&str, &str)> {
    let names = point.series.family.label_names.iter().map(String::as_str);
    names.zip(point.series.labels.iter().map(|value| &**value))
}
