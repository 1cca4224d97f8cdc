//! `kafka`: requests of Cilium's Kafka proxy (agents until 1.19), with the duration that their
//! records carry.

use tidegate_core::flow::{L7Record, L7Type};

use super::words::{digits, reporter};
use super::{Metric, Plugin, Sighted};
use crate::hubble_metrics::families::{ContextLabels, Families, Series, Sight};
use crate::hubble_metrics::series::{Changes, Count, Observations, Symbols, Texts};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "kafka",
    options: &[],
    conflicts: &[],
    build: |_, options, settings| {
        let families = Families::new(ContextLabels::First, options, settings);
        let requests = (
            "hubble_kafka_requests_total",
            "Count of Kafka requests",
            "{request}",
        );
        // Hubble's text, HTTP included.
        let duration = (
            "hubble_kafka_request_duration_seconds",
            "Quantiles of HTTP request duration in seconds",
            "s",
        );
        Box::new(Kafka {
            requests: families.counter(requests, &["topic", "api_key", "error_code", "reporter"]),
            duration: families.histogram(duration, &["topic", "api_key", "reporter"]),
            symbols: Symbols::new(),
            digits: String::new(),
        })
    },
};

struct Kafka {
    requests: Series<Count>,
    duration: Series<Observations>,
    symbols: Symbols,
    digits: String,
}

impl Metric for Kafka {
    fn counts(&self, sighted: Sighted) -> bool {
        sighted == Sighted::Message
    }

    fn observe(&mut self, sight: &mut Sight<'_>) {
        let Some(l7) = sight
            .flow
            .l7
            .as_deref()
            .filter(|l7| l7.l7_type == L7Type::Request)
        else {
            return;
        };
        let L7Record::Kafka(kafka) = &l7.record else {
            return;
        };
        let (topic, api_key, reporter) = (&*kafka.topic, &*kafka.api_key, reporter(sight.flow));
        let own = Texts([
            topic,
            api_key,
            digits(&mut self.digits, kafka.error_code),
            reporter,
        ]);
        self.requests.of(&own, &mut self.symbols, sight).add(1);
        let own = Texts([topic, api_key, reporter]);
        self.duration
            .of(&own, &mut self.symbols, sight)
            .observe_nanos(l7.latency_ns);
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        vec![&mut self.requests.table, &mut self.duration.table]
    }
}
