//! Names of pods, which connect addresses and endpoints: the two are announced separately.

use crate::reject_reason::RejectReason;

/// The length of the longest name that Kubernetes allows.
const MAX_NAME: usize = 253;

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

    pub(crate) fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }
}

/// Fails if a name is longer than Kubernetes allows.
pub(crate) fn check_len(namespace: &str, name: &str) -> Result<(), RejectReason> {
    if namespace.len().max(name.len()) > MAX_NAME {
        return Err(RejectReason::LongNames);
    }
    Ok(())
}
