//! What a filter compares and a record does not contain.

use tidegate_model::flow::FlowIds;

/// The node whose records are matched.
#[derive(Clone, Debug)]
pub struct Context {
    node_name: String,
    ids: FlowIds,
}

impl Context {
    /// For records of the node `<cluster>/<node>`, the name that flows have in Hubble's JSON. A name
    /// without a cluster is of the cluster `default`; an empty one matches no filter.
    #[must_use]
    pub fn new(node_name: &str) -> Self {
        let with_cluster = if node_name.is_empty() || node_name.contains('/') {
            node_name.to_owned()
        } else {
            format!("default/{node_name}")
        };
        Self {
            node_name: with_cluster,
            ids: FlowIds::new(node_name),
        }
    }

    /// `<cluster>/<node>`; empty if the name is unknown.
    pub(crate) fn node_name(&self) -> &str {
        &self.node_name
    }

    /// The UUIDs of the node's flows.
    pub(crate) fn ids(&self) -> &FlowIds {
        &self.ids
    }
}
