//! What a kind of component can state about records, declared where its constants are. So every
//! counter exists, with 0, before it is first needed, and the log and the exit code can depend on
//! what a loss means.

use crate::ledger::{SIGNALS_RULE, SUPERSEDED, reason};

/// What a kind can state: everything that it counts in the books by a name.
#[derive(Clone, Copy, Debug)]
pub struct Outcomes {
    /// Reasons for drops.
    pub dropped: &'static [Reasons],
    /// Rules by which it takes records out.
    pub filtered: &'static [&'static str],
    /// Notes.
    pub noted: &'static [&'static str],
    /// Choices between readings.
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

/// Why records are dropped, as far as it decides what is logged and how a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Their bytes cannot be read, or mean nothing that there is a flow for. A faster machine loses
    /// them, too.
    Input,
    /// There was no room or no way for them, or a peer refused them.
    Load,
    /// The time to deliver them was over. The key that gives more is named. At the end of a run
    /// that decides the exit code.
    Time(&'static str),
    /// Their reader has closed the output: `tidegate run | head`.
    Unwanted,
}

impl Outcomes {
    /// Nothing by a name.
    pub const NONE: Self = Self {
        dropped: &[],
        filtered: &[],
        noted: &[],
        ambiguous: &[],
    };

    /// What the runner itself can state of any stage: it ended, or was ended by force.
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

    /// What the runner can state of a stage whose inbox is an edge.
    pub const OF_INBOXES: Reasons = Reasons {
        cause: Cause::Load,
        names: &[reason::QUEUE_FULL],
    };

    /// What it can note of one.
    pub const NOTES_OF_INBOXES: &'static [&'static str] = &[SUPERSEDED];

    /// What the runner can state of an exporter's inbox besides.
    pub const OF_EXPORTERS: Reasons = Reasons {
        cause: Cause::Load,
        names: &[reason::TOO_MANY_SERIES],
    };

    /// What the runner can state of a receiver with an outbox.
    pub const OF_OUTBOXES: Reasons = Reasons {
        cause: Cause::Load,
        names: &[reason::PIPELINE_FULL],
    };

    /// The rule by which the runner keeps records from an exporter.
    pub const RULES_OF_EXPORTERS: &'static [&'static str] = &[SIGNALS_RULE];

    /// All groups of reasons for drops of a stage of this kind, the runner's for any stage
    /// included.
    pub fn reasons(&self) -> impl Iterator<Item = Reasons> + use<> {
        self.dropped.iter().chain(Self::OF_STAGES).copied()
    }
}

impl Reasons {
    /// Reasons why records cannot be read.
    #[must_use]
    pub const fn input(names: &'static [&'static str]) -> Self {
        Self {
            cause: Cause::Input,
            names,
        }
    }

    /// Reasons why records cannot go on.
    #[must_use]
    pub const fn load(names: &'static [&'static str]) -> Self {
        Self {
            cause: Cause::Load,
            names,
        }
    }
}
