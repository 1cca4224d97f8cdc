//! How long to wait between attempts, as the Collector's `retry_on_failure` computes it. No clock
//! and no randomness of its own.

use std::time::Duration;

use super::config::Retry;

/// The waiting times for one request.
#[derive(Debug)]
pub(super) struct Backoff<'a> {
    policy: &'a Retry,
    interval: Duration,
}

impl<'a> Backoff<'a> {
    /// For a request that has not been sent yet.
    pub(super) fn new(policy: &'a Retry) -> Self {
        Self {
            policy,
            interval: policy.initial_interval.0,
        }
    }

    /// How long to wait before the next attempt: the backoff or the peer's `hint`, whichever is
    /// longer; `None` when that would end later than the policy allows. `elapsed` is the time since
    /// the first attempt, `random` is in 0..1.
    pub(super) fn next(
        &mut self,
        elapsed: Duration,
        hint: Duration,
        random: f64,
    ) -> Option<Duration> {
        let delay = self.jittered(random).max(hint);
        self.interval =
            scaled(self.interval, self.policy.multiplier).min(self.policy.max_interval.0);
        let limit = self.policy.max_elapsed_time.0;
        let in_time = limit.is_zero() || elapsed.saturating_add(delay) <= limit;
        (self.policy.enabled && in_time).then_some(delay)
    }

    fn jittered(&self, random: f64) -> Duration {
        let spread = self.policy.randomization_factor;
        scaled(self.interval, 1.0 - spread + 2.0 * spread * random)
    }
}

fn scaled(duration: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(duration.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Backoff, Duration, Retry};
    use tidegate_core::config::HumanDuration;

    const MIDDLE: f64 = 0.5;

    #[test]
    fn intervals_grow_by_the_multiplier_up_to_the_longest() {
        let policy = Retry {
            max_interval: HumanDuration(Duration::from_secs(3)),
            ..Retry::default()
        };
        let mut backoff = Backoff::new(&policy);
        let delays: Vec<_> = (0..5)
            .filter_map(|_| backoff.next(Duration::ZERO, Duration::ZERO, MIDDLE))
            .collect();
        assert_eq!(
            delays,
            [1000, 1500, 2250, 3000, 3000].map(Duration::from_millis)
        );
    }

    #[test]
    fn chance_spreads_a_delay_by_the_randomization_factor() {
        let policy = Retry::default();
        for (random, expected) in [(0.0, 500), (0.25, 750), (0.5, 1000), (1.0, 1500)] {
            let delay = Backoff::new(&policy).next(Duration::ZERO, Duration::ZERO, random);
            assert_eq!(delay, Some(Duration::from_millis(expected)), "{random}");
        }
    }

    #[test]
    fn a_delay_is_never_shorter_than_the_hint_and_never_ends_after_the_limit() {
        let seconds = Duration::from_secs;
        let limited = |limit| Retry {
            max_elapsed_time: HumanDuration(seconds(limit)),
            ..Retry::default()
        };
        let cases = [
            (limited(300), 0, 7, Some(7)),
            (limited(300), 0, 0, Some(1)),
            (limited(300), 299, 0, Some(1)),
            (limited(300), 299, 2, None),
            (limited(300), 300, 0, None),
            (limited(0), 1_000_000, 0, Some(1)),
            (
                Retry {
                    enabled: false,
                    ..Retry::default()
                },
                0,
                0,
                None,
            ),
        ];
        for (policy, elapsed, hint, expected) in cases {
            let delay = Backoff::new(&policy).next(seconds(elapsed), seconds(hint), MIDDLE);
            assert_eq!(delay, expected.map(seconds), "{policy:?} {elapsed} {hint}");
        }
    }
}
