//! `tcp`: packets that open and close TCP connections, by flag. A packet with several of the flags
//! is counted for each of them.

use std::borrow::Cow;

use tidegate_model::flow::{L4, TcpFlags, Verdict};

use super::labels::render_ip_version;
use super::{Metric, Plugin};
use crate::hubble_metrics::families::{
    ContextLabels, Description, FamilyBuilder, MetricFamily, Observation,
};
use crate::hubble_metrics::series::{Collect, CounterValue, NumericLabels, SymbolTable};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "tcp",
    options: &[],
    conflicts: &[],
    counts: None,
    build: |_, options, settings| {
        let families = FamilyBuilder::new(ContextLabels::Last, options, settings);
        let description = Description {
            name: "hubble_tcp_flags_total",
            help: "TCP flag occurrences",
            unit: "{flag}",
        };
        Box::new(Tcp {
            flags: families.counter(description, &["flag", "family"]),
            symbols: SymbolTable::new(),
        })
    },
};

struct Tcp {
    flags: MetricFamily<CounterValue>,
    symbols: SymbolTable,
}

const NAMES: [&str; 4] = ["FIN", "SYN", "SYN-ACK", "RST"];
const FIN: u32 = 0;
const SYN: u32 = 1;
const SYN_ACK: u32 = 2;
const RST: u32 = 3;

fn render_flag(number: u32) -> Cow<'static, str> {
    NAMES[number as usize].into()
}

impl Metric for Tcp {
    fn observe(&mut self, observation: &mut Observation<'_>) {
        let flow = observation.flow;
        let L4::Tcp {
            flags: Some(flags), ..
        } = flow.l4
        else {
            return;
        };
        let (Verdict::Forwarded | Verdict::Redirected, Some(ip)) = (flow.verdict, flow.ip) else {
            return;
        };
        let syn = if flags.has(TcpFlags::ACK) {
            SYN_ACK
        } else {
            SYN
        };
        for (flag, name) in [
            (TcpFlags::FIN, FIN),
            (TcpFlags::SYN, syn),
            (TcpFlags::RST, RST),
        ] {
            if flags.has(flag) {
                let labels = NumericLabels {
                    numbers: [name, ip.version as u32],
                    render: [render_flag, render_ip_version],
                };
                self.flags
                    .value(&labels, &mut self.symbols, observation)
                    .add(1);
            }
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Collect> {
        vec![&mut self.flags.table]
    }

    fn symbols(&mut self) -> &mut SymbolTable {
        &mut self.symbols
    }
}
