//! The table of queues.

use ratatui::style::Style;

use super::activity::QueueActivity;
use super::column::{Cell, Column, Shape, SortKey};
use super::units;
use crate::verbs::common::quantity::{bytes, grouped};

/// A queue fuller than this, or a sender blocked for a larger share of the time, is shown in red.
const HIGH_LOAD: f64 = 0.8;

/// The pipelines, which are shown if there are several.
pub(super) const PIPELINE: Column<QueueActivity> = Column {
    title: "PIPELINE",
    about: "the pipelines that feed it",
    shape: Shape::Text,
    rank: 1,
    cell: |queue| Cell::new(&*queue.report.pipeline).style(Style::new().dim()),
    key: |queue| SortKey::text(&queue.report.pipeline),
};

pub(super) const COLUMNS: [Column<QueueActivity>; 11] = [
    Column {
        title: "QUEUE OF",
        about: "the stage whose inbox it is",
        shape: Shape::Text,
        rank: 0,
        cell: |queue| Cell::new(queue.report.stage.as_str()),
        key: |queue| SortKey::text(queue.report.stage.as_str()),
    },
    Column {
        title: "FILL",
        about: "how full it is, by records or by bytes",
        shape: Shape::Text,
        rank: 6,
        cell: |queue| Cell::new(bar(queue.fill)).style(fill_style(queue.fill)),
        key: |queue| SortKey::Number(queue.fill),
    },
    Column {
        title: "FULL",
        about: "the same as a percentage",
        shape: Shape::Number,
        rank: 0,
        cell: |queue| Cell::new(units::percent(queue.fill)).style(fill_style(queue.fill)),
        key: |queue| SortKey::Number(queue.fill),
    },
    Column {
        title: "PEAK",
        about: "how full it was at most since the start of the agent",
        shape: Shape::Number,
        rank: 1,
        cell: |queue| Cell::new(units::percent(queue.peak)).style(fill_style(queue.peak)),
        key: |queue| SortKey::Number(queue.peak),
    },
    Column {
        title: "BLOCKED",
        about: "share of the time that senders waited for room",
        shape: Shape::Number,
        rank: 1,
        cell: |queue| {
            let style = match queue.blocked > HIGH_LOAD {
                true => Style::new().red(),
                false => Style::new(),
            };
            Cell::new(units::percent(queue.blocked)).style(style)
        },
        key: |queue| SortKey::Number(queue.blocked),
    },
    Column {
        title: "RECORDS",
        about: "records in it",
        shape: Shape::Number,
        rank: 2,
        cell: |queue| Cell::new(grouped(queue.report.queue_records)),
        key: |queue| SortKey::count(queue.report.queue_records),
    },
    Column {
        title: "OF",
        about: "the limit of records",
        shape: Shape::Number,
        rank: 4,
        cell: |queue| Cell::new(grouped(queue.report.max_records)).style(Style::new().dim()),
        key: |queue| SortKey::count(queue.report.max_records),
    },
    Column {
        title: "BYTES",
        about: "the memory of the records in it",
        shape: Shape::Number,
        rank: 3,
        cell: |queue| Cell::new(bytes(queue.report.queue_bytes)),
        key: |queue| SortKey::count(queue.report.queue_bytes),
    },
    Column {
        title: "OF",
        about: "the limit of bytes",
        shape: Shape::Number,
        rank: 4,
        cell: |queue| Cell::new(bytes(queue.report.max_bytes)).style(Style::new().dim()),
        key: |queue| SortKey::count(queue.report.max_bytes),
    },
    Column {
        title: "SERIES",
        about: "metric series with a queued point",
        shape: Shape::Number,
        rank: 5,
        cell: |queue| Cell::new(units::total(queue.report.queue_series)),
        key: |queue| SortKey::count(queue.report.queue_series),
    },
    Column {
        title: "WHEN FULL",
        about: "what happens to records that do not fit",
        shape: Shape::Text,
        rank: 3,
        cell: |queue| Cell::new(policy(queue)).style(Style::new().dim()),
        key: |queue| SortKey::Text(policy(queue)),
    },
];

/// The style of a share of a queue.
pub(super) fn fill_style(share: f64) -> Style {
    if share > HIGH_LOAD {
        Style::new().red()
    } else {
        Style::new()
    }
}

/// The value of `when_full`.
fn policy(queue: &QueueActivity) -> String {
    let value = serde_json::to_value(queue.report.when_full).ok();
    let text = value.and_then(|value| Some(value.as_str()?.to_owned()));
    text.unwrap_or_default()
}

fn bar(share: f64) -> String {
    const LENGTH: u8 = 10;
    (0..LENGTH)
        .map(|at| match share * f64::from(LENGTH) > f64::from(at) {
            true => '█',
            false => '·',
        })
        .collect()
}
