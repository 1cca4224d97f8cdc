//! Tables whose columns are as wide as their content.

use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Constraint, Rect};
use ratatui::style::Style;
use ratatui::text::Text;
use ratatui::widgets::{Cell, Row, Table, Widget};

/// Blank columns between two columns.
const GAP: u16 = 2;

/// A table. A column whose title begins with `>` is aligned to the right.
pub(super) struct Grid {
    titles: Vec<&'static str>,
    rows: Vec<Vec<(String, Style)>>,
}

impl Grid {
    pub(super) fn new(titles: &[&'static str]) -> Self {
        Self {
            titles: titles.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = (String, Style)>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Width and height, including the titles.
    pub(super) fn size(&self) -> (u16, u16) {
        let widths = self.widths();
        let gaps = GAP * u16::try_from(widths.len().saturating_sub(1)).unwrap_or(u16::MAX);
        let width = widths
            .iter()
            .fold(gaps, |sum, width| sum.saturating_add(*width));
        (
            width,
            u16::try_from(self.rows.len() + 1).unwrap_or(u16::MAX),
        )
    }

    /// Draws the table at line `y`.
    pub(super) fn draw(&self, buffer: &mut Buffer, y: u16) {
        let (width, height) = self.size();
        let area = Rect {
            x: 0,
            y,
            width,
            height,
        }
        .intersection(buffer.area);
        let titles = self
            .titles
            .iter()
            .map(|title| self.cell(title, title.trim_start_matches('>'), Style::new().dim()));
        let rows = self.rows.iter().map(|row| {
            let cells = self.titles.iter().zip(row);
            Row::new(cells.map(|(title, (text, style))| self.cell(title, text, *style)))
        });
        let table = Table::new(rows, self.widths().into_iter().map(Constraint::Length));
        table
            .header(Row::new(titles))
            .column_spacing(GAP)
            .render(area, buffer);
    }

    fn cell(&self, title: &str, text: &str, style: Style) -> Cell<'static> {
        let alignment = if title.starts_with('>') {
            Alignment::Right
        } else {
            Alignment::Left
        };
        Cell::new(Text::styled(text.to_owned(), style).alignment(alignment))
    }

    fn widths(&self) -> Vec<u16> {
        let width = |column: usize| {
            let title = self.titles[column].trim_start_matches('>').chars().count();
            let cells = self
                .rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|(text, _)| text.chars().count());
            u16::try_from(cells.fold(title, usize::max)).unwrap_or(u16::MAX)
        };
        (0..self.titles.len()).map(width).collect()
    }
}
