//! `icmp`: ICMP messages, whatever became of them, by type and code.

use tidegate_core::flow::{L4, icmpv4_text, icmpv6_text};

use super::{Metric, Plugin};
use crate::hubble_metrics::families::{ContextLabels, Families, Series, Sight};
use crate::hubble_metrics::series::{Changes, Count, Numbers, Symbols, Words};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "icmp",
    options: &[],
    conflicts: &[],
    build: |_, options, settings| {
        let families = Families::new(ContextLabels::Last, options, settings);
        let about = ("hubble_icmp_total", "Number of ICMP messages", "{message}");
        let messages = families.counter(about, &["family", "type"]);
        Box::new(Icmp {
            messages,
            symbols: Symbols::new(),
        })
    },
};

struct Icmp {
    messages: Series<Count>,
    symbols: Symbols,
}

const FAMILY: Words = |number| {
    if number == 4 {
        "IPv4".into()
    } else {
        "IPv6".into()
    }
};

/// Type and code, in two bytes: one text each, since the code is in the text wherever it is not 0.
const IN_V4: Words = |number| icmpv4_text(type_of(number), code_of(number)).into();
const IN_V6: Words = |number| icmpv6_text(type_of(number), code_of(number)).into();

fn type_of(number: u32) -> u8 {
    number.to_be_bytes()[2]
}

fn code_of(number: u32) -> u8 {
    number.to_be_bytes()[3]
}

impl Metric for Icmp {
    fn observe(&mut self, sight: &mut Sight<'_>) {
        let (family, message, words) = match sight.flow.l4 {
            L4::Icmpv4 { icmp_type, code } => (4, [icmp_type, code], IN_V4),
            L4::Icmpv6 { icmp_type, code } => (6, [icmp_type, code], IN_V6),
            _ => return,
        };
        let own = Numbers(
            [family, u16::from_be_bytes(message).into()],
            [FAMILY, words],
        );
        self.messages.of(&own, &mut self.symbols, sight).add(1);
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        vec![&mut self.messages.table]
    }
}
