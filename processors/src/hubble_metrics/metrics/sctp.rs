//! `sctp`: packets that open and close SCTP associations, by their first chunk (v1.20.2).

use std::borrow::Cow;

use tidegate_model::flow::{L4, SctpChunk, Verdict};

use super::labels::render_ip_version;
use super::{Metric, Plugin};
use crate::hubble_metrics::families::{
    ContextLabels, Description, FamilyBuilder, MetricFamily, Observation,
};
use crate::hubble_metrics::series::{Collect, CounterValue, NumericLabels, SymbolTable};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "sctp",
    options: &[],
    conflicts: &[],
    counts: None,
    build: |_, options, settings| {
        let families = FamilyBuilder::new(ContextLabels::Last, options, settings);
        let description = Description {
            name: "hubble_sctp_chunk_types_total",
            help: "SCTP chunk type occurrences",
            unit: "{chunk}",
        };
        Box::new(Sctp {
            chunks: families.counter(description, &["chunk_type", "family"]),
            symbols: SymbolTable::new(),
        })
    },
};

struct Sctp {
    chunks: MetricFamily<CounterValue>,
    symbols: SymbolTable,
}

fn render_chunk(number: u32) -> Cow<'static, str> {
    SctpChunk::ALL[number as usize].name().into()
}

impl Metric for Sctp {
    fn observe(&mut self, observation: &mut Observation<'_>) {
        let flow = observation.flow;
        let L4::Sctp { chunk_type, .. } = flow.l4 else {
            return;
        };
        let (Verdict::Forwarded | Verdict::Redirected, Some(ip)) = (flow.verdict, flow.ip) else {
            return;
        };
        if chunk_type != SctpChunk::Unsupported {
            let labels = NumericLabels {
                numbers: [chunk_type as u32, ip.version as u32],
                render: [render_chunk, render_ip_version],
            };
            self.chunks
                .value(&labels, &mut self.symbols, observation)
                .add(1);
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Collect> {
        vec![&mut self.chunks.table]
    }

    fn symbols(&mut self) -> &mut SymbolTable {
        &mut self.symbols
    }
}
