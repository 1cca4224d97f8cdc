//! The stage that a task is running: a chain has several, and an error has to name the right one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::stage_id::StageId;

/// The stages of a task, and the current one. Clones share the position.
#[derive(Clone, Debug)]
pub(super) struct StageCursor {
    stages: Arc<[StageId]>,
    at: Arc<AtomicUsize>,
}

impl StageCursor {
    pub(super) fn new(stages: impl IntoIterator<Item = StageId>) -> Self {
        Self {
            stages: stages.into_iter().collect(),
            at: Arc::default(),
        }
    }

    /// Makes the stage at this position the current one.
    pub(super) fn enter(&self, at: usize) {
        self.at.store(at, Ordering::Relaxed);
    }

    /// The current stage.
    pub(super) fn stage(&self) -> &StageId {
        &self.stages[self.at.load(Ordering::Relaxed)]
    }
}
