//! `port-distribution`: packets by destination port. Only flows that are known not to be replies
//! are counted, because the destination port of a reply is an ephemeral one.

use tidegate_model::flow::Verdict;

use super::labels::{l4_protocol, render_decimal, render_protocol};
use super::{Metric, Plugin};
use crate::hubble_metrics::families::{
    ContextLabels, Description, FamilyBuilder, MetricFamily, Observation,
};
use crate::hubble_metrics::series::{Collect, CounterValue, NumericLabels, SymbolTable};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "port-distribution",
    options: &[],
    conflicts: &[],
    counts: None,
    build: |_, options, settings| {
        let families = FamilyBuilder::new(ContextLabels::Last, options, settings);
        let description = Description {
            name: "hubble_port_distribution_total",
            help: "Numbers of packets distributed by destination port",
            unit: "{packet}",
        };
        Box::new(PortDistribution {
            packets: families.counter(description, &["protocol", "port"]),
            symbols: SymbolTable::new(),
        })
    },
};

struct PortDistribution {
    packets: MetricFamily<CounterValue>,
    symbols: SymbolTable,
}

impl Metric for PortDistribution {
    fn observe(&mut self, observation: &mut Observation<'_>) {
        let flow = observation.flow;
        let (Verdict::Forwarded | Verdict::Redirected, Some(false)) = (flow.verdict, flow.is_reply)
        else {
            return;
        };
        let Some(protocol) = l4_protocol(&flow.l4) else {
            return;
        };
        // Protocols without ports have port 0.
        let port = flow.l4.ports().map_or(0, |(_, destination)| destination);
        let labels = NumericLabels {
            numbers: [protocol, port.into()],
            render: [render_protocol, render_decimal],
        };
        self.packets
            .value(&labels, &mut self.symbols, observation)
            .add(1);
    }

    fn tables(&mut self) -> Vec<&mut dyn Collect> {
        vec![&mut self.packets.table]
    }

    fn symbols(&mut self) -> &mut SymbolTable {
        &mut self.symbols
    }
}
