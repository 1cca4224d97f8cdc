//! Where a task is: several processors share one, and a failure has to name the right one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The stages of a task, and the one that is at work. Clones share the position.
#[derive(Clone, Debug)]
pub(super) struct Place {
    stages: Arc<[String]>,
    at: Arc<AtomicUsize>,
}

impl Place {
    pub(super) fn new(stages: impl IntoIterator<Item = String>) -> Self {
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
    pub(super) fn stage(&self) -> &str {
        self.stages
            .get(self.at.load(Ordering::Relaxed))
            .map_or("", String::as_str)
    }
}
