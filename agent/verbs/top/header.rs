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

/// The lines, the most important ones first.
pub(super) fn lines(activity: &Activity, watching: &Watching<'_>) -> Vec<Line<'static>> {
    let mut lines = vec![agent(activity, watching)];
    match &watching.silence {
        Some((silent, error)) => lines.push(silence(*silent, *error)),
        None => lines.push(usage(activity)),
    }
    lines.push(ledger(activity));
    lines.extend(degraded(activity));
    lines
}

/// Version, node, address, uptime, and the time of the rates.
fn agent(activity: &Activity, watching: &Watching<'_>) -> Line<'static> {
    let page = &activity.now;
    let node = match page.node.as_str() {
        "" => String::new(),
        node => format!(" on {node}"),
    };
    let restarts = match watching.restarts {
        0 => String::new(),
        1 => ", restarted".to_owned(),
        times => format!(", restarted {times} times"),
    };
    let period = match activity.since_start {
        true => "rates since its start".to_owned(),
        false => format!("rates over {:.1}s", activity.seconds),
    };
    Line::raw(format!(
        "tidegate {}{node} at {}, up {}{restarts}, {period}",
        page.version,
        watching.address,
        duration(page.report.uptime_seconds),
    ))
    .bold()
}

fn silence(silent: Duration, error: Option<&str>) -> Line<'static> {
    let why = error.map_or_else(String::new, |error| format!(": {error}"));
    Line::raw(format!("NO ANSWER for {}s{why}", silent.as_secs()))
        .red()
        .bold()
}

/// Readiness, CPU time, memory and bytes.
fn usage(activity: &Activity) -> Line<'static> {
    let page = &activity.now;
    let state = if page.stopping {
        Span::raw("stopping").yellow().bold()
    } else if page.degraded.is_empty() {
        Span::raw("ready").green()
    } else {
        Span::raw("degraded").red().bold()
    };
    let mut line = Line::from(state);
    if let Some(cpu) = activity.cpu {
        line.push_span(Span::raw(format!(", CPU {:.1} %", cpu * 100.0)));
    }
    if let Some(resident) = page.process.resident_bytes {
        line.push_span(Span::raw(format!(", memory {}", bytes(resident))));
    }
    let rate = |rate: f64| match units::bytes(rate).as_str() {
        "-" => "0 B/s".to_owned(),
        bytes => format!("{bytes}/s"),
    };
    line.push_span(Span::raw(format!(
        ", in {}, out {}",
        rate(activity.totals.bytes_in.rate),
        rate(activity.totals.bytes_out.rate)
    )));
    if let Some(peak) = page.process.peak_resident_bytes {
        line.push_span(Span::raw(format!(", peak memory {}", bytes(peak))));
    }
    line
}

/// Balance, connections and pipelines.
fn ledger(activity: &Activity) -> Line<'static> {
    let report = &activity.now.report;
    let mut line = Line::from(match report.balanced {
        true => Span::raw("the ledger balances"),
        false => Span::raw("THE LEDGER DOES NOT BALANCE").red().bold(),
    });
    if report.unaccounted > 0 {
        let text = format!(", unaccounted {}", grouped(report.unaccounted));
        line.push_span(Span::raw(text).red().bold());
    }
    for (stage, connected) in &activity.now.connected {
        line.push_span(Span::raw(format!(", {stage} ")));
        line.push_span(match *connected {
            true => Span::raw("connected").green(),
            false => Span::raw("NOT CONNECTED").red().bold(),
        });
    }
    let pipelines = activity.pipelines();
    let s = if pipelines.len() == 1 { "" } else { "s" };
    line.push_span(Span::raw(format!(", pipeline{s} {}", pipelines.join(" "))));
    line
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
