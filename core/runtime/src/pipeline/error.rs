//! The errors of a run.

use std::time::Duration;

use crate::stage::{StageError, Undelivered};
use crate::stage_id::StageId;

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A stage returned an error.
    #[error("stage `{stage}` failed")]
    StageFailed {
        /// The stage's name.
        stage: StageId,
        /// The stage's error.
        source: StageError,
    },
    /// A stage panicked, which is a bug in tidegate.
    #[error("stage `{stage}` panicked")]
    StagePanicked {
        /// The stage's name.
        stage: StageId,
    },
    /// Stages had not ended when the grace period was over.
    #[error("{} did not end within the grace period of {grace:?}", join(.stages))]
    GracePeriodExceeded {
        /// Their names.
        stages: Vec<StageId>,
        /// The period.
        grace: Duration,
    },
    /// Stages were aborted before they had drained, because the shutdown was forced.
    #[error("{} ended at once, on request", join(.stages))]
    Forced {
        /// Their names.
        stages: Vec<StageId>,
    },
}

impl RunError {
    /// Whether the stage ended in order and had [no time to deliver everything](Undelivered).
    #[must_use]
    pub fn is_undelivered(&self) -> bool {
        matches!(self, Self::StageFailed { source, .. } if source.is::<Undelivered>())
    }
}

fn join(stages: &[StageId]) -> String {
    let names: Vec<_> = stages.iter().map(StageId::as_str).collect();
    names.join(", ")
}
