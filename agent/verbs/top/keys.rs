//! The keys.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::column::Sort;
use super::state::ScreenState;
use super::view::View;

/// Keys and what they do, for the help.
pub(super) const KEYS: [(&str, &str); 14] = [
    ("q, Ctrl-C", "quit"),
    ("h, ?", "this help; any key closes it"),
    ("Tab, 1, 2, 3", "stages, queues, counters"),
    ("d", "counters and back"),
    ("↑ ↓, k j", "scroll by a row"),
    ("PgUp PgDn", "scroll by a page"),
    ("Home End, g G", "first and last row"),
    ("← →", "scroll by a column"),
    (
        "s, > and <",
        "sort by the next or the previous column, or not at all",
    ),
    ("r", "reverse the order"),
    (
        "/",
        "show only stages whose name contains a text; Esc ends that",
    ),
    ("p, Space", "pause"),
    ("+ and -", "update less or more often"),
    ("Esc", "close, clear the filter, or quit"),
];

/// Handles a key; `false` for a key that quits.
pub(super) fn press(state: &mut ScreenState, key: KeyEvent) -> bool {
    if key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL) {
        return false;
    }
    if state.is_editing {
        edit(state, key.code);
        return true;
    }
    if state.is_help && !is_scrolling(key.code) {
        state.is_help = false;
        state.row = 0;
        return true;
    }
    match key.code {
        KeyCode::Char('q') => return false,
        KeyCode::Esc if state.selection().filter.is_empty() => return false,
        KeyCode::Esc => state.selection_mut().filter.clear(),
        KeyCode::Char('h' | '?') | KeyCode::F(1) => {
            state.is_help = true;
            state.row = 0;
        }
        KeyCode::Char('p' | ' ') => state.is_paused = !state.is_paused,
        KeyCode::Char('+' | '=') => state.change_interval(false),
        KeyCode::Char('-') => state.change_interval(true),
        KeyCode::Char('/') => state.is_editing = true,
        code => show(state, code),
    }
    true
}

/// Keys that change what is shown of the tables.
fn show(state: &mut ScreenState, code: KeyCode) {
    match code {
        KeyCode::Tab => state.show(state.view.after(1)),
        KeyCode::BackTab => state.show(state.view.after(View::ALL.len() - 1)),
        KeyCode::Char('1') => state.show(View::Stages),
        KeyCode::Char('2') => state.show(View::Queues),
        KeyCode::Char('3') => state.show(View::Counters),
        KeyCode::Char('d') if state.view == View::Counters => state.show(View::Stages),
        KeyCode::Char('d') => state.show(View::Counters),
        KeyCode::Char('s' | '>') => state.sort(Sort::next),
        KeyCode::Char('<') => state.sort(Sort::previous),
        KeyCode::Char('r') => state.reverse(),
        KeyCode::Left => state.column = state.column.saturating_sub(1),
        KeyCode::Right => state.column += 1,
        code => scroll(state, code),
    }
}

fn is_scrolling(code: KeyCode) -> bool {
    use KeyCode::{Char, Down, End, Home, PageDown, PageUp, Up};
    matches!(
        code,
        Up | Down | PageUp | PageDown | Home | End | Char('j' | 'k' | 'g' | 'G')
    )
}

fn scroll(state: &mut ScreenState, code: KeyCode) {
    state.row = match code {
        KeyCode::Up | KeyCode::Char('k') => state.row.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => state.row.saturating_add(1),
        KeyCode::PageUp => state.row.saturating_sub(state.page),
        KeyCode::PageDown => state.row.saturating_add(state.page),
        KeyCode::Home | KeyCode::Char('g') => 0,
        KeyCode::End | KeyCode::Char('G') => usize::MAX,
        _ => state.row,
    };
}

/// Changes the text of the filter.
fn edit(state: &mut ScreenState, code: KeyCode) {
    state.row = 0;
    let filter = &mut state.selection_mut().filter;
    match code {
        KeyCode::Char(character) => filter.push(character),
        KeyCode::Backspace => {
            filter.pop();
        }
        KeyCode::Enter => state.is_editing = false,
        KeyCode::Esc => {
            filter.clear();
            state.is_editing = false;
        }
        _ => {}
    }
}
