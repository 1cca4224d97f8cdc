//! `RecorderCapture` from arbitrary bytes: see [`event`](super::event).

use tidegate_wire::event::message_type::RECORDER;
use tidegate_wire::event::{Encoder, Event, RecorderFields};

use super::event::{self, EventCodec};

const CODEC: EventCodec<RecorderFields> = EventCodec {
    fields: |event| match event {
        Event::Recorder(event) => Some(event.fields()),
        _ => None,
    },
    encode: Encoder::recorder,
};

/// Checks an input.
pub fn run(data: &[u8]) {
    event::check(RECORDER, data, &CODEC);
}

/// Simulated events.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    event::seeds(RECORDER)
}
