//! `icmp`: ICMP messages, whatever became of them, by type and code.

use tidegate_core::flow::{Flow, L4, icmpv4_text, icmpv6_text};
use tidegate_core::ledger::Tally;

use super::{Metric, Plugin};
use crate::hubble_metrics::labels::{ContextLabels, Labels};
use crate::hubble_metrics::series::{Changes, Count, Table};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "icmp",
    options: &[],
    conflicts: &[],
    build: |item, max_series| {
        let labels = Labels::new(item, ContextLabels::Last, max_series)?;
        let about = ("hubble_icmp_total", "Number of ICMP messages", "{message}");
        let messages = labels.counter(about, &["family", "type"]);
        Ok(Box::new(Icmp { labels, messages }))
    },
};

struct Icmp {
    labels: Labels,
    messages: Table<Count>,
}

impl Metric for Icmp {
    fn observe(&mut self, flow: &Flow, tally: &mut Tally) {
        let (family, text) = match flow.l4 {
            L4::Icmpv4 { icmp_type, code } => ("IPv4", icmpv4_text(icmp_type, code)),
            L4::Icmpv6 { icmp_type, code } => ("IPv6", icmpv6_text(icmp_type, code)),
            _ => return,
        };
        self.labels.of(flow).name(family).text(&text).count(&mut self.messages, tally);
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        vec![&mut self.messages]
    }
}
