//! Delays between attempts, as the Collector's `retry_on_failure` computes them. Pure: time and
//! random numbers are arguments.

use std::time::Duration;

use tidegate_runtime::config::{HumanDuration, NonZeroDuration, Number};

tidegate_runtime::config_table! {
    /// What happens after an attempt that failed for a temporary reason.
    #[derive(Clone, Debug)]
    pub(crate) struct RetryConfig {
        /// Whether the request is sent again.
        pub(crate) enabled: bool = true,
        /// The first delay between attempts.
        pub(crate) initial_interval: NonZeroDuration = NonZeroDuration::from_millis(1000),
        /// The longest delay, unless the backend asks for a longer one.
        pub(crate) max_interval: HumanDuration = HumanDuration::from_secs(30),
        /// The factor by which the delay grows.
        pub(crate) multiplier: Number<1, { u32::MAX }> = Number::new(1.5),
        /// The share of a delay by which it is randomized, up and down.
        pub(crate) randomization_factor: Number<0, 1> = Number::new(0.5),
        /// The time after which a request is dropped and its records are counted. "0s" retries
        /// forever.
        pub(crate) max_elapsed_time: HumanDuration = HumanDuration::from_secs(300),
    }
}

/// The delays for one request.
#[derive(Debug)]
pub(super) struct Backoff<'a> {
    config: &'a RetryConfig,
    interval: Duration,
}

impl<'a> Backoff<'a> {
    pub(super) fn new(config: &'a RetryConfig) -> Self {
        Self {
            config,
            interval: config.initial_interval.get(),
        }
    }

    /// Returns the delay before the next attempt: the backoff or `min_delay`, whichever is longer;
    /// `None` if the backoff would end after `max_elapsed_time`. A longer `min_delay` ends there, so
    /// that a backend that asks for more time is not sent one request after the other. `elapsed` is the time since the first
    /// attempt, `random` is in 0..1.
    pub(super) fn next(
        &mut self,
        elapsed: Duration,
        min_delay: Duration,
        random: f64,
    ) -> Option<Duration> {
        let limit = self.config.max_elapsed_time.0;
        let left = match limit.is_zero() {
            true => Duration::MAX,
            false => limit.saturating_sub(elapsed),
        };
        let delay = self.jittered(random).max(min_delay.min(left));
        self.interval =
            scaled(self.interval, self.config.multiplier.get()).min(self.config.max_interval.0);
        let in_time = delay <= left;
        (self.config.enabled && in_time).then_some(delay)
    }

    fn jittered(&self, random: f64) -> Duration {
        let spread = self.config.randomization_factor.get();
        scaled(self.interval, 1.0 - spread + 2.0 * spread * random)
    }
}

fn scaled(duration: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(duration.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Backoff, Duration, HumanDuration, RetryConfig};

    const MIDDLE: f64 = 0.5;

    #[test]
    fn intervals_grow_by_the_multiplier_up_to_the_maximum() {
        let config = RetryConfig {
            max_interval: HumanDuration(Duration::from_secs(3)),
            ..RetryConfig::default()
        };
        let mut backoff = Backoff::new(&config);
        let delays: Vec<_> = (0..5)
            .filter_map(|_| backoff.next(Duration::ZERO, Duration::ZERO, MIDDLE))
            .collect();
        assert_eq!(
            delays,
            [1000, 1500, 2250, 3000, 3000].map(Duration::from_millis)
        );
    }

    #[test]
    fn a_delay_varies_by_the_randomization_factor() {
        let config = RetryConfig::default();
        for (random, expected) in [(0.0, 500), (0.25, 750), (0.5, 1000), (1.0, 1500)] {
            let delay = Backoff::new(&config).next(Duration::ZERO, Duration::ZERO, random);
            assert_eq!(delay, Some(Duration::from_millis(expected)), "{random}");
        }
    }

    #[test]
    fn a_delay_is_at_least_what_the_backend_asks_for_and_ends_within_the_limit() {
        let seconds = Duration::from_secs;
        let limited = |limit| RetryConfig {
            max_elapsed_time: HumanDuration(seconds(limit)),
            ..RetryConfig::default()
        };
        let cases = [
            (limited(300), 0, 7, Some(7)),
            (limited(300), 0, 0, Some(1)),
            (limited(300), 299, 0, Some(1)),
            (limited(300), 299, 2, Some(1)),
            (limited(300), 0, 315_360_000, Some(300)),
            (limited(0), 0, 3600, Some(3600)),
            (limited(300), 300, 0, None),
            (limited(0), 1_000_000, 0, Some(1)),
            (
                RetryConfig {
                    enabled: false,
                    ..RetryConfig::default()
                },
                0,
                0,
                None,
            ),
        ];
        for (config, elapsed, min_delay, expected) in cases {
            let delay = Backoff::new(&config).next(seconds(elapsed), seconds(min_delay), MIDDLE);
            assert_eq!(
                delay,
                expected.map(seconds),
                "{config:?} {elapsed} {min_delay}"
            );
        }
    }
}
