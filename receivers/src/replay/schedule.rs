//! The times at which events of a recording are played.

use std::time::Duration;

use tokio::time::Instant;

use crate::frames::BATCH_RECORDS;

/// The number of batches per second at a low rate; each needs a timer.
const BATCHES_PER_SECOND: f64 = 100.0;

/// Plays events at a constant rate from the first one on.
#[derive(Debug)]
pub(super) struct Schedule {
    /// Events per second; 0 is unlimited.
    rate: f64,
    start: Option<Instant>,
}

impl Schedule {
    pub(super) fn new(rate: f64) -> Self {
        Self { rate, start: None }
    }

    /// Whether the rate is limited.
    pub(super) fn is_paced(&self) -> bool {
        self.rate > 0.0
    }

    /// The largest number of events in a batch.
    pub(super) fn records(&self) -> usize {
        if !self.is_paced() {
            return BATCH_RECORDS;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to 1..=360"
        )]
        let records = (self.rate / BATCHES_PER_SECOND).clamp(1.0, BATCH_RECORDS as f64) as usize;
        records
    }

    /// Waits until the event after the first `played` ones is due.
    pub(super) async fn wait_until_due(&mut self, played: u64) {
        let start = *self.start.get_or_insert_with(Instant::now);
        if self.is_paced() {
            tokio::time::sleep_until(start + self.offset(played)).await;
        }
    }

    /// The time between the first event and the one after `played` events. Limited to a year, which
    /// every clock can represent.
    fn offset(&self, played: u64) -> Duration {
        const YEAR: f64 = 365.0 * 86_400.0;
        Duration::from_secs_f64((played as f64 / self.rate).min(YEAR))
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Schedule};

    #[test]
    fn events_are_due_at_the_rate_in_small_batches() {
        let cases = [
            (1.0, 1, 10, Duration::from_secs(10)),
            (0.5, 1, 1, Duration::from_secs(2)),
            (2500.0, 25, 250, Duration::from_millis(100)),
            (1e6, 360, 500_000, Duration::from_millis(500)),
            (1e-300, 1, u64::MAX, Duration::from_secs(365 * 86_400)),
        ];
        for (rate, batch, played, due) in cases {
            let schedule = Schedule::new(rate);
            assert_eq!(
                (schedule.records(), schedule.offset(played)),
                (batch, due),
                "{rate} per second"
            );
        }
    }

    #[test]
    fn an_unlimited_rate_plays_full_batches() {
        assert_eq!(Schedule::new(0.0).records(), 360);
    }
}
