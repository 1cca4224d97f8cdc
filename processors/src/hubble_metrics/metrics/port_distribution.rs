//! `port-distribution`: packets on their way to a port, by that port. Flows that do not tell whether they
//! are replies are left out, because their port may be an ephemeral one.

use tidegate_core::flow::{Flow, Verdict};
use tidegate_core::ledger::Tally;

use super::{Metric, Plugin};
use crate::hubble_metrics::labels::{ContextLabels, Labels};
use crate::hubble_metrics::series::{Changes, Count, Table};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "port-distribution",
    options: &[],
    conflicts: &[],
    build: |item, max_series| {
        let labels = Labels::new(item, ContextLabels::Last, max_series)?;
        let help = "Numbers of packets distributed by destination port";
        let packets = labels.counter(("hubble_port_distribution_total", help, "{packet}"), &["protocol", "port"]);
        Ok(Box::new(PortDistribution { labels, packets }))
    },
};

struct PortDistribution {
    labels: Labels,
    packets: Table<Count>,
}

impl Metric for PortDistribution {
    fn observe(&mut self, flow: &Flow, tally: &mut Tally) {
        let (Verdict::Forwarded | Verdict::Redirected, Some(false)) = (flow.verdict, flow.is_reply) else { return };
        let Some(protocol) = flow.l4.name() else { return };
        // Protocols without ports have port 0.
        let port = flow.l4.ports().map_or(0, |(_, destination)| destination);
        self.labels.of(flow).name(protocol).number(port).count(&mut self.packets, tally);
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        vec![&mut self.packets]
    }
}
