//! Requests in drawings.

use tidegate_model::{Kind, Kinds};
use tidegate_runtime::stage_id::StageId;

use super::requests::RequestEdge;
use super::{Chain, diagram, text};

/// Two pipelines of the same stages; a receiver and a processor send requests to a receiver.
fn draw<T>(drawing: impl Fn(&[Chain<'_>]) -> T) -> T {
    let monitor = StageId::receiver("monitor");
    let api = StageId::receiver("api");
    let enrich = StageId::processor("enrich");
    let request = |from, kinds: &str| RequestEdge {
        from,
        to: &api,
        kinds: kinds.to_owned(),
    };
    let flows = Kinds::of(&[Kind::Flow]);
    let chain = |name| Chain {
        name,
        receivers: vec![monitor.as_str(), api.as_str()],
        processors: vec![(enrich.as_str(), flows)],
        exporters: vec![("exporters.nop", flows, "when_full: block".to_owned())],
        output: flows,
        requests: vec![
            request(&monitor, "stream_ended"),
            request(&enrich, "identity_wanted, resync"),
        ],
    };
    drawing(&[chain("a"), chain("b")])
}

#[test]
fn the_text_lists_requests_below_the_pipeline() {
    let expected = "
    └─ exporters.nop  takes flows; when_full: block
  requests
    receivers.monitor ─▶ receivers.api  stream_ended
    processors.enrich ─▶ receivers.api  identity_wanted, resync
";
    let drawn = draw(text::draw);
    assert_eq!(drawn.matches(expected).count(), 2, "{drawn}");
}

#[test]
fn diagrams_have_a_dashed_line_for_the_requests_of_each_stage() {
    let of_mermaid: Vec<_> = draw(diagram::mermaid).lines().filter_map(dashed).collect();
    assert_eq!(
        of_mermaid,
        [
            "s0 -.->|stream_ended| s2",
            "s1 -.->|identity_wanted, resync| s2",
            "s4 -.->|identity_wanted, resync| s2",
        ]
    );
    let of_dot: Vec<_> = draw(diagram::dot).lines().filter_map(dashed).collect();
    assert_eq!(
        of_dot,
        [
            "s0 -> s2 [label=\"stream_ended\", style=dashed];",
            "s1 -> s2 [label=\"identity_wanted, resync\", style=dashed];",
            "s4 -> s2 [label=\"identity_wanted, resync\", style=dashed];",
        ]
    );
}

fn dashed(line: &str) -> Option<String> {
    let is_dashed = line.contains("-.->") || line.contains("style=dashed");
    is_dashed.then(|| line.trim().to_owned())
}
