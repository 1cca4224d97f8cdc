//! Values that Hubble's flows have and records do not have yet. Each is what an absent value is in
//! Hubble; a filter of it matches accordingly.

use tidegate_model::flow::Flow;

use super::Side;
use crate::Context;

/// Namespace and name of the service that an address belongs to; empty without one.
pub(super) fn service(_flow: &Flow, _side: Side) -> (&str, &str) {
    ("", "")
}

/// Name of the network interface; empty if unknown.
pub(super) fn interface_name(_flow: &Flow) -> &str {
    ""
}

/// Labels of the node.
pub(super) fn node_labels(_context: &Context) -> &[String] {
    &[]
}
