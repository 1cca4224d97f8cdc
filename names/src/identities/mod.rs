//! The known labels of security identities: Hubble's identity getter
//! (`pkg/hubble/parser/cell/cell.go`, `pkg/identity`, v1.19.4).
//!
//! The agent's API lists the labels of all identities. No event announces them: without the API,
//! those of identities of the cluster are learned from a pod whose endpoint has labels and whose
//! address has the identity, or from a proxy's record, and removed with the last address of the
//! identity; reserved identities have fixed labels; those of identities of local scope follow from
//! their prefixes.

mod local_scope;
mod reserved;

pub(crate) use reserved::HOST;

use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use tidegate_model::Timestamp;
use tidegate_model::flow::{Address, EndpointNames, IdentityScope};

use crate::labels::{HeldLabels, IdentityLabels, LabelBudget};
use crate::pods::check_labels;
use crate::prefix::{AddressFamily, Prefix, most_specific};
use crate::reject_reason::RejectReason;
use crate::times::set_back;
use local_scope::LocalScope;
use reserved::{REMOTE_NODE, WORLD, WORLD_IPV4, WORLD_IPV6, reserved_labels};

/// The first identity without fixed labels: components begin at 100, user-defined reserved
/// identities at 128, and pods at 256.
const FIRST_LEARNED: u32 = 100;
/// The first identity of pods.
const FIRST_OF_PODS: u32 = 256;
/// The largest number of listed identities. A cluster has 65,279 of pods, and those of the clusters
/// that it is connected to.
const MAX_LISTED: usize = 262_144;

/// The labels of identities.
#[derive(Debug)]
pub(crate) struct Identities {
    budget: LabelBudget,
    /// The labels of reserved identities, by number.
    reserved: Vec<IdentityLabels>,
    /// The labels that the agent's API lists. They take precedence.
    listed: HashMap<u32, ListedIdentity>,
    /// Identities of global scope and of remote nodes with an address or prefix.
    learned: HashMap<u32, LearnedIdentity>,
    local: LocalScope,
}

#[derive(Debug)]
struct ListedIdentity {
    labels: HeldLabels,
    /// When the list was requested.
    since: Timestamp,
    /// Whether its last prefix was removed since: the agent may have released it.
    is_doubtful: bool,
}

#[derive(Debug, Default)]
struct LearnedIdentity {
    /// The number of its addresses and prefixes.
    entries: usize,
    labels: Option<HeldLabels>,
    /// Whether the labels are from a record, which takes precedence because it contains both.
    is_recorded: bool,
}

impl Identities {
    pub(crate) fn new(budget: LabelBudget) -> Self {
        let reserved = (0..FIRST_LEARNED).map_while(reserved_labels);
        Self {
            budget,
            reserved: reserved.collect(),
            listed: HashMap::new(),
            learned: HashMap::new(),
            local: LocalScope::new(),
        }
    }

    /// The number of listed identities, and of others with known labels.
    pub(crate) fn counts(&self) -> [usize; 2] {
        [self.listed.len(), self.learned.len()]
    }

    /// The labels of an identity that a flow shows at an address; `None` if they are unknown.
    pub(crate) fn labels(&self, identity: u32, address: Option<Address>) -> Option<IdentityLabels> {
        if let Some(listed) = self.listed.get(&identity) {
            return Some(Arc::clone(&listed.labels));
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

    /// Whether the API could tell labels of an identity that are not known otherwise, or not all of
    /// them.
    pub(crate) fn is_incomplete(&self, identity: u32) -> bool {
        if identity < FIRST_LEARNED {
            return false;
        }
        if let Some(listed) = self.listed.get(&identity) {
            return listed.is_doubtful;
        }
        match IdentityScope::of(identity) {
            IdentityScope::Global => self.learned_labels(identity).is_none(),
            IdentityScope::Local => self.local.recorded(identity).is_none(),
            IdentityScope::RemoteNode => self.learned_labels(identity).is_none(),
            IdentityScope::Unknown => false,
        }
    }

    /// Whether an identity is one of pods.
    pub(crate) fn is_of_pods(identity: u32) -> bool {
        identity >= FIRST_OF_PODS && IdentityScope::of(identity) == IdentityScope::Global
    }

    fn learned_labels(&self, identity: u32) -> Option<IdentityLabels> {
        self.learned.get(&identity)?.labels.as_deref().cloned()
    }

    /// Sets the labels that the API lists. Returns whether they changed.
    pub(crate) fn list(
        &mut self,
        identity: u32,
        labels: Vec<String>,
        since: Timestamp,
    ) -> Result<bool, RejectReason> {
        check_labels(&labels)?;
        if self.listed.len() >= MAX_LISTED && !self.listed.contains_key(&identity) {
            return Err(RejectReason::TableFull);
        }
        let labels = if Self::depends_on_prefixes(identity) {
            self.local.observe_labels(&labels);
            most_specific(&labels).cloned().collect()
        } else {
            labels
        };
        let labels = EndpointNames::of_labels(labels);
        if let Some(listed) = self.listed.get_mut(&identity)
            && **listed.labels == labels
        {
            listed.since = since;
            listed.is_doubtful = false;
            return Ok(false);
        }
        let known = self.listed.get(&identity).map(|listed| &listed.labels);
        let labels = self.budget.hold(Arc::new(labels), known)?;
        let listed = ListedIdentity {
            labels,
            since,
            is_doubtful: false,
        };
        self.listed.insert(identity, listed);
        Ok(true)
    }

    /// Removes an identity that the API does not know. Returns whether that changes labels.
    pub(crate) fn unlist(&mut self, identity: u32, asked: Timestamp) -> bool {
        if self
            .listed
            .get(&identity)
            .is_some_and(|listed| listed.since > asked)
        {
            return false;
        }
        let was_listed = self.listed.remove(&identity).is_some();
        let is_released = Self::depends_on_prefixes(identity) && self.local.release(identity);
        was_listed || is_released
    }

    pub(crate) fn set_back(&mut self, by: Duration) {
        set_back(self.listed.values_mut().map(|listed| &mut listed.since), by);
    }

    /// Removes the identities that were listed before and are not in the list requested at `asked`.
    pub(crate) fn sweep(&mut self, asked: Timestamp) -> bool {
        let before = self.listed.len();
        self.listed.retain(|_, listed| listed.since >= asked);
        self.listed.len() != before
    }

    /// Removes the listed labels of identities that an agent allocated itself, and listed before
    /// `since`.
    pub(crate) fn remove_node_identities(&mut self, since: Timestamp) {
        self.local.forget_released();
        self.listed.retain(|identity, listed| {
            IdentityScope::of(*identity) == IdentityScope::Global || listed.since > since
        });
    }

    /// Adds a prefix to an identity. Returns whether it is the identity's first.
    pub(crate) fn add_prefix(&mut self, identity: u32, prefix: Prefix) -> bool {
        if Self::depends_on_prefixes(identity) {
            self.local.add_prefix(identity, prefix);
            self.set_doubtful(identity, false);
            return true;
        }
        let learned = self.learned.entry(identity).or_default();
        learned.entries += 1;
        learned.entries == 1
    }

    fn set_doubtful(&mut self, identity: u32, is_doubtful: bool) {
        if let Some(listed) = self.listed.get_mut(&identity) {
            listed.is_doubtful = is_doubtful;
        }
    }

    /// Notes what the identity of an announced prefix shows of the cluster's address families.
    /// Returns whether that changes labels.
    pub(crate) fn observe_prefix(&self, identity: u32, prefix: Prefix) -> bool {
        match identity {
            WORLD if prefix.is_everything() => self.local.set_dual_stack(false),
            _ => self.observe(identity),
        }
    }

    /// Removes a prefix from an identity.
    pub(crate) fn remove_prefix(&mut self, identity: u32, prefix: Prefix) {
        if Self::depends_on_prefixes(identity) {
            if self.local.remove_prefix(identity, prefix) {
                self.set_doubtful(identity, true);
            }
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
    /// cluster has both families. Returns whether that changes labels.
    pub(crate) fn observe(&self, identity: u32) -> bool {
        matches!(identity, WORLD_IPV4 | WORLD_IPV6) && self.local.set_dual_stack(true)
    }

    /// Whether the labels change with announcements about prefixes.
    pub(crate) fn depends_on_prefixes(identity: u32) -> bool {
        IdentityScope::of(identity) == IdentityScope::Local
    }

    /// Whether the labels are those of the endpoints with the identity.
    pub(crate) fn is_learned(identity: u32) -> bool {
        identity >= FIRST_LEARNED && IdentityScope::of(identity) == IdentityScope::Global
    }

    /// Learns the labels from an endpoint with the identity. Returns whether they changed.
    pub(crate) fn learn(&mut self, identity: u32, labels: &HeldLabels) -> bool {
        let Some(learned) = self
            .learned
            .get_mut(&identity)
            .filter(|_| Self::is_learned(identity))
        else {
            return false;
        };
        let is_changed = !learned.is_recorded && learned.labels.as_ref() != Some(labels);
        if is_changed {
            learned.labels = Some(labels.clone());
        }
        is_changed
    }

    /// Whether [`Self::learn_recorded`] would change something.
    pub(crate) fn is_news(&self, identity: u32, labels: &IdentityLabels) -> bool {
        if let Some(listed) = self.listed.get(&identity) {
            return !Self::is_shown(identity, &listed.labels, labels);
        }
        if Self::depends_on_prefixes(identity) {
            return self.local.is_news(identity, &labels.labels);
        }
        if identity == HOST {
            let host = self.reserved.get(HOST as usize);
            return host.is_some_and(|host| host.labels != labels.labels) && is_host(labels);
        }
        let learned = self.learned.get(&identity);
        learned.is_some_and(|learned| {
            identity >= FIRST_LEARNED
                && !(learned.is_recorded && learned.labels.as_deref() == Some(labels))
        })
    }

    fn is_shown(identity: u32, shown: &IdentityLabels, labels: &IdentityLabels) -> bool {
        if Self::depends_on_prefixes(identity) {
            shown.labels.iter().eq(most_specific(&labels.labels))
        } else {
            shown.labels == labels.labels
        }
    }

    /// Learns the labels from a proxy's record, which has them from the agent's own table. Returns
    /// whether labels changed.
    pub(crate) fn learn_recorded(
        &mut self,
        identity: u32,
        labels: &IdentityLabels,
    ) -> Result<bool, RejectReason> {
        if !self.is_news(identity, labels) {
            return Ok(false);
        }
        check_labels(&labels.labels)?;
        if let Some(listed) = self.listed.get(&identity) {
            let shown = self.hold_shown(identity, labels, Some(&listed.labels))?;
            if let Some(listed) = self.listed.get_mut(&identity) {
                listed.labels = shown;
            }
            return Ok(true);
        }
        if Self::depends_on_prefixes(identity) {
            let known = self.local.recorded(identity);
            let shown = self.hold_shown(identity, labels, known)?;
            self.local.observe_labels(&labels.labels);
            self.local.learn(identity, shown);
            return Ok(true);
        }
        if let (HOST, Some(host)) = (identity, self.reserved.get_mut(HOST as usize)) {
            *host = Arc::clone(labels);
            return Ok(true);
        }
        let Some(learned) = self.learned.get_mut(&identity) else {
            return Ok(false);
        };
        let is_changed = learned.labels.as_deref() != Some(labels);
        let known = learned.labels.as_ref();
        learned.labels = Some(self.budget.hold(Arc::clone(labels), known)?);
        learned.is_recorded = true;
        Ok(is_changed)
    }

    /// Holds what flows show of a record's labels.
    fn hold_shown(
        &self,
        identity: u32,
        labels: &IdentityLabels,
        replaced: Option<&HeldLabels>,
    ) -> Result<HeldLabels, RejectReason> {
        let shown = if Self::depends_on_prefixes(identity) {
            most_specific(&labels.labels).cloned().collect()
        } else {
            labels.labels.to_vec()
        };
        let shown = EndpointNames::of_labels(shown);
        self.budget.hold(Arc::new(shown), replaced)
    }
}

/// Whether these are the labels of the node itself, which may also be that of the Kubernetes API
/// server, for example.
fn is_host(labels: &IdentityLabels) -> bool {
    labels.labels.iter().any(|label| label == "reserved:host")
}

#[cfg(test)]
mod tests;
