//! The value of a series: a count, or a histogram.

use std::sync::Arc;

use tidegate_model::Timestamp;
use tidegate_model::flow::TraceContext;
use tidegate_model::metric::{Exemplar, ExponentialBuckets, Histogram, Value};

/// Upper bounds of the buckets of every histogram: the defaults of Prometheus' Go client.
pub(crate) const BUCKETS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The cumulative state of one series. The default is the state before the first observation.
pub(crate) trait SeriesValue: Default {
    /// The cumulative value now.
    fn snapshot(&self) -> Value;
}

/// The state of a counter.
#[derive(Debug, Default)]
pub(crate) struct CounterValue(u64);

impl CounterValue {
    #[inline]
    pub(crate) fn add(&mut self, n: u64) {
        self.0 = self.0.saturating_add(n);
    }
}

impl SeriesValue for CounterValue {
    fn snapshot(&self) -> Value {
        #[expect(
            clippy::cast_precision_loss,
            reason = "exact up to 2^53, and Prometheus has no other type of number"
        )]
        Value::Counter(self.0 as f64)
    }
}

/// The state of a histogram of durations in seconds.
#[derive(Debug, Default)]
pub(crate) struct HistogramValue {
    buckets: [u64; BUCKETS.len() + 1],
    sum: f64,
    /// The newest exemplar of each bucket.
    exemplars: Option<Box<[Option<Exemplar>; BUCKETS.len() + 1]>>,
    exponential: Option<Box<ExponentialBuckets>>,
}

impl HistogramValue {
    /// Records a duration in nanoseconds.
    pub(crate) fn observe_nanos(&mut self, nanos: u64) {
        let seconds = seconds(nanos);
        self.buckets[bucket(seconds)] += 1;
        self.sum += seconds;
    }

    /// Records a duration in exponential buckets, too.
    pub(crate) fn observe_exponentially(&mut self, nanos: u64) {
        self.exponential
            .get_or_insert_default()
            .record(seconds(nanos));
    }

    /// Keeps an observation as the exemplar of its bucket.
    pub(crate) fn keep_exemplar(&mut self, nanos: u64, time: Timestamp, trace: TraceContext) {
        let value = seconds(nanos);
        self.exemplars.get_or_insert_default()[bucket(value)] =
            Some(Exemplar { value, time, trace });
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "as in Hubble; exact up to 104 days"
)]
fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

fn bucket(seconds: f64) -> usize {
    BUCKETS.partition_point(|bound| *bound < seconds)
}

impl SeriesValue for HistogramValue {
    fn snapshot(&self) -> Value {
        let count = self.buckets.iter().sum();
        Value::Histogram(Arc::new(Histogram {
            buckets: self.buckets.to_vec(),
            sum: self.sum,
            count,
            exemplars: self
                .exemplars
                .iter()
                .flat_map(|all| **all)
                .flatten()
                .collect(),
            exponential: self.exponential.as_deref().cloned(),
        }))
    }
}
