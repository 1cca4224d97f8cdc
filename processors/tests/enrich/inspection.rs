//! Warnings about the place of the processor in its chain.

use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::{ChainPosition, FlowContent, Lint};

use crate::support::parse;

/// The warnings, behind `cilium_decode` and `l34_flow`.
fn warnings(later: &[FlowContent], created_later: &[Kind]) -> Vec<Option<Lint>> {
    let Ok(config) = parse("{}") else {
        panic!("an empty table is valid");
    };
    let found = config.inspect(&ChainPosition {
        received: Kinds::ALL,
        arriving: Kinds::of(&[Kind::Event, Kind::Flow]),
        earlier: Vec::new(),
        later: later.to_vec(),
        created_later: Kinds::of(created_later),
    });
    found.iter().map(|one| one.lint).collect()
}

#[test]
fn flows_that_are_made_behind_it_are_a_warning() {
    let made_later = [Some(Lint::FlowsMadeLater)];
    for content in [
        FlowContent::Dns,
        FlowContent::Http,
        FlowContent::OtherL7,
        FlowContent::Sockets,
    ] {
        assert_eq!(warnings(&[content], &[]), made_later, "{content:?}");
    }
    assert_eq!(warnings(&[], &[Kind::Flow]), made_later, "L3/L4 flows");
}

#[test]
fn metrics_behind_it_and_flows_that_another_one_names_are_no_warning() {
    assert_eq!(warnings(&[], &[Kind::Metric]), []);
    assert_eq!(warnings(&[FlowContent::Dns, FlowContent::Names], &[]), []);
}
