//! `TraceSockNotify` of any bytes: see [`event`](super::event).

use tidegate_wire::event::message_type::TRACE_SOCK;
use tidegate_wire::event::{Event, SockFields};

use super::event::{self, Form};

const FORM: Form<SockFields> = Form {
    open: |event| match event {
        Event::TraceSock(event) => Some(event.fields()),
        _ => None,
    },
    encode: |encoder, event, _, out| encoder.trace_sock(event, out),
};

/// Tries an input.
pub fn run(data: &[u8]) {
    event::check(TRACE_SOCK, data, &FORM);
}

/// Simulated events.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    event::seeds(TRACE_SOCK)
}
