//! `icmp`: ICMP messages with any verdict, by type and code.

use std::borrow::Cow;

use tidegate_model::flow::{L4, icmpv4_text, icmpv6_text};

use super::{Metric, Plugin};
use crate::hubble_metrics::families::{
    ContextLabels, Description, FamilyBuilder, MetricFamily, Observation,
};
use crate::hubble_metrics::series::{Collect, CounterValue, NumericLabels, Render, SymbolTable};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "icmp",
    options: &[],
    conflicts: &[],
    counts: None,
    build: |_, options, settings| {
        let families = FamilyBuilder::new(ContextLabels::Last, options, settings);
        let description = Description {
            name: "hubble_icmp_total",
            help: "Number of ICMP messages",
            unit: "{message}",
        };
        Box::new(Icmp {
            messages: families.counter(description, &["family", "type"]),
            symbols: SymbolTable::new(),
        })
    },
};

struct Icmp {
    messages: MetricFamily<CounterValue>,
    symbols: SymbolTable,
}

const V4: u32 = 4;
const V6: u32 = 6;

fn render_family(number: u32) -> Cow<'static, str> {
    if number == V4 {
        "IPv4".into()
    } else {
        "IPv6".into()
    }
}

/// A type and a code as one number.
fn message_number(icmp_type: u8, code: u8) -> u32 {
    u16::from_be_bytes([icmp_type, code]).into()
}

fn render_icmpv4(number: u32) -> Cow<'static, str> {
    let [_, _, icmp_type, code] = number.to_be_bytes();
    icmpv4_text(icmp_type, code).into()
}

fn render_icmpv6(number: u32) -> Cow<'static, str> {
    let [_, _, icmp_type, code] = number.to_be_bytes();
    icmpv6_text(icmp_type, code).into()
}

impl Metric for Icmp {
    fn observe(&mut self, observation: &mut Observation<'_>) {
        let (family, message, render_message): (_, _, Render) = match observation.flow.l4 {
            L4::Icmpv4 { icmp_type, code } => (V4, message_number(icmp_type, code), render_icmpv4),
            L4::Icmpv6 { icmp_type, code } => (V6, message_number(icmp_type, code), render_icmpv6),
            _ => return,
        };
        let labels = NumericLabels {
            numbers: [family, message],
            render: [render_family, render_message],
        };
        self.messages
            .value(&labels, &mut self.symbols, observation)
            .add(1);
    }

    fn tables(&mut self) -> Vec<&mut dyn Collect> {
        vec![&mut self.messages.table]
    }

    fn symbols(&mut self) -> &mut SymbolTable {
        &mut self.symbols
    }
}
