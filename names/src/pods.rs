//! Names of pods, which connect addresses and endpoints: the two are announced separately.

use std::sync::Arc;

use hashbrown::Equivalent;

use crate::reject_reason::RejectReason;

/// The length of the longest name that Kubernetes allows.
const MAX_NAME: usize = 253;
/// The largest total length of an endpoint's labels, in bytes. Those of pods have one or two
/// kilobytes.
const MAX_LABELS_LEN: usize = 16 * 1024;
/// The largest number of labels of an endpoint or identity.
const MAX_LABELS: usize = 1024;

/// The namespace and name of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct PodName {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl PodName {
    /// The name; both parts are empty if an address or endpoint has no pod.
    pub(crate) fn new(namespace: &str, name: &str) -> Result<Self, RejectReason> {
        check_len(namespace, name)?;
        Ok(Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Whether there is no pod.
    pub(crate) fn is_empty(&self) -> bool {
        self.namespace.is_empty() && self.name.is_empty()
    }

    pub(crate) fn borrowed(&self) -> PodRef<'_> {
        PodRef {
            namespace: &self.namespace,
            name: &self.name,
        }
    }

    pub(crate) fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }
}

/// A borrowed [`PodName`], which has the same hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PodRef<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
}

impl Equivalent<Arc<PodName>> for PodRef<'_> {
    fn equivalent(&self, pod: &Arc<PodName>) -> bool {
        pod.is(self.namespace, self.name)
    }
}

/// Fails if a name is longer than Kubernetes allows.
pub(crate) fn check_len(namespace: &str, name: &str) -> Result<(), RejectReason> {
    if namespace.len().max(name.len()) > MAX_NAME {
        return Err(RejectReason::LongNames);
    }
    Ok(())
}

/// Fails if there are more labels than Kubernetes and Cilium give, or longer ones.
pub(crate) fn check_labels(labels: &[String]) -> Result<(), RejectReason> {
    let len: usize = labels.iter().map(String::len).sum();
    if labels.len() > MAX_LABELS || len > MAX_LABELS_LEN {
        return Err(RejectReason::LongNames);
    }
    Ok(())
}
