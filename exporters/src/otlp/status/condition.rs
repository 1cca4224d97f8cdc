//! Tracks the backend's condition, and limits how often changes of it are logged: one line per
//! [`LOG_INTERVAL`] for the better and one for the worse. Pure: time is an argument.

use tokio::time::Instant;

use super::rate_limit::LOG_INTERVAL;
use crate::otlp::signal::Signal;

/// The backend's condition, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Condition {
    /// It accepts requests.
    Healthy,
    /// It refuses requests for a reason that persists: credentials, or no such signal.
    Refusing,
    /// It responds that it cannot accept requests at the moment.
    Failing,
    /// It does not respond.
    Unreachable,
}

/// A change of condition to log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConditionChange {
    /// The condition now.
    pub(super) condition: Condition,
    /// How many changes since the last logged one were suppressed.
    pub(super) suppressed: u64,
}

/// The conditions of all signals, and the last one that was logged.
#[derive(Debug, Default)]
pub(super) struct ConditionTracker {
    /// Each signal separately: a backend that accepts one and refuses the other must not
    /// change its condition with each request.
    signals: [Option<Condition>; Signal::ALL.len()],
    logged: Option<Condition>,
    last_healthy: Option<Instant>,
    last_unhealthy: Option<Instant>,
    suppressed: u64,
}

impl ConditionTracker {
    /// Records the condition that an attempt showed. Returns a change to log now.
    pub(super) fn observe(
        &mut self,
        signal: Signal,
        condition: Condition,
        now: Instant,
    ) -> Option<ConditionChange> {
        let before = self.condition();
        if condition != Condition::Unreachable {
            // A response to one signal shows that all can be reached.
            for signal in &mut self.signals {
                signal.take_if(|condition| *condition == Condition::Unreachable);
            }
        }
        self.signals[signal as usize] = Some(condition);
        let is_change = self.condition() != before;
        let change = self.due_change(now);
        if is_change && change.is_none() {
            self.suppressed += 1;
        }
        change
    }

    /// Returns the worse condition of all signals; `None` before the first attempt.
    pub(super) fn condition(&self) -> Option<Condition> {
        self.signals.into_iter().flatten().max()
    }

    /// Returns the change to log now, if the condition is not the one logged last.
    pub(super) fn due_change(&mut self, now: Instant) -> Option<ConditionChange> {
        let condition = self
            .condition()
            .filter(|condition| Some(*condition) != self.logged)?;
        let last = if condition == Condition::Healthy {
            &mut self.last_healthy
        } else {
            &mut self.last_unhealthy
        };
        if last.is_some_and(|last| now.duration_since(last) < LOG_INTERVAL) {
            return None;
        }
        *last = Some(now);
        self.logged = Some(condition);
        Some(ConditionChange {
            condition,
            suppressed: std::mem::take(&mut self.suppressed),
        })
    }

    /// Returns when a suppressed change is to be logged, if it still holds then.
    pub(super) fn due(&self) -> Option<Instant> {
        let last = if self.condition() == Some(Condition::Healthy) {
            self.last_healthy
        } else {
            self.last_unhealthy
        };
        last.filter(|_| self.condition() != self.logged)
            .map(|last| last + LOG_INTERVAL)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Condition, ConditionChange, ConditionTracker, Instant, LOG_INTERVAL, Signal};
    use Condition::{Failing, Healthy, Refusing, Unreachable};

    /// The lines logged for attempts at these milliseconds.
    fn log(attempts: &[(u64, Signal, Condition)]) -> Vec<(u64, Condition, u64)> {
        let mut tracker = ConditionTracker::default();
        let start = Instant::now();
        let mut lines = Vec::new();
        for (at, signal, condition) in attempts {
            let now = start + Duration::from_millis(*at);
            if let Some(change) = tracker.observe(*signal, *condition, now) {
                lines.push((*at, change.condition, change.suppressed));
            }
        }
        lines
    }

    #[test]
    fn a_change_is_logged_once() {
        let lines = log(&[
            (0, Signal::Logs, Healthy),
            (1_000, Signal::Logs, Healthy),
            (40_000, Signal::Logs, Unreachable),
            (41_000, Signal::Logs, Unreachable),
            (80_000, Signal::Metrics, Healthy),
            (81_000, Signal::Logs, Healthy),
        ]);
        assert_eq!(
            lines,
            [
                (0, Healthy, 0),
                (40_000, Unreachable, 0),
                (80_000, Healthy, 0)
            ]
        );
    }

    #[test]
    fn a_backend_that_alternates_with_each_request_is_logged_twice_per_interval() {
        let attempts: Vec<_> = (0..1200)
            .map(|n| {
                (
                    n * 100,
                    Signal::Logs,
                    if n % 2 == 0 { Failing } else { Healthy },
                )
            })
            .collect();
        let lines = log(&attempts);
        assert_eq!(lines.len(), 8, "two minutes: {lines:?}");
        let counted: u64 = lines.iter().map(|(.., suppressed)| suppressed + 1).sum();
        assert!(
            counted >= 1200 - 300,
            "changes are logged or counted: {lines:?}"
        );
    }

    #[test]
    fn what_was_suppressed_is_logged_when_it_may_be_if_it_still_holds() {
        let mut tracker = ConditionTracker::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(tracker.observe(Signal::Logs, Failing, at(0)).is_some());
        assert!(tracker.observe(Signal::Logs, Healthy, at(1)).is_some());
        assert_eq!(tracker.due(), None);
        assert_eq!(tracker.observe(Signal::Logs, Failing, at(2)), None);
        assert_eq!(tracker.due(), Some(at(0) + LOG_INTERVAL));
        assert_eq!(tracker.due_change(at(29)), None);
        assert_eq!(
            tracker.due_change(at(30)),
            Some(ConditionChange {
                condition: Failing,
                suppressed: 1
            })
        );
        assert_eq!(tracker.due(), None);

        assert_eq!(tracker.observe(Signal::Logs, Healthy, at(30)), None);
        assert_eq!(tracker.observe(Signal::Logs, Failing, at(30)), None);
        assert_eq!(tracker.due(), None, "the condition is the logged one");
        assert_eq!(tracker.due_change(at(99)), None);
    }

    #[test]
    fn a_backend_that_accepts_one_signal_and_refuses_the_other_does_not_change() {
        let attempts: Vec<_> = (0..100)
            .map(|n| {
                if n % 2 == 0 {
                    (n * 1000, Signal::Logs, Healthy)
                } else {
                    (n * 1000, Signal::Metrics, Refusing)
                }
            })
            .collect();
        assert_eq!(log(&attempts), [(0, Healthy, 0), (1_000, Refusing, 0)]);
    }

    #[test]
    fn a_response_to_one_signal_shows_that_all_can_be_reached() {
        let lines = log(&[
            (0, Signal::Logs, Unreachable),
            (0, Signal::Metrics, Unreachable),
            (1, Signal::Metrics, Healthy),
        ]);
        assert_eq!(lines, [(0, Unreachable, 0), (1, Healthy, 0)]);
        let lines = log(&[(0, Signal::Logs, Failing), (1, Signal::Metrics, Healthy)]);
        assert_eq!(
            lines,
            [(0, Failing, 0)],
            "a failure of one signal ends with a success of that signal"
        );
    }
}
