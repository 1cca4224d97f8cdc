//! What the outbox had no room for, until it can be reported downstream, as Hubble's consumer does
//! (`pkg/hubble/monitor/consumer.go`, Cilium 1.19).

use std::time::{Duration, Instant};

use tidegate_model::record::{Lost, LostSource};
use tidegate_model::{Record, Timestamp};

/// Reports are this far apart at least.
pub(super) const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Losses since the last report.
#[derive(Debug, Default)]
pub(super) struct Shortfall {
    count: u64,
    first: Timestamp,
    last: Timestamp,
    reported: Option<Instant>,
}

impl Shortfall {
    /// `n` records of a batch that was read at `time` were dropped.
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

    /// Whether there is something to report and the last report is long enough ago.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let waited = |reported| now.saturating_duration_since(reported) >= REPORT_INTERVAL;
        !self.is_empty() && self.reported.is_none_or(waited)
    }

    /// The report.
    pub(super) fn record(&self, time: Timestamp) -> Record {
        Record::Lost(Lost {
            time,
            source: LostSource::ObserverEventsQueue,
            count: self.count,
            cpu: None,
            span: Some((self.first, self.last)),
        })
    }

    /// The report is on its way.
    pub(super) fn settle(&mut self, now: Instant) {
        *self = Self {
            reported: Some(now),
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Instant, Record, Shortfall, Timestamp};

    #[test]
    fn losses_add_up_to_one_report_a_second() {
        let (mut shortfall, start) = (Shortfall::default(), Instant::now());
        assert!(!shortfall.is_due(start));
        shortfall.add(3, Timestamp(10));
        shortfall.add(4, Timestamp(20));
        shortfall.add(0, Timestamp(30));
        assert!(shortfall.is_due(start));
        let Record::Lost(lost) = shortfall.record(Timestamp(40)) else {
            panic!()
        };
        assert_eq!(
            (lost.count, lost.span),
            (7, Some((Timestamp(10), Timestamp(20))))
        );
        shortfall.settle(start);
        assert!(shortfall.is_empty());
        shortfall.add(1, Timestamp(50));
        assert!(!shortfall.is_due(start + Duration::from_millis(999)));
        assert!(shortfall.is_due(start + Duration::from_secs(1)));
    }
}
