//! The wiring as a Mermaid or Graphviz diagram.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tidegate_runtime::stage_id::Role;

use super::Chain;

/// A Mermaid flowchart.
pub(super) fn mermaid(chains: &[Chain<'_>]) -> String {
    let nodes = Nodes::new(chains);
    let mut text = String::from("flowchart LR\n");
    for ((_, label), id) in &nodes.ids {
        let _ = writeln!(text, "    {id}[\"{label}\"]");
    }
    for edge in edges(chains) {
        let _ = writeln!(
            text,
            "    {} -->|{}| {}",
            nodes.id(&edge.from),
            edge.label,
            nodes.id(&edge.to)
        );
    }
    for edge in requests(chains) {
        let _ = writeln!(
            text,
            "    {} -.->|{}| {}",
            nodes.id(&edge.from),
            edge.label,
            nodes.id(&edge.to)
        );
    }
    text
}

/// A Graphviz digraph.
pub(super) fn dot(chains: &[Chain<'_>]) -> String {
    let nodes = Nodes::new(chains);
    let mut text = String::from("digraph tidegate {\n    rankdir=LR;\n    node [shape=box];\n");
    for ((_, label), id) in &nodes.ids {
        let _ = writeln!(text, "    {id} [label=\"{label}\"];");
    }
    for edge in edges(chains) {
        let _ = writeln!(
            text,
            "    {} -> {} [label=\"{}\"];",
            nodes.id(&edge.from),
            nodes.id(&edge.to),
            edge.label
        );
    }
    for edge in requests(chains) {
        let _ = writeln!(
            text,
            "    {} -> {} [label=\"{}\", style=dashed];",
            nodes.id(&edge.from),
            nodes.id(&edge.to),
            edge.label
        );
    }
    text.push_str("}\n");
    text
}

/// A stage: its pipeline, if it is a processor, and its name. Receivers and exporters are drawn
/// once for all pipelines.
type Node = (String, String);

struct Nodes {
    ids: BTreeMap<Node, String>,
}

impl Nodes {
    fn new(chains: &[Chain<'_>]) -> Self {
        let mut ids = BTreeMap::new();
        for edge in edges(chains) {
            for node in [edge.from, edge.to] {
                let next = format!("s{}", ids.len());
                ids.entry(node).or_insert(next);
            }
        }
        Self { ids }
    }

    fn id(&self, node: &Node) -> &str {
        &self.ids[node]
    }
}

#[derive(PartialEq)]
struct DiagramEdge {
    from: Node,
    to: Node,
    label: String,
}

fn edges(chains: &[Chain<'_>]) -> Vec<DiagramEdge> {
    chains.iter().flat_map(edges_of).collect()
}

/// The requests between stages. Those between receivers are drawn once for all pipelines.
fn requests(chains: &[Chain<'_>]) -> Vec<DiagramEdge> {
    let mut edges: Vec<DiagramEdge> = Vec::new();
    for chain in chains {
        for request in &chain.requests {
            let pipeline = match request.from.role() {
                Role::Processor => chain.name,
                Role::Receiver | Role::Exporter => "",
            };
            let edge = DiagramEdge {
                from: (pipeline.to_owned(), request.from.to_string()),
                to: (String::new(), request.to.to_string()),
                label: request.kinds.clone(),
            };
            if !edges.contains(&edge) {
                edges.push(edge);
            }
        }
    }
    edges
}

fn edges_of(chain: &Chain<'_>) -> Vec<DiagramEdge> {
    let shared = |stage: &&str| (String::new(), (*stage).to_owned());
    let own = |stage: &str| (chain.name.to_owned(), stage.to_owned());
    let mut from: Vec<Node> = chain.receivers.iter().map(shared).collect();
    let mut edges = Vec::new();
    for (stage, arriving) in &chain.processors {
        let label = arriving.to_string();
        edges.extend(from.into_iter().map(|from| DiagramEdge {
            from,
            to: own(stage),
            label: label.clone(),
        }));
        from = vec![own(stage)];
    }
    for (stage, takes, _) in &chain.exporters {
        let edge = |from: &Node| DiagramEdge {
            from: from.clone(),
            to: shared(stage),
            label: takes.to_string(),
        };
        edges.extend(from.iter().map(edge));
    }
    edges
}
