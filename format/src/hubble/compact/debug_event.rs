//! What `hubble observe debug-events` tells of an event besides its time.

use std::fmt::Write;

use tidegate_model::flow::EndpointNames;
use tidegate_model::record::DebugEvent;

use super::event_type::push_or_number;
use crate::hubble::debug::push_message;
use crate::text::push_decimal;

/// Appends reporter, type, packet hash, CPU and text.
pub(super) fn push(out: &mut String, event: &DebugEvent) {
    push_reporter(out, event);
    out.push(' ');
    push_or_number(out, event.event_type.name(), event.event_type.0);
    // Writing to a `String` cannot fail.
    let _ = write!(out, " MARK: {:#x} CPU: {:02} (", event.hash, event.cpu);
    push_message(out, event);
    out.push(')');
}

/// The endpoint whose program sent the message: `fmtEndpointShort` of Hubble's printer.
fn push_reporter(out: &mut String, event: &DebugEvent) {
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

/// The pod, or the label of an endpoint that is none. Whether there is one.
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
