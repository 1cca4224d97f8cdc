//! `http` and `httpV2`: requests and their duration. They have family names in common, so only one of
//! them can be counted. `httpV2` counts a request when its response is seen, and shows it from the client's
//! side; `http` shows responses with the server as their source. Exemplars are not written.

use tidegate_core::flow::{Flow, Http as Message, L7, L7Record, L7Type};
use tidegate_core::ledger::Tally;

use super::{Metric, Plugin, reporter};
use crate::hubble_metrics::item::{Item, ItemError};
use crate::hubble_metrics::labels::{About, ContextLabels, Labels};
use crate::hubble_metrics::series::{Changes, Count, Observations, Table};

pub(super) const V1: Plugin = Plugin {
    name: "http",
    options: &["exemplars"],
    conflicts: &["httpV2"],
    build: |item, max_series| {
        let labels = new_labels(item, max_series)?;
        let responses = ("hubble_http_responses_total", "Count of HTTP responses", "{response}");
        Ok(Box::new(HttpV1 {
            requests: labels.counter(REQUESTS, &["method", "protocol", "reporter"]),
            responses: labels.counter(responses, &["method", "protocol", "status", "reporter"]),
            duration: labels.histogram(DURATION, &["method", "reporter"]),
            labels,
        }))
    },
};

pub(super) const V2: Plugin = Plugin {
    name: "httpV2",
    options: &["exemplars"],
    conflicts: &["http"],
    build: |item, max_series| {
        let labels = new_labels(item, max_series)?;
        Ok(Box::new(HttpV2 {
            requests: labels.counter(REQUESTS, &["method", "protocol", "status", "reporter"]),
            duration: labels.histogram(DURATION, &["method", "reporter"]),
            labels,
        }))
    },
};

const REQUESTS: About = ("hubble_http_requests_total", "Count of HTTP requests", "{request}");
const DURATION: About = ("hubble_http_request_duration_seconds", "Quantiles of HTTP request duration in seconds", "s");

fn new_labels(item: &Item, max_series: usize) -> Result<Labels, ItemError> {
    if item.values("exemplars").and_then(<[_]>::first) == Some(&"true") {
        tracing::warn!(metric = item.name, "exemplars are not written; the metric is counted without them");
    }
    Labels::new(item, ContextLabels::First, max_series)
}

struct HttpV1 {
    labels: Labels,
    requests: Table<Count>,
    responses: Table<Count>,
    duration: Table<Observations>,
}

impl Metric for HttpV1 {
    fn counts_wire(&self) -> bool {
        true
    }

    fn observe(&mut self, flow: &Flow, tally: &mut Tally) {
        let Some((l7, http)) = http(flow) else { return };
        let (method, protocol, reporter) = (&http.method, &http.protocol, reporter(flow));
        match l7.l7_type {
            L7Type::Request => {
                let observation = self.labels.of(flow).text(method).text(protocol);
                observation.name(reporter).count(&mut self.requests, tally);
            }
            L7Type::Response => {
                let observation = self.labels.of(flow).text(method).text(protocol).number(http.code);
                observation.name(reporter).count(&mut self.responses, tally);
                let observation = self.labels.of(flow).text(method).name(reporter);
                observation.observe_nanos(&mut self.duration, l7.latency_ns, tally);
            }
            L7Type::Sample | L7Type::Unknown => {}
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        vec![&mut self.requests, &mut self.responses, &mut self.duration]
    }
}

struct HttpV2 {
    labels: Labels,
    requests: Table<Count>,
    duration: Table<Observations>,
}

impl Metric for HttpV2 {
    fn counts_wire(&self) -> bool {
        true
    }

    fn observe(&mut self, flow: &Flow, tally: &mut Tally) {
        let Some((l7, http)) = http(flow).filter(|(l7, _)| l7.l7_type == L7Type::Response) else { return };
        let observation = self.labels.of_request_of(flow).text(&http.method).text(&http.protocol);
        observation.number(http.code).name(reporter(flow)).count(&mut self.requests, tally);
        let observation = self.labels.of_request_of(flow).text(&http.method).name(reporter(flow));
        observation.observe_nanos(&mut self.duration, l7.latency_ns, tally);
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        vec![&mut self.requests, &mut self.duration]
    }
}

fn http(flow: &Flow) -> Option<(&L7, &Message)> {
    let l7 = flow.l7.as_deref()?;
    match &l7.record {
        L7Record::Http(http) => Some((l7, http)),
        _ => None,
    }
}
