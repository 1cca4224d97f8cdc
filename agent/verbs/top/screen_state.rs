//! The state of the screen, and the keys that change it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::activity::Activity;
use crate::telemetry::LedgerPage;

/// Lines or columns that a page or arrow key scrolls.
const PAGE_LINES: u16 = 10;

/// What the screen shows.
#[derive(Default)]
pub(super) struct ScreenState {
    last: Option<LedgerPage<String>>,
    activity: Option<Activity>,
    /// Columns and lines before the visible part.
    pub(super) scroll: (u16, u16),
    pub(super) details: bool,
    pub(super) paused: bool,
    /// Why the last update failed.
    pub(super) error: Option<String>,
}

impl ScreenState {
    pub(super) fn activity(&self) -> Option<&Activity> {
        self.activity.as_ref()
    }

    /// Takes a new page of the agent, unless paused.
    pub(super) fn update(&mut self, page: LedgerPage<String>) {
        self.error = None;
        if !self.paused {
            self.activity = Some(Activity::between(self.last.as_ref(), page.clone()));
            self.last = Some(page);
        }
    }

    /// Limits scrolling to what does not fit on the screen.
    pub(super) fn limit_scroll(&mut self, columns: u16, lines: u16) {
        self.scroll = (self.scroll.0.min(columns), self.scroll.1.min(lines));
    }

    /// Handles a key; `false` for a key that quits.
    pub(super) fn press(&mut self, key: KeyEvent) -> bool {
        let (x, y) = self.scroll;
        match key.code {
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return false,
            KeyCode::Char('q') | KeyCode::Esc => return false,
            KeyCode::Char('p') => self.paused = !self.paused,
            KeyCode::Char('d') => {
                self.details = !self.details;
                self.scroll = (0, 0);
            }
            KeyCode::Up => self.scroll = (x, y.saturating_sub(1)),
            KeyCode::Down => self.scroll = (x, y.saturating_add(1)),
            KeyCode::PageUp => self.scroll = (x, y.saturating_sub(PAGE_LINES)),
            KeyCode::PageDown => self.scroll = (x, y.saturating_add(PAGE_LINES)),
            KeyCode::Left => self.scroll = (x.saturating_sub(PAGE_LINES), y),
            KeyCode::Right => self.scroll = (x.saturating_add(PAGE_LINES), y),
            KeyCode::Home => self.scroll = (0, 0),
            _ => {}
        }
        true
    }
}
