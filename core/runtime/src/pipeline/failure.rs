//! Failures of a run.

use std::time::Duration;

use crate::stage::{StageError, Undelivered};

/// Why a run did not end as it should.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A stage returned an error.
    #[error("stage `{stage}` failed")]
    Failed {
        /// The stage's name.
        stage: String,
        /// What it said.
        source: StageError,
    },
    /// A stage panicked: a fault of tidegate.
    #[error("stage `{stage}` panicked")]
    Panicked {
        /// The stage's name.
        stage: String,
    },
    /// Stages had not ended when the grace period was over.
    #[error("{} did not end within the grace period of {grace:?}", .stages.join(", "))]
    Overdue {
        /// Their names.
        stages: Vec<String>,
        /// The period.
        grace: Duration,
    },
    /// Stages were ended before they had drained, because somebody wanted it so.
    #[error("{} ended at once, on request", .stages.join(", "))]
    Interrupted {
        /// Their names.
        stages: Vec<String>,
    },
}

impl Failure {
    /// Whether the stage ended in order, but for [what it had no time for](Undelivered).
    #[must_use]
    pub fn is_undelivered(&self) -> bool {
        matches!(self, Self::Failed { source, .. } if source.is::<Undelivered>())
    }
}
