//! The `protocol` label of metrics that count every kind of flow (`FlowProtocol` in Hubble).

use tidegate_core::flow::{Flow, L7Record, message_type};

pub(super) fn protocol(flow: &Flow) -> &'static str {
    match flow.message_type {
        message_type::ACCESS_LOG => l7_record(flow).unwrap_or("Unknown L7"),
        message_type::DROP | message_type::CAPTURE | message_type::TRACE | message_type::POLICY_VERDICT => {
            flow.l4.name().unwrap_or("Unknown L4")
        }
        _ => "Unknown flow",
    }
}

/// The name of an L7 flow's record; `None` for records without one and for other flows.
pub(super) fn l7_record(flow: &Flow) -> Option<&'static str> {
    match flow.l7.as_deref()?.record {
        L7Record::Dns(_) => Some("DNS"),
        L7Record::Http(_) => Some("HTTP"),
        L7Record::Kafka(_) => Some("Kafka"),
        L7Record::Generic(_) => None,
    }
}
