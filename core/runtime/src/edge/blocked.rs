//! The time that senders were blocked by a full edge, including those that are blocked now: the
//! number grows while a stage is stuck.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::sync::lock;

/// The blocked time, added up over all senders.
#[derive(Debug, Default)]
pub(super) struct Blocked {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Senders that are blocked now.
    senders: u32,
    /// The total at the time `at`.
    total: Duration,
    at: Option<Instant>,
}

/// Counts a sender as blocked until it is dropped.
#[derive(Debug)]
pub(super) struct Waiting<'a>(&'a Blocked);

impl Blocked {
    pub(super) fn enter(&self) -> Waiting<'_> {
        let mut state = lock(&self.state);
        state.settle();
        state.senders += 1;
        Waiting(self)
    }

    /// Whether a sender is blocked now.
    pub(super) fn is_any(&self) -> bool {
        lock(&self.state).senders > 0
    }

    pub(super) fn total(&self) -> Duration {
        let mut state = lock(&self.state);
        state.settle();
        state.total
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.settle();
        state.senders -= 1;
    }
}

impl State {
    fn settle(&mut self) {
        let now = Instant::now();
        let since = self.at.replace(now).unwrap_or(now);
        self.total += now.saturating_duration_since(since) * self.senders;
    }
}
