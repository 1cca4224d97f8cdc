//! `PolicyVerdictNotify` of any bytes: see [`event`](super::event).

use tidegate_wire::event::message_type::POLICY_VERDICT;
use tidegate_wire::event::{Encoder, Event, PolicyFields};

use super::event::{self, Form};

const FORM: Form<PolicyFields> = Form {
    open: |event| match event {
        Event::PolicyVerdict(event) => Some(event.fields()),
        _ => None,
    },
    encode: Encoder::policy_verdict,
};

/// Tries an input.
pub fn run(data: &[u8]) {
    event::check(POLICY_VERDICT, data, &FORM);
}

/// Simulated events.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    event::seeds(POLICY_VERDICT)
}
