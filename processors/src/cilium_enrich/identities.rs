//! The known labels of security identities: Hubble's identity getter
//! (`pkg/hubble/parser/cell/cell.go`, `pkg/identity`, v1.19.4).
//!
//! No event announces the labels of an identity. For identities of the cluster, they are learned
//! from a pod whose endpoint has labels and whose address has the identity, or from a proxy's
//! record, and removed with the last address of the identity. Reserved identities have fixed
//! labels; those of identities of local scope follow from their prefixes.

use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_model::flow::{Address, EndpointNames, IdentityScope};

use super::local_scope::LocalScope;
use super::prefix::{AddressFamily, Prefix, most_specific};
use super::reserved::{
    HOST, IdentityLabels, REMOTE_NODE, WORLD, WORLD_IPV4, WORLD_IPV6, reserved_labels,
};

/// The first identity without fixed labels: components begin at 100, user-defined reserved
/// identities at 128, and pods at 256.
const FIRST_LEARNED: u32 = 100;

/// The labels of identities.
#[derive(Debug)]
pub(super) struct Identities {
    /// The labels of reserved identities, by number.
    reserved: Vec<IdentityLabels>,
    /// Identities of global scope and of remote nodes with an entry in the IP cache.
    learned: HashMap<u32, LearnedIdentity>,
    local: LocalScope,
    /// The labels that the agent's API lists.
    listed: HashMap<u32, IdentityLabels>,
}

#[derive(Debug, Default)]
struct LearnedIdentity {
    /// The number of its entries in the IP cache.
    entries: usize,
    labels: Option<IdentityLabels>,
    /// Whether the labels are from a record, which takes precedence because it contains both.
    is_recorded: bool,
}

impl Identities {
    pub(super) fn new() -> Self {
        let reserved = (0..FIRST_LEARNED).map_while(reserved_labels);
        Self {
            reserved: reserved.collect(),
            learned: HashMap::new(),
            local: LocalScope::new(),
            listed: HashMap::new(),
        }
    }

    /// Sets the labels that an API lists.
    pub(super) fn list(&mut self, identity: u32, labels: &[String]) {
        let shown = if IdentityScope::of(identity) == IdentityScope::Local {
            most_specific(labels).cloned().collect()
        } else {
            labels.to_vec()
        };
        self.listed
            .insert(identity, Arc::new(EndpointNames::of_labels(shown)));
    }

    /// Removes the labels of identities that an agent allocated itself.
    pub(super) fn forget_node_identities(&mut self) {
        self.listed
            .retain(|identity, _| IdentityScope::of(*identity) == IdentityScope::Global);
    }

    /// The labels of an identity that a flow shows at an address; `None` if they are unknown.
    pub(super) fn labels(
        &mut self,
        identity: u32,
        address: Option<Address>,
    ) -> Option<IdentityLabels> {
        if let Some(listed) = self.listed.get(&identity) {
            return Some(Arc::clone(listed));
        }
        if let Some(reserved) = usize::try_from(identity)
            .ok()
            .and_then(|at| self.reserved.get(at))
        {
            return Some(Arc::clone(reserved));
        }
        match IdentityScope::of(identity) {
            IdentityScope::Global => self.learned_labels(identity),
            IdentityScope::Local => self.local.labels(identity, address.map(AddressFamily::of)),
            // It has at least the label of a remote node.
            IdentityScope::RemoteNode => self
                .learned_labels(identity)
                .or_else(|| self.labels(REMOTE_NODE, None)),
            IdentityScope::Unknown => None,
        }
    }

    fn learned_labels(&self, identity: u32) -> Option<IdentityLabels> {
        self.learned.get(&identity)?.labels.clone()
    }

    /// Adds a prefix to an identity.
    pub(super) fn add_prefix(&mut self, identity: u32, prefix: Prefix) {
        if Self::depends_on_prefixes(identity) {
            self.local.add_prefix(identity, prefix);
            return;
        }
        self.learned.entry(identity).or_default().entries += 1;
        match identity {
            WORLD if prefix.is_everything() => self.local.set_dual_stack(false),
            _ => self.observe(identity),
        }
    }

    /// Removes a prefix from an identity.
    pub(super) fn remove_prefix(&mut self, identity: u32, prefix: Prefix) {
        if Self::depends_on_prefixes(identity) {
            self.local.remove_prefix(identity, prefix);
            return;
        }
        if let Some(learned) = self.learned.get_mut(&identity) {
            learned.entries -= 1;
            if learned.entries == 0 {
                self.learned.remove(&identity);
            }
        }
    }

    /// Notes that an address has this identity. The world's identities of one family show that the
    /// cluster has both families.
    pub(super) fn observe(&mut self, identity: u32) {
        if matches!(identity, WORLD_IPV4 | WORLD_IPV6) {
            self.local.set_dual_stack(true);
        }
    }

    /// Whether the labels change with announcements about prefixes, and must not be cached.
    pub(super) fn depends_on_prefixes(identity: u32) -> bool {
        IdentityScope::of(identity) == IdentityScope::Local
    }

    /// Whether the labels are those of the endpoints with the identity.
    pub(super) fn is_learned(identity: u32) -> bool {
        identity >= FIRST_LEARNED && IdentityScope::of(identity) == IdentityScope::Global
    }

    /// Learns the labels from an endpoint with the identity. Returns whether they changed.
    pub(super) fn learn(&mut self, identity: u32, labels: &IdentityLabels) -> bool {
        let Some(learned) = self
            .learned
            .get_mut(&identity)
            .filter(|_| Self::is_learned(identity))
        else {
            return false;
        };
        let is_changed = !learned.is_recorded && learned.labels.as_ref() != Some(labels);
        if is_changed {
            learned.labels = Some(Arc::clone(labels));
        }
        is_changed
    }

    /// Learns the labels from a proxy's record, which has them from the agent's own table. Returns
    /// whether cached labels changed.
    pub(super) fn learn_recorded(&mut self, identity: u32, labels: &IdentityLabels) -> bool {
        if Self::depends_on_prefixes(identity) {
            self.local.learn(identity, &labels.labels);
            return false;
        }
        if identity == HOST {
            return self.learn_host(labels);
        }
        match self.learned.get_mut(&identity) {
            Some(learned) if identity >= FIRST_LEARNED => {
                learned.is_recorded = true;
                let is_changed = learned.labels.as_ref() != Some(labels);
                if is_changed {
                    learned.labels = Some(Arc::clone(labels));
                }
                is_changed
            }
            _ => false,
        }
    }

    /// Learns the labels of the node itself, which may also be that of the Kubernetes API server,
    /// for example.
    fn learn_host(&mut self, labels: &IdentityLabels) -> bool {
        let Some(host) = self.reserved.get_mut(HOST as usize) else {
            return false;
        };
        let is_changed = host.labels != labels.labels
            && labels.labels.iter().any(|label| label == "reserved:host");
        if is_changed {
            *host = Arc::clone(labels);
        }
        is_changed
    }
}

#[cfg(test)]
mod tests;
