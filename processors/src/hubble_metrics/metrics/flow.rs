//! `flow`: every flow, by what it is.

use tidegate_core::flow::{Flow, TracePoint, message_type};

use super::words::{PROTOCOL, VERDICT, l7_name, l7_record, protocol};
use super::{Metric, Plugin};
use crate::hubble_metrics::families::{ContextLabels, Families, Series, Sight};
use crate::hubble_metrics::series::{Changes, Count, Numbers, Symbols, Words};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "flow",
    options: &[],
    conflicts: &[],
    build: |_, options, settings| {
        let families = Families::new(ContextLabels::Last, options, settings);
        let about = (
            "hubble_flows_processed_total",
            "Total number of flows processed",
            "{flow}",
        );
        let flows = families.counter(about, &["protocol", "type", "subtype", "verdict"]);
        Box::new(Flows {
            flows,
            symbols: Symbols::new(),
        })
    },
};

struct Flows {
    flows: Series<Count>,
    symbols: Symbols,
}

/// A type without a name, which as a number no message has twice.
const UNKNOWN: u8 = 0;

const TYPE: Words = |number| {
    let name = match u8::try_from(number).unwrap_or(UNKNOWN) {
        message_type::ACCESS_LOG => "L7",
        message_type::DROP => "Drop",
        message_type::CAPTURE => "Capture",
        message_type::TRACE => "Trace",
        message_type::POLICY_VERDICT => "PolicyVerdict",
        _ => "Unknown",
    };
    name.into()
};

const NO_SUBTYPE: u32 = 0;
/// From here on L7 records, the datapath's observation points, and numbers of types without a name.
const RECORDS: u32 = 0x100;
const POINTS: u32 = 0x200;
const NUMBERS: u32 = 0x300;

const SUBTYPE: Words = |number| match number {
    RECORDS..POINTS => l7_name(number - RECORDS).into(),
    POINTS..NUMBERS => {
        let name = u8::try_from(number - POINTS)
            .ok()
            .and_then(TracePoint::datapath_name);
        name.unwrap_or_default().into()
    }
    NUMBERS.. => (number - NUMBERS).to_string().into(),
    _ => "".into(),
};

#[inline]
fn type_and_subtype(flow: &Flow) -> (u8, u32) {
    let subtype = match flow.message_type {
        message_type::TRACE => match TracePoint::datapath_name(flow.sub_type) {
            Some(_) => POINTS + u32::from(flow.sub_type),
            None => NO_SUBTYPE,
        },
        message_type::ACCESS_LOG => l7_record(flow).map_or(NO_SUBTYPE, |record| RECORDS + record),
        message_type::DROP | message_type::CAPTURE | message_type::POLICY_VERDICT => NO_SUBTYPE,
        other => return (UNKNOWN, NUMBERS + u32::from(other)),
    };
    (flow.message_type, subtype)
}

impl Metric for Flows {
    fn observe(&mut self, sight: &mut Sight<'_>) {
        let flow = sight.flow;
        let (kind, subtype) = type_and_subtype(flow);
        let own = [protocol(flow), kind.into(), subtype, flow.verdict as u32];
        let own = Numbers(own, [PROTOCOL, TYPE, SUBTYPE, VERDICT]);
        self.flows.of(&own, &mut self.symbols, sight).add(1);
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        vec![&mut self.flows.table]
    }
}
