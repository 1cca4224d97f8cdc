//! `drop`: dropped flows, by reason. A denied packet can count twice, as drop and as policy
//! verdict.

use tidegate_core::flow::{DropReason, Verdict};

use super::words::{PROTOCOL, protocol};
use super::{Metric, Plugin};
use crate::hubble_metrics::families::{ContextLabels, Families, Series, Sight};
use crate::hubble_metrics::series::{Changes, Count, Numbers, Symbols, Words};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "drop",
    options: &[],
    conflicts: &[],
    build: |_, options, settings| {
        let families = Families::new(ContextLabels::First, options, settings);
        let drops = families.counter(
            ("hubble_drop_total", "Number of drops", "{drop}"),
            &["reason", "protocol"],
        );
        Box::new(Drops {
            drops,
            symbols: Symbols::new(),
        })
    },
};

struct Drops {
    drops: Series<Count>,
    symbols: Symbols,
}

const REASON: Words = |number| {
    DropReason(number)
        .name()
        .map_or_else(|| number.to_string().into(), Into::into)
};

impl Metric for Drops {
    fn observe(&mut self, sight: &mut Sight<'_>) {
        let flow = sight.flow;
        if flow.verdict == Verdict::Dropped {
            let own = Numbers([flow.drop_reason.0, protocol(flow)], [REASON, PROTOCOL]);
            self.drops.of(&own, &mut self.symbols, sight).add(1);
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        vec![&mut self.drops.table]
    }
}
