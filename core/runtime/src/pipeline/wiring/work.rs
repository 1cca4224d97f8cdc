//! What all stages share, and a change of the wiring that is under way.

use std::sync::Arc;
use std::time::Duration;

use tidegate_model::Pool;

use crate::ledger::{Ledger, StageCounters};
use crate::pipeline::tasks::Tasks;
use crate::shutdown::Shutdown;
use crate::stage_id::StageId;

/// What all stages share.
pub(in crate::pipeline) struct RunContext {
    pub(in crate::pipeline) ledger: Ledger,
    pub(in crate::pipeline) shutdown: Shutdown,
    /// How long stages may take to drain.
    pub(in crate::pipeline) grace: Duration,
    pub(super) pool: Pool,
}

impl RunContext {
    pub(in crate::pipeline) fn new(ledger: Ledger, shutdown: Shutdown, grace: Duration) -> Self {
        Self {
            ledger,
            shutdown,
            grace,
            pool: Pool::default(),
        }
    }
}

/// A change under way.
pub(super) struct Work<'a> {
    pub(super) context: &'a RunContext,
    pub(super) tasks: &'a mut Tasks,
    /// Whether nothing runs yet.
    pub(super) is_start: bool,
    /// The books of the new wiring, in its order.
    pub(super) rows: Vec<Arc<StageCounters>>,
}

impl Work<'_> {
    /// The books of a stage in a pipeline of the new wiring.
    pub(super) fn open(&mut self, pipeline: &str, stage: &StageId) -> Arc<StageCounters> {
        let counters = self.context.ledger.open(pipeline, stage);
        self.rows.push(Arc::clone(&counters));
        counters
    }
}
