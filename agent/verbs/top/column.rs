//! What a column of a table declares, from which titles, cells, sorting, help and the choice of
//! columns for a width follow.

use std::cmp::Ordering;

use ratatui::style::Style;

/// A column of a table with rows of type `R`.
pub(super) struct Column<R> {
    pub(super) title: &'static str,
    /// What it shows, for the help.
    pub(super) about: &'static str,
    pub(super) shape: Shape,
    /// Where not all columns fit, those with the largest ranks are left out.
    pub(super) rank: u8,
    pub(super) cell: fn(&R) -> Cell,
    pub(super) key: fn(&R) -> SortKey,
}

/// Alignment and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A text, cut only where it does not fit next to the most important columns.
    Text,
    /// A number, aligned to the right and never cut.
    Number,
    /// A text that takes the room which the other columns leave, and no less than this.
    Rest(u16),
}

/// A text with its style.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) style: Style,
}

/// By what a row is sorted. Numbers come with the largest first, texts in their order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum SortKey {
    Number(f64),
    Text(String),
}

/// The order of the rows of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sort {
    /// The index of the column.
    pub(super) column: usize,
    pub(super) reversed: bool,
}

impl Cell {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            style: Style::new(),
        }
    }

    pub(super) fn style(self, style: Style) -> Self {
        Self { style, ..self }
    }
}

impl SortKey {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    #[expect(clippy::cast_precision_loss, reason = "it only decides an order")]
    pub(super) fn count(n: u64) -> Self {
        Self::Number(n as f64)
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => other.total_cmp(one),
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        }
    }
}

impl Sort {
    /// The sort by the next column, and after the last one the order of the pipelines.
    pub(super) fn next(current: Option<Self>, columns: usize) -> Option<Self> {
        let column = current.map_or(0, |sort| sort.column + 1);
        (column < columns).then_some(Self {
            column,
            reversed: false,
        })
    }

    /// The sort by the previous column.
    pub(super) fn previous(current: Option<Self>, columns: usize) -> Option<Self> {
        let column = match current {
            Some(sort) => sort.column.checked_sub(1)?,
            None => columns.checked_sub(1)?,
        };
        Some(Self {
            column,
            reversed: false,
        })
    }

    /// Sorts rows, which keep their order where they are equal.
    pub(super) fn apply<R>(self, columns: &[&Column<R>], rows: &mut [&R]) {
        let Some(column) = columns.get(self.column) else {
            return;
        };
        rows.sort_by(|one, other| {
            let order = (column.key)(one).compare(&(column.key)(other));
            if self.reversed {
                order.reverse()
            } else {
                order
            }
        });
    }
}
