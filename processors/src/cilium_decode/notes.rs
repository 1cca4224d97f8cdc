//! The notes of `cilium_decode`.

use tidegate_model::tally::Tally;

use super::agent_release::Contradiction;

/// All of them.
pub(super) const NOTES: &[&str] = &[VERSION_CONTRADICTED, UNDECODED];

/// An event that no agent of the configured release, or of the one that its API states, sends.
const VERSION_CONTRADICTED: &str = "cilium_version_contradicted";

/// An event of unknown type, which is passed on as it is.
const UNDECODED: &str = "undecoded_unknown";

/// The counts of one batch.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) cilium_version_contradicted: u64,
    pub(super) undecoded_unknown: u64,
    has_warned: bool,
}

impl Notes {
    /// Logs, at the first call, that the stated release is wrong. `resolved_by_it` has the names and
    /// counts of the ambiguities that only the statement had resolved.
    pub(super) fn warn(
        &mut self,
        contradiction: Contradiction,
        resolved_by_it: &[(&'static str, u64)],
    ) {
        if std::mem::replace(&mut self.has_warned, true) {
            return;
        }
        let counts: Vec<_> = resolved_by_it
            .iter()
            .map(|(name, count)| format!("{count} {name}"))
            .collect();
        let resolved_by_it = if counts.is_empty() {
            "none".to_owned()
        } else {
            counts.join(", ")
        };
        match contradiction {
            Contradiction::Configuration => tracing::warn!(
                ambiguities = resolved_by_it,
                "the agent sends events that the release in `cilium_version` does not; \
                 `cilium_version` is ignored from here on, and what it alone had resolved is \
                 counted as ambiguous; correct or remove it"
            ),
            Contradiction::Report | Contradiction::EarlierAgent => tracing::warn!(
                ambiguities = resolved_by_it,
                "the agent sends events that the release of its API does not; that release is \
                 ignored from here on, and what it alone had resolved is counted as ambiguous; \
                 set `cilium_version` if the socket is another agent's"
            ),
        }
    }

    /// Moves the counts to the stage's tally.
    pub(super) fn move_to(&mut self, tally: &mut Tally) {
        for _ in 0..std::mem::take(&mut self.cilium_version_contradicted) {
            tally.note(VERSION_CONTRADICTED);
        }
        for _ in 0..std::mem::take(&mut self.undecoded_unknown) {
            tally.note(UNDECODED);
        }
    }
}
