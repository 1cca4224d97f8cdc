//! Which causes of a condition were logged. While a condition lasts, a clearer cause than the one that
//! was logged may show itself, as an alert of TLS after broken connections: it is logged at once, but
//! each cause at most once in [`LOG_INTERVAL`]. Pure: time is an argument.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::rate_limit::LOG_INTERVAL;

/// The causes that were logged. There are as many as there are hints.
#[derive(Debug, Default)]
pub(super) struct CauseLog {
    last: Option<&'static str>,
    times: BTreeMap<&'static str, Instant>,
}

impl CauseLog {
    /// Returns whether a cause is to be logged, as another one than that of the last line. An unknown
    /// cause is not.
    pub(super) fn admit(&mut self, cause: Option<&'static str>, now: Instant) -> bool {
        let Some(known) = cause.filter(|_| cause != self.last) else {
            return false;
        };
        let last = self.times.get(known);
        let is_due = last.is_none_or(|last| now.duration_since(*last) >= LOG_INTERVAL);
        if is_due {
            self.last = cause;
            self.times.insert(known, now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clearer_cause_is_logged_at_once_and_alternating_ones_once_in_an_interval() {
        let mut causes = CauseLog::default();
        let now = Instant::now();
        assert!(!causes.admit(None, now));
        assert!(causes.admit(Some("no certificate"), now));
        assert!(!causes.admit(Some("no certificate"), now));
        assert!(!causes.admit(None, now), "a less clear one");
        assert!(causes.admit(Some("expired"), now));
        assert!(!causes.admit(Some("no certificate"), now));
        assert!(causes.admit(Some("no certificate"), now + LOG_INTERVAL));
    }
}
