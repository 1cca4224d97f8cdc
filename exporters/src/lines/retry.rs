//! When to retry a failed write, when to give up, and when an output counts as blocked. Time is an
//! argument.

use std::time::Duration;

use tokio::time::Instant;

/// Timeouts of writing.
#[derive(Clone, Copy, Debug)]
pub struct WriteTimeouts {
    /// The time without progress after which failed writes are not retried. Zero gives up at the
    /// first failure.
    pub give_up_after: Duration,
    /// The delay before the first retry. It doubles with every retry.
    pub first_delay: Duration,
    /// The maximum delay between retries.
    pub max_delay: Duration,
    /// The time without progress after which an output counts as blocked.
    pub stall: Duration,
}

impl Default for WriteTimeouts {
    fn default() -> Self {
        Self {
            give_up_after: Duration::from_secs(30),
            first_delay: Duration::from_millis(100),
            max_delay: Duration::from_secs(5),
            stall: Duration::from_secs(2),
        }
    }
}

/// The retries of failed writes: exponential backoff with a deadline.
#[derive(Debug)]
pub(super) struct Retries {
    timeouts: WriteTimeouts,
    first_failure: Option<Instant>,
    delay: Duration,
}

impl Retries {
    /// Creates retries with these timeouts.
    pub(super) fn new(timeouts: WriteTimeouts) -> Self {
        Self {
            timeouts,
            first_failure: None,
            delay: timeouts.first_delay,
        }
    }

    /// Restarts the delays and the deadline after a write made progress.
    pub(super) fn reset(&mut self) {
        self.first_failure = None;
        self.delay = self.timeouts.first_delay;
    }

    /// Returns the delay before the next retry, the last of which is at the deadline; `None` after
    /// the deadline.
    pub(super) fn next_delay(&mut self, now: Instant) -> Option<Duration> {
        let first_failure = *self.first_failure.get_or_insert(now);
        let left = self
            .timeouts
            .give_up_after
            .checked_sub(now.duration_since(first_failure))?;
        let delay = self.delay.min(left);
        self.delay = (self.delay * 2).min(self.timeouts.max_delay);
        (!left.is_zero()).then_some(delay)
    }
}

/// Detects a write that makes no progress.
#[derive(Debug)]
pub(super) struct StallDetector {
    bytes: u64,
    last_progress: Instant,
}

impl StallDetector {
    /// For a write that begins now, after `bytes` were written before.
    pub(super) fn new(bytes: u64, now: Instant) -> Self {
        Self {
            bytes,
            last_progress: now,
        }
    }

    /// Returns whether the number of written bytes has not changed for `stall`.
    pub(super) fn is_stalled(&mut self, bytes: u64, stall: Duration, now: Instant) -> bool {
        if bytes != self.bytes {
            *self = Self::new(bytes, now);
        }
        now.duration_since(self.last_progress) >= stall
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Instant, Retries, StallDetector, WriteTimeouts};

    fn retries(give_up_after: Duration) -> Retries {
        Retries::new(WriteTimeouts {
            give_up_after,
            ..WriteTimeouts::default()
        })
    }

    /// Returns the times of all attempts, in milliseconds, if each fails immediately.
    fn attempts(give_up_after: Duration) -> Vec<u128> {
        let mut retries = retries(give_up_after);
        let start = Instant::now();
        let mut now = start;
        let mut times = vec![0];
        while let Some(delay) = retries.next_delay(now) {
            now += delay;
            times.push(now.duration_since(start).as_millis());
        }
        times
    }

    #[test]
    fn delays_double_up_to_the_maximum_and_the_last_attempt_is_at_the_deadline() {
        assert_eq!(
            attempts(Duration::from_secs(30)),
            [
                0, 100, 300, 700, 1_500, 3_100, 6_300, 11_300, 16_300, 21_300, 26_300, 30_000
            ]
        );
        assert_eq!(attempts(Duration::from_millis(50)), [0, 50]);
        assert_eq!(attempts(Duration::ZERO), [0]);
    }

    #[test]
    fn progress_restarts_delays_and_deadline() {
        let mut retries = retries(Duration::from_secs(1));
        let start = Instant::now();
        assert_eq!(retries.next_delay(start), Some(Duration::from_millis(100)));
        assert_eq!(
            retries.next_delay(start + Duration::from_millis(999)),
            Some(Duration::from_millis(1))
        );
        retries.reset();
        assert_eq!(
            retries.next_delay(start + Duration::from_secs(9)),
            Some(Duration::from_millis(100))
        );
        assert_eq!(retries.next_delay(start + Duration::from_secs(10)), None);
    }

    #[test]
    fn an_output_is_stalled_after_a_time_without_progress() {
        let start = Instant::now();
        let mut detector = StallDetector::new(0, start);
        let cases = [
            (0, 0, false),
            (4_999, 0, false),
            (5_000, 0, true),
            (6_000, 1, false),
            (10_999, 1, false),
            (11_000, 1, true),
        ];
        for (at, bytes, expected) in cases {
            assert_eq!(
                detector.is_stalled(
                    bytes,
                    Duration::from_secs(5),
                    start + Duration::from_millis(at)
                ),
                expected,
                "{at}"
            );
        }
    }
}
