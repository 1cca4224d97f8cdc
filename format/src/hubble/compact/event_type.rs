//! The event type of a flow, as `hubble observe` prints it.

use tidegate_model::flow::{
    DropReason, Flow, L7, L7Record, L7Type, TracePoint, XlatePoint, capture_point_name,
    message_type,
};

use crate::text::push_decimal;

/// Appends the event type of a flow, such as `to-endpoint`, `Policy denied`, `policy-verdict:L3-L4
/// INGRESS` or `dns-response proxy`.
pub fn push_type(out: &mut String, flow: &Flow) {
    if let Some(l7) = &flow.l7 {
        return push_l7_type(out, l7);
    }
    match flow.message_type {
        message_type::TRACE => {
            push_or_number(out, TracePoint::datapath_name(flow.sub_type), flow.sub_type)
        }
        message_type::DROP => push_drop_reason(out, flow.sub_type),
        message_type::POLICY_VERDICT => {
            out.push_str("policy-verdict:");
            out.push_str(flow.policy_match.name());
            out.push(' ');
            out.push_str(flow.direction.name());
        }
        message_type::CAPTURE => {
            push_or_number(out, capture_point_name(flow.sub_type), flow.sub_type)
        }
        message_type::TRACE_SOCK => {
            push_or_number(out, XlatePoint(flow.sub_type).short_name(), flow.sub_type)
        }
        _ => out.push_str("UNKNOWN"),
    }
}

fn push_l7_type(out: &mut String, l7: &L7) {
    out.push_str(match l7.record {
        L7Record::Dns(_) => "dns-",
        L7Record::Http(_) => "http-",
        L7Record::Kafka(_) => "kafka-",
        L7Record::Generic(_) => "l7-",
    });
    out.push_str(match l7.l7_type {
        L7Type::Unknown => "unknown_l7_type",
        L7Type::Request => "request",
        L7Type::Response => "response",
        L7Type::Sample => "sample",
    });
    if let L7Record::Dns(dns) = &l7.record {
        out.push(' ');
        out.push_str(&dns.observation_source);
    }
}

/// Appends a name, or the number if there is no name.
pub(super) fn push_or_number(out: &mut String, name: Option<&str>, number: u8) {
    match name {
        Some(name) => out.push_str(name),
        None => push_decimal(out, number),
    }
}

/// Appends a drop reason. For an unknown one Cilium appends the extended error, which Hubble leaves
/// at 0.
fn push_drop_reason(out: &mut String, reason: u8) {
    match DropReason(reason.into()).text() {
        Some(text) => out.push_str(text),
        None => {
            push_decimal(out, reason);
            out.push_str(", 0");
        }
    }
}
