//! Filters of network interfaces.

use tidegate_model::flow::Flow;

use super::not_carried::interface_name;
use crate::NetworkInterface;

/// Whether a flow has an interface, and one of the filters matches it.
pub(super) fn matches(filters: &[NetworkInterface], flow: &Flow) -> bool {
    flow.interface != 0
        && filters.iter().any(|NetworkInterface { index, name }| {
            (*index == 0 || *index == flow.interface)
                && (name.is_empty() || name == interface_name(flow))
        })
}
