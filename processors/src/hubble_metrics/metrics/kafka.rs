//! `kafka`: requests of Cilium's Kafka proxy (agents until 1.19), with the duration that their records carry.

use tidegate_core::flow::{Flow, L7Record, L7Type};
use tidegate_core::ledger::Tally;

use super::{Metric, Plugin, reporter};
use crate::hubble_metrics::labels::{ContextLabels, Labels};
use crate::hubble_metrics::series::{Changes, Count, Observations, Table};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "kafka",
    options: &[],
    conflicts: &[],
    build: |item, max_series| {
        let labels = Labels::new(item, ContextLabels::First, max_series)?;
        let requests = ("hubble_kafka_requests_total", "Count of Kafka requests", "{request}");
        // Hubble's text, HTTP included.
        let duration = ("hubble_kafka_request_duration_seconds", "Quantiles of HTTP request duration in seconds", "s");
        Ok(Box::new(Kafka {
            requests: labels.counter(requests, &["topic", "api_key", "error_code", "reporter"]),
            duration: labels.histogram(duration, &["topic", "api_key", "reporter"]),
            labels,
        }))
    },
};

struct Kafka {
    labels: Labels,
    requests: Table<Count>,
    duration: Table<Observations>,
}

impl Metric for Kafka {
    fn observe(&mut self, flow: &Flow, tally: &mut Tally) {
        let Some(l7) = flow.l7.as_deref().filter(|l7| l7.l7_type == L7Type::Request) else { return };
        let L7Record::Kafka(kafka) = &l7.record else { return };
        let observation = self.labels.of(flow).text(&kafka.topic).text(&kafka.api_key);
        observation.number(kafka.error_code).name(reporter(flow)).count(&mut self.requests, tally);
        let observation = self.labels.of(flow).text(&kafka.topic).text(&kafka.api_key).name(reporter(flow));
        observation.observe_nanos(&mut self.duration, l7.latency_ns, tally);
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        vec![&mut self.requests, &mut self.duration]
    }
}
