//! `DropNotify` from arbitrary bytes: see [`event`](super::event).

use tidegate_wire::event::message_type::DROP;
use tidegate_wire::event::{DropFields, Encoder, Event};

use super::event::{self, EventCodec};

const CODEC: EventCodec<DropFields> = EventCodec {
    fields: |event| match event {
        Event::Drop(event) => Some(event.fields()),
        _ => None,
    },
    encode: Encoder::drop,
};

/// Checks an input.
pub fn run(data: &[u8]) {
    event::check(DROP, data, &CODEC);
}

/// Simulated events.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    event::seeds(DROP)
}
