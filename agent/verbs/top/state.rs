//! What the screen stands at, and what keys change about it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::activity::Activity;
use crate::telemetry::Page;

/// Lines that a page key scrolls.
const PAGE: u16 = 10;

/// Everything that the screen is drawn of.
#[derive(Default)]
pub(super) struct State {
    last: Option<Page<String>>,
    activity: Option<Activity>,
    /// Columns and lines that are scrolled away.
    pub(super) scrolled: (u16, u16),
    pub(super) details: bool,
    pub(super) paused: bool,
    /// Why there is nothing new.
    pub(super) trouble: Option<String>,
}

impl State {
    pub(super) fn activity(&self) -> Option<&Activity> {
        self.activity.as_ref()
    }

    /// Takes what the agent says now. While paused, nothing changes.
    pub(super) fn hear(&mut self, page: Page<String>) {
        self.trouble = None;
        if !self.paused {
            self.activity = Some(Activity::between(self.last.as_ref(), page.clone()));
            self.last = Some(page);
        }
    }

    /// Scrolls no further than there is something to see.
    pub(super) fn keep_within(&mut self, columns: u16, lines: u16) {
        self.scrolled = (self.scrolled.0.min(columns), self.scrolled.1.min(lines));
    }

    /// Whether to go on after this key.
    pub(super) fn press(&mut self, key: KeyEvent) -> bool {
        let (x, y) = self.scrolled;
        match key.code {
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return false,
            KeyCode::Char('q') | KeyCode::Esc => return false,
            KeyCode::Char('p') => self.paused = !self.paused,
            KeyCode::Char('d') => (self.details, self.scrolled) = (!self.details, (0, 0)),
            KeyCode::Up => self.scrolled = (x, y.saturating_sub(1)),
            KeyCode::Down => self.scrolled = (x, y.saturating_add(1)),
            KeyCode::PageUp => self.scrolled = (x, y.saturating_sub(PAGE)),
            KeyCode::PageDown => self.scrolled = (x, y.saturating_add(PAGE)),
            KeyCode::Left => self.scrolled = (x.saturating_sub(PAGE), y),
            KeyCode::Right => self.scrolled = (x.saturating_add(PAGE), y),
            KeyCode::Home => self.scrolled = (0, 0),
            _ => {}
        }
        true
    }
}
