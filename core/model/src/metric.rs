//! Metric series and their current values, produced by aggregation.

mod exponential;

use std::sync::Arc;

pub use exponential::ExponentialBuckets;

use crate::flow::TraceContext;
use crate::time::Timestamp;

/// A metric family: all series of one name.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Name as in Prometheus, with the suffix `_total` for counters.
    pub name: String,
    /// One-line description.
    pub help: String,
    /// UCUM unit as in OpenTelemetry, such as `s`, `By` or `{flow}`; empty for none.
    pub unit: String,
    /// Counter, gauge or histogram.
    pub kind: MetricKind,
    /// Names of the labels, in order.
    pub label_names: Vec<String>,
}

/// Kinds of metrics.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricKind {
    /// A sum that only increases from the start of its series.
    Counter,
    /// A value that can increase and decrease.
    Gauge,
    /// Counts of observations by upper bound.
    Histogram {
        /// Upper bounds in ascending order, without the last one, which is infinity.
        bounds: Vec<f64>,
    },
}

/// One series: a family and the values of its labels. The address of its `Arc` identifies it: the
/// stage that creates it never has two series with the same labels.
#[derive(Debug)]
pub struct Series {
    /// The metric.
    pub family: Arc<Family>,
    /// Label values, in the order of the family's label names.
    pub labels: Vec<Arc<str>>,
    /// When the series started.
    pub start: Timestamp,
}

/// The value of a series at a point in time, cumulative since the start of the series.
#[derive(Clone, Debug)]
pub struct Point {
    /// The series.
    pub series: Arc<Series>,
    /// When the value was read.
    pub time: Timestamp,
    /// The value.
    pub value: Value,
}

impl Point {
    /// Bytes on the heap that this point owns.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        match &self.value {
            Value::Histogram(histogram) => {
                let exponential = histogram.exponential.as_ref();
                size_of::<Histogram>()
                    + size_of_val(&*histogram.buckets)
                    + size_of_val(&*histogram.exemplars)
                    + exponential.map_or(0, ExponentialBuckets::heap_bytes)
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
    /// The series has ended and can be removed.
    Ended,
}

/// A histogram's cumulative state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Observations in each bucket, not cumulative; one more bucket than the family has bounds.
    pub buckets: Vec<u64>,
    /// Sum of the observations.
    pub sum: f64,
    /// Number of observations.
    pub count: u64,
    /// The newest observation of each bucket that belongs to a trace, if exemplars are kept.
    pub exemplars: Vec<Exemplar>,
    /// The same observations in exponential buckets, if they are kept.
    pub exponential: Option<ExponentialBuckets>,
}

/// One observation, with the trace that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exemplar {
    /// The observed value.
    pub value: f64,
    /// When it was observed.
    pub time: Timestamp,
    /// The trace.
    pub trace: TraceContext,
}
