//! `tcp`: packets that open and close TCP connections, by flag. One packet can count under several
//! flags.

use tidegate_core::flow::{L4, TcpFlags, Verdict};

use super::words::FAMILY;
use super::{Metric, Plugin};
use crate::hubble_metrics::families::{ContextLabels, Families, Series, Sight};
use crate::hubble_metrics::series::{Changes, Count, Numbers, Symbols, Words};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "tcp",
    options: &[],
    conflicts: &[],
    build: |_, options, settings| {
        let families = Families::new(ContextLabels::Last, options, settings);
        let flags = families.counter(
            ("hubble_tcp_flags_total", "TCP flag occurrences", "{flag}"),
            &["flag", "family"],
        );
        Box::new(Tcp {
            flags,
            symbols: Symbols::new(),
        })
    },
};

struct Tcp {
    flags: Series<Count>,
    symbols: Symbols,
}

const NAMES: [&str; 4] = ["FIN", "SYN", "SYN-ACK", "RST"];
const FIN: u32 = 0;
const SYN: u32 = 1;
const SYN_ACK: u32 = 2;
const RST: u32 = 3;

const FLAG: Words = |number| NAMES[number as usize].into();

impl Metric for Tcp {
    fn observe(&mut self, sight: &mut Sight<'_>) {
        let flow = sight.flow;
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
                let own = Numbers([name, ip.version as u32], [FLAG, FAMILY]);
                self.flags.of(&own, &mut self.symbols, sight).add(1);
            }
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        vec![&mut self.flags.table]
    }
}
