//! `DropNotify` of any bytes: see [`event`](super::event).

use tidegate_wire::event::message_type::DROP;
use tidegate_wire::event::{DropFields, Encoder, Event};

use super::event::{self, Form};

const FORM: Form<DropFields> = Form {
    open: |event| match event {
        Event::Drop(event) => Some(event.fields()),
        _ => None,
    },
    encode: Encoder::drop,
};

/// Tries an input.
pub fn run(data: &[u8]) {
    event::check(DROP, data, &FORM);
}

/// Simulated events.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    event::seeds(DROP)
}
