//! Patterns of node names.

use super::glob::Glob;

/// A pattern of `<cluster>/<node>`. `None` matches any name.
#[derive(Debug)]
pub(super) struct NodePattern {
    cluster: Option<Glob>,
    node: Option<Glob>,
}

impl NodePattern {
    /// Parses `cluster/node`, or a pattern of the node in any cluster.
    ///
    /// # Errors
    ///
    /// Hubble's text for an invalid pattern.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("empty pattern".to_owned());
        }
        let (cluster, node) = text.split_once('/').unwrap_or(("", text));
        if node.contains('/') {
            return Err("too many slashes in pattern".to_owned());
        }
        let glob = |part: &str| (!part.is_empty()).then(|| Glob::parse(part)).transpose();
        Ok(Self {
            cluster: glob(cluster)?,
            node: glob(node)?,
        })
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        let Some((cluster, node)) = name.split_once('/') else {
            return false;
        };
        let matches = |glob: &Option<Glob>, name: &str| match glob {
            Some(glob) => glob.matches(name),
            None => is_name(name),
        };
        matches(&self.cluster, cluster) && matches(&self.node, node)
    }
}

/// Whether a text is labels of `a` to `z`, digits, `-` and `_`, joined by dots.
fn is_name(text: &str) -> bool {
    text.split('.').all(|label| {
        let is_allowed = |byte| matches!(byte, b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z');
        !label.is_empty() && label.bytes().all(is_allowed)
    })
}
