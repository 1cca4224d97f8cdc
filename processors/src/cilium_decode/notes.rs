//! What an operator should see about decoding although no record was lost by it.

use tidegate_core::ledger::Tally;

/// All notes.
pub(super) const NOTES: &[&str] = &[VERSION_CONTRADICTED, UNDECODED];

const VERSION_CONTRADICTED: &str = "cilium_version_contradicted";
const UNDECODED: &str = "undecoded_unknown";

/// Counts of one batch, by the name of the note.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Events of an agent that sends what the configured release does not.
    pub(super) cilium_version_contradicted: u64,
    pub(super) undecoded_unknown: u64,
    has_warned: bool,
}

impl Notes {
    /// Moves the counts into the books.
    pub(super) fn enter(&mut self, tally: &mut Tally) {
        let contradicted = std::mem::take(&mut self.cilium_version_contradicted);
        if contradicted > 0 && !std::mem::replace(&mut self.has_warned, true) {
            tracing::warn!("the agent sends what the release that `cilium_version` names does not; its events decide");
        }
        for _ in 0..contradicted {
            tally.note(VERSION_CONTRADICTED);
        }
        for _ in 0..std::mem::take(&mut self.undecoded_unknown) {
            tally.note(UNDECODED);
        }
    }
}
