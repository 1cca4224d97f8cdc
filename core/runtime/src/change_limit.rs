//! Limits how often changes of a state are logged: a peer that fails at every other attempt must not
//! fill the log.

use std::time::{Duration, Instant};

/// The most changes that are logged in one [`WINDOW`].
const MAX_LOGGED: u32 = 20;
/// How long changes are counted from the first one on.
const WINDOW: Duration = Duration::from_secs(600);

/// Whether to log a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeNotice {
    /// As usual.
    Full,
    /// For the last time in this window; the line is to state it, with [`ChangeLimit::REMARK`].
    Last,
    /// At the level of debugging only.
    Hidden,
}

/// Counts the changes of one state.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChangeLimit {
    window: Option<Instant>,
    changes: u32,
}

impl ChangeLimit {
    /// What the last line of a window says.
    pub const REMARK: &str = "this changes often: further changes within ten minutes are logged at \
                              level debug";

    /// Counts a change at this time.
    pub fn changed(&mut self, now: Instant) -> ChangeNotice {
        let is_over = |began| now.saturating_duration_since(began) >= WINDOW;
        if self.window.is_none_or(is_over) {
            *self = Self {
                window: Some(now),
                changes: 0,
            };
        }
        self.changes = self.changes.saturating_add(1);
        match self.changes {
            ..MAX_LOGGED => ChangeNotice::Full,
            MAX_LOGGED => ChangeNotice::Last,
            _ => ChangeNotice::Hidden,
        }
    }
}

impl ChangeNotice {
    /// The remark that belongs to the line.
    #[must_use]
    pub fn remark(self) -> Option<&'static str> {
        (self == Self::Last).then_some(ChangeLimit::REMARK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_changes_are_logged_in_ten_minutes_and_the_last_of_them_says_so() {
        let start = Instant::now();
        let mut limit = ChangeLimit::default();
        let mut at = |second| limit.changed(start + Duration::from_secs(second));
        for second in 0..19 {
            assert_eq!(at(second), ChangeNotice::Full);
        }
        assert_eq!(at(19), ChangeNotice::Last);
        assert_eq!(at(20), ChangeNotice::Hidden);
        assert_eq!(at(599), ChangeNotice::Hidden);
        assert_eq!(at(600), ChangeNotice::Full, "the next window");
        for second in 601..619 {
            assert_eq!(at(second), ChangeNotice::Full);
        }
        assert_eq!(at(619), ChangeNotice::Last);
    }

    #[test]
    fn only_the_last_line_has_a_remark() {
        assert_eq!(ChangeNotice::Last.remark(), Some(ChangeLimit::REMARK));
        assert_eq!(ChangeNotice::Full.remark(), None);
    }
}
