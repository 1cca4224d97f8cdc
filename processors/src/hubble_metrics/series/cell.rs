//! What a series holds: a count, or observations in buckets.

use std::sync::Arc;

use tidegate_core::metric::{Histogram, MetricKind, Value};

/// The state of a series.
pub(in super::super) trait Cell {
    /// Nothing seen yet.
    fn new(kind: &MetricKind) -> Self;
    /// The cumulative value now.
    fn value(&self) -> Value;
}

/// Of a counter.
#[derive(Debug)]
pub(in super::super) struct Count(u64);

impl Count {
    pub(in super::super) fn add(&mut self, n: u64) {
        self.0 = self.0.saturating_add(n);
    }
}

impl Cell for Count {
    fn new(_: &MetricKind) -> Self {
        Self(0)
    }

    fn value(&self) -> Value {
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, and Prometheus knows no other numbers")]
        Value::Counter(self.0 as f64)
    }
}

/// Of a histogram.
#[derive(Debug)]
pub(in super::super) struct Observations {
    bounds: Vec<f64>,
    state: Histogram,
}

impl Observations {
    pub(in super::super) fn observe(&mut self, value: f64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.state.buckets[bucket] += 1;
        self.state.sum += value;
        self.state.count += 1;
    }
}

impl Cell for Observations {
    fn new(kind: &MetricKind) -> Self {
        let bounds = match kind {
            MetricKind::Histogram { bounds } => bounds.clone(),
            MetricKind::Counter | MetricKind::Gauge => Vec::new(),
        };
        let buckets = vec![0; bounds.len() + 1];
        Self { bounds, state: Histogram { buckets, ..Histogram::default() } }
    }

    fn value(&self) -> Value {
        Value::Histogram(Arc::new(self.state.clone()))
    }
}
