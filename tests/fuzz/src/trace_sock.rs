//! `TraceSockNotify` from arbitrary bytes: see [`event`](super::event).

use tidegate_wire::event::message_type::TRACE_SOCK;
use tidegate_wire::event::{Event, SockFields};

use super::event::{self, EventCodec};

const CODEC: EventCodec<SockFields> = EventCodec {
    fields: |event| match event {
        Event::TraceSock(event) => Some(event.fields()),
        _ => None,
    },
    encode: |encoder, event, _, out| encoder.trace_sock(event, out),
};

/// Checks an input.
pub fn run(data: &[u8]) {
    event::check(TRACE_SOCK, data, &CODEC);
}

/// Simulated events.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    event::seeds(TRACE_SOCK)
}
