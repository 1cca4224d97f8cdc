//! `TraceNotify` of any bytes: see [`event`](super::event).

use tidegate_wire::event::message_type::TRACE;
use tidegate_wire::event::{Encoder, Event, TraceFields};

use super::event::{self, Form};

const FORM: Form<TraceFields> = Form {
    open: |event| match event {
        Event::Trace(event) => Some(event.fields()),
        _ => None,
    },
    encode: Encoder::trace,
};

/// Tries an input.
pub fn run(data: &[u8]) {
    event::check(TRACE, data, &FORM);
}

/// Simulated events.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    event::seeds(TRACE)
}
