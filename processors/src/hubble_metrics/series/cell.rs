//! What a series holds: a count, or observations in buckets.

use std::sync::Arc;

use tidegate_core::metric::{Histogram, Value};

/// Upper bounds of every histogram: the defaults of Prometheus' Go client.
pub(in super::super) const BUCKETS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The state of a series; its default is nothing seen yet.
pub(in super::super) trait Cell: Default {
    /// The cumulative value now.
    fn value(&self) -> Value;
}

/// Of a counter.
#[derive(Debug, Default)]
pub(in super::super) struct Count(u64);

impl Count {
    #[inline]
    pub(in super::super) fn add(&mut self, n: u64) {
        self.0 = self.0.saturating_add(n);
    }
}

impl Cell for Count {
    fn value(&self) -> Value {
        #[expect(
            clippy::cast_precision_loss,
            reason = "exact up to 2^53, and Prometheus knows no other numbers"
        )]
        Value::Counter(self.0 as f64)
    }
}

/// Of a histogram.
#[derive(Debug, Default)]
pub(in super::super) struct Observations {
    buckets: [u64; BUCKETS.len() + 1],
    sum: f64,
}

impl Observations {
    /// Enters a duration.
    pub(in super::super) fn observe_nanos(&mut self, nanos: u64) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "as in Hubble; exact up to 104 days"
        )]
        let seconds = nanos as f64 / 1e9;
        self.buckets[BUCKETS.partition_point(|bound| *bound < seconds)] += 1;
        self.sum += seconds;
    }
}

impl Cell for Observations {
    fn value(&self) -> Value {
        let count = self.buckets.iter().sum();
        Value::Histogram(Arc::new(Histogram {
            buckets: self.buckets.to_vec(),
            sum: self.sum,
            count,
        }))
    }
}
