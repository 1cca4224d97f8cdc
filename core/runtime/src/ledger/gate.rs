//! The state that all stages of a ledger share.

use std::sync::RwLock;
use std::sync::atomic::AtomicBool;

/// Makes reports consistent, and marks the end of the grace period.
#[derive(Debug, Default)]
pub(super) struct LedgerGate {
    /// Whether the grace period is over.
    pub(super) closed: AtomicBool,
    /// Held shared while records move from the counters of one stage to those of the next, and
    /// exclusively by a report, which so never sees them in both or in neither.
    pub(super) crossing: RwLock<()>,
}
