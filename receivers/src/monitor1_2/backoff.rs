//! The pauses between attempts to connect: exponential backoff with full jitter, so that the
//! clients of a restarted agent do not reconnect at the same time.

use std::time::Duration;

use super::Reconnect;

/// The limit of the next pause, which doubles with every pause until it is reset.
#[derive(Debug)]
pub(super) struct Backoff {
    bounds: Reconnect,
    ceiling: Duration,
}

impl Backoff {
    pub(super) fn new(bounds: Reconnect) -> Self {
        Self {
            bounds,
            ceiling: bounds.initial.get(),
        }
    }

    /// The next pause. `jitter` is in 0..1.
    pub(super) fn next(&mut self, jitter: f64) -> Duration {
        let pause = self.ceiling.mul_f64(jitter.clamp(0.0, 1.0));
        self.ceiling = self.ceiling.saturating_mul(2).min(self.bounds.max.0);
        pause
    }

    /// Begins again with the initial pause, after a connection has delivered frames.
    pub(super) fn reset(&mut self) {
        self.ceiling = self.bounds.initial.get();
    }
}

#[cfg(test)]
mod tests {
    use super::{Backoff, Duration, Reconnect};
    use tidegate_runtime::config::{HumanDuration, NonZeroDuration};

    fn pauses(backoff: &mut Backoff, jitter: f64) -> Vec<u128> {
        (0..5).map(|_| backoff.next(jitter).as_millis()).collect()
    }

    #[test]
    fn pauses_double_up_to_the_maximum_until_a_reset() {
        let mut backoff = Backoff::new(Reconnect {
            initial: NonZeroDuration::from_millis(100),
            max: HumanDuration(Duration::from_millis(500)),
        });
        assert_eq!(pauses(&mut backoff, 1.0), [100, 200, 400, 500, 500]);
        backoff.reset();
        assert_eq!(pauses(&mut backoff, 0.5), [50, 100, 200, 250, 250]);
    }
}
