//! Metrics of the endpoint itself, which are those of Hubble's: requests and their duration by
//! status code.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tidegate_model::Timestamp;
use tidegate_model::metric::{Family, Histogram, MetricKind, Point, Series, Value};

/// The default buckets of Prometheus' Go client, in seconds.
const BUCKETS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Counts requests to the endpoint.
#[derive(Debug)]
pub(super) struct HandlerMetrics {
    requests: Arc<Family>,
    duration: Arc<Family>,
    by_status: BTreeMap<u16, StatusMetrics>,
}

#[derive(Debug)]
struct StatusMetrics {
    requests: Arc<Series>,
    duration: Arc<Series>,
    histogram: Histogram,
}

impl Default for HandlerMetrics {
    fn default() -> Self {
        let requests = family(
            "hubble_metrics_http_handler_requests_total",
            "A counter for requests to Hubble metrics handler.",
            MetricKind::Counter,
        );
        let bounds = BUCKETS.to_vec();
        let duration = family(
            "hubble_metrics_http_handler_request_duration_seconds",
            "A histogram of latencies of Hubble metrics handler.",
            MetricKind::Histogram { bounds },
        );
        Self {
            requests: Arc::new(requests),
            duration: Arc::new(duration),
            by_status: BTreeMap::new(),
        }
    }
}

impl HandlerMetrics {
    /// Counts a response, and returns the updated points.
    pub(super) fn record(&mut self, status: u16, elapsed: Duration) -> [Point; 2] {
        let time = Timestamp::now();
        let metrics = self
            .by_status
            .entry(status)
            .or_insert_with(|| StatusMetrics {
                requests: series(&self.requests, status, time),
                duration: series(&self.duration, status, time),
                histogram: Histogram {
                    buckets: vec![0; BUCKETS.len() + 1],
                    ..Histogram::default()
                },
            });
        let seconds = elapsed.as_secs_f64();
        let histogram = &mut metrics.histogram;
        histogram.buckets[BUCKETS.partition_point(|bound| *bound < seconds)] += 1;
        histogram.sum += seconds;
        histogram.count += 1;
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 requests")]
        let requests = Value::Counter(histogram.count as f64);
        let duration = Value::Histogram(Arc::new(histogram.clone()));
        let point = |series, value| Point {
            series: Arc::clone(series),
            time,
            value,
        };
        [
            point(&metrics.requests, requests),
            point(&metrics.duration, duration),
        ]
    }
}

fn family(name: &str, help: &str, kind: MetricKind) -> Family {
    let unit = if matches!(kind, MetricKind::Counter) {
        "{request}"
    } else {
        "s"
    };
    let label_names = vec!["code".to_owned()];
    Family {
        name: name.to_owned(),
        help: help.to_owned(),
        unit: unit.to_owned(),
        kind,
        label_names,
    }
}

fn series(family: &Arc<Family>, status: u16, start: Timestamp) -> Arc<Series> {
    Arc::new(Series {
        family: Arc::clone(family),
        labels: vec![status.to_string().into()],
        start,
    })
}
