//! The table of stages.

use ratatui::style::Style;

use super::activity::{Count, StageActivity, total_rate};
use super::column::{Cell, Column, Shape, SortKey};
use super::queues::fill_style;
use super::units;
use crate::verbs::common::quantity::{grouped, rate};

/// The pipeline, which is shown if there are several.
pub(super) const PIPELINE: Column<StageActivity> = Column {
    title: "PIPELINE",
    about: "the pipeline",
    shape: Shape::Text,
    rank: 1,
    cell: |stage| Cell::new(&*stage.report.pipeline).style(Style::new().dim()),
    key: |stage| SortKey::text(&stage.report.pipeline),
};

pub(super) const COLUMNS: [Column<StageActivity>; 13] = [
    Column {
        title: "STAGE",
        about: "the stage; `ended` if a reload has removed it",
        shape: Shape::Text,
        rank: 0,
        cell: |stage| Cell::new(name(stage)).style(style(stage)),
        key: |stage| SortKey::text(stage.report.stage.as_str()),
    },
    Column {
        title: "IN/s",
        about: "records that it received or created",
        shape: Shape::Number,
        rank: 0,
        cell: |stage| Cell::new(rate(stage.r#in)).style(style(stage)),
        key: |stage| SortKey::Number(stage.r#in),
    },
    Column {
        title: "OUT/s",
        about: "records that it passed on or, in an exporter, delivered",
        shape: Shape::Number,
        rank: 1,
        cell: |stage| Cell::new(rate(stage.out + stage.absorbed)).style(style(stage)),
        key: |stage| SortKey::Number(stage.out + stage.absorbed),
    },
    Column {
        title: "FILTERED/s",
        about: "records removed as configured",
        shape: Shape::Number,
        rank: 3,
        cell: |stage| Cell::new(rate(total_rate(&stage.filtered))).style(style(stage)),
        key: |stage| SortKey::Number(total_rate(&stage.filtered)),
    },
    Column {
        title: "DROPPED/s",
        about: "records lost; red while there are any",
        shape: Shape::Number,
        rank: 1,
        cell: |stage| Cell::new(rate(total_rate(&stage.dropped))).style(loss_style(stage)),
        key: |stage| SortKey::Number(total_rate(&stage.dropped)),
    },
    Column {
        title: "BYTES/s",
        about: "bytes that a receiver reads or an exporter delivers",
        shape: Shape::Number,
        rank: 2,
        cell: |stage| {
            Cell::new(stage.bytes.map_or_else(String::new, units::bytes)).style(style(stage))
        },
        key: |stage| SortKey::Number(stage.bytes.unwrap_or(0.0)),
    },
    Column {
        title: "QUEUE",
        about: "how full its inbox is, by records or by bytes",
        shape: Shape::Number,
        rank: 2,
        cell: |stage| match &stage.queue {
            Some(queue) => Cell::new(units::percent(queue.fill)).style(fill_style(queue.fill)),
            None => Cell::new(""),
        },
        key: |stage| SortKey::Number(stage.queue.as_ref().map_or(-1.0, |queue| queue.fill)),
    },
    Column {
        title: "PEAK",
        about: "how full its inbox was at most since the start of the agent",
        shape: Shape::Number,
        rank: 5,
        cell: |stage| match &stage.queue {
            Some(queue) => Cell::new(units::percent(queue.peak)),
            None => Cell::new(""),
        },
        key: |stage| SortKey::Number(stage.queue.as_ref().map_or(-1.0, |queue| queue.peak)),
    },
    Column {
        title: "IN FLIGHT",
        about: "records in the stage and its inbox",
        shape: Shape::Number,
        rank: 4,
        cell: |stage| Cell::new(grouped(stage.report.in_flight)).style(style(stage)),
        key: |stage| SortKey::count(stage.report.in_flight),
    },
    Column {
        title: "UNCONFIRMED",
        about: "records that a peer may or may not have, since the start",
        shape: Shape::Number,
        rank: 6,
        cell: |stage| {
            let style = match stage.report.unconfirmed {
                0 => style(stage),
                _ => Style::new().yellow(),
            };
            Cell::new(units::total(stage.report.unconfirmed)).style(style)
        },
        key: |stage| SortKey::count(stage.report.unconfirmed),
    },
    Column {
        title: "BLOCKED",
        about: "share of the time that senders waited for room in its inbox",
        shape: Shape::Number,
        rank: 7,
        cell: |stage| match &stage.queue {
            Some(queue) => Cell::new(units::percent(queue.blocked)),
            None => Cell::new(""),
        },
        key: |stage| SortKey::Number(stage.queue.as_ref().map_or(-1.0, |queue| queue.blocked)),
    },
    Column {
        title: "TOTAL IN",
        about: "records that it received or created since the start",
        shape: Shape::Number,
        rank: 8,
        cell: |stage| Cell::new(units::total(stage.report.r#in)).style(style(stage)),
        key: |stage| SortKey::count(stage.report.r#in),
    },
    Column {
        title: "WHY",
        about: "dropped and filtered records by reason and rule, since the start",
        shape: Shape::Rest(12),
        rank: 5,
        cell: |stage| Cell::new(reasons(stage)).style(loss_style(stage)),
        key: |stage| SortKey::text(&reasons(stage)),
    },
];

fn name(stage: &StageActivity) -> String {
    if stage.report.ended {
        format!("{} (ended)", stage.report.stage)
    } else {
        stage.report.stage.to_string()
    }
}

fn style(stage: &StageActivity) -> Style {
    if stage.report.ended {
        Style::new().dim()
    } else {
        Style::new()
    }
}

fn loss_style(stage: &StageActivity) -> Style {
    if total_rate(&stage.dropped) > 0.0 {
        Style::new().red()
    } else {
        style(stage)
    }
}

/// Drops, then filtered records, each with the largest first.
fn reasons(stage: &StageActivity) -> String {
    let largest_first = |counts: &[Count]| {
        let mut counts = counts.to_vec();
        counts.sort_by(|one, other| {
            let by_rate = other.rate.total_cmp(&one.rate);
            by_rate.then(other.total.cmp(&one.total))
        });
        counts
    };
    let dropped = largest_first(&stage.dropped)
        .into_iter()
        .map(|count| text(&count, &count.name));
    let filtered = largest_first(&stage.filtered)
        .into_iter()
        .map(|count| text(&count, &format!("filtered {}", count.name)));
    dropped.chain(filtered).collect::<Vec<_>>().join(", ")
}

/// A counter as text: `queue_full 1,204 (12/s)`.
fn text(count: &Count, name: &str) -> String {
    match count.rate > 0.0 {
        true => format!("{name} {} ({}/s)", grouped(count.total), rate(count.rate)),
        false => format!("{name} {}", grouped(count.total)),
    }
}
