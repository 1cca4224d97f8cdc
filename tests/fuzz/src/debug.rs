//! `DebugMsg` from arbitrary bytes: see [`event`](super::event).

use tidegate_wire::event::message_type::DEBUG;
use tidegate_wire::event::{DebugFields, Event};

use super::event::{self, EventCodec};

const CODEC: EventCodec<DebugFields> = EventCodec {
    fields: |event| match event {
        Event::Debug(event) => Some(event.fields()),
        _ => None,
    },
    encode: |encoder, event, _, out| encoder.debug(event, out),
};

/// Checks an input.
pub fn run(data: &[u8]) {
    event::check(DEBUG, data, &CODEC);
}

/// Simulated events.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    event::seeds(DEBUG)
}
