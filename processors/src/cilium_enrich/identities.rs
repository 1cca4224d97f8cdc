//! Labels of security identities, as far as they are known: Hubble's identity getter
//! (`pkg/hubble/parser/cell/cell.go`, `pkg/identity`, v1.19.4).
//!
//! No event announces an identity. The labels of one that the cluster gave out are learnt where an
//! endpoint's labels meet an address's identity, or from a proxy's record, and forgotten with its
//! last address. Reserved identities have theirs from the start; those of local scope have what
//! follows from their prefixes.

use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_model::flow::{Address, EndpointNames, IdentityScope, reserved_identity};

use super::local_scope::LocalScope;
use super::prefix::{Family, Prefix};

/// The first identity whose labels a configuration decides: of components (100), of users (128),
/// then of pods (256).
const FIRST_LEARNT: u32 = 100;
pub(super) const HOST: u32 = 1;
pub(super) const WORLD: u32 = 2;
const REMOTE_NODE: u32 = 6;
const KUBE_API_SERVER: u32 = 7;
pub(super) const WORLD_IPV4: u32 = 9;
pub(super) const WORLD_IPV6: u32 = 10;

/// Names that have labels and a cluster, and nothing of a pod.
pub(super) type Labels = Arc<EndpointNames>;

/// Labels by identity.
#[derive(Debug)]
pub(super) struct Identities {
    reserved: Vec<Labels>,
    /// Those of global scope and of remote nodes that have an entry in the IP cache.
    known: HashMap<u32, Known>,
    local: LocalScope,
}

#[derive(Debug, Default)]
struct Known {
    entries: usize,
    labels: Option<Labels>,
    /// Whether a record says so, which has both from one place.
    is_recorded: bool,
}

impl Identities {
    pub(super) fn new() -> Self {
        let reserved = (0..FIRST_LEARNT)
            .map_while(reserved_labels)
            .map(EndpointNames::of_labels)
            .map(Arc::new);
        Self {
            reserved: reserved.collect(),
            known: HashMap::new(),
            local: LocalScope::new(),
        }
    }

    /// What an identity's labels tell at an address; `None` where they are not known.
    pub(super) fn names(&mut self, identity: u32, address: Option<Address>) -> Option<Labels> {
        if let Some(reserved) = usize::try_from(identity)
            .ok()
            .and_then(|at| self.reserved.get(at))
        {
            return Some(Arc::clone(reserved));
        }
        let known = |known: &HashMap<u32, Known>| known.get(&identity)?.labels.clone();
        match IdentityScope::of(identity) {
            IdentityScope::Global => known(&self.known),
            IdentityScope::Local => self.local.names(identity, address.map(Family::of)),
            // It has the label of a node, whatever else it has.
            IdentityScope::RemoteNode => {
                known(&self.known).or_else(|| self.names(REMOTE_NODE, None))
            }
            IdentityScope::Unknown => None,
        }
    }

    /// The prefix has the identity from now on.
    pub(super) fn hold(&mut self, identity: u32, prefix: Prefix) {
        if Self::depends_on_prefixes(identity) {
            self.local.hold(identity, prefix);
            return;
        }
        self.known.entry(identity).or_default().entries += 1;
        match identity {
            WORLD if prefix.is_everything() => self.local.split_world(false),
            _ => self.observe(identity),
        }
    }

    /// The prefix no longer has the identity.
    pub(super) fn release(&mut self, identity: u32, prefix: Prefix) {
        if Self::depends_on_prefixes(identity) {
            self.local.release(identity, prefix);
            return;
        }
        if let Some(known) = self.known.get_mut(&identity) {
            known.entries -= 1;
            if known.entries == 0 {
                self.known.remove(&identity);
            }
        }
    }

    /// An address has this identity, which shows whether the world has one for each family.
    pub(super) fn observe(&mut self, identity: u32) {
        if matches!(identity, WORLD_IPV4 | WORLD_IPV6) {
            self.local.split_world(true);
        }
    }

    /// Whether its labels change with what is announced of others: they are not to be kept
    /// elsewhere.
    pub(super) fn depends_on_prefixes(identity: u32) -> bool {
        IdentityScope::of(identity) == IdentityScope::Local
    }

    /// Whether the labels are those of the endpoints that have it.
    pub(super) fn is_learnt(identity: u32) -> bool {
        identity >= FIRST_LEARNT && IdentityScope::of(identity) == IdentityScope::Global
    }

    /// An endpoint of the identity has these labels. Whether that is news.
    pub(super) fn learn(&mut self, identity: u32, labels: &Labels) -> bool {
        let Some(known) = self
            .known
            .get_mut(&identity)
            .filter(|_| Self::is_learnt(identity))
        else {
            return false;
        };
        let is_news = !known.is_recorded && known.labels.as_ref() != Some(labels);
        if is_news {
            known.labels = Some(Arc::clone(labels));
        }
        is_news
    }

    /// A proxy's record has these labels for the identity, from the agent's own table. Whether they
    /// are news that may have been shown otherwise.
    pub(super) fn learn_recorded(&mut self, identity: u32, labels: &Labels) -> bool {
        if Self::depends_on_prefixes(identity) {
            self.local.learn(identity, &labels.labels);
            return false;
        }
        if identity == HOST {
            return self.learn_host(labels);
        }
        match self.known.get_mut(&identity) {
            Some(known) if identity >= FIRST_LEARNT => {
                known.is_recorded = true;
                let is_news = known.labels.as_ref() != Some(labels);
                if is_news {
                    known.labels = Some(Arc::clone(labels));
                }
                is_news
            }
            _ => false,
        }
    }

    /// Those of the node itself depend on what else it is, such as a host of the Kubernetes API
    /// server.
    fn learn_host(&mut self, labels: &Labels) -> bool {
        let Some(host) = self.reserved.get_mut(HOST as usize) else {
            return false;
        };
        let is_news = host.labels != labels.labels
            && labels.labels.iter().any(|label| label == "reserved:host");
        if is_news {
            *host = Arc::clone(labels);
        }
        is_news
    }
}

/// The labels of a reserved identity.
pub(super) fn reserved_labels(identity: u32) -> Option<Vec<String>> {
    let mut labels = vec![format!("reserved:{}", reserved_identity(identity)?)];
    if identity == KUBE_API_SERVER {
        labels.push("reserved:remote-node".to_owned());
    }
    Some(labels)
}

#[cfg(test)]
mod tests;
