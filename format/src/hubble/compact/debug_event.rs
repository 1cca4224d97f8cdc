//! A debug event without its time, as `hubble observe debug-events` prints it.

use std::fmt::Write;

use tidegate_model::flow::EndpointNames;
use tidegate_model::record::DebugEvent;

use super::event_type::push_or_number;
use crate::hubble::debug::push_message;
use crate::text::push_decimal;

/// Appends the endpoint, type, packet hash, CPU and message.
pub(super) fn push_debug_event(out: &mut String, event: &DebugEvent) {
    push_endpoint(out, event);
    out.push(' ');
    push_debug_type(out, event);
    out.push_str(" MARK: ");
    push_mark(out, event);
    out.push_str(" CPU: ");
    push_cpu(out, event);
    out.push_str(" (");
    push_message(out, event);
    out.push(')');
}

/// Appends the type of the message.
pub(in crate::hubble) fn push_debug_type(out: &mut String, event: &DebugEvent) {
    push_or_number(out, event.event_type.name(), event.event_type.0);
}

/// Appends the hash of the packet.
pub(in crate::hubble) fn push_mark(out: &mut String, event: &DebugEvent) {
    write!(out, "{:#x}", event.hash).expect("writing to a String cannot fail");
}

/// Appends the CPU.
pub(in crate::hubble) fn push_cpu(out: &mut String, event: &DebugEvent) {
    write!(out, "{:02}", event.cpu).expect("writing to a String cannot fail");
}

/// Appends the endpoint whose program sent the message (`fmtEndpointShort` in Hubble's printer).
pub(in crate::hubble) fn push_endpoint(out: &mut String, event: &DebugEvent) {
    if event.source == 0 {
        return out.push_str("N/A");
    }
    let names = event.source_names.as_deref();
    let has_name = names.is_some_and(|names| push_name(out, names));
    out.push_str(if has_name { " (ID: " } else { "ID: " });
    push_decimal(out, event.source);
    if has_name {
        out.push(')');
    }
}

/// Appends the pod or the reserved label of an endpoint. Returns whether it has one.
fn push_name(out: &mut String, names: &EndpointNames) -> bool {
    if !names.namespace.is_empty() && !names.pod_name.is_empty() {
        out.extend([&names.namespace, "/", &names.pod_name]);
        return true;
    }
    match &names.labels[..] {
        [label] if label.starts_with("reserved:") => out.push_str(label),
        _ => return false,
    }
    true
}
