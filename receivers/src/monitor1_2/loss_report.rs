//! Records that the outbox had no room for, until they are reported downstream, as Hubble's
//! consumer does (`pkg/hubble/monitor/consumer.go`, Cilium 1.19).

use std::time::{Duration, Instant};

use tidegate_model::record::{Lost, LostSource};
use tidegate_model::{Record, Timestamp};

/// The shortest time between two reports.
pub(super) const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Losses since the last report.
#[derive(Debug, Default)]
pub(super) struct LossReport {
    count: u64,
    first: Timestamp,
    last: Timestamp,
    last_report: Option<Instant>,
}

impl LossReport {
    /// Adds `n` lost records of a batch that was read at `time`.
    pub(super) fn add(&mut self, n: u64, time: Timestamp) {
        if n == 0 {
            return;
        }
        if self.count == 0 {
            self.first = time;
        }
        self.last = time;
        self.count += n;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether there are losses, and the last report was long enough ago.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let is_long_ago = |report| now.saturating_duration_since(report) >= REPORT_INTERVAL;
        !self.is_empty() && self.last_report.is_none_or(is_long_ago)
    }

    /// The report as a record.
    pub(super) fn record(&self, time: Timestamp) -> Record {
        Record::Lost(Lost {
            time,
            source: LostSource::ObserverEventsQueue,
            count: self.count,
            cpu: None,
            span: Some((self.first, self.last)),
        })
    }

    /// Begins the next report, after this one was sent.
    pub(super) fn reset(&mut self, now: Instant) {
        *self = Self {
            last_report: Some(now),
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Instant, LossReport, Record, Timestamp};

    #[test]
    fn losses_are_combined_in_one_report_per_second() {
        let mut report = LossReport::default();
        let start = Instant::now();
        assert!(!report.is_due(start));
        report.add(3, Timestamp(10));
        report.add(4, Timestamp(20));
        report.add(0, Timestamp(30));
        assert!(report.is_due(start));
        let Record::Lost(lost) = report.record(Timestamp(40)) else {
            panic!("not a lost record")
        };
        let span = (Timestamp(10), Timestamp(20));
        assert_eq!((lost.count, lost.span), (7, Some(span)));
        report.reset(start);
        assert!(report.is_empty());
        report.add(1, Timestamp(50));
        assert!(!report.is_due(start + Duration::from_millis(999)));
        assert!(report.is_due(start + Duration::from_secs(1)));
    }
}
