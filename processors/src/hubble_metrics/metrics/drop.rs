//! `drop`: dropped flows, by reason. A denied packet can be counted twice, as a drop and as a
//! policy verdict.

use std::borrow::Cow;

use tidegate_model::flow::{DropReason, Verdict};

use super::labels::{protocol, render_decimal, render_protocol};
use super::{Metric, Plugin};
use crate::hubble_metrics::families::{
    ContextLabels, Description, FamilyBuilder, MetricFamily, Observation,
};
use crate::hubble_metrics::series::{Collect, CounterValue, NumericLabels, SymbolTable};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "drop",
    options: &[],
    conflicts: &[],
    counts: None,
    build: |_, options, settings| {
        let families = FamilyBuilder::new(ContextLabels::First, options, settings);
        let description = Description {
            name: "hubble_drop_total",
            help: "Number of drops",
            unit: "{drop}",
        };
        Box::new(Drops {
            drops: families.counter(description, &["reason", "protocol"]),
            symbols: SymbolTable::new(),
        })
    },
};

struct Drops {
    drops: MetricFamily<CounterValue>,
    symbols: SymbolTable,
}

fn render_reason(number: u32) -> Cow<'static, str> {
    let name = DropReason(number).name();
    name.map_or_else(|| render_decimal(number), Into::into)
}

impl Metric for Drops {
    fn observe(&mut self, observation: &mut Observation<'_>) {
        let flow = observation.flow;
        if flow.verdict == Verdict::Dropped {
            let labels = NumericLabels {
                numbers: [flow.drop_reason.0, protocol(flow)],
                render: [render_reason, render_protocol],
            };
            self.drops
                .value(&labels, &mut self.symbols, observation)
                .add(1);
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Collect> {
        vec![&mut self.drops.table]
    }

    fn symbols(&mut self) -> &mut SymbolTable {
        &mut self.symbols
    }
}
