//! The handover from the old chains of a pipeline to the new ones: processors and inboxes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use crate::edge::Inbox;
use crate::stage::Processor;
use crate::stage_id::StageId;
use crate::sync::lock;

/// The processors of a pipeline's new configuration, until their chain starts. A running processor
/// that is unchanged replaces the one that was built for the new configuration.
#[derive(Default)]
pub(super) struct Handover {
    replacements: Mutex<HashMap<StageId, Replacement>>,
    inboxes: Mutex<HashMap<StageId, Inbox>>,
}

/// A processor of the new configuration.
pub(super) struct Replacement {
    pub(super) processor: Box<dyn Processor>,
    /// Whether a running one with its name and configuration is kept in its place.
    pub(super) is_kept: bool,
}

/// Orders a chain to hand over to other chains.
pub(super) struct HandoverOrder {
    pub(super) handover: Arc<Handover>,
    /// Whether its inbox is handed over rather than drained.
    pub(super) at_once: bool,
}

impl Handover {
    /// Adds a processor of the new configuration.
    pub(super) fn put(&self, stage: &StageId, replacement: Replacement) {
        lock(&self.replacements).insert(stage.clone(), replacement);
    }

    /// Takes the processor for this stage.
    pub(super) fn take(&self, stage: &StageId) -> Option<Box<dyn Processor>> {
        Some(lock(&self.replacements).remove(stage)?.processor)
    }

    /// Whether the running processor of this stage is kept.
    pub(super) fn keeps(&self, stage: &StageId) -> bool {
        lock(&self.replacements)
            .get(stage)
            .is_some_and(|replacement| replacement.is_kept)
    }

    /// Puts a running processor in place of the new one, if it is kept.
    pub(super) fn keep(&self, stage: &StageId, processor: Box<dyn Processor>) {
        if let Some(replacement) = lock(&self.replacements)
            .get_mut(stage)
            .filter(|replacement| replacement.is_kept)
        {
            replacement.processor = processor;
        }
    }

    /// Makes the new processor of this stage, if there is one, take over the state of the old one.
    pub(super) fn take_over(&self, stage: &StageId, old: &mut dyn Processor) {
        if let Some(old) = old.as_stateful()
            && let Some(replacement) = lock(&self.replacements).get_mut(stage)
            && let Some(new) = replacement.processor.as_stateful()
        {
            new.take_over(old);
        }
    }

    pub(super) fn put_inbox(&self, stage: &StageId, inbox: Inbox) {
        lock(&self.inboxes).insert(stage.clone(), inbox);
    }

    pub(super) fn take_inbox(&self, stage: &StageId) -> Option<Inbox> {
        lock(&self.inboxes).remove(stage)
    }
}

/// Waits until all predecessors have ended.
pub(super) async fn all_ended(predecessors: Vec<CancellationToken>) {
    for predecessor in predecessors {
        predecessor.cancelled().await;
    }
}
