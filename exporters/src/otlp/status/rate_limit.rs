//! Limits how often an event is logged.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest time between two lines about the same kind of event.
pub(super) const LOG_INTERVAL: Duration = Duration::from_secs(30);

/// Admits one event per [`LOG_INTERVAL`] and counts the others.
#[derive(Debug, Default)]
pub(super) struct LogRateLimit {
    last: Option<Instant>,
    suppressed: u64,
}

impl LogRateLimit {
    /// Returns the number of events suppressed since the last admitted one, if this one is
    /// admitted.
    pub(super) fn admit(&mut self, now: Instant) -> Option<u64> {
        if self
            .last
            .is_some_and(|last| now.duration_since(last) < LOG_INTERVAL)
        {
            self.suppressed += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Instant, LOG_INTERVAL, LogRateLimit};

    #[test]
    fn one_event_per_interval_is_admitted_with_the_number_of_suppressed_ones() {
        let mut limit = LogRateLimit::default();
        let start = Instant::now();
        let admitted: Vec<_> = [0, 1, 29, 30, 31, 60]
            .into_iter()
            .map(|second| limit.admit(start + Duration::from_secs(second)))
            .collect();
        assert_eq!(
            admitted,
            [Some(0), None, None, Some(2), None, Some(1)],
            "{LOG_INTERVAL:?}"
        );
    }
}
