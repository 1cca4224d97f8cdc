//! The screen of `top`: lines about the agent, a table of its stages, and a table of its queues. The
//! same content is drawn on a terminal and printed as text.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Style, Stylize as _};
use ratatui::text::{Line, Span};
use tidegate_runtime::ledger::StageReport;

use super::activity::{Activity, Count, EdgeActivity, StageActivity};
use super::grid::Grid;
use super::screen_state::ScreenState;
use crate::verbs::common::quantity::{bytes, duration, grouped, rate};

/// Characters of a bar.
const BAR: u8 = 10;
/// A queue fuller than this, or a sender blocked for a larger share of the time, is shown in red.
const HIGH_LOAD: f64 = 0.8;

/// Draws the screen.
pub(super) fn draw(frame: &mut Frame<'_>, address: &str, state: &mut ScreenState) {
    let lines = state
        .activity()
        .map_or_else(Vec::new, |activity| about(address, activity));
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).max(3);
    let [head, middle, foot] = Layout::vertical([
        Constraint::Length(height),
        Constraint::Min(0),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    for (line, y) in lines.iter().zip(head.y..head.bottom()) {
        frame.buffer_mut().set_line(head.x, y, line, head.width);
    }
    if let Some(activity) = state.activity() {
        let body = if state.details {
            details(activity)
        } else {
            tables(activity)
        };
        state.limit_scroll(
            body.area.width.saturating_sub(middle.width),
            body.area.height.saturating_sub(middle.height),
        );
        copy_visible(&body, state.scroll, middle, frame.buffer_mut());
    }
    frame
        .buffer_mut()
        .set_line(foot.x, foot.y, &keys(state), foot.width);
}

/// The content of the screen as text.
pub(super) fn text(address: &str, activity: &Activity) -> String {
    let head: Vec<_> = about(address, activity)
        .iter()
        .map(ToString::to_string)
        .collect();
    let body = tables(activity);
    let line = |y| {
        (0..body.area.width)
            .filter_map(|x| body.cell((x, y)))
            .map(|cell| cell.symbol())
            .collect::<String>()
    };
    let lines = head.into_iter().chain((0..body.area.height).map(line));
    lines
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

/// Copies the visible part of `body`.
fn copy_visible(body: &Buffer, (x, y): (u16, u16), area: Rect, onto: &mut Buffer) {
    for (from, to) in (y..).zip(area.y..area.bottom()) {
        for (column, at) in (x..).zip(area.x..area.right()) {
            if let (Some(cell), Some(place)) = (body.cell((column, from)), onto.cell_mut((at, to)))
            {
                *place = cell.clone();
            }
        }
    }
}

fn about(address: &str, activity: &Activity) -> Vec<Line<'static>> {
    let report = &activity.now.report;
    let over = match activity.since_start {
        true => "rates since its start".to_owned(),
        false => format!("rates over {:.1}s", activity.seconds),
    };
    let agent = format!(
        "tidegate {} at {address}, up {}, {over}",
        activity.now.version,
        duration(report.uptime_seconds)
    );
    let mut state = vec![match report.balanced {
        true => Span::raw("the ledger balances"),
        false => Span::raw("THE LEDGER DOES NOT BALANCE").red().bold(),
    }];
    let unaccounted = Span::raw(format!("; unaccounted {}", grouped(report.unaccounted)));
    state.push(if report.unaccounted == 0 {
        unaccounted
    } else {
        unaccounted.red().bold()
    });
    state.push(Span::raw("; lost upstream at least "));
    state.push(match activity.upstream_lost.is_empty() {
        true => Span::raw("0"),
        false => Span::raw(named(&activity.upstream_lost)).yellow(),
    });
    for (stage, connected) in &activity.now.connected {
        state.push(Span::raw(format!("; {stage} ")));
        state.push(if *connected {
            Span::raw("connected").green()
        } else {
            Span::raw("NOT CONNECTED").red().bold()
        });
    }
    let mut lines = vec![Line::raw(agent).bold(), Line::from(state)];
    let degraded = activity.now.degraded.iter();
    lines.extend(
        degraded.map(|(stage, why)| Line::raw(format!("{stage} DEGRADED: {why}")).red().bold()),
    );
    lines.push(Line::default());
    lines
}

/// The table of stages above that of queues.
fn tables(activity: &Activity) -> Buffer {
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

fn stages(activity: &Activity) -> Grid {
    let titles = [
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
    let mut grid = Grid::new(&titles);
    for (report, stage) in activity.now.report.stages.iter().zip(&activity.stages) {
        let plain = if report.ended {
            Style::new().dim()
        } else {
            Style::new()
        };
        let dropped = StageActivity::total_rate(&stage.dropped);
        let loss = if dropped > 0.0 {
            Style::new().red()
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
            (
                total(report.unconfirmed),
                if report.unconfirmed > 0 {
                    plain.yellow()
                } else {
                    plain
                },
            ),
            (grouped(report.in_flight), plain),
            (named(&stage.dropped), loss),
        ]);
    }
    grid
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

/// `queue_full 1,204 (12/s), ...`
fn named(counts: &[Count]) -> String {
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

fn edges(activity: &Activity) -> Grid {
    let titles = [
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
    let mut grid = Grid::new(&titles);
    for (report, edge) in activity.now.report.edges.iter().zip(&activity.edges) {
        let EdgeActivity {
            records,
            bytes: share,
            blocked,
        } = *edge;
        let plain = Style::new();
        let policy = serde_json::to_value(report.when_full)
            .ok()
            .and_then(|value| Some(value.as_str()?.to_owned()));
        grid.row([
            (report.pipeline.clone(), plain.dim()),
            (report.stage.to_string(), plain),
            (bar(records), fill(records)),
            (grouped(report.queue_records), plain),
            (grouped(report.max_records), plain.dim()),
            (bar(share), fill(share)),
            (bytes(report.queue_bytes), plain),
            (bytes(report.max_bytes), plain.dim()),
            (
                percent(blocked),
                if blocked > HIGH_LOAD {
                    plain.red()
                } else {
                    plain
                },
            ),
            (policy.unwrap_or_default(), plain.dim()),
        ]);
    }
    grid
}

/// A table with every counter of every stage.
fn details(activity: &Activity) -> Buffer {
    let mut grid = Grid::new(&["PIPELINE", "STAGE", "WHAT", "BY", ">TOTAL", ">PER SECOND"]);
    for (report, stage) in activity.now.report.stages.iter().zip(&activity.stages) {
        let kinds = [
            ("dropped", &stage.dropped),
            ("filtered", &stage.filtered),
            ("noted", &stage.noted),
        ];
        for (what, count) in kinds
            .into_iter()
            .flat_map(|(what, counts)| counts.iter().map(move |one| (what, one)))
        {
            let style = if what == "dropped" && count.rate > 0.0 {
                Style::new().red()
            } else {
                Style::new()
            };
            grid.row([
                (report.pipeline.clone(), Style::new().dim()),
                (name(report), Style::new()),
                (what.to_owned(), style),
                (count.name.clone(), style),
                (grouped(count.total), style),
                (rate(count.rate), style),
            ]);
        }
        if report.unconfirmed > 0 {
            let style = Style::new().yellow();
            grid.row([
                (report.pipeline.clone(), Style::new().dim()),
                (name(report), Style::new()),
                ("unconfirmed".to_owned(), style),
                (String::new(), style),
                (grouped(report.unconfirmed), style),
                (rate(stage.unconfirmed), style),
            ]);
        }
    }
    let (width, height) = grid.size();
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    grid.draw(&mut buffer, 0);
    buffer
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

fn keys(state: &ScreenState) -> Line<'static> {
    let details = if state.details {
        "d stages and queues"
    } else {
        "d drops in detail"
    };
    let pause = if state.paused { "p resume" } else { "p pause" };
    let mut line = Line::raw(format!("q quit   arrows scroll   {details}   {pause}")).dim();
    if state.paused {
        line.push_span(Span::raw("   PAUSED").yellow().bold());
    }
    if let Some(error) = &state.error {
        line = Line::raw(error.clone()).red().bold();
    }
    line
}
