//! `http` and `httpV2`: requests and their duration. They have family names in common, so only one
//! of them can be counted. `httpV2` counts a request when its response is seen, and shows it from
//! the client's side; `http` shows responses with the server as their source. Exemplars are not
//! written.
//!
//! Messages found on the wire follow the same rules, but that a response whose request is not known
//! has the method `unknown`, and that the duration is observed only where it is the packets' own
//! times that tell it: proxies' records have those of the proxy, 0 included, as in Hubble.

use tidegate_core::flow::{Flow, Http as Message, L7, L7Record, L7Type, Seen};

use super::words::{UNKNOWN, digits, reporter};
use super::{Metric, Plugin, Sighted};
use crate::hubble_metrics::context::Options;
use crate::hubble_metrics::families::{
    About, ContextLabels, Families, PerSource, Series, Settings, Sight,
};
use crate::hubble_metrics::item::Item;
use crate::hubble_metrics::series::{Changes, Count, Observations, Symbols, Texts};

pub(super) const V1: Plugin = Plugin {
    name: "http",
    options: &["exemplars"],
    conflicts: &["httpV2"],
    build: |item, options, settings| {
        let families = families(item, options, settings);
        let responses = (
            "hubble_http_responses_total",
            "Count of HTTP responses",
            "{response}",
        );
        Box::new(HttpV1 {
            requests: families.counter_per_source(
                REQUESTS,
                WIRE_REQUESTS,
                &["method", "protocol", "reporter"],
            ),
            responses: families.counter_per_source(
                responses,
                "HTTP responses found in captured packets",
                &["method", "protocol", "status", "reporter"],
            ),
            duration: families.histogram(DURATION, &["method", "reporter"]),
            symbols: Symbols::new(),
            digits: String::new(),
        })
    },
};

pub(super) const V2: Plugin = Plugin {
    name: "httpV2",
    options: &["exemplars"],
    conflicts: &["http"],
    build: |item, options, settings| {
        let families = families(item, options, settings);
        Box::new(HttpV2 {
            requests: families.counter_per_source(
                REQUESTS,
                WIRE_REQUESTS,
                &["method", "protocol", "status", "reporter"],
            ),
            duration: families.histogram(DURATION, &["method", "reporter"]),
            symbols: Symbols::new(),
            digits: String::new(),
        })
    },
};

const REQUESTS: About = (
    "hubble_http_requests_total",
    "Count of HTTP requests",
    "{request}",
);
const WIRE_REQUESTS: &str = "HTTP requests found in captured packets";
const DURATION: About = (
    "hubble_http_request_duration_seconds",
    "Quantiles of HTTP request duration in seconds",
    "s",
);

fn families(item: &Item, options: &Options, settings: Settings) -> Families {
    if item.values("exemplars").and_then(<[_]>::first) == Some(&"true") {
        tracing::warn!(
            metric = item.name,
            "exemplars are not written; the metric is counted without them"
        );
    }
    Families::new(ContextLabels::First, options, settings)
}

struct HttpV1 {
    requests: PerSource<Count>,
    responses: PerSource<Count>,
    duration: Series<Observations>,
    symbols: Symbols,
    digits: String,
}

impl Metric for HttpV1 {
    fn counts(&self, sighted: Sighted) -> bool {
        sighted != Sighted::Packet
    }

    fn observe(&mut self, sight: &mut Sight<'_>) {
        let flow = sight.flow;
        let Some((l7, http)) = http(flow) else { return };
        let (method, protocol, reporter) = (method(l7, http), &*http.protocol, reporter(flow));
        let symbols = &mut self.symbols;
        match l7.l7_type {
            L7Type::Request => {
                self.requests
                    .for_flow(flow)
                    .of(&Texts([method, protocol, reporter]), symbols, sight)
                    .add(1);
            }
            L7Type::Response => {
                let status = digits(&mut self.digits, http.code);
                let own = Texts([method, protocol, status, reporter]);
                self.responses
                    .for_flow(flow)
                    .of(&own, symbols, sight)
                    .add(1);
                if let Some(nanos) = duration(l7) {
                    self.duration
                        .of(&Texts([method, reporter]), symbols, sight)
                        .observe_nanos(nanos);
                }
            }
            L7Type::Sample | L7Type::Unknown => {}
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        let duration: &mut dyn Changes = &mut self.duration.table;
        self.requests
            .tables()
            .chain(self.responses.tables())
            .chain([duration])
            .collect()
    }
}

struct HttpV2 {
    requests: PerSource<Count>,
    duration: Series<Observations>,
    symbols: Symbols,
    digits: String,
}

impl Metric for HttpV2 {
    fn counts(&self, sighted: Sighted) -> bool {
        sighted != Sighted::Packet
    }

    fn observe(&mut self, sight: &mut Sight<'_>) {
        let flow = sight.flow;
        let Some((l7, http)) = http(flow).filter(|(l7, _)| l7.l7_type == L7Type::Response) else {
            return;
        };
        let status = digits(&mut self.digits, http.code);
        let (method, reporter) = (method(l7, http), reporter(flow));
        let own = Texts([method, &*http.protocol, status, reporter]);
        self.requests
            .for_flow(flow)
            .of_request(&own, &mut self.symbols, sight)
            .add(1);
        if let Some(nanos) = duration(l7) {
            let own = Texts([method, reporter]);
            self.duration
                .of_request(&own, &mut self.symbols, sight)
                .observe_nanos(nanos);
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        let duration: &mut dyn Changes = &mut self.duration.table;
        self.requests.tables().chain([duration]).collect()
    }
}

/// The method, as far as it is known.
fn method<'a>(l7: &L7, http: &'a Message) -> &'a str {
    if l7.seen == Seen::Wire && http.method.is_empty() {
        UNKNOWN
    } else {
        &http.method
    }
}

/// How long the request took, if that is good enough for a histogram.
fn duration(l7: &L7) -> Option<u64> {
    match l7.seen {
        Seen::Proxy => Some(l7.latency_ns),
        Seen::Wire => l7
            .observed_latency
            .filter(|latency| latency.is_exact)
            .map(|latency| latency.nanos),
    }
}

fn http(flow: &Flow) -> Option<(&L7, &Message)> {
    let l7 = flow.l7.as_deref()?;
    match &l7.record {
        L7Record::Http(http) => Some((l7, http)),
        _ => None,
    }
}
