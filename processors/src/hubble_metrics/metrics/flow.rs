//! `flow`: every flow, by what it is.

use tidegate_core::flow::{Flow, TracePoint, message_type};
use tidegate_core::ledger::Tally;

use super::protocol::{l7_record, protocol};
use super::{Metric, Plugin};
use crate::hubble_metrics::labels::{ContextLabels, Labels};
use crate::hubble_metrics::series::{Changes, Count, Table};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "flow",
    options: &[],
    conflicts: &[],
    build: |item, max_series| {
        let labels = Labels::new(item, ContextLabels::Last, max_series)?;
        let about = ("hubble_flows_processed_total", "Total number of flows processed", "{flow}");
        let flows = labels.counter(about, &["protocol", "type", "subtype", "verdict"]);
        Ok(Box::new(Flows { labels, flows }))
    },
};

struct Flows {
    labels: Labels,
    flows: Table<Count>,
}

impl Metric for Flows {
    fn observe(&mut self, flow: &Flow, tally: &mut Tally) {
        let observation = self.labels.of(flow).name(protocol(flow));
        let observation = match flow.message_type {
            message_type::ACCESS_LOG => observation.name("L7").name(l7_record(flow).unwrap_or_default()),
            message_type::DROP => observation.name("Drop").name(""),
            message_type::CAPTURE => observation.name("Capture").name(""),
            message_type::TRACE => {
                observation.name("Trace").name(TracePoint::datapath_name(flow.sub_type).unwrap_or_default())
            }
            message_type::POLICY_VERDICT => observation.name("PolicyVerdict").name(""),
            other => observation.name("Unknown").number(other),
        };
        observation.name(flow.verdict.name()).count(&mut self.flows, tally);
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        vec![&mut self.flows]
    }
}
