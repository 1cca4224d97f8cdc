//! The lines about the agent.

use std::time::{Duration, Instant};

use ratatui::style::Stylize as _;
use ratatui::text::{Line, Span};

use super::activity::Activity;
use super::state::ScreenState;
use super::units;
use crate::verbs::common::quantity::{bytes, duration, grouped};

/// Degraded stages that are shown.
const MAX_DEGRADED: usize = 3;

/// The state of the screen that the lines depend on.
pub(super) struct Watching<'a> {
    /// The agent's address.
    pub(super) address: &'a str,
    /// For how long it has not answered, and why.
    pub(super) silence: Option<(Duration, Option<&'a str>)>,
    /// How often it restarted.
    pub(super) restarts: u32,
}

impl<'a> Watching<'a> {
    pub(super) fn new(address: &'a str, state: &'a ScreenState, now: Instant) -> Self {
        let error = state.error.as_deref();
        Self {
            address,
            silence: state.silent_for(now).map(|silent| (silent, error)),
            restarts: state.restarts,
        }
    }
}

/// The lines, the most important ones first, for a screen of this width.
pub(super) fn lines(
    activity: &Activity,
    watching: &Watching<'_>,
    width: u16,
) -> Vec<Line<'static>> {
    let mut lines = vec![list(agent(activity, watching), width).bold()];
    match &watching.silence {
        Some((silent, error)) => lines.push(silence(*silent, *error)),
        None => lines.push(list(usage(activity), width)),
    }
    lines.push(list(ledger(activity), width));
    lines.extend(degraded(activity));
    lines
}

/// The first items that fit, with `…` for the others. The first one is always there.
fn list(items: Vec<Line<'static>>, width: u16) -> Line<'static> {
    const MORE: &str = ", …";
    let count = items.len();
    let mut line = Line::default();
    for (at, item) in items.into_iter().enumerate() {
        let separator = if at == 0 { "" } else { ", " };
        let more = if at + 1 == count {
            0
        } else {
            MORE.chars().count()
        };
        let needed = line.width() + separator.len() + item.width() + more;
        if at > 0 && needed > usize::from(width) {
            line.push_span(Span::raw(MORE));
            return line;
        }
        line.push_span(Span::raw(separator));
        line.spans.extend(item.spans);
    }
    line
}

/// Version, node, address, uptime, and the time of the rates.
fn agent(activity: &Activity, watching: &Watching<'_>) -> Vec<Line<'static>> {
    let page = &activity.now;
    let node = match page.node.as_str() {
        "" => String::new(),
        node => format!(" on {node}"),
    };
    let mut items = vec![
        format!("tidegate {}{node} at {}", page.version, watching.address),
        format!("up {}", duration(page.report.uptime_seconds)),
    ];
    items.extend(match watching.restarts {
        0 => None,
        1 => Some("restarted".to_owned()),
        times => Some(format!("restarted {times} times")),
    });
    items.push(match activity.since_start {
        true => "rates since its start".to_owned(),
        false => format!("rates over {:.1}s", activity.seconds),
    });
    items.into_iter().map(Line::raw).collect()
}

fn silence(silent: Duration, error: Option<&str>) -> Line<'static> {
    let why = error.map_or_else(String::new, |error| format!(": {error}"));
    Line::raw(format!("NO ANSWER for {}s{why}", silent.as_secs()))
        .red()
        .bold()
}

/// Readiness, CPU time, memory, bytes and series.
fn usage(activity: &Activity) -> Vec<Line<'static>> {
    let page = &activity.now;
    let state = if page.stopping {
        Line::from("stopping".yellow().bold())
    } else if page.degraded.is_empty() {
        Line::from("ready".green())
    } else {
        Line::from("degraded".red().bold())
    };
    let rate = |rate: f64| match units::bytes(rate).as_str() {
        "-" => "0 B/s".to_owned(),
        bytes => format!("{bytes}/s"),
    };
    let process = &page.process;
    let cpu = activity.cpu.map(|cpu| format!("CPU {:.1} %", cpu * 100.0));
    let memory = process
        .resident_bytes
        .map(|n| format!("memory {}", bytes(n)));
    let series = (!page.series.is_empty())
        .then(|| format!("series {}", grouped(page.series.values().sum())));
    let peak = process.peak_resident_bytes;
    let items = [
        cpu,
        memory,
        Some(format!("in {}", rate(activity.totals.bytes_in.rate))),
        Some(format!("out {}", rate(activity.totals.bytes_out.rate))),
        series,
        peak.map(|n| format!("peak memory {}", bytes(n))),
    ];
    let items = items.into_iter().flatten().map(Line::raw);
    [state].into_iter().chain(items).collect()
}

/// Balance, connections and pipelines.
fn ledger(activity: &Activity) -> Vec<Line<'static>> {
    let report = &activity.now.report;
    let mut items = vec![match report.balanced {
        true => Line::raw("the ledger balances"),
        false => Line::from("THE LEDGER DOES NOT BALANCE".red().bold()),
    }];
    if report.unaccounted > 0 {
        let text = format!("unaccounted {}", grouped(report.unaccounted));
        items.push(Line::from(text.red().bold()));
    }
    for (stage, connected) in &activity.now.connected {
        let state = match *connected {
            true => "connected".green(),
            false => "NOT CONNECTED".red().bold(),
        };
        items.push(Line::from_iter([Span::raw(format!("{stage} ")), state]));
    }
    let pipelines = activity.pipelines();
    let s = if pipelines.len() == 1 { "" } else { "s" };
    items.push(Line::raw(format!("pipeline{s} {}", pipelines.join(" "))));
    items
}

/// A line for each of the first degraded stages.
fn degraded(activity: &Activity) -> Vec<Line<'static>> {
    let degraded = &activity.now.degraded;
    let shown = match degraded.len() {
        few if few <= MAX_DEGRADED => few,
        _ => MAX_DEGRADED - 1,
    };
    let mut lines: Vec<_> = degraded
        .iter()
        .take(shown)
        .map(|(stage, why)| format!("{stage} DEGRADED: {why}"))
        .collect();
    if degraded.len() > shown {
        lines.push(format!("… {} more are degraded", degraded.len() - shown));
    }
    lines
        .into_iter()
        .map(|line| Line::raw(line).red().bold())
        .collect()
}
