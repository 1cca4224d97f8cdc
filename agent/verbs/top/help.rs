//! The help: keys, and the columns of the current table.

use ratatui::style::Stylize as _;
use ratatui::text::{Line, Span};

use super::keys::KEYS;
use super::state::ScreenState;
use super::totals;

/// The lines of the help.
pub(super) fn lines(state: &ScreenState) -> Vec<Line<'static>> {
    let columns = state.view.columns(state.activity.as_ref());
    let totals = totals::COLUMNS
        .iter()
        .map(|column| (column.title, column.about));
    let totals: Vec<_> = totals.skip(1).collect();
    let mut lines = section("Keys", &KEYS);
    lines.push(Line::default());
    lines.extend(section(
        &format!("Columns of {}", state.view.name()),
        &columns,
    ));
    lines.push(Line::default());
    lines.extend(section("Sums over all stages", &totals));
    lines.push(Line::default());
    lines.push(Line::raw(
        "… marks what does not fit: cut texts, and columns that → or a wider terminal shows.",
    ));
    lines
}

fn section(title: &str, entries: &[(&str, &str)]) -> Vec<Line<'static>> {
    let width = entries.iter().map(|(name, _)| name.chars().count()).max();
    let width = width.unwrap_or(0);
    let line = |(name, about): &(&str, &str)| {
        Line::from_iter([
            Span::raw(format!("  {name:width$}  ")).bold(),
            Span::raw((*about).to_owned()),
        ])
    };
    let mut lines = vec![Line::raw(title.to_owned()).bold()];
    lines.extend(entries.iter().map(line));
    lines
}
