//! Metric series and their current values: what aggregation yields.

use std::sync::Arc;

use crate::time::Timestamp;

/// A metric: all series of one name.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Name as Prometheus knows it, with `_total` on counters.
    pub name: String,
    /// One line that says what it counts.
    pub help: String,
    /// Unit after UCUM, as OpenTelemetry writes it: `s`, `By`, `{flow}`; empty for none.
    pub unit: String,
    /// Counter, gauge or histogram.
    pub kind: MetricKind,
    /// Names of the labels, in order.
    pub label_names: Vec<String>,
}

/// Kinds of metrics.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricKind {
    /// A sum that only grows, since its series' start.
    Counter,
    /// A value that goes up and down.
    Gauge,
    /// Counts of observations by upper bound.
    Histogram {
        /// Upper bounds, ascending, without the last one, which is infinity.
        bounds: Vec<f64>,
    },
}

/// One series: a family and the values of its labels. Its `Arc`'s address is its identity for as
/// long as it lives: the stage that made it makes no second one for the same labels.
#[derive(Debug)]
pub struct Series {
    /// The metric.
    pub family: Arc<Family>,
    /// Values in the order of the family's names.
    pub labels: Vec<Arc<str>>,
    /// Since when the series counts.
    pub start: Timestamp,
}

/// The value of a series at a time, cumulative since the series' start.
#[derive(Clone, Debug)]
pub struct Point {
    /// The series.
    pub series: Arc<Series>,
    /// When the value held.
    pub time: Timestamp,
    /// The value.
    pub value: Value,
}

impl Point {
    /// Bytes on the heap that only this point holds.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        match &self.value {
            Value::Histogram(histogram) => {
                size_of::<Histogram>() + size_of_val(&*histogram.buckets)
            }
            Value::Counter(_) | Value::Gauge(_) | Value::Ended => 0,
        }
    }
}

/// A cumulative value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of a counter.
    Counter(f64),
    /// Of a gauge.
    Gauge(f64),
    /// Of a histogram.
    Histogram(Arc<Histogram>),
    /// The series has ended and is to be forgotten.
    Ended,
}

/// A histogram's cumulative state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Observations in each bucket, not added up; one more than the family has bounds.
    pub buckets: Vec<u64>,
    /// Sum of the observations.
    pub sum: f64,
    /// Number of observations.
    pub count: u64,
}
