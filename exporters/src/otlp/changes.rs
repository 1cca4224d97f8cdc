//! Which changes of the link to the backend the log shows: at most one line in [`QUIET`] for each
//! direction, however often the backend changes its mind. Pure: time is an argument.

use std::time::Duration;

use tokio::time::Instant;

use super::peer::Service;

/// The shortest time between two lines in one direction.
pub(super) const QUIET: Duration = Duration::from_secs(30);

/// How the backend takes requests. The worst is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Condition {
    /// It takes them.
    Well,
    /// It refuses them, and would again: credentials, or no such service.
    Refusing,
    /// It answers that it cannot take them now.
    Failing,
    /// It does not answer.
    Unreachable,
}

/// A change that is to be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// The condition now.
    pub(super) condition: Condition,
    /// How many changes there were since the last line that were not logged.
    pub(super) held_back: u64,
}

/// The conditions of the services, and what was logged of them.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Logs, and metrics. A backend may take one and refuse the other, which is no change at each
    /// request.
    services: [Option<Condition>; 2],
    logged: Option<Condition>,
    last_well: Option<Instant>,
    last_bad: Option<Instant>,
    held_back: u64,
}

impl Changes {
    /// Takes in what an attempt for a service showed.
    pub(super) fn observe(
        &mut self,
        service: Service,
        condition: Condition,
        now: Instant,
    ) -> Option<Change> {
        let before = self.condition();
        if condition != Condition::Unreachable {
            // An answer is an answer for both.
            self.services
                .iter_mut()
                .for_each(|known| *known = known.filter(|known| *known != Condition::Unreachable));
        }
        self.services[service as usize] = Some(condition);
        let is_change = self.condition() != before;
        let change = self.due_change(now);
        if is_change && change.is_none() {
            self.held_back += 1;
        }
        change
    }

    /// The worse one of both services; `None` before there was any attempt.
    pub(super) fn condition(&self) -> Option<Condition> {
        self.services.into_iter().flatten().max()
    }

    /// Whether what was logged last holds.
    fn is_logged(&self) -> bool {
        self.condition() == self.logged
    }

    /// A change that was held back and may be logged now.
    pub(super) fn due_change(&mut self, now: Instant) -> Option<Change> {
        let condition = self
            .condition()
            .filter(|condition| Some(*condition) != self.logged)?;
        let last = if condition == Condition::Well {
            &mut self.last_well
        } else {
            &mut self.last_bad
        };
        if last.is_some_and(|last| now.duration_since(last) < QUIET) {
            return None;
        }
        *last = Some(now);
        self.logged = Some(condition);
        Some(Change {
            condition,
            held_back: std::mem::take(&mut self.held_back),
        })
    }

    /// When a change that was held back may be logged, if it still holds.
    pub(super) fn due(&self) -> Option<Instant> {
        let last = if self.condition() == Some(Condition::Well) {
            self.last_well
        } else {
            self.last_bad
        };
        last.filter(|_| !self.is_logged()).map(|last| last + QUIET)
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Changes, Condition, Duration, Instant, QUIET, Service};
    use Condition::{Failing, Refusing, Unreachable, Well};

    /// What is logged of attempts at these milliseconds.
    fn log(attempts: &[(u64, Service, Condition)]) -> Vec<(u64, Condition, u64)> {
        let mut changes = Changes::default();
        let start = Instant::now();
        let mut lines = Vec::new();
        for (at, service, condition) in attempts {
            let change = changes.observe(*service, *condition, start + Duration::from_millis(*at));
            lines.extend(change.map(
                |Change {
                     condition,
                     held_back,
                 }| (*at, condition, held_back),
            ));
        }
        lines
    }

    #[test]
    fn a_change_is_logged_once() {
        let lines = log(&[
            (0, Service::Logs, Well),
            (1_000, Service::Logs, Well),
            (40_000, Service::Logs, Unreachable),
            (41_000, Service::Logs, Unreachable),
            (80_000, Service::Metrics, Well),
            (81_000, Service::Logs, Well),
        ]);
        assert_eq!(
            lines,
            [(0, Well, 0), (40_000, Unreachable, 0), (80_000, Well, 0)]
        );
    }

    #[test]
    fn a_backend_that_changes_its_mind_at_each_request_gets_two_lines_in_half_a_minute() {
        let attempts: Vec<_> = (0..1200)
            .map(|n| {
                (
                    n * 100,
                    Service::Logs,
                    if n % 2 == 0 { Failing } else { Well },
                )
            })
            .collect();
        let lines = log(&attempts);
        assert_eq!(lines.len(), 8, "two minutes: {lines:?}");
        let counted: u64 = lines.iter().map(|(.., held_back)| held_back + 1).sum();
        assert!(
            counted >= 1200 - 300,
            "changes are logged or counted: {lines:?}"
        );
    }

    #[test]
    fn what_was_held_back_is_logged_when_it_may_be_if_it_still_holds() {
        let mut changes = Changes::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(changes.observe(Service::Logs, Failing, at(0)).is_some());
        assert!(changes.observe(Service::Logs, Well, at(1)).is_some());
        assert_eq!(changes.due(), None);
        assert_eq!(changes.observe(Service::Logs, Failing, at(2)), None);
        assert_eq!(changes.due(), Some(at(0) + QUIET));
        assert_eq!(changes.due_change(at(29)), None);
        assert_eq!(
            changes.due_change(at(30)),
            Some(Change {
                condition: Failing,
                held_back: 1
            })
        );
        assert_eq!(changes.due(), None);

        assert_eq!(changes.observe(Service::Logs, Well, at(30)), None);
        assert_eq!(changes.observe(Service::Logs, Failing, at(30)), None);
        assert_eq!(
            (changes.due(), changes.due_change(at(99))),
            (None, None),
            "it is as it was logged"
        );
    }

    #[test]
    fn a_backend_that_takes_one_service_and_refuses_the_other_does_not_change() {
        let attempts: Vec<_> = (0..100)
            .map(|n| {
                if n % 2 == 0 {
                    (n * 1000, Service::Logs, Well)
                } else {
                    (n * 1000, Service::Metrics, Refusing)
                }
            })
            .collect();
        assert_eq!(log(&attempts), [(0, Well, 0), (1_000, Refusing, 0)]);
    }

    #[test]
    fn an_answer_to_one_service_ends_the_silence_for_both() {
        let lines = log(&[
            (0, Service::Logs, Unreachable),
            (0, Service::Metrics, Unreachable),
            (1, Service::Metrics, Well),
        ]);
        assert_eq!(lines, [(0, Unreachable, 0), (1, Well, 0)]);
        let lines = log(&[(0, Service::Logs, Failing), (1, Service::Metrics, Well)]);
        assert_eq!(
            lines,
            [(0, Failing, 0)],
            "but what failed for one has to be well for that one"
        );
    }
}
