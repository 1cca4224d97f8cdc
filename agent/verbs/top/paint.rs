//! Draws texts that may be too long for their place, which then end with `…`.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

/// The number of columns that a text takes.
pub(super) fn width(text: &str) -> u16 {
    u16::try_from(Span::raw(text).width()).unwrap_or(u16::MAX)
}

/// Draws a text in `width` columns.
pub(super) fn span(buffer: &mut Buffer, x: u16, y: u16, span: &Span<'_>, width: u16) {
    line(buffer, x, y, &Line::from(span.clone()), width);
}

/// Draws a line in `width` columns.
pub(super) fn line(buffer: &mut Buffer, x: u16, y: u16, line: &Line<'_>, width: u16) {
    buffer.set_line(x, y, line, width);
    if line.width() > usize::from(width)
        && let Some(last) = width.checked_sub(1)
        && let Some(cell) = buffer.cell_mut((x.saturating_add(last), y))
    {
        cell.set_char('…');
    }
}

/// Removes colours; bold, dim and reversed texts stay.
pub(super) fn remove_colors(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        cell.set_style(Style::new().fg(Color::Reset).bg(Color::Reset));
    }
}

/// The text of a line of a buffer.
pub(super) fn text(buffer: &Buffer, y: u16) -> String {
    let text: String = (buffer.area.left()..buffer.area.right())
        .filter_map(|x| buffer.cell((x, y)))
        .map(|cell| cell.symbol())
        .collect();
    text.trim_end().to_owned()
}
