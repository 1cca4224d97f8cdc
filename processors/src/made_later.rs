//! The warnings about flows that are made behind a processor: they pass `filter` and `sample`, and
//! `cilium_enrich` does not name them.

use tidegate_model::Kind;
use tidegate_runtime::component::{ChainPosition, Finding, FlowContent, Lint, Place};

/// The warning, if what Cilium's proxies report becomes flows only behind the processor.
pub(crate) fn made_later(position: &ChainPosition, key: &'static str) -> Option<Finding> {
    let is_l7 = |content: &FlowContent| match content {
        FlowContent::Dns | FlowContent::Http | FlowContent::OtherL7 => true,
        FlowContent::Names | FlowContent::Sockets => false,
    };
    let is_later = position.arriving.contains(Kind::Event) && position.later.iter().any(is_l7);
    is_later.then(|| {
        let title = "flows that Cilium's proxies report are made behind it, and all of them pass";
        let help = "name it after the processors of L7 flows in `processors`";
        Finding::warning(Lint::FlowsMadeLater, Place::Key(key), title).help(help)
    })
}

/// The warning of `cilium_enrich`, if events become flows only behind it, and nothing names them there.
pub(crate) fn not_named(position: &ChainPosition) -> Option<Finding> {
    let contents = &position.later;
    let are_made = position.created_later.contains(Kind::Flow) || !contents.is_empty();
    let are_named = contents.contains(&FlowContent::Names);
    let is_later = position.arriving.contains(Kind::Event) && are_made && !are_named;
    is_later.then(|| {
        let title = "flows that later processors make have no names";
        let help = "name it after all processors that make flows in `processors`";
        Finding::warning(Lint::FlowsMadeLater, Place::Key("max_entries"), title).help(help)
    })
}
