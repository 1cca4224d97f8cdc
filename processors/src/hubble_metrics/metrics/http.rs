//! `http` and `httpV2`: requests and their duration. Their families have the same names, so only
//! one of the two can be in the list. `httpV2` counts a request when its response is seen, with the
//! client as the source; `http` counts responses with the server as the source. With the option
//! `exemplars=true` durations have the traces of their requests; counters have none.
//!
//! The rules for messages found in packets differ in two points: if the request of a response is
//! unknown, its method is `unknown`; and the duration is observed only if it comes from the times
//! of the packets themselves. Records of proxies contain a duration, which is observed even if it
//! is 0, as in Hubble.

use tidegate_model::flow::{Flow, Http as Message, L7, L7Record, L7Type, MessageSource};
use tidegate_runtime::component::FlowContent;

use super::labels::{UNKNOWN, format_number, reporter};
use super::{FlowClass, Metric, Plugin};
use crate::hubble_metrics::context::ContextOptions;
use crate::hubble_metrics::families::{
    ContextLabels, Description, FamilyBuilder, FamilySettings, MetricFamily, Observation,
    SplitFamily,
};
use crate::hubble_metrics::item::Item;
use crate::hubble_metrics::series::{
    Collect, CounterValue, HistogramValue, SymbolTable, TextLabels,
};

pub(super) const V1: Plugin = Plugin {
    name: "http",
    options: &["exemplars"],
    conflicts: &["httpV2"],
    counts: Some(FlowContent::Http),
    build: |item, options, settings| {
        let families = families(options, settings);
        let responses = Description {
            name: "hubble_http_responses_total",
            help: "Count of HTTP responses",
            unit: "{response}",
        };
        Box::new(HttpV1 {
            requests: families.split_counter(
                REQUESTS,
                WIRE_REQUESTS,
                &["method", "protocol", "reporter"],
            ),
            responses: families.split_counter(
                responses,
                "HTTP responses found in captured packets",
                &["method", "protocol", "status", "reporter"],
            ),
            duration: families.histogram(DURATION, &["method", "reporter"]),
            details: Details::new(item, settings),
            symbols: SymbolTable::new(),
            status: String::new(),
        })
    },
};

pub(super) const V2: Plugin = Plugin {
    name: "httpV2",
    options: &["exemplars"],
    conflicts: &["http"],
    counts: Some(FlowContent::Http),
    build: |item, options, settings| {
        let families = families(options, settings);
        Box::new(HttpV2 {
            requests: families.split_counter(
                REQUESTS,
                WIRE_REQUESTS,
                &["method", "protocol", "status", "reporter"],
            ),
            duration: families.histogram(DURATION, &["method", "reporter"]),
            details: Details::new(item, settings),
            symbols: SymbolTable::new(),
            status: String::new(),
        })
    },
};

const REQUESTS: Description<'_> = Description {
    name: "hubble_http_requests_total",
    help: "Count of HTTP requests",
    unit: "{request}",
};
const WIRE_REQUESTS: &str = "HTTP requests found in captured packets";
const DURATION: Description<'_> = Description {
    name: "hubble_http_request_duration_seconds",
    help: "Quantiles of HTTP request duration in seconds",
    unit: "s",
};

fn families(options: &ContextOptions, settings: FamilySettings) -> FamilyBuilder {
    FamilyBuilder::new(ContextLabels::First, options, settings)
}

/// What a histogram has besides its buckets.
#[derive(Clone, Copy, Debug)]
struct Details {
    exemplars: bool,
    exponential: bool,
}

impl Details {
    /// Hubble's option `exemplars` has an effect with the value `true` alone.
    fn new(item: &Item<'_>, settings: FamilySettings) -> Self {
        let exemplars = item.values("exemplars").and_then(|values| values.first());
        Self {
            exemplars: exemplars == Some(&"true"),
            exponential: settings.exponential_histograms,
        }
    }

    fn observe(self, value: &mut HistogramValue, nanos: u64, flow: &Flow, l7: &L7) {
        value.observe_nanos(nanos);
        if self.exponential {
            value.observe_exponentially(nanos);
        }
        if let Some(context) = l7.trace_context.filter(|_| self.exemplars) {
            value.keep_exemplar(nanos, flow.time, context);
        }
    }
}

struct HttpV1 {
    requests: SplitFamily<CounterValue>,
    responses: SplitFamily<CounterValue>,
    duration: MetricFamily<HistogramValue>,
    details: Details,
    symbols: SymbolTable,
    /// A buffer for the label of that name.
    status: String,
}

impl Metric for HttpV1 {
    fn accepts(&self, class: FlowClass) -> bool {
        class != FlowClass::Packet
    }

    fn observe(&mut self, observation: &mut Observation<'_>) {
        let flow = observation.flow;
        let Some((l7, http)) = http(flow) else { return };
        let method = method(l7, http);
        let protocol = &*http.protocol;
        let reporter = reporter(flow);
        let symbols = &mut self.symbols;
        match l7.l7_type {
            L7Type::Request => {
                let labels = TextLabels(&[method, protocol, reporter]);
                self.requests
                    .for_flow(flow)
                    .value(&labels, symbols, observation)
                    .add(1);
            }
            L7Type::Response => {
                let status = format_number(&mut self.status, http.code);
                let labels = TextLabels(&[method, protocol, status, reporter]);
                self.responses
                    .for_flow(flow)
                    .value(&labels, symbols, observation)
                    .add(1);
                if let Some(nanos) = duration(l7) {
                    let labels = TextLabels(&[method, reporter]);
                    let value = self.duration.value(&labels, symbols, observation);
                    self.details.observe(value, nanos, flow, l7);
                }
            }
            L7Type::Sample | L7Type::Unknown => {}
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Collect> {
        let duration: &mut dyn Collect = &mut self.duration.table;
        self.requests
            .tables()
            .chain(self.responses.tables())
            .chain([duration])
            .collect()
    }

    fn symbols(&mut self) -> &mut SymbolTable {
        &mut self.symbols
    }
}

struct HttpV2 {
    requests: SplitFamily<CounterValue>,
    duration: MetricFamily<HistogramValue>,
    details: Details,
    symbols: SymbolTable,
    /// A buffer for the label of that name.
    status: String,
}

impl Metric for HttpV2 {
    fn accepts(&self, class: FlowClass) -> bool {
        class != FlowClass::Packet
    }

    fn observe(&mut self, observation: &mut Observation<'_>) {
        let flow = observation.flow;
        let Some((l7, http)) = http(flow).filter(|(l7, _)| l7.l7_type == L7Type::Response) else {
            return;
        };
        let status = format_number(&mut self.status, http.code);
        let method = method(l7, http);
        let reporter = reporter(flow);
        let labels = TextLabels(&[method, &*http.protocol, status, reporter]);
        self.requests
            .for_flow(flow)
            .value_as_request(&labels, &mut self.symbols, observation)
            .add(1);
        if let Some(nanos) = duration(l7) {
            let labels = TextLabels(&[method, reporter]);
            let symbols = &mut self.symbols;
            let value = self
                .duration
                .value_as_request(&labels, symbols, observation);
            self.details.observe(value, nanos, flow, l7);
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Collect> {
        let duration: &mut dyn Collect = &mut self.duration.table;
        self.requests.tables().chain([duration]).collect()
    }

    fn symbols(&mut self) -> &mut SymbolTable {
        &mut self.symbols
    }
}

/// The method, or `unknown` if the request of a response on the wire is unknown.
fn method<'a>(l7: &L7, http: &'a Message) -> &'a str {
    if l7.source == MessageSource::Wire && http.method.is_empty() {
        UNKNOWN
    } else {
        &http.method
    }
}

/// The duration of the request in nanoseconds, if it is exact enough for a histogram.
fn duration(l7: &L7) -> Option<u64> {
    match l7.source {
        MessageSource::Proxy => Some(l7.latency_ns),
        MessageSource::Wire => l7
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

#[cfg(test)]
mod tests {
    use tidegate_model::flow::{Missing, TraceContext};
    use tidegate_model::metric::Value;

    use super::*;
    use crate::hubble_metrics::families::WireFamilies;
    use crate::hubble_metrics::series::SeriesValue as _;

    #[test]
    fn durations_have_exemplars_and_exponential_buckets_if_they_are_configured() {
        let l7 = L7 {
            l7_type: L7Type::Response,
            latency_ns: 0,
            observed_latency: None,
            record: L7Record::Http(Message::default()),
            trace_context: Some(TraceContext {
                trace_id: [1; 16],
                parent_id: [2; 8],
                flags: 1,
            }),
            source: MessageSource::Proxy,
            missing: Missing::NOTHING,
        };
        for (item, exponential_histograms, exemplars) in [
            ("httpV2:exemplars=true", true, 1),
            ("httpV2:exemplars=yes", false, 0),
            ("httpV2", true, 0),
        ] {
            let settings = FamilySettings {
                max_series: 1,
                wire: WireFamilies::Own,
                exponential_histograms,
            };
            let details = Details::new(&Item::parse(item), settings);
            let mut value = HistogramValue::default();
            for nanos in [20_000_000, 21_000_000] {
                details.observe(&mut value, nanos, &Flow::default(), &l7);
            }
            let Value::Histogram(histogram) = value.snapshot() else {
                panic!("a histogram");
            };
            assert_eq!(histogram.exemplars.len(), exemplars, "{item}");
            let newest = histogram.exemplars.first().map(|exemplar| exemplar.value);
            assert!(newest.is_none_or(|value| value == 0.021), "{newest:?}");
            let exponential = histogram.exponential.as_ref();
            let counted = exponential.map(|buckets| buckets.counts.iter().sum::<u64>());
            assert_eq!(counted, exponential_histograms.then_some(2), "{item}");
        }
    }
}
