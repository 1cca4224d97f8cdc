//! What the old chains of a pipeline leave to the new ones: processors that go on, and inboxes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use crate::edge::Inbox;
use crate::stage::Processor;
use crate::stage_id::StageId;
use crate::sync::lock;

/// The processors of a pipeline's new configuration, until their chain begins. Where an old one is
/// to go on, it is put in the place of the new one.
#[derive(Default)]
pub(super) struct Handover {
    replacements: Mutex<HashMap<StageId, Replacement>>,
    inboxes: Mutex<HashMap<StageId, Inbox>>,
}

/// A processor of the new configuration.
pub(super) struct Replacement {
    pub(super) processor: Box<dyn Processor>,
    /// Whether a running one of its name is configured like this, and goes on in its place.
    pub(super) is_kept: bool,
}

/// Tells a chain that others take its place.
pub(super) struct HandoverOrder {
    pub(super) handover: Arc<Handover>,
    /// Whether its inbox goes on to the next chain, rather than being drained.
    pub(super) at_once: bool,
}

impl Handover {
    /// Enters a processor of the new configuration.
    pub(super) fn put(&self, stage: &StageId, replacement: Replacement) {
        lock(&self.replacements).insert(stage.clone(), replacement);
    }

    /// The processor that is to run under this name.
    pub(super) fn take(&self, stage: &StageId) -> Option<Box<dyn Processor>> {
        Some(lock(&self.replacements).remove(stage)?.processor)
    }

    /// Whether the running processor of this name goes on.
    pub(super) fn keeps(&self, stage: &StageId) -> bool {
        lock(&self.replacements)
            .get(stage)
            .is_some_and(|replacement| replacement.is_kept)
    }

    /// Has a running processor go on, if it is to.
    pub(super) fn keep(&self, stage: &StageId, processor: Box<dyn Processor>) {
        if let Some(replacement) = lock(&self.replacements)
            .get_mut(stage)
            .filter(|replacement| replacement.is_kept)
        {
            replacement.processor = processor;
        }
    }

    /// Has the new processor of this name, if there is one, take over state of the old one.
    pub(super) fn adopt(&self, stage: &StageId, old: &mut dyn Processor) {
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

/// Waits until all of these have ended.
pub(super) async fn all_ended(predecessors: Vec<CancellationToken>) {
    for predecessor in predecessors {
        predecessor.cancelled().await;
    }
}
