//! `flow`: every flow, by protocol, type and verdict.

use std::borrow::Cow;

use tidegate_model::flow::{Flow, TracePoint, message_type};

use super::labels::{
    l7_record, l7_record_name, protocol, render_decimal, render_protocol, render_verdict,
};
use super::{Metric, Plugin};
use crate::hubble_metrics::families::{
    ContextLabels, Description, FamilyBuilder, MetricFamily, Observation,
};
use crate::hubble_metrics::series::{Collect, CounterValue, NumericLabels, SymbolTable};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "flow",
    options: &[],
    conflicts: &[],
    counts: None,
    build: |_, options, settings| {
        let families = FamilyBuilder::new(ContextLabels::Last, options, settings);
        let description = Description {
            name: "hubble_flows_processed_total",
            help: "Total number of flows processed",
            unit: "{flow}",
        };
        let labels = &["protocol", "type", "subtype", "verdict"];
        Box::new(Flows {
            flows: families.counter(description, labels),
            symbols: SymbolTable::new(),
        })
    },
};

struct Flows {
    flows: MetricFamily<CounterValue>,
    symbols: SymbolTable,
}

/// Message types without a name share the number 0.
const UNKNOWN: u8 = 0;

fn render_type(number: u32) -> Cow<'static, str> {
    let name = match u8::try_from(number).unwrap_or(UNKNOWN) {
        message_type::ACCESS_LOG => "L7",
        message_type::DROP => "Drop",
        message_type::CAPTURE => "Capture",
        message_type::TRACE => "Trace",
        message_type::POLICY_VERDICT => "PolicyVerdict",
        _ => "Unknown",
    };
    name.into()
}

const NO_SUBTYPE: u32 = 0;
/// Subtypes from here on are types of L7 records.
const L7_RECORDS: u32 = 0x100;
/// Subtypes from here on are observation points of the datapath.
const TRACE_POINTS: u32 = 0x200;
/// Subtypes from here on are message types without a name.
const MESSAGE_TYPES: u32 = 0x300;

fn render_subtype(number: u32) -> Cow<'static, str> {
    match number {
        L7_RECORDS..TRACE_POINTS => l7_record_name(number - L7_RECORDS).into(),
        TRACE_POINTS..MESSAGE_TYPES => {
            let point = u8::try_from(number - TRACE_POINTS).ok();
            let name = point.and_then(TracePoint::datapath_name);
            name.unwrap_or_default().into()
        }
        MESSAGE_TYPES.. => render_decimal(number - MESSAGE_TYPES),
        _ => "".into(),
    }
}

#[inline]
fn type_and_subtype(flow: &Flow) -> (u8, u32) {
    let subtype = match flow.message_type {
        message_type::TRACE => match TracePoint::datapath_name(flow.sub_type) {
            Some(_) => TRACE_POINTS + u32::from(flow.sub_type),
            None => NO_SUBTYPE,
        },
        message_type::ACCESS_LOG => {
            l7_record(flow).map_or(NO_SUBTYPE, |record| L7_RECORDS + record)
        }
        message_type::DROP | message_type::CAPTURE | message_type::POLICY_VERDICT => NO_SUBTYPE,
        other => return (UNKNOWN, MESSAGE_TYPES + u32::from(other)),
    };
    (flow.message_type, subtype)
}

impl Metric for Flows {
    fn observe(&mut self, observation: &mut Observation<'_>) {
        let flow = observation.flow;
        let (flow_type, subtype) = type_and_subtype(flow);
        let verdict = flow.verdict as u32;
        let labels = NumericLabels {
            numbers: [protocol(flow), flow_type.into(), subtype, verdict],
            render: [render_protocol, render_type, render_subtype, render_verdict],
        };
        self.flows
            .value(&labels, &mut self.symbols, observation)
            .add(1);
    }

    fn tables(&mut self) -> Vec<&mut dyn Collect> {
        vec![&mut self.flows.table]
    }

    fn symbols(&mut self) -> &mut SymbolTable {
        &mut self.symbols
    }
}
