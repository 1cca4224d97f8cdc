//! The state of the screen.

use std::time::{Duration, Instant};

use super::activity::Activity;
use super::column::Sort;
use super::view::{Selection, View};
use crate::telemetry::LedgerPage;

/// The times between two updates that `+` and `-` choose from.
const INTERVALS: [Duration; 9] = [
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
];

/// What the screen shows.
pub(super) struct ScreenState {
    last: Option<LedgerPage<String>>,
    pub(super) activity: Option<Activity>,
    pub(super) view: View,
    selections: [Selection; View::ALL.len()],
    /// Rows before the visible part.
    pub(super) row: usize,
    /// Rows of the table, or lines of the help.
    pub(super) rows: usize,
    /// Rows that are visible, which a page key scrolls.
    pub(super) page: usize,
    /// Columns behind the first one that are scrolled away.
    pub(super) column: usize,
    pub(super) is_help: bool,
    /// Whether typed characters go to the filter.
    pub(super) is_editing: bool,
    pub(super) is_paused: bool,
    /// Whether texts have colours.
    pub(super) has_colors: bool,
    /// Time between two updates.
    pub(super) interval: Duration,
    /// How often the agent restarted.
    pub(super) restarts: u32,
    /// When the agent last answered.
    pub(super) answered: Option<Instant>,
    /// Why the last update failed.
    pub(super) error: Option<String>,
}

impl ScreenState {
    /// A state without an answer of the agent.
    pub(super) fn new(interval: Duration) -> Self {
        Self {
            last: None,
            activity: None,
            view: View::default(),
            selections: Default::default(),
            row: 0,
            rows: 0,
            page: 1,
            column: 0,
            is_help: false,
            is_editing: false,
            is_paused: false,
            has_colors: true,
            interval,
            restarts: 0,
            answered: None,
            error: None,
        }
    }

    /// Takes a new page of the agent, which is shown unless paused.
    pub(super) fn update(&mut self, page: LedgerPage<String>, now: Instant) {
        self.error = None;
        self.answered = Some(now);
        if self.is_paused {
            return;
        }
        let uptime = page.report.uptime_seconds;
        let is_restarted = |last: &LedgerPage<String>| uptime < last.report.uptime_seconds;
        if self.last.as_ref().is_some_and(is_restarted) {
            self.restarts += 1;
        }
        self.activity = Some(Activity::between(self.last.as_ref(), page.clone()));
        self.last = Some(page);
    }

    /// For how long the agent has not answered; `None` while answers come in time.
    pub(super) fn silent_for(&self, now: Instant) -> Option<Duration> {
        let silent = now.saturating_duration_since(self.answered?);
        let limit = self.interval * 2 + Duration::from_secs(1);
        (self.error.is_some() || silent > limit).then_some(silent)
    }

    /// The selection of the current view.
    pub(super) fn selection(&self) -> &Selection {
        &self.selections[self.view as usize]
    }

    pub(super) fn selection_mut(&mut self) -> &mut Selection {
        &mut self.selections[self.view as usize]
    }

    /// Scrolls no further than to the last of `rows`, of which `visible` fit.
    pub(super) fn limit_rows(&mut self, rows: usize, visible: usize) {
        self.rows = rows;
        self.page = visible.max(1);
        self.row = self.row.min(rows.saturating_sub(visible));
    }

    /// Shows a view from its beginning.
    pub(super) fn show(&mut self, view: View) {
        self.view = view;
        self.row = 0;
        self.column = 0;
    }

    /// Sorts by another column.
    pub(super) fn sort(&mut self, choose: fn(Option<Sort>, usize) -> Option<Sort>) {
        let columns = self.view.columns(self.activity.as_ref()).len();
        let selection = self.selection_mut();
        selection.sort = choose(selection.sort, columns);
    }

    /// Reverses the order.
    pub(super) fn reverse(&mut self) {
        if let Some(sort) = &mut self.selection_mut().sort {
            sort.reversed = !sort.reversed;
        }
    }

    /// Changes the time between updates to the next shorter or longer one.
    pub(super) fn change_interval(&mut self, is_shorter: bool) {
        let current = self.interval;
        let next = match is_shorter {
            true => INTERVALS.into_iter().rfind(|interval| *interval < current),
            false => INTERVALS.into_iter().find(|interval| *interval > current),
        };
        self.interval = next.unwrap_or(current);
    }
}
