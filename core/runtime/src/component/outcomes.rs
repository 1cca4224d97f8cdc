//! The names by which a kind of component counts records, declared by the kind. They allow every
//! counter to exist from the start with 0, and the log and the exit code to depend on the cause of
//! a loss.

use tidegate_model::Kind;

use crate::ledger::{SUPERSEDED, reason};

/// All names that a kind counts by in the ledger.
#[derive(Clone, Copy, Debug)]
pub struct Outcomes {
    /// Reasons for drops.
    pub dropped: &'static [Reasons],
    /// Rules by which it removes records.
    pub filtered: &'static [&'static str],
    /// Notes.
    pub noted: &'static [&'static str],
    /// Decisions between several interpretations of a record.
    pub ambiguous: &'static [&'static str],
}

/// Reasons that have a cause in common.
#[derive(Clone, Copy, Debug)]
pub struct Reasons {
    /// The cause.
    pub cause: Cause,
    /// The reasons.
    pub names: &'static [&'static str],
}

/// Why records are dropped. It decides what is logged, and the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Their bytes cannot be decoded, or have no equivalent as a flow. This does not depend on
    /// load.
    Input,
    /// A queue was full, the way was closed, or a peer rejected them.
    Load,
    /// The time to deliver them was over; with the key of that limit. At the end of a run, it
    /// decides the exit code.
    Time(&'static str),
    /// The reader has closed the output, as in `tidegate run | head`.
    Unwanted,
}

impl Outcomes {
    /// No names.
    pub const NONE: Self = Self {
        dropped: &[],
        filtered: &[],
        noted: &[],
        ambiguous: &[],
    };

    /// The runner's reasons for any stage: it ended, or was aborted.
    const OF_STAGES: &'static [Reasons] = &[
        Reasons {
            cause: Cause::Load,
            names: &[reason::STAGE_ENDED, reason::RELOAD_TIMEOUT],
        },
        Reasons {
            cause: Cause::Time("service.grace_period"),
            names: &[reason::SHUTDOWN_TIMEOUT],
        },
    ];

    /// The runner's reason for a stage with an inbox.
    pub const OF_INBOXES: Reasons = Reasons {
        cause: Cause::Load,
        names: &[reason::QUEUE_FULL],
    };

    /// The runner's notes for a stage with an inbox.
    pub const NOTES_OF_INBOXES: &'static [&'static str] = &[SUPERSEDED];

    /// The runner's further reason for the inbox of an exporter.
    pub const OF_EXPORTERS: Reasons = Reasons {
        cause: Cause::Load,
        names: &[reason::TOO_MANY_SERIES],
    };

    /// The runner's reason for a receiver with an outbox.
    pub const OF_OUTBOXES: Reasons = Reasons {
        cause: Cause::Load,
        names: &[reason::PIPELINE_FULL],
    };

    /// The rules by which the runner withholds records from an exporter: the names of the kinds that
    /// are not in its `signals`.
    pub const RULES_OF_EXPORTERS: &'static [&'static str] = &Kind::NAMES;

    /// All groups of drop reasons of this kind, including the runner's for any stage.
    pub fn reasons(&self) -> impl Iterator<Item = Reasons> + use<> {
        self.dropped.iter().chain(Self::OF_STAGES).copied()
    }
}

impl Reasons {
    /// Reasons why records cannot be decoded.
    #[must_use]
    pub const fn input(names: &'static [&'static str]) -> Self {
        Self {
            cause: Cause::Input,
            names,
        }
    }

    /// Reasons why records cannot be passed on.
    #[must_use]
    pub const fn load(names: &'static [&'static str]) -> Self {
        Self {
            cause: Cause::Load,
            names,
        }
    }
}
