//! Labels of security identities, as far as they are known: Hubble's identity getter
//! (`pkg/hubble/parser/cell/cell.go`, `pkg/identity`, v1.19.4).
//!
//! No event announces an identity. Its labels are learnt where an endpoint's labels meet an address's identity, and
//! forgotten with its last address. Reserved identities have theirs from the start, but for those that a node's
//! configuration gives to its host.

use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_core::flow::{EndpointNames, reserved_identity};

/// The first identity that is not reserved; those above [`LAST_GLOBAL`] belong to prefixes and nodes.
const FIRST_ALLOCATED: u32 = 256;
const LAST_GLOBAL: u32 = 0x00ff_ffff;
const KUBE_API_SERVER: u32 = 7;

/// Names that have labels and a cluster, and nothing of a pod.
type Labels = Arc<EndpointNames>;

/// Labels by identity.
#[derive(Debug)]
pub(super) struct Identities {
    reserved: Vec<Labels>,
    known: HashMap<u32, Known>,
}

#[derive(Debug, Default)]
struct Known {
    addresses: usize,
    labels: Option<Labels>,
}

impl Identities {
    pub(super) fn new() -> Self {
        let reserved = (0..FIRST_ALLOCATED).map_while(reserved_labels).map(EndpointNames::of_labels).map(Arc::new);
        Self { reserved: reserved.collect(), known: HashMap::new() }
    }

    /// What an identity's labels tell; `None` where they are not known.
    pub(super) fn names(&self, identity: u32) -> Option<Labels> {
        let reserved = usize::try_from(identity).ok().and_then(|at| self.reserved.get(at));
        reserved.or_else(|| self.known.get(&identity)?.labels.as_ref()).cloned()
    }

    /// An address has come to the identity.
    pub(super) fn hold(&mut self, identity: u32) {
        self.known.entry(identity).or_default().addresses += 1;
    }

    /// An address has left it.
    pub(super) fn release(&mut self, identity: u32) {
        let Some(known) = self.known.get_mut(&identity) else { return };
        known.addresses -= 1;
        if known.addresses == 0 {
            self.known.remove(&identity);
        }
    }

    /// The identity has these labels. Whether that is news.
    pub(super) fn learn(&mut self, identity: u32, labels: &Labels) -> bool {
        if !(FIRST_ALLOCATED..=LAST_GLOBAL).contains(&identity) {
            return false;
        }
        let Some(known) = self.known.get_mut(&identity) else { return false };
        if known.labels.as_ref() == Some(labels) {
            return false;
        }
        known.labels = Some(Arc::clone(labels));
        true
    }

    /// Likewise, but takes what is known already for right.
    pub(super) fn learn_first(&mut self, identity: u32, labels: &Labels) -> bool {
        let is_open = self.known.get(&identity).is_some_and(|known| known.labels.is_none());
        is_open && self.learn(identity, labels)
    }
}

/// The labels of a reserved identity.
fn reserved_labels(identity: u32) -> Option<Vec<String>> {
    let mut labels = vec![format!("reserved:{}", reserved_identity(identity)?)];
    if identity == KUBE_API_SERVER {
        labels.push("reserved:remote-node".to_owned());
    }
    Some(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(label: &str) -> Labels {
        Arc::new(EndpointNames::of_labels(vec![label.to_owned()]))
    }

    #[test]
    fn reserved_identities_have_hubbles_labels() {
        let identities = Identities::new();
        let shown = |identity| identities.names(identity).map(|names| names.labels.join(","));
        for (identity, expected) in [
            (0, Some("reserved:unknown")),
            (1, Some("reserved:host")),
            (2, Some("reserved:world")),
            (6, Some("reserved:remote-node")),
            (7, Some("reserved:kube-apiserver,reserved:remote-node")),
            (10, Some("reserved:world-ipv6")),
            (11, None),
            (128, None),
            (4242, None),
            (16_777_217, None),
        ] {
            assert_eq!(shown(identity).as_deref(), expected, "{identity}");
        }
    }

    #[test]
    fn labels_are_forgotten_with_the_last_address() {
        let mut identities = Identities::new();
        assert!(!identities.learn(4242, &labels("k8s:a=1")), "nobody has it");
        identities.hold(4242);
        identities.hold(4242);
        assert!(identities.learn(4242, &labels("k8s:a=1")));
        assert!(!identities.learn(4242, &labels("k8s:a=1")), "it is no news");
        assert!(!identities.learn_first(4242, &labels("k8s:a=2")));
        identities.release(4242);
        assert_eq!(identities.names(4242), Some(labels("k8s:a=1")));
        identities.release(4242);
        assert_eq!(identities.names(4242), None);
    }

    #[test]
    fn identities_of_prefixes_and_reserved_ones_learn_nothing() {
        let mut identities = Identities::new();
        for identity in [1, 16_777_217, 33_554_433] {
            identities.hold(identity);
            assert!(!identities.learn(identity, &labels("k8s:a=1")), "{identity}");
        }
    }
}
