//! Labels of identities that a node allocates for prefixes outside of the cluster: Cilium does that
//! for each prefix in a policy, and for addresses of a domain name in a policy.
//!
//! The labels follow from announcements. `resolveLabels` in `pkg/ipcache/metadata.go` (v1.19.4)
//! gives each of these identities the label of the world. The label of the prefix is certain only
//! if the identity is announced for a single prefix: from Cilium 1.16 on, the addresses of a domain
//! name share an identity without a label of a prefix. Other labels, such as `fqdn:`, are learned
//! from the records of proxies.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hashbrown::{HashMap, HashSet};
use tidegate_model::flow::{EndpointNames, reserved_identity};

use super::reserved::{WORLD, WORLD_IPV4, WORLD_IPV6, reserved_labels};
use crate::labels::{HeldLabels, IdentityLabels};
use crate::prefix::{AddressFamily, Prefix, most_specific};

/// The largest number of released identities that are kept.
const MAX_RELEASED: usize = 1024;

/// The identities of local scope.
#[derive(Debug)]
pub(crate) struct LocalScope {
    identities: HashMap<u32, LocalIdentity>,
    /// Identities that the agent has released, as its API stated: they have no labels, as in Hubble.
    /// The datapath reports them until the endpoints are regenerated. At most [`MAX_RELEASED`].
    released: HashSet<u32>,
    /// Whether the cluster has both address families, each with its own label of the world. That
    /// shows in the identities of the world: 9 and 10 instead of 2. Releases before 1.15 always
    /// have one label. Flows show it, too, so it is set with shared access.
    is_dual_stack: AtomicBool,
    /// The labels of the world: of clusters with one family, of IPv4 and of IPv6.
    world: [IdentityLabels; 3],
}

/// An announced identity.
#[derive(Debug, Default)]
struct LocalIdentity {
    v4: PrefixSet,
    v6: PrefixSet,
    /// The labels of a record that Hubble shows.
    recorded: Option<HeldLabels>,
}

/// The prefixes of one family for which an identity is announced, without a list of them: only a
/// single prefix is ever looked at.
#[derive(Debug, Default)]
struct PrefixSet {
    count: usize,
    /// The exclusive or of the bits of all prefixes, which are the bits of a single one.
    bits: u128,
    /// The exclusive or of the lengths of all prefixes.
    lens: u8,
}

impl LocalScope {
    pub(crate) fn new() -> Self {
        let labels = |identity| reserved_labels(identity).unwrap_or_default();
        Self {
            identities: HashMap::new(),
            released: HashSet::new(),
            is_dual_stack: AtomicBool::new(false),
            world: [WORLD, WORLD_IPV4, WORLD_IPV6].map(labels),
        }
    }

    /// The labels of an identity at an address of the family; `None` if the label of the world
    /// depends on an unknown family.
    pub(crate) fn labels(
        &self,
        identity: u32,
        family: Option<AddressFamily>,
    ) -> Option<IdentityLabels> {
        let Some(identity) = self.identities.get(&identity) else {
            let is_released = self.released.contains(&identity);
            return self.world(family).filter(|_| !is_released).cloned();
        };
        if let Some(recorded) = &identity.recorded {
            return Some(Arc::clone(recorded));
        }
        let Some((family, prefixes)) = identity.prefixes(family) else {
            return self.world(None).cloned();
        };
        let world = self.world(Some(family))?;
        let labels = prefixes.labels(world);
        Some(labels.unwrap_or_else(|| Arc::clone(world)))
    }

    fn world(&self, family: Option<AddressFamily>) -> Option<&IdentityLabels> {
        let [of_one_family, v4, v6] = &self.world;
        match family {
            _ if !self.is_dual_stack.load(Ordering::Relaxed) => Some(of_one_family),
            Some(AddressFamily::V4) => Some(v4),
            Some(AddressFamily::V6) => Some(v6),
            None => None,
        }
    }

    /// Notes that the agent does not know an identity. Returns whether that is new.
    pub(crate) fn release(&mut self, identity: u32) -> bool {
        if self.released.len() >= MAX_RELEASED {
            self.released.clear();
        }
        self.released.insert(identity)
    }

    /// Forgets which identities were released: another agent allocates the numbers.
    pub(crate) fn forget_released(&mut self) {
        self.released.clear();
    }

    /// Adds a prefix to an identity.
    pub(crate) fn add_prefix(&mut self, identity: u32, prefix: Prefix) {
        self.released.remove(&identity);
        let identity = self.identities.entry(identity).or_default();
        identity.prefixes_of(prefix.family()).add(prefix);
    }

    /// Removes a prefix from an identity. Returns whether it was the identity's last.
    pub(crate) fn remove_prefix(&mut self, identity: u32, prefix: Prefix) -> bool {
        let Some(entry) = self.identities.get_mut(&identity) else {
            return false;
        };
        entry.prefixes_of(prefix.family()).remove(prefix);
        entry.v4.count + entry.v6.count == 0 && self.identities.remove(&identity).is_some()
    }

    /// The labels that a record has of the identity.
    pub(crate) fn recorded(&self, identity: u32) -> Option<&HeldLabels> {
        self.identities.get(&identity)?.recorded.as_ref()
    }

    /// Whether [`Self::learn`] would change something.
    pub(crate) fn is_news(&self, identity: u32, labels: &[String]) -> bool {
        if has_family(labels) && !self.is_dual_stack.load(Ordering::Relaxed) {
            return true;
        }
        let is_same = |recorded: &HeldLabels| recorded.labels.iter().eq(most_specific(labels));
        let identity = self.identities.get(&identity);
        identity.is_some_and(|identity| !identity.recorded.as_ref().is_some_and(is_same))
    }

    /// Learns the labels of a record. They apply while the identity is announced: after that, its
    /// number can be reused.
    pub(crate) fn learn(&mut self, identity: u32, labels: HeldLabels) {
        if let Some(identity) = self.identities.get_mut(&identity) {
            identity.recorded = Some(labels);
        }
    }

    /// Notes what labels show of the cluster's address families.
    pub(crate) fn observe_labels(&self, labels: &[String]) {
        if has_family(labels) {
            self.set_dual_stack(true);
        }
    }

    /// Sets whether the cluster has both address families. Returns whether that changed.
    pub(crate) fn set_dual_stack(&self, is_dual_stack: bool) -> bool {
        self.is_dual_stack.swap(is_dual_stack, Ordering::Relaxed) != is_dual_stack
    }
}

/// Whether one of the labels is that of the world of one family.
fn has_family(labels: &[String]) -> bool {
    let of_one_family = [WORLD_IPV4, WORLD_IPV6].map(reserved_identity);
    labels
        .iter()
        .any(|label| of_one_family.contains(&label.strip_prefix("reserved:")))
}

impl LocalIdentity {
    fn prefixes_of(&mut self, family: AddressFamily) -> &mut PrefixSet {
        match family {
            AddressFamily::V4 => &mut self.v4,
            AddressFamily::V6 => &mut self.v6,
        }
    }

    /// The prefixes of a family; those of the other one if there are no others. `None` if there are
    /// prefixes of both families and the family is unknown.
    fn prefixes(&self, family: Option<AddressFamily>) -> Option<(AddressFamily, &PrefixSet)> {
        let family = match (self.v4.count, self.v6.count) {
            (_, 0) => AddressFamily::V4,
            (0, _) => AddressFamily::V6,
            _ => family?,
        };
        let prefixes = match family {
            AddressFamily::V4 => &self.v4,
            AddressFamily::V6 => &self.v6,
        };
        Some((family, prefixes))
    }
}

impl PrefixSet {
    fn add(&mut self, prefix: Prefix) {
        self.count += 1;
        self.toggle(prefix);
    }

    fn remove(&mut self, prefix: Prefix) {
        self.count = self.count.saturating_sub(1);
        self.toggle(prefix);
    }

    fn toggle(&mut self, prefix: Prefix) {
        self.bits ^= prefix.bits();
        self.lens ^= prefix.len();
    }

    /// The labels of the only prefix and of the world; `None` if there are several prefixes.
    fn labels(&self, world: &IdentityLabels) -> Option<IdentityLabels> {
        if self.count != 1 {
            return None;
        }
        let prefix = Prefix::of_bits(self.bits, self.lens);
        let labels = prefix
            .label()
            .into_iter()
            .chain(world.labels.iter().cloned())
            .collect();
        Some(Arc::new(EndpointNames::of_labels(labels)))
    }
}
