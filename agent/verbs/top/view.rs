//! The tables that the screen can show, and which rows and columns of them.

use super::activity::Activity;
use super::column::{Column, Sort};
use super::grid::Grid;
use super::{counters, queues, stages};

/// A table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum View {
    #[default]
    Stages,
    Queues,
    Counters,
}

/// The rows that are shown, and their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    pub(super) sort: Option<Sort>,
    /// A part of the name of the pipeline or the stage.
    pub(super) filter: String,
}

impl View {
    pub(super) const ALL: [Self; 3] = [Self::Stages, Self::Queues, Self::Counters];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Stages => "stages",
            Self::Queues => "queues",
            Self::Counters => "counters",
        }
    }

    /// The view that follows by `steps`.
    pub(super) fn after(self, steps: usize) -> Self {
        let at = Self::ALL.iter().position(|view| *view == self).unwrap_or(0);
        Self::ALL[(at + steps) % Self::ALL.len()]
    }

    /// The table.
    pub(super) fn grid(self, activity: &Activity, selection: &Selection) -> Grid {
        let pipelines = activity.pipelines().len() > 1;
        match self {
            Self::Stages => grid(
                &columns(&stages::COLUMNS, pipelines.then_some(&stages::PIPELINE)),
                &activity.stages,
                |stage| [&stage.report.pipeline, stage.report.stage.as_str()],
                selection,
            ),
            Self::Queues => grid(
                &columns(&queues::COLUMNS, pipelines.then_some(&queues::PIPELINE)),
                &activity.queues,
                |queue| [&queue.report.pipeline, queue.report.stage.as_str()],
                selection,
            ),
            Self::Counters => grid(
                &columns(&counters::COLUMNS, pipelines.then_some(&counters::PIPELINE)),
                &counters::rows(activity),
                |counter| [&counter.pipeline, &counter.stage],
                selection,
            ),
        }
    }

    /// Titles and explanations of the columns.
    pub(super) fn columns(self, activity: Option<&Activity>) -> Vec<(&'static str, &'static str)> {
        let pipelines = activity.is_some_and(|activity| activity.pipelines().len() > 1);
        match self {
            Self::Stages => about(&columns(
                &stages::COLUMNS,
                pipelines.then_some(&stages::PIPELINE),
            )),
            Self::Queues => about(&columns(
                &queues::COLUMNS,
                pipelines.then_some(&queues::PIPELINE),
            )),
            Self::Counters => about(&columns(
                &counters::COLUMNS,
                pipelines.then_some(&counters::PIPELINE),
            )),
        }
    }
}

/// The columns of a table, with that of the pipeline behind the first.
fn columns<'a, R>(all: &'a [Column<R>], pipeline: Option<&'a Column<R>>) -> Vec<&'a Column<R>> {
    let mut columns: Vec<_> = all.iter().collect();
    if let Some(pipeline) = pipeline {
        columns.insert(1, pipeline);
    }
    columns
}

fn about<R>(columns: &[&Column<R>]) -> Vec<(&'static str, &'static str)> {
    columns
        .iter()
        .map(|column| (column.title, column.about))
        .collect()
}

/// The table of the selected rows.
fn grid<R>(
    columns: &[&Column<R>],
    rows: &[R],
    names: impl Fn(&R) -> [&str; 2],
    selection: &Selection,
) -> Grid {
    let is_selected = |row: &&R| {
        let names = names(row);
        names.iter().any(|name| name.contains(&selection.filter))
    };
    let mut rows: Vec<&R> = rows.iter().filter(is_selected).collect();
    if let Some(sort) = selection.sort {
        sort.apply(columns, &mut rows);
    }
    Grid::new(columns, &rows, selection.sort)
}
