//! The screen of `top`: lines about the agent, sums, and a table that scrolls between them and the
//! keys. The same content is drawn on a terminal and printed as text.

use std::time::{Duration, Instant};

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Style, Stylize as _};
use ratatui::text::{Line, Span};

use super::activity::Activity;
use super::column::Column;
use super::grid::Grid;
use super::header::{self, Watching};
use super::state::ScreenState;
use super::totals::{self, TotalsRow};
use super::view::{Selection, View};
use super::{help, paint};

/// The least height of a table with its titles.
const MIN_TABLE: u16 = 4;

/// The places of the parts of the screen, from top to bottom.
struct Places {
    header: Rect,
    totals: Rect,
    table: Rect,
    footer: Rect,
}

/// Draws the screen.
pub(super) fn draw(frame: &mut Frame<'_>, address: &str, state: &mut ScreenState, now: Instant) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    let watching = Watching::new(address, state, now);
    let is_stale = watching.silence.is_some();
    let header = match &state.activity {
        Some(activity) => header::lines(activity, &watching, area.width),
        None => vec![Line::raw(format!("waiting for the agent at {address}"))],
    };
    let places = Places::new(area, header.len(), state.is_help);
    for (line, y) in header.iter().zip(places.header.y..places.header.bottom()) {
        paint::line(buffer, area.x, y, line, area.width);
    }
    if state.is_help {
        draw_help(state, places.table, buffer);
    } else if let Some(activity) = state.activity.take() {
        let sums = sums(&activity);
        sums.draw(&sums.fit(area.width, 0), 0, places.totals, buffer);
        draw_table(&activity, state, places.table, buffer);
        if is_stale {
            // The first two lines are about the silence.
            let known = Rect::new(area.x, area.y + 2, area.width, places.header.height);
            buffer.set_style(known.intersection(places.header), Style::new().dim());
            buffer.set_style(places.totals, Style::new().dim());
            buffer.set_style(places.table, Style::new().dim());
        }
        state.activity = Some(activity);
    }
    draw_footer(state, places.footer, buffer);
    if !state.has_colors {
        paint::remove_colors(buffer);
    }
}

/// The content of the screen as text. Nothing is cut.
pub(super) fn text(address: &str, activity: &Activity) -> String {
    let watching = Watching {
        address,
        silence: None,
        restarts: 0,
    };
    let mut lines: Vec<String> = header::lines(activity, &watching, u16::MAX)
        .iter()
        .map(ToString::to_string)
        .collect();
    let all = Selection::default();
    let grids = [
        sums(activity),
        View::Stages.grid(activity, &all),
        View::Queues.grid(activity, &all),
    ];
    for grid in grids.iter().filter(|grid| grid.len() > 0) {
        lines.push(String::new());
        lines.extend(grid_text(grid));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

fn grid_text(grid: &Grid) -> Vec<String> {
    let fit = grid.whole();
    let height = u16::try_from(grid.len() + 1).unwrap_or(u16::MAX);
    let area = Rect::new(0, 0, fit.width(), height);
    let mut buffer = Buffer::empty(area);
    grid.draw(&fit, 0, area, &mut buffer);
    (0..height).map(|y| paint::text(&buffer, y)).collect()
}

fn sums(activity: &Activity) -> Grid {
    let columns: Vec<&Column<TotalsRow>> = totals::COLUMNS.iter().collect();
    let rows = totals::rows(&activity.totals);
    Grid::new(&columns, &rows.iter().collect::<Vec<_>>(), None)
}

impl Places {
    /// Where the screen is low, the sums give way first, then lines of the header, then the keys.
    fn new(area: Rect, header: usize, is_help: bool) -> Self {
        let footer = u16::from(area.height > MIN_TABLE);
        let header = u16::try_from(header).unwrap_or(u16::MAX);
        let spare = area.height.saturating_sub(MIN_TABLE + footer).max(1);
        let sums = if is_help || spare < header + 5 { 0 } else { 3 };
        let heights = [
            header.min(spare),
            u16::from(sums > 0 || spare > header),
            sums,
            u16::from(sums > 0),
        ];
        let [header, _, totals, _, table, footer] = Layout::vertical(
            heights
                .map(Constraint::Length)
                .into_iter()
                .chain([Constraint::Min(0), Constraint::Length(footer)]),
        )
        .areas(area);
        Self {
            header,
            totals,
            table,
            footer,
        }
    }
}

/// Draws the table of the current view, and below that of the stages the queues if they fit.
fn draw_table(activity: &Activity, state: &mut ScreenState, area: Rect, buffer: &mut Buffer) {
    let grid = state.view.grid(activity, state.selection());
    let visible = usize::from(area.height.saturating_sub(1));
    state.limit_rows(grid.len(), visible);
    // The last column stays.
    state.column = state.column.min(grid.columns().saturating_sub(2));
    let fit = grid.fit(area.width, state.column);
    grid.draw(&fit, state.row, area, buffer);
    if state.view != View::Stages {
        return;
    }
    let queues = View::Queues.grid(activity, &Selection::default());
    let below = u16::try_from(grid.len() + 2).unwrap_or(u16::MAX);
    let rest = Rect {
        y: area.y.saturating_add(below),
        height: area.height.saturating_sub(below),
        ..area
    };
    if queues.len() > 0 && usize::from(rest.height) > queues.len() {
        queues.draw(&queues.fit(area.width, 0), 0, rest, buffer);
    }
}

fn draw_help(state: &mut ScreenState, area: Rect, buffer: &mut Buffer) {
    let lines = help::lines(state);
    state.limit_rows(lines.len(), usize::from(area.height));
    for (line, y) in lines.iter().skip(state.row).zip(area.y..area.bottom()) {
        paint::line(buffer, area.x, y, line, area.width);
    }
}

fn draw_footer(state: &ScreenState, area: Rect, buffer: &mut Buffer) {
    if area.height > 0 {
        paint::line(buffer, area.x, area.y, &footer(state), area.width);
    }
}

/// The filter, what is unusual, and the most important keys.
fn footer(state: &ScreenState) -> Line<'static> {
    let mut line = Line::default();
    let filter = &state.selection().filter;
    if state.is_editing {
        return Line::raw(format!(
            "/{filter}█   Enter keeps the filter, Esc clears it"
        ));
    }
    if state.is_paused {
        line.push_span(Span::raw("PAUSED  ").yellow().bold());
    }
    if !filter.is_empty() {
        line.push_span(Span::raw(format!("/{filter}  ")).yellow().bold());
    }
    if state.rows > state.page {
        let last = state.rows.min(state.row + state.page);
        let rows = format!("{}-{last} of {}  ", state.row + 1, state.rows);
        line.push_span(Span::raw(rows).bold());
    }
    line.push_span(Span::raw(key_hints(state)).dim());
    line
}

fn key_hints(state: &ScreenState) -> String {
    if state.is_help {
        return "↑ ↓ scroll  other keys close the help".to_owned();
    }
    let columns = state.view.columns(state.activity.as_ref());
    let sort = state
        .selection()
        .sort
        .and_then(|sort| columns.get(sort.column))
        .map_or_else(String::new, |(title, _)| format!(" {title}"));
    format!(
        "q quit  h help  Tab {}  s sort{sort}  / filter  p {}  +/- every {}",
        state.view.after(1).name(),
        if state.is_paused { "resume" } else { "pause" },
        seconds(state.interval)
    )
}

fn seconds(duration: Duration) -> String {
    format!("{}s", duration.as_secs_f64())
}
