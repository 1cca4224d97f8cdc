//! A table of texts, and how it is drawn in a width: which columns there are, and how wide each is.
//! What is left out or cut is marked with `…`.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::column::{Cell, Column, Shape, Sort};
use super::paint;

/// Columns with a larger rank are left out before a text is cut.
const ESSENTIAL_RANK: u8 = 1;

/// A table.
pub(super) struct Grid {
    columns: Vec<GridColumn>,
    /// Cells, row by row.
    rows: Vec<Vec<Cell>>,
}

struct GridColumn {
    title: String,
    shape: Shape,
    rank: u8,
    /// The width of the widest cell or of the title.
    width: u16,
}

/// The columns that are shown in a width.
pub(super) struct Fit {
    /// Index and width.
    columns: Vec<(usize, u16)>,
    gap: u16,
    /// Whether columns on the right are left out.
    is_partial: bool,
    /// Whether columns behind the first one are scrolled away.
    is_scrolled: bool,
}

impl Grid {
    /// A table of these rows.
    pub(super) fn new<R>(columns: &[&Column<R>], rows: &[&R], sort: Option<Sort>) -> Self {
        let cells: Vec<Vec<Cell>> = rows
            .iter()
            .map(|row| columns.iter().map(|column| (column.cell)(row)).collect())
            .collect();
        let grid_column = |(at, column): (usize, &&Column<R>)| {
            let title = match sort.filter(|sort| sort.column == at) {
                Some(sort) => format!("{}{}", column.title, arrow(column.shape, sort.reversed)),
                None => column.title.to_owned(),
            };
            let widths = cells.iter().map(|row| paint::width(&row[at].text));
            GridColumn {
                width: widths.fold(paint::width(&title), u16::max),
                title,
                shape: column.shape,
                rank: column.rank,
            }
        };
        Self {
            columns: columns.iter().enumerate().map(grid_column).collect(),
            rows: cells,
        }
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The number of columns.
    pub(super) fn columns(&self) -> usize {
        self.columns.len()
    }

    /// All columns with their widths.
    pub(super) fn whole(&self) -> Fit {
        self.fit(u16::MAX, 0)
    }

    /// Chooses the columns for a width, without `scrolled` columns behind the first one.
    pub(super) fn fit(&self, width: u16, scrolled: usize) -> Fit {
        let mut shown: Vec<usize> = (0..self.columns.len())
            .filter(|at| *at == 0 || *at > scrolled)
            .collect();
        let mut gap = 2;
        let mut is_partial = false;
        while shown.len() > 1 && self.needed(&shown, gap, is_partial) > width {
            if gap == 2 {
                gap = 1;
                continue;
            }
            let is_cut_enough = shown
                .iter()
                .all(|at| self.columns[*at].rank <= ESSENTIAL_RANK)
                && self.needed_at_least(&shown, gap, is_partial) <= width;
            if is_cut_enough {
                break;
            }
            is_partial = true;
            let place = match scrolled {
                0 => self.least_important(&shown),
                _ => shown.len() - 1,
            };
            shown.remove(place);
        }
        if gap == 1 && self.needed(&shown, 2, is_partial) <= width {
            gap = 2;
        }
        Fit {
            columns: self.widths(&shown, gap, is_partial, width),
            gap,
            is_partial,
            is_scrolled: scrolled > 0,
        }
    }

    /// The place of the last of the columns with the largest rank, other than the first column.
    fn least_important(&self, shown: &[usize]) -> usize {
        let ranks = shown.iter().map(|at| self.columns[*at].rank);
        let places = ranks.enumerate().skip(1);
        places
            .max_by_key(|(place, rank)| (*rank, *place))
            .map_or(0, |(place, _)| place)
    }

    /// The width that these columns need, in which no text but the rest is cut.
    fn needed(&self, shown: &[usize], gap: u16, is_partial: bool) -> u16 {
        self.sum(shown, gap, is_partial, |column| match column.shape {
            Shape::Rest(min) => min.min(column.width),
            Shape::Text | Shape::Number => column.width,
        })
    }

    /// The width that they need if texts are cut.
    fn needed_at_least(&self, shown: &[usize], gap: u16, is_partial: bool) -> u16 {
        const SHORTEST_TEXT: u16 = 8;
        self.sum(shown, gap, is_partial, |column| match column.shape {
            Shape::Rest(min) => min.min(column.width),
            Shape::Text => SHORTEST_TEXT.min(column.width),
            Shape::Number => column.width,
        })
    }

    fn sum(
        &self,
        shown: &[usize],
        gap: u16,
        is_partial: bool,
        width: impl Fn(&GridColumn) -> u16,
    ) -> u16 {
        let gaps = gap * u16::try_from(shown.len().saturating_sub(1)).unwrap_or(u16::MAX / 2);
        let mark = if is_partial { 2 } else { 0 };
        shown.iter().fold(gaps + mark, |sum, at| {
            sum.saturating_add(width(&self.columns[*at]))
        })
    }

    /// The widths of the columns: the rest gets what is left, and texts are cut to fit.
    fn widths(&self, shown: &[usize], gap: u16, is_partial: bool, width: u16) -> Vec<(usize, u16)> {
        let needed = self.needed(shown, gap, is_partial);
        let mut spare = width.saturating_sub(needed);
        let mut missing = needed.saturating_sub(width);
        let mut widths = Vec::new();
        for at in shown {
            let column = &self.columns[*at];
            let width = match column.shape {
                Shape::Rest(min) => {
                    let least = min.min(column.width);
                    let extra = (column.width - least).min(spare);
                    spare -= extra;
                    least + extra
                }
                Shape::Text => {
                    let cut = missing.min(column.width.saturating_sub(1));
                    missing -= cut;
                    column.width - cut
                }
                Shape::Number => column.width,
            };
            widths.push((*at, width));
        }
        widths
    }

    /// Draws the titles into the first line of `area` and rows from `first` on below.
    pub(super) fn draw(&self, fit: &Fit, first: usize, area: Rect, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        if area.is_empty() {
            return;
        }
        let titles: Vec<_> = self
            .columns
            .iter()
            .map(|column| Cell::new(&*column.title).style(Style::new().bold()))
            .collect();
        self.draw_row(fit, &titles, area, buffer);
        if fit.is_partial {
            let end = area.right() - 1;
            buffer.set_span(end, area.y, &Span::raw("…"), 1);
        }
        if let (true, Some((_, width))) = (fit.is_scrolled, fit.columns.first()) {
            let x = (area.x + width).min(area.right() - 1);
            buffer.set_span(x, area.y, &Span::raw("…"), 1);
        }
        let lines = area.y + 1..area.bottom();
        for (row, y) in self.rows.iter().skip(first).zip(lines) {
            let line = Rect {
                y,
                height: 1,
                ..area
            };
            self.draw_row(fit, row, line, buffer);
        }
    }

    fn draw_row(&self, fit: &Fit, cells: &[Cell], area: Rect, buffer: &mut Buffer) {
        let mut x = area.x;
        for (at, width) in &fit.columns {
            if x >= area.right() {
                return;
            }
            let width = (*width).min(area.right() - x);
            let cell = &cells[*at];
            let indent = match self.columns[*at].shape {
                Shape::Number => width.saturating_sub(paint::width(&cell.text)),
                Shape::Text | Shape::Rest(_) => 0,
            };
            let span = Span::styled(&*cell.text, cell.style);
            paint::span(buffer, x + indent, area.y, &span, width - indent);
            x += width + fit.gap;
        }
    }
}

impl Fit {
    /// The width of all shown columns.
    pub(super) fn width(&self) -> u16 {
        let gaps = self.gap * u16::try_from(self.columns.len().saturating_sub(1)).unwrap_or(0);
        self.columns
            .iter()
            .fold(gaps, |sum, (_, width)| sum.saturating_add(*width))
    }
}

/// Numbers are sorted downwards, texts upwards, unless the sort is reversed.
fn arrow(shape: Shape, reversed: bool) -> char {
    if (shape == Shape::Number) == reversed {
        '▲'
    } else {
        '▼'
    }
}
