//! The screen of `top`: lines about the agent, a table of its stages, and a table of its queues.
//! The same content is drawn on a terminal and printed as text.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Stylize as _;
use ratatui::text::{Line, Span};

use super::activity::Activity;
use super::screen_state::ScreenState;
use super::tables::{counters, counts_text, stages_and_edges};
use crate::verbs::common::quantity::{duration, grouped};

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
            counters(activity)
        } else {
            stages_and_edges(activity)
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
    let body = stages_and_edges(activity);
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

/// The lines about the agent, and an empty one.
fn about(address: &str, activity: &Activity) -> Vec<Line<'static>> {
    let report = &activity.now.report;
    let period = match activity.since_start {
        true => "rates since its start".to_owned(),
        false => format!("rates over {:.1}s", activity.seconds),
    };
    let version = &activity.now.version;
    let uptime = duration(report.uptime_seconds);
    let agent = format!("tidegate {version} at {address}, up {uptime}, {period}");
    let mut lines = vec![Line::raw(agent).bold(), Line::from(summary(activity))];
    let degraded = activity.now.degraded.iter();
    lines.extend(
        degraded.map(|(stage, why)| Line::raw(format!("{stage} DEGRADED: {why}")).red().bold()),
    );
    lines.push(Line::default());
    lines
}

/// Balance, losses before the socket, and connections.
fn summary(activity: &Activity) -> Vec<Span<'static>> {
    let report = &activity.now.report;
    let balance = match report.balanced {
        true => Span::raw("the ledger balances"),
        false => Span::raw("THE LEDGER DOES NOT BALANCE").red().bold(),
    };
    let unaccounted = Span::raw(format!("; unaccounted {}", grouped(report.unaccounted)));
    let unaccounted = match report.unaccounted {
        0 => unaccounted,
        _ => unaccounted.red().bold(),
    };
    let lost = match activity.upstream_lost.is_empty() {
        true => Span::raw("0"),
        false => Span::raw(counts_text(&activity.upstream_lost)).yellow(),
    };
    let mut spans = vec![
        balance,
        unaccounted,
        Span::raw("; lost upstream at least "),
        lost,
    ];
    for (stage, connected) in &activity.now.connected {
        spans.push(Span::raw(format!("; {stage} ")));
        spans.push(match *connected {
            true => Span::raw("connected").green(),
            false => Span::raw("NOT CONNECTED").red().bold(),
        });
    }
    spans
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
