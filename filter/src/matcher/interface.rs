//! Filters of network interfaces.

use tidegate_model::flow::Flow;

use crate::NetworkInterface;

/// Name of the interface; empty if unknown.
fn interface_name(flow: &Flow) -> &str {
    flow.node.as_deref().map_or("", |node| &node.interface_name)
}

/// Whether a flow has an interface, and one of the filters matches it.
pub(super) fn matches(filters: &[NetworkInterface], flow: &Flow) -> bool {
    flow.interface != 0
        && filters.iter().any(|NetworkInterface { index, name }| {
            (*index == 0 || *index == flow.interface)
                && (name.is_empty() || name == interface_name(flow))
        })
}
