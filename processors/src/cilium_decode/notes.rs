//! What an operator should see about decoding although no record was lost by it.

use tidegate_model::tally::Tally;

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
    /// Says once that the configuration is wrong. `read_by_it` are the choices that only the
    /// configuration had settled before, with how many events each was made for.
    pub(super) fn warn(&mut self, read_by_it: &[(&'static str, u64)]) {
        if std::mem::replace(&mut self.has_warned, true) {
            return;
        }
        let counts: Vec<_> = read_by_it
            .iter()
            .map(|(choice, count)| format!("{count} {choice}"))
            .collect();
        let read_by_it = if counts.is_empty() {
            "nothing".to_owned()
        } else {
            counts.join(", ")
        };
        tracing::warn!(
            read_by_it,
            "the agent sends what the release that `cilium_version` names does not; its events decide from here on, and \
             what was read by the configuration alone is counted as ambiguous; correct or remove `cilium_version`"
        );
    }

    /// Moves the counts into the books.
    pub(super) fn enter(&mut self, tally: &mut Tally) {
        for _ in 0..std::mem::take(&mut self.cilium_version_contradicted) {
            tally.note(VERSION_CONTRADICTED);
        }
        for _ in 0..std::mem::take(&mut self.undecoded_unknown) {
            tally.note(UNDECODED);
        }
    }
}
