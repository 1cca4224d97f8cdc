//! `TraceNotify` from arbitrary bytes: see [`event`](super::event).

use tidegate_wire::event::message_type::TRACE;
use tidegate_wire::event::{Encoder, Event, TraceFields};

use super::event::{self, EventCodec};

const CODEC: EventCodec<TraceFields> = EventCodec {
    fields: |event| match event {
        Event::Trace(event) => Some(event.fields()),
        _ => None,
    },
    encode: Encoder::trace,
};

/// Checks an input.
pub fn run(data: &[u8]) {
    event::check(TRACE, data, &CODEC);
}

/// Simulated events.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    event::seeds(TRACE)
}
