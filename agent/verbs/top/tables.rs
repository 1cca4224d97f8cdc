//! The tables of `top`: stages, queues, and every counter.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use tidegate_runtime::ledger::{EdgeReport, StageReport};

use super::activity::{Activity, Count, EdgeActivity, StageActivity};
use super::grid::Grid;
use crate::verbs::common::quantity::{bytes, grouped, rate};

/// Characters of a bar.
const BAR: u8 = 10;
/// A queue fuller than this, or a sender blocked for a larger share of the time, is shown in red.
const HIGH_LOAD: f64 = 0.8;

const STAGE_TITLES: [&str; 10] = [
    "PIPELINE",
    "STAGE",
    ">IN/s",
    ">OUT/s",
    ">ABSORBED/s",
    ">FILTERED/s",
    ">DROPPED/s",
    ">UNCONFIRMED",
    ">IN FLIGHT",
    "DROPS",
];
const EDGE_TITLES: [&str; 10] = [
    "PIPELINE",
    "QUEUE OF",
    "RECORDS",
    ">HELD",
    ">OF",
    "BYTES",
    ">HELD",
    ">OF",
    ">BLOCKED",
    "WHEN FULL",
];
const COUNTER_TITLES: [&str; 6] = ["PIPELINE", "STAGE", "WHAT", "BY", ">TOTAL", ">PER SECOND"];

/// The table of stages above that of queues.
pub(super) fn stages_and_edges(activity: &Activity) -> Buffer {
    let stages = stages(activity);
    let edges = edges(activity);
    let (width, height) = stages.size();
    let (edges_width, edges_height) = edges.size();
    let mut buffer = Buffer::empty(Rect::new(
        0,
        0,
        width.max(edges_width),
        height + 1 + edges_height,
    ));
    stages.draw(&mut buffer, 0);
    edges.draw(&mut buffer, height + 1);
    buffer
}

/// A table with every counter of every stage.
pub(super) fn counters(activity: &Activity) -> Buffer {
    let mut grid = Grid::new(&COUNTER_TITLES);
    for (report, stage) in activity.now.report.stages.iter().zip(&activity.stages) {
        add_counters(&mut grid, report, stage);
    }
    let (width, height) = grid.size();
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    grid.draw(&mut buffer, 0);
    buffer
}

fn stages(activity: &Activity) -> Grid {
    let mut grid = Grid::new(&STAGE_TITLES);
    for (report, stage) in activity.now.report.stages.iter().zip(&activity.stages) {
        add_stage(&mut grid, report, stage);
    }
    grid
}

fn add_stage(grid: &mut Grid, report: &StageReport<String>, stage: &StageActivity) {
    let plain = match report.ended {
        true => Style::new().dim(),
        false => Style::new(),
    };
    let dropped = StageActivity::total_rate(&stage.dropped);
    let loss = if dropped > 0.0 {
        Style::new().red()
    } else {
        plain
    };
    let unconfirmed = if report.unconfirmed > 0 {
        plain.yellow()
    } else {
        plain
    };
    grid.row([
        (report.pipeline.clone(), plain.dim()),
        (name(report), plain),
        (rate(stage.r#in), plain),
        (rate(stage.out), plain),
        (rate(stage.absorbed), plain),
        (rate(StageActivity::total_rate(&stage.filtered)), plain),
        (rate(dropped), loss),
        (total(report.unconfirmed), unconfirmed),
        (grouped(report.in_flight), plain),
        (counts_text(&stage.dropped), loss),
    ]);
}

fn edges(activity: &Activity) -> Grid {
    let mut grid = Grid::new(&EDGE_TITLES);
    for (report, edge) in activity.now.report.edges.iter().zip(&activity.edges) {
        add_edge(&mut grid, report, edge);
    }
    grid
}

fn add_edge(grid: &mut Grid, report: &EdgeReport, edge: &EdgeActivity) {
    let plain = Style::new();
    let blocked = if edge.blocked > HIGH_LOAD {
        plain.red()
    } else {
        plain
    };
    let policy = serde_json::to_value(report.when_full)
        .ok()
        .and_then(|value| Some(value.as_str()?.to_owned()));
    grid.row([
        (report.pipeline.clone(), plain.dim()),
        (report.stage.to_string(), plain),
        (bar(edge.records), fill(edge.records)),
        (grouped(report.queue_records), plain),
        (grouped(report.max_records), plain.dim()),
        (bar(edge.bytes), fill(edge.bytes)),
        (bytes(report.queue_bytes), plain),
        (bytes(report.max_bytes), plain.dim()),
        (percent(edge.blocked), blocked),
        (policy.unwrap_or_default(), plain.dim()),
    ]);
}

fn add_counters(grid: &mut Grid, report: &StageReport<String>, stage: &StageActivity) {
    let mut add = |what: &str, count: &Count, style: Style| {
        grid.row([
            (report.pipeline.clone(), Style::new().dim()),
            (name(report), Style::new()),
            (what.to_owned(), style),
            (count.name.clone(), style),
            (grouped(count.total), style),
            (rate(count.rate), style),
        ]);
    };
    for count in &stage.dropped {
        let style = if count.rate > 0.0 {
            Style::new().red()
        } else {
            Style::new()
        };
        add("dropped", count, style);
    }
    for (what, counts) in [("filtered", &stage.filtered), ("noted", &stage.noted)] {
        counts
            .iter()
            .for_each(|count| add(what, count, Style::new()));
    }
    if report.unconfirmed > 0 {
        let count = Count {
            name: String::new(),
            total: report.unconfirmed,
            rate: stage.unconfirmed,
        };
        add("unconfirmed", &count, Style::new().yellow());
    }
}

fn name(report: &StageReport<String>) -> String {
    if report.ended {
        format!("{} (ended)", report.stage)
    } else {
        report.stage.to_string()
    }
}

fn total(n: u64) -> String {
    if n == 0 { "-".to_owned() } else { grouped(n) }
}

/// The counters as text: `queue_full 1,204 (12/s), ...`.
pub(super) fn counts_text(counts: &[Count]) -> String {
    let text = |count: &Count| match count.rate > 0.0 {
        true => format!(
            "{} {} ({}/s)",
            count.name,
            grouped(count.total),
            rate(count.rate)
        ),
        false => format!("{} {}", count.name, grouped(count.total)),
    };
    counts.iter().map(text).collect::<Vec<_>>().join(", ")
}

fn bar(share: f64) -> String {
    (0..BAR)
        .map(|at| {
            if share * f64::from(BAR) > f64::from(at) {
                '█'
            } else {
                '·'
            }
        })
        .collect()
}

fn percent(share: f64) -> String {
    if share < 0.005 {
        "-".to_owned()
    } else {
        format!("{:.0} %", share * 100.0)
    }
}

fn fill(share: f64) -> Style {
    if share > HIGH_LOAD {
        Style::new().red()
    } else {
        Style::new().green()
    }
}
