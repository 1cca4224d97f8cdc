//! What `hubble observe debug-events` tells of an event besides its time.

use std::fmt::Write;

use tidegate_core::record::DebugEvent;

use super::event_type::push_or_number;
use crate::hubble::debug::push_message;
use crate::hubble::push::push_decimal;

/// Appends reporter, type, packet hash, CPU and text.
pub(super) fn push(out: &mut String, event: &DebugEvent) {
    push_reporter(out, event.source);
    out.push(' ');
    push_or_number(out, event.event_type.name(), event.event_type.0);
    // Writing to a `String` cannot fail.
    let _ = write!(out, " MARK: {:#x} CPU: {:02} (", event.hash, event.cpu);
    push_message(out, event);
    out.push(')');
}

/// The endpoint whose program sent the message.
fn push_reporter(out: &mut String, endpoint: u16) {
    if endpoint == 0 {
        return out.push_str("N/A");
    }
    out.push_str("ID: ");
    push_decimal(out, endpoint);
}
