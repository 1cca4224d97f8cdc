//! `PolicyVerdictNotify` from arbitrary bytes: see [`event`](super::event).

use tidegate_wire::event::message_type::POLICY_VERDICT;
use tidegate_wire::event::{Encoder, Event, PolicyFields};

use super::event::{self, EventCodec};

const CODEC: EventCodec<PolicyFields> = EventCodec {
    fields: |event| match event {
        Event::PolicyVerdict(event) => Some(event.fields()),
        _ => None,
    },
    encode: Encoder::policy_verdict,
};

/// Checks an input.
pub fn run(data: &[u8]) {
    event::check(POLICY_VERDICT, data, &CODEC);
}

/// Simulated events.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    event::seeds(POLICY_VERDICT)
}
