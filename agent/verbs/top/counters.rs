//! The table of every counter of every stage.

use ratatui::style::Style;

use super::activity::{Activity, Count, StageActivity};
use super::column::{Cell, Column, Shape, SortKey};
use crate::verbs::common::quantity::{grouped, rate};

/// A counter of a stage.
pub(super) struct Counter {
    pub(super) pipeline: String,
    pub(super) stage: String,
    what: &'static str,
    count: Count,
}

/// The pipeline, which is shown if there are several.
pub(super) const PIPELINE: Column<Counter> = Column {
    title: "PIPELINE",
    about: "the pipeline",
    shape: Shape::Text,
    rank: 1,
    cell: |counter| Cell::new(&*counter.pipeline).style(Style::new().dim()),
    key: |counter| SortKey::text(&counter.pipeline),
};

pub(super) const COLUMNS: [Column<Counter>; 5] = [
    Column {
        title: "STAGE",
        about: "the stage",
        shape: Shape::Text,
        rank: 0,
        cell: |counter| Cell::new(&*counter.stage),
        key: |counter| SortKey::text(&counter.stage),
    },
    Column {
        title: "WHAT",
        about: "dropped, filtered, unconfirmed, or noted, which is no outcome of a record",
        shape: Shape::Text,
        rank: 1,
        cell: |counter| Cell::new(counter.what).style(counter.style()),
        key: |counter| SortKey::text(counter.what),
    },
    Column {
        title: "BY",
        about: "the reason, the rule or the note",
        shape: Shape::Text,
        rank: 1,
        cell: |counter| Cell::new(&*counter.count.name).style(counter.style()),
        key: |counter| SortKey::text(&counter.count.name),
    },
    Column {
        title: "TOTAL",
        about: "since the start",
        shape: Shape::Number,
        rank: 1,
        cell: |counter| Cell::new(grouped(counter.count.total)).style(counter.style()),
        key: |counter| SortKey::count(counter.count.total),
    },
    Column {
        title: "PER SECOND",
        about: "the rate",
        shape: Shape::Number,
        rank: 1,
        cell: |counter| Cell::new(rate(counter.count.rate)).style(counter.style()),
        key: |counter| SortKey::Number(counter.count.rate),
    },
];

/// All counters that are not 0.
pub(super) fn rows(activity: &Activity) -> Vec<Counter> {
    activity.stages.iter().flat_map(rows_of).collect()
}

fn rows_of(stage: &StageActivity) -> Vec<Counter> {
    let unconfirmed = [Count {
        name: String::new(),
        total: stage.report.unconfirmed,
        rate: stage.unconfirmed,
    }];
    let groups: [(&str, &[Count]); 4] = [
        ("dropped", &stage.dropped),
        ("filtered", &stage.filtered),
        ("noted", &stage.noted),
        ("unconfirmed", &unconfirmed),
    ];
    let counts = groups
        .into_iter()
        .flat_map(|(what, counts)| counts.iter().map(move |count| (what, count)));
    counts
        .filter(|(_, count)| count.total > 0)
        .map(|(what, count)| Counter {
            pipeline: stage.report.pipeline.clone(),
            stage: stage.report.stage.to_string(),
            what,
            count: count.clone(),
        })
        .collect()
}

impl Counter {
    fn style(&self) -> Style {
        match self.what {
            "dropped" if self.count.rate > 0.0 => Style::new().red(),
            "unconfirmed" => Style::new().yellow(),
            _ => Style::new(),
        }
    }
}
