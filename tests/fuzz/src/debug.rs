//! `DebugMsg` of any bytes: see [`event`](super::event).

use tidegate_wire::event::message_type::DEBUG;
use tidegate_wire::event::{DebugFields, Event};

use super::event::{self, Form};

const FORM: Form<DebugFields> = Form {
    open: |event| match event {
        Event::Debug(event) => Some(event.fields()),
        _ => None,
    },
    encode: |encoder, event, _, out| encoder.debug(event, out),
};

/// Tries an input.
pub fn run(data: &[u8]) {
    event::check(DEBUG, data, &FORM);
}

/// Simulated events.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    event::seeds(DEBUG)
}
