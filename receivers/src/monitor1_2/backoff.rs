//! How long to wait before the next attempt to connect: exponential, with full jitter, so that a
//! node's agents do not come back all at once.

use std::time::Duration;

use super::Reconnect;

/// Grows with every pause until it is reset.
#[derive(Debug)]
pub(super) struct Backoff {
    bounds: Reconnect,
    ceiling: Duration,
}

impl Backoff {
    pub(super) fn new(bounds: Reconnect) -> Self {
        Self {
            bounds,
            ceiling: bounds.initial.0,
        }
    }

    /// The next pause. `jitter` is in 0..1.
    pub(super) fn next(&mut self, jitter: f64) -> Duration {
        let pause = self.ceiling.mul_f64(jitter.clamp(0.0, 1.0));
        self.ceiling = self.ceiling.saturating_mul(2).min(self.bounds.max.0);
        pause
    }

    /// A connection delivered: what comes next is a new trouble.
    pub(super) fn reset(&mut self) {
        self.ceiling = self.bounds.initial.0;
    }
}

#[cfg(test)]
mod tests {
    use super::{Backoff, Duration, Reconnect};
    use tidegate_runtime::config::HumanDuration;

    fn pauses(backoff: &mut Backoff, jitter: f64) -> Vec<u128> {
        (0..5).map(|_| backoff.next(jitter).as_millis()).collect()
    }

    #[test]
    fn pauses_double_up_to_the_most_and_start_anew_after_a_delivery() {
        let ms = |ms| HumanDuration(Duration::from_millis(ms));
        let mut backoff = Backoff::new(Reconnect {
            initial: ms(100),
            max: ms(500),
        });
        assert_eq!(pauses(&mut backoff, 1.0), [100, 200, 400, 500, 500]);
        backoff.reset();
        assert_eq!(pauses(&mut backoff, 0.5), [50, 100, 200, 250, 250]);
    }
}
