//! `kafka`: requests of Cilium's Kafka proxy (agents until 1.19), with the duration that their
//! records carry.

use tidegate_model::flow::{L7Record, L7Type};
use tidegate_runtime::component::FlowContent;

use super::labels::{format_number, reporter};
use super::{FlowClass, Metric, Plugin};
use crate::hubble_metrics::families::{
    ContextLabels, Description, FamilyBuilder, MetricFamily, Observation,
};
use crate::hubble_metrics::series::{
    Collect, CounterValue, HistogramValue, SymbolTable, TextLabels,
};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "kafka",
    options: &[],
    conflicts: &[],
    counts: Some(FlowContent::OtherL7),
    build: |_, options, settings| {
        let families = FamilyBuilder::new(ContextLabels::First, options, settings);
        let requests = Description {
            name: "hubble_kafka_requests_total",
            help: "Count of Kafka requests (deprecated)",
            unit: "{request}",
        };
        let duration = Description {
            name: "hubble_kafka_request_duration_seconds",
            // Hubble's text, including the mention of HTTP.
            help: "Quantiles of HTTP request duration in seconds (deprecated)",
            unit: "s",
        };
        Box::new(Kafka {
            requests: families.counter(requests, &["topic", "api_key", "error_code", "reporter"]),
            duration: families.histogram(duration, &["topic", "api_key", "reporter"]),
            symbols: SymbolTable::new(),
            error_code: String::new(),
        })
    },
};

struct Kafka {
    requests: MetricFamily<CounterValue>,
    duration: MetricFamily<HistogramValue>,
    symbols: SymbolTable,
    /// A buffer for the label of that name.
    error_code: String,
}

impl Metric for Kafka {
    fn accepts(&self, class: FlowClass) -> bool {
        class == FlowClass::ProxyMessage
    }

    fn observe(&mut self, observation: &mut Observation<'_>) {
        let l7 = observation.flow.l7.as_deref();
        let Some(l7) = l7.filter(|l7| l7.l7_type == L7Type::Request) else {
            return;
        };
        let L7Record::Kafka(kafka) = &l7.record else {
            return;
        };
        let topic = &*kafka.topic;
        let api_key = &*kafka.api_key;
        let error_code = format_number(&mut self.error_code, kafka.error_code);
        let reporter = reporter(observation.flow);
        let labels = TextLabels(&[topic, api_key, error_code, reporter]);
        self.requests
            .value(&labels, &mut self.symbols, observation)
            .add(1);
        let labels = TextLabels(&[topic, api_key, reporter]);
        self.duration
            .value(&labels, &mut self.symbols, observation)
            .observe_nanos(l7.latency_ns);
    }

    fn tables(&mut self) -> Vec<&mut dyn Collect> {
        vec![&mut self.requests.table, &mut self.duration.table]
    }

    fn symbols(&mut self) -> &mut SymbolTable {
        &mut self.symbols
    }
}
