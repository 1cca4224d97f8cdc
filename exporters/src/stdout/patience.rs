//! How long an output that fails or does not move is put up with. Pure: time is an argument.

use std::time::Duration;

use tokio::time::Instant;

/// How long what is put up with.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Writing that fails is given up when nothing could be written for so long; zero gives up at
    /// the first failure.
    pub give_up_after: Duration,
    /// The delay before the second attempt. It doubles from one to the next.
    pub first_delay: Duration,
    /// The longest delay between attempts.
    pub longest_delay: Duration,
    /// An output that takes nothing for so long is blocked.
    pub stall: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            give_up_after: Duration::from_secs(30),
            first_delay: Duration::from_millis(100),
            longest_delay: Duration::from_secs(5),
            stall: Duration::from_secs(2),
        }
    }
}

/// When a page whose writing fails is tried again, and when it is given up.
#[derive(Debug)]
pub(super) struct Patience {
    pace: Pace,
    since: Option<Instant>,
    delay: Duration,
}

impl Patience {
    /// Nothing has failed yet.
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            pace,
            since: None,
            delay: pace.first_delay,
        }
    }

    /// Something was written.
    pub(super) fn progress(&mut self) {
        self.since = None;
        self.delay = self.pace.first_delay;
    }

    /// Writing failed: how long to wait before the next attempt, of which the last is at the limit;
    /// `None` to give up.
    pub(super) fn failed(&mut self, now: Instant) -> Option<Duration> {
        let left = self
            .pace
            .give_up_after
            .checked_sub(now.duration_since(*self.since.get_or_insert(now)))?;
        let delay = self.delay.min(left);
        self.delay = (self.delay * 2).min(self.pace.longest_delay);
        (!left.is_zero()).then_some(delay)
    }
}

/// Whether bytes go out.
#[derive(Debug)]
pub(super) struct Movement {
    bytes: u64,
    since: Instant,
}

impl Movement {
    /// A write begins.
    pub(super) fn begin(bytes: u64, now: Instant) -> Self {
        Self { bytes, since: now }
    }

    /// `bytes` have gone out until now: whether that is as many as `stall` ago.
    pub(super) fn is_stalled(&mut self, bytes: u64, stall: Duration, now: Instant) -> bool {
        if bytes != self.bytes {
            *self = Self { bytes, since: now };
        }
        now.duration_since(self.since) >= stall
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Instant, Movement, Pace, Patience};

    fn patience(give_up_after: Duration) -> Patience {
        Patience::new(Pace {
            give_up_after,
            ..Pace::default()
        })
    }

    /// Fails until it gives up; each attempt takes no time. The times of the attempts, in
    /// milliseconds.
    fn attempts(limit: Duration) -> Vec<u128> {
        let mut patience = patience(limit);
        let start = Instant::now();
        let mut now = start;
        let mut times = vec![0];
        while let Some(delay) = patience.failed(now) {
            now += delay;
            times.push(now.duration_since(start).as_millis());
        }
        times
    }

    #[test]
    fn delays_double_up_to_the_longest_and_the_last_attempt_is_at_the_limit() {
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
    fn progress_begins_the_time_anew() {
        let mut patience = patience(Duration::from_secs(1));
        let start = Instant::now();
        assert_eq!(patience.failed(start), Some(Duration::from_millis(100)));
        assert_eq!(
            patience.failed(start + Duration::from_millis(999)),
            Some(Duration::from_millis(1))
        );
        patience.progress();
        assert_eq!(
            patience.failed(start + Duration::from_secs(9)),
            Some(Duration::from_millis(100))
        );
        assert_eq!(patience.failed(start + Duration::from_secs(10)), None);
    }

    #[test]
    fn an_output_is_stalled_when_no_byte_has_gone_out_for_a_while() {
        let start = Instant::now();
        let mut movement = Movement::begin(0, start);
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
                movement.is_stalled(
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
