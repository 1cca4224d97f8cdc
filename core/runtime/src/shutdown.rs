//! The shutdown signal.

use tokio_util::sync::CancellationToken;

/// The signal that ends a run; clones share it. It is requested once, and forced if the stages are
/// to get no time to drain.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    requested: CancellationToken,
    forced: CancellationToken,
}

impl Shutdown {
    /// A signal that has not been requested.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks receivers to end. The stages behind them drain and then end.
    pub fn request(&self) {
        self.requested.cancel();
    }

    /// Ends all stages immediately. Their remaining records are counted as dropped.
    pub fn force(&self) {
        self.forced.cancel();
        self.requested.cancel();
    }

    /// Returns whether the shutdown was requested or forced.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.requested.is_cancelled()
    }

    /// Waits until the shutdown is requested or forced.
    pub async fn requested(&self) {
        self.requested.cancelled().await;
    }

    /// Waits until the shutdown is forced.
    pub async fn forced(&self) {
        self.forced.cancelled().await;
    }

    /// A signal for one stage: it follows this one, and can also be requested alone.
    pub(crate) fn child(&self) -> Self {
        Self {
            requested: self.requested.child_token(),
            forced: self.forced.child_token(),
        }
    }
}
