//! `drop`: dropped flows, by reason. A denied packet can count twice, as drop and as policy verdict.

use tidegate_core::flow::{Flow, Verdict};
use tidegate_core::ledger::Tally;

use super::protocol::protocol;
use super::{Metric, Plugin};
use crate::hubble_metrics::labels::{ContextLabels, Labels};
use crate::hubble_metrics::series::{Changes, Count, Table};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "drop",
    options: &[],
    conflicts: &[],
    build: |item, max_series| {
        let labels = Labels::new(item, ContextLabels::First, max_series)?;
        let drops = labels.counter(("hubble_drop_total", "Number of drops", "{drop}"), &["reason", "protocol"]);
        Ok(Box::new(Drops { labels, drops }))
    },
};

struct Drops {
    labels: Labels,
    drops: Table<Count>,
}

impl Metric for Drops {
    fn observe(&mut self, flow: &Flow, tally: &mut Tally) {
        if flow.verdict != Verdict::Dropped {
            return;
        }
        let observation = self.labels.of(flow);
        let observation = match flow.drop_reason.name() {
            Some(name) => observation.name(name),
            None => observation.number(flow.drop_reason.0),
        };
        observation.name(protocol(flow)).count(&mut self.drops, tally);
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        vec![&mut self.drops]
    }
}
