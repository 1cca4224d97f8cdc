//! `tcp`: packets that open and close TCP connections, by flag. One packet can count under several flags.

use tidegate_core::flow::{Flow, L4, TcpFlags, Verdict};
use tidegate_core::ledger::Tally;

use super::{Metric, Plugin};
use crate::hubble_metrics::labels::{ContextLabels, Labels};
use crate::hubble_metrics::series::{Changes, Count, Table};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "tcp",
    options: &[],
    conflicts: &[],
    build: |item, max_series| {
        let labels = Labels::new(item, ContextLabels::Last, max_series)?;
        let flags = labels.counter(("hubble_tcp_flags_total", "TCP flag occurrences", "{flag}"), &["flag", "family"]);
        Ok(Box::new(Tcp { labels, flags }))
    },
};

struct Tcp {
    labels: Labels,
    flags: Table<Count>,
}

impl Metric for Tcp {
    fn observe(&mut self, flow: &Flow, tally: &mut Tally) {
        let L4::Tcp { flags: Some(flags), .. } = flow.l4 else { return };
        let (Verdict::Forwarded | Verdict::Redirected, Some(ip)) = (flow.verdict, flow.ip) else { return };
        let syn = if flags.has(TcpFlags::ACK) { "SYN-ACK" } else { "SYN" };
        for (flag, name) in [(TcpFlags::FIN, "FIN"), (TcpFlags::SYN, syn), (TcpFlags::RST, "RST")] {
            if flags.has(flag) {
                self.labels.of(flow).name(name).name(ip.version.name()).count(&mut self.flags, tally);
            }
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        vec![&mut self.flags]
    }
}
