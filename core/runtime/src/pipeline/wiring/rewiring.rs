//! The context of a run, and a change of its wiring.

use std::sync::Arc;
use std::time::Duration;

use tidegate_model::Pool;

use crate::ledger::{Ledger, StageCounters};
use crate::pipeline::tasks::Tasks;
use crate::shutdown::Shutdown;
use crate::stage_id::StageId;

/// What all stages of a run share.
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

/// A change of the wiring that is in progress.
pub(super) struct Rewiring<'a> {
    pub(super) context: &'a RunContext,
    pub(super) tasks: &'a mut Tasks,
    /// Whether this is the start of the run.
    pub(super) is_start: bool,
    /// The counters of the new wiring, in its order.
    pub(super) rows: Vec<Arc<StageCounters>>,
}

impl Rewiring<'_> {
    /// Returns the counters of a stage in a pipeline of the new wiring.
    pub(super) fn open(&mut self, pipeline: &str, stage: &StageId) -> Arc<StageCounters> {
        let counters = self.context.ledger.open(pipeline, stage);
        self.rows.push(Arc::clone(&counters));
        counters
    }
}
