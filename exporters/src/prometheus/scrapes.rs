//! What Hubble says about its own metrics endpoint: requests and their duration, by status code.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tidegate_model::Timestamp;
use tidegate_model::metric::{Family, Histogram, MetricKind, Point, Series, Value};

/// The defaults of Prometheus' Go client, in seconds.
const BUCKETS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Requests to the endpoint.
#[derive(Debug)]
pub(super) struct Scrapes {
    requests: Arc<Family>,
    duration: Arc<Family>,
    by_code: BTreeMap<u16, Code>,
}

#[derive(Debug)]
struct Code {
    requests: Arc<Series>,
    duration: Arc<Series>,
    state: Histogram,
}

impl Default for Scrapes {
    fn default() -> Self {
        let name = "hubble_metrics_http_handler_requests_total";
        let requests = family(
            name,
            "A counter for requests to Hubble metrics handler.",
            MetricKind::Counter,
        );
        let name = "hubble_metrics_http_handler_request_duration_seconds";
        let kind = MetricKind::Histogram {
            bounds: BUCKETS.to_vec(),
        };
        let duration = family(
            name,
            "A histogram of latencies of Hubble metrics handler.",
            kind,
        );
        Self {
            requests: Arc::new(requests),
            duration: Arc::new(duration),
            by_code: BTreeMap::new(),
        }
    }
}

impl Scrapes {
    /// Counts a request that was answered with `code`, and returns the values to show from now on.
    pub(super) fn answered(&mut self, code: u16, took: Duration) -> [Point; 2] {
        let (requests, duration, time) = (&self.requests, &self.duration, Timestamp::now());
        let code = self.by_code.entry(code).or_insert_with(|| Code {
            requests: series(requests, code, time),
            duration: series(duration, code, time),
            state: Histogram {
                buckets: vec![0; BUCKETS.len() + 1],
                ..Histogram::default()
            },
        });
        let seconds = took.as_secs_f64();
        code.state.buckets[BUCKETS.partition_point(|bound| *bound < seconds)] += 1;
        code.state.sum += seconds;
        code.state.count += 1;
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 requests")]
        let count = Value::Counter(code.state.count as f64);
        let point = |series, value| Point {
            series: Arc::clone(series),
            time,
            value,
        };
        [
            point(&code.requests, count),
            point(
                &code.duration,
                Value::Histogram(Arc::new(code.state.clone())),
            ),
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

fn series(family: &Arc<Family>, code: u16, start: Timestamp) -> Arc<Series> {
    Arc::new(Series {
        family: Arc::clone(family),
        labels: vec![code.to_string().into()],
        start,
    })
}
