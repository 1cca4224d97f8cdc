//! Where a task is: several processors share one, and a failure has to name the right one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::stage_id::StageId;

/// The stages of a task, and the one that is at work. Clones share the position.
#[derive(Clone, Debug)]
pub(super) struct Place {
    stages: Arc<[StageId]>,
    at: Arc<AtomicUsize>,
}

impl Place {
    pub(super) fn new(stages: impl IntoIterator<Item = StageId>) -> Self {
        Self {
            stages: stages.into_iter().collect(),
            at: Arc::default(),
        }
    }

    /// The stage at this position is at work from now on.
    pub(super) fn enter(&self, at: usize) {
        self.at.store(at, Ordering::Relaxed);
    }

    /// The name of the stage that is at work.
    pub(super) fn stage(&self) -> &StageId {
        &self.stages[self.at.load(Ordering::Relaxed)]
    }
}
