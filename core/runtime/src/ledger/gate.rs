//! What all books of a ledger share.

use std::sync::RwLock;
use std::sync::atomic::AtomicBool;

/// What all books of a ledger lie on.
#[derive(Debug, Default)]
pub(super) struct LedgerGate {
    /// Whether the grace period is over.
    pub(super) closed: AtomicBool,
    /// Shared by those who enter records in the books of two stages, as they go from one to the
    /// next. A report has it alone, and so never sees them in both books or in neither.
    pub(super) crossing: RwLock<()>,
}
