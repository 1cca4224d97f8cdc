//! The rate limit of a watcher.

use tokio::time::Instant;

/// A token bucket that holds one second's worth of tokens.
#[derive(Debug)]
pub(super) struct Allowance {
    rate: f64,
    left: f64,
    at: Instant,
}

impl Allowance {
    pub(super) fn new(rate: u32, now: Instant) -> Self {
        Self {
            rate: rate.into(),
            left: rate.into(),
            at: now,
        }
    }

    pub(super) fn refill(&mut self, now: Instant) {
        let since = now.saturating_duration_since(self.at);
        self.left = self.rate.min(self.left + self.rate * since.as_secs_f64());
        self.at = now;
    }

    /// Takes a token; returns whether there was one.
    pub(super) fn take(&mut self) -> bool {
        let is_left = self.left >= 1.0;
        self.left -= if is_left { 1.0 } else { 0.0 };
        is_left
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Allowance;

    #[test]
    fn tokens_accumulate_at_the_rate_for_one_second_at_most() {
        let start = Instant::now();
        let mut allowance = Allowance::new(10, start);
        let mut taken_at = |millis: u64| {
            allowance.refill(start + Duration::from_millis(millis));
            (0..100).filter(|_| allowance.take()).count()
        };
        assert_eq!(
            [0, 250, 350, 1350, 60_000].map(&mut taken_at),
            [10, 2, 1, 10, 10]
        );
    }
}
