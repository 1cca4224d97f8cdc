//! The warning of `filter` and `sample` about flows that are made behind them, and pass.

use tidegate_model::Kind;
use tidegate_runtime::component::{ChainPosition, Finding, FlowContent, Lint, Place};

/// The warning, if what Cilium's proxies report becomes flows only behind the processor.
pub(crate) fn made_later(position: &ChainPosition, key: &'static str) -> Option<Finding> {
    let is_l7 = |content: &FlowContent| match content {
        FlowContent::Dns | FlowContent::Http | FlowContent::OtherL7 => true,
        FlowContent::Names => false,
    };
    let is_later = position.arriving.contains(Kind::Event) && position.later.iter().any(is_l7);
    is_later.then(|| {
        let title = "flows that Cilium's proxies report are made behind it, and all of them pass";
        let help = "name it after the processors of L7 flows in `processors`";
        Finding::warning(Lint::FlowsMadeLater, Place::Key(key), title).help(help)
    })
}
