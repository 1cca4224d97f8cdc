//! The table of sums over all pipelines: a row with rates, and one with totals since the start.

use ratatui::style::Style;

use super::activity::{Count, Totals};
use super::column::{Cell, Column, Shape, SortKey};
use super::units;
use crate::verbs::common::quantity::{bytes, rate};

/// A row of the table.
pub(super) struct TotalsRow {
    totals: Totals,
    is_rate: bool,
}

/// The columns. They are never sorted.
pub(super) const COLUMNS: [Column<TotalsRow>; 9] = [
    Column {
        shape: Shape::Text,
        ..column("ALL", "rates, and sums since the start", 0, |row| {
            Cell::new(if row.is_rate { "per s" } else { "total" }).style(Style::new().dim())
        })
    },
    column("READ", "records that receivers read", 0, |row| {
        row.records(&row.totals.read)
    }),
    column("FILTERED", "records removed as configured", 2, |row| {
        row.records(&row.totals.filtered)
    }),
    column("DROPPED", "records lost", 0, |row| {
        row.records(&row.totals.dropped)
            .style(row.style(&row.totals.dropped, Style::new().red()))
    }),
    column("DELIVERED", "records that exporters delivered", 1, |row| {
        row.records(&row.totals.delivered)
    }),
    column(
        "UNCONFIRMED",
        "records that a peer may or may not have",
        4,
        |row| {
            row.records(&row.totals.unconfirmed)
                .style(row.style(&row.totals.unconfirmed, Style::new().yellow()))
        },
    ),
    column(
        "LOST UPSTREAM",
        "events that Cilium reported as lost before the agent read them; there may be more",
        1,
        |row| {
            row.records(&row.totals.upstream_lost)
                .style(row.style(&row.totals.upstream_lost, Style::new().yellow()))
        },
    ),
    column("BYTES IN", "bytes that receivers read", 3, |row| {
        row.bytes(&row.totals.bytes_in)
    }),
    column("BYTES OUT", "bytes that exporters delivered", 3, |row| {
        row.bytes(&row.totals.bytes_out)
    }),
];

const fn column(
    title: &'static str,
    about: &'static str,
    rank: u8,
    cell: fn(&TotalsRow) -> Cell,
) -> Column<TotalsRow> {
    Column {
        title,
        about,
        shape: Shape::Number,
        rank,
        cell,
        key: |_| SortKey::Number(0.0),
    }
}

/// The rows of the table.
pub(super) fn rows(totals: &Totals) -> [TotalsRow; 2] {
    [true, false].map(|is_rate| TotalsRow {
        totals: totals.clone(),
        is_rate,
    })
}

impl TotalsRow {
    fn records(&self, count: &Count) -> Cell {
        Cell::new(match self.is_rate {
            true => rate(count.rate),
            false => units::total(count.total),
        })
    }

    fn bytes(&self, count: &Count) -> Cell {
        Cell::new(match self.is_rate {
            true => units::bytes(count.rate),
            false => bytes(count.total),
        })
    }

    /// `warning` for what increases.
    fn style(&self, count: &Count, warning: Style) -> Style {
        match self.is_rate && count.rate > 0.0 {
            true => warning,
            false => Style::new(),
        }
    }
}
