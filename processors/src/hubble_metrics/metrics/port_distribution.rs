//! `port-distribution`: packets on their way to a port, by that port. Flows that do not tell
//! whether they are replies are left out, because their port may be an ephemeral one.

use tidegate_core::flow::Verdict;

use super::words::{DECIMAL, PROTOCOL, l4};
use super::{Metric, Plugin};
use crate::hubble_metrics::families::{ContextLabels, Families, Series, Sight};
use crate::hubble_metrics::series::{Changes, Count, Numbers, Symbols};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "port-distribution",
    options: &[],
    conflicts: &[],
    build: |_, options, settings| {
        let families = Families::new(ContextLabels::Last, options, settings);
        let help = "Numbers of packets distributed by destination port";
        let packets = families.counter(
            ("hubble_port_distribution_total", help, "{packet}"),
            &["protocol", "port"],
        );
        Box::new(PortDistribution {
            packets,
            symbols: Symbols::new(),
        })
    },
};

struct PortDistribution {
    packets: Series<Count>,
    symbols: Symbols,
}

impl Metric for PortDistribution {
    fn observe(&mut self, sight: &mut Sight<'_>) {
        let flow = sight.flow;
        let (Verdict::Forwarded | Verdict::Redirected, Some(false)) = (flow.verdict, flow.is_reply)
        else {
            return;
        };
        let Some(protocol) = l4(&flow.l4) else { return };
        // Protocols without ports have port 0.
        let port = flow.l4.ports().map_or(0, |(_, destination)| destination);
        let own = Numbers([protocol, port.into()], [PROTOCOL, DECIMAL]);
        self.packets.of(&own, &mut self.symbols, sight).add(1);
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        vec![&mut self.packets.table]
    }
}
