//! What an operator should see about decoding although no record was lost by it.

use tidegate_core::ledger::Tally;

/// Counts of one batch, by the name of the note.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) drop_v1_header_guessed: u64,
    pub(super) trace_sock_layout_guessed: u64,
    pub(super) undecoded_recorder: u64,
    pub(super) undecoded_unknown: u64,
}

impl Notes {
    /// Moves the counts into the books.
    pub(super) fn enter(&mut self, tally: &mut Tally) {
        let counts = std::mem::take(self);
        for (what, count) in [
            ("drop_v1_header_guessed", counts.drop_v1_header_guessed),
            ("trace_sock_layout_guessed", counts.trace_sock_layout_guessed),
            ("undecoded_recorder", counts.undecoded_recorder),
            ("undecoded_unknown", counts.undecoded_unknown),
        ] {
            for _ in 0..count {
                tally.note(what);
            }
        }
    }
}
