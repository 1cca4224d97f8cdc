//! `DebugCapture` from arbitrary bytes: see [`event`](super::event).

use tidegate_wire::event::message_type::CAPTURE;
use tidegate_wire::event::{CaptureFields, Encoder, Event};

use super::event::{self, EventCodec};

const CODEC: EventCodec<CaptureFields> = EventCodec {
    fields: |event| match event {
        Event::Capture(event) => Some(event.fields()),
        _ => None,
    },
    encode: Encoder::capture,
};

/// Checks an input.
pub fn run(data: &[u8]) {
    event::check(CAPTURE, data, &CODEC);
}

/// Simulated events.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    event::seeds(CAPTURE)
}
