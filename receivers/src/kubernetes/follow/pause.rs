//! Pauses between attempts.

use std::time::Duration;

use crate::kubernetes::api::Failure;
use crate::kubernetes::config::Retry;

/// How long a permission that is missing is not looked for, after [`EARLY`] attempts.
const FORBIDDEN: Duration = Duration::from_secs(600);
/// The attempts in a row that are refused until a permission counts as missing: in its first seconds,
/// an API server forbids everything, since it has not read the roles.
const EARLY: u32 = 10;

/// The bound of the next pause, which doubles with every failure until it is reset.
#[derive(Debug)]
pub(super) struct Backoff {
    bounds: Retry,
    bound: Duration,
    /// How many attempts in a row were forbidden.
    forbidden: u32,
}

impl Backoff {
    pub(super) fn new(bounds: Retry) -> Self {
        Self {
            bounds,
            bound: bounds.initial.get(),
            forbidden: 0,
        }
    }

    /// The pause after a failure, or after a watch that ended early. `jitter` is in 0..1; it keeps the
    /// clients of a restarted server from coming back together.
    pub(super) fn pause(&mut self, failure: Option<&Failure>, jitter: f64) -> Duration {
        let bound = self.bound;
        self.bound = bound.saturating_mul(2).min(self.bounds.max.0);
        if !failure.is_some_and(Failure::is_forbidden) {
            self.forbidden = 0;
        }
        let asked_for = match failure {
            Some(failure) if failure.is_forbidden() => {
                self.forbidden = self.forbidden.saturating_add(1);
                (self.forbidden > EARLY).then_some(FORBIDDEN)
            }
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
        self.forbidden = 0;
    }
}

#[cfg(test)]
mod tests {
    use tidegate_runtime::config::{HumanDuration, NonZeroDuration};

    use super::*;

    fn backoff() -> Backoff {
        Backoff::new(Retry {
            initial: NonZeroDuration::from_millis(1000),
            max: HumanDuration::from_secs(6),
        })
    }

    #[test]
    fn pauses_double_up_to_the_maximum_until_a_reset_and_are_random_from_half_on() {
        let mut backoff = backoff();
        let pauses: Vec<_> = (0..5)
            .map(|_| backoff.pause(None, 1.0).as_millis())
            .collect();
        assert_eq!(pauses, [1000, 2000, 4000, 6000, 6000]);
        backoff.reset();
        let pauses: Vec<_> = (0..2)
            .map(|_| backoff.pause(None, 0.0).as_millis())
            .collect();
        assert_eq!(pauses, [500, 1000]);
    }

    #[test]
    fn the_pause_that_a_server_asks_for_is_kept() {
        let of = |code, retry_after: Option<u64>, jitter| {
            let retry_after = retry_after.map(Duration::from_secs);
            let failure = Failure::refused(code, retry_after);
            backoff().pause(Some(&failure), jitter).as_millis()
        };
        assert_eq!(of(429, Some(20), 0.0), 20_000);
        assert_eq!(of(429, Some(20), 1.0), 30_000);
        assert_eq!(of(503, Some(0), 0.0), 500);
        assert_eq!(of(401, None, 1.0), 1000);
    }

    #[test]
    fn what_is_forbidden_for_longer_than_a_server_takes_to_start_waits_for_minutes() {
        let forbidden = Failure::refused(403, None);
        let mut backoff = backoff();
        let mut pauses = |n| -> Vec<_> {
            let pauses = (0..n).map(|_| backoff.pause(Some(&forbidden), 1.0).as_secs());
            pauses.collect()
        };
        assert_eq!(pauses(4), [1, 2, 4, 6]);
        assert_eq!(pauses(8), [6, 6, 6, 6, 6, 6, 900, 900]);
        // Another failure may be that of a server that starts.
        backoff.pause(Some(&Failure::refused(503, None)), 1.0);
        assert_eq!(backoff.pause(Some(&forbidden), 1.0).as_secs(), 6);
    }
}
