//! The wiring as text, from top to bottom.

use std::fmt::Write as _;

use super::{Chain, RequestEdge};

/// Draws the pipelines one below the other.
pub(super) fn draw(chains: &[Chain<'_>]) -> String {
    let drawings: Vec<_> = chains.iter().map(pipeline).collect();
    drawings.join("\n")
}

fn pipeline(chain: &Chain<'_>) -> String {
    let mut text = format!("pipeline {}\n", chain.name);
    for receiver in &chain.receivers {
        let _ = writeln!(text, "  {receiver}");
    }
    for (stage, arriving) in &chain.processors {
        let _ = writeln!(text, "    │ {arriving}\n  {stage}");
    }
    let _ = writeln!(text, "    │ {}", chain.output);
    let width = chain
        .exporters
        .iter()
        .map(|(stage, ..)| stage.len())
        .max()
        .unwrap_or(0);
    for (at, (stage, takes, when_full)) in chain.exporters.iter().enumerate() {
        let branch = if at + 1 == chain.exporters.len() {
            '└'
        } else {
            '├'
        };
        let _ = writeln!(
            text,
            "    {branch}─ {stage:width$}  takes {takes}; {when_full}"
        );
    }
    if !chain.requests.is_empty() {
        text.push_str("  requests\n");
    }
    for RequestEdge { from, to, kinds } in &chain.requests {
        let _ = writeln!(text, "    {from} ─▶ {to}  {kinds}");
    }
    text
}
