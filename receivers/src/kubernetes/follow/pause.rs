//! Pauses between attempts.

use std::time::Duration;

use crate::kubernetes::api::Failure;
use crate::kubernetes::config::Retry;

/// How long a permission that is missing is not looked for.
const FORBIDDEN: Duration = Duration::from_secs(600);

/// The bound of the next pause, which doubles with every failure until it is reset.
#[derive(Debug)]
pub(super) struct Backoff {
    bounds: Retry,
    bound: Duration,
}

impl Backoff {
    pub(super) fn new(bounds: Retry) -> Self {
        Self {
            bounds,
            bound: bounds.initial.get(),
        }
    }

    /// The pause after a failure, or after a watch that ended early. `jitter` is in 0..1; it keeps the
    /// clients of a restarted server from coming back together.
    pub(super) fn pause(&mut self, failure: Option<&Failure>, jitter: f64) -> Duration {
        let bound = self.bound;
        self.bound = bound.saturating_mul(2).min(self.bounds.max.0);
        let asked_for = match failure {
            Some(failure) if failure.is_forbidden() => Some(FORBIDDEN),
            Some(failure) => failure.retry_after(),
            None => None,
        };
        let (least, most) = match asked_for {
            Some(asked_for) if asked_for > bound => (asked_for, asked_for * 3 / 2),
            _ => (bound / 2, bound),
        };
        least + (most - least).mul_f64(jitter.clamp(0.0, 1.0))
    }

    /// Begins again with the first pause.
    pub(super) fn reset(&mut self) {
        self.bound = self.bounds.initial.get();
    }
}
