//! `sctp`: packets that open and close SCTP associations, by their first chunk (v1.20.2).

use tidegate_core::flow::{L4, SctpChunk, Verdict};

use super::words::FAMILY;
use super::{Metric, Plugin};
use crate::hubble_metrics::families::{ContextLabels, Families, Series, Sight};
use crate::hubble_metrics::series::{Changes, Count, Numbers, Symbols, Words};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "sctp",
    options: &[],
    conflicts: &[],
    build: |_, options, max_series| {
        let families = Families::new(ContextLabels::Last, options, max_series);
        let about = (
            "hubble_sctp_chunk_types_total",
            "SCTP chunk type occurrences",
            "{chunk}",
        );
        let chunks = families.counter(about, &["chunk_type", "family"]);
        Box::new(Sctp {
            chunks,
            symbols: Symbols::new(),
        })
    },
};

struct Sctp {
    chunks: Series<Count>,
    symbols: Symbols,
}

const CHUNK: Words = |number| SctpChunk::ALL[number as usize].name().into();

impl Metric for Sctp {
    fn observe(&mut self, sight: &mut Sight<'_>) {
        let flow = sight.flow;
        let L4::Sctp { chunk_type, .. } = flow.l4 else {
            return;
        };
        let (Verdict::Forwarded | Verdict::Redirected, Some(ip)) = (flow.verdict, flow.ip) else {
            return;
        };
        if chunk_type != SctpChunk::Unsupported {
            let own = Numbers([chunk_type as u32, ip.version as u32], [CHUNK, FAMILY]);
            self.chunks.of(&own, &mut self.symbols, sight).add(1);
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        vec![&mut self.chunks.table]
    }
}
