//! The name of the node, as `--print-node-name` shows it.

/// The name of the node.
#[derive(Clone, Debug)]
pub(super) struct NodeName {
    /// On flows: `<cluster>/<node>`, or the node alone.
    pub(super) full: String,
    /// On other records, as Hubble's exporter has it: without the cluster.
    pub(super) bare: String,
}

impl NodeName {
    pub(super) fn new(name: &str) -> Self {
        let bare = name.split_once('/').map_or(name, |(_, node)| node);
        Self {
            full: name.to_owned(),
            bare: bare.to_owned(),
        }
    }
}
