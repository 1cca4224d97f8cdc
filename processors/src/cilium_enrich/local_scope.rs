//! Labels of identities that a node allocates for prefixes outside of the cluster: Cilium does that
//! for each prefix in a policy, and for addresses of a domain name in a policy.
//!
//! The labels follow from announcements. `resolveLabels` in `pkg/ipcache/metadata.go` (v1.19.4)
//! gives each of these identities the label of the world. The label of the prefix is certain only
//! if the identity is announced for a single prefix: from Cilium 1.16 on, the addresses of a domain
//! name share an identity without a label of a prefix. Other labels, such as `fqdn:`, are learned
//! from the records of proxies.

use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_model::flow::{EndpointNames, reserved_identity};

use super::prefix::{AddressFamily, Prefix, most_specific};
use super::reserved::{IdentityLabels, WORLD, WORLD_IPV4, WORLD_IPV6, reserved_labels};

/// The identities of local scope.
#[derive(Debug)]
pub(super) struct LocalScope {
    identities: HashMap<u32, LocalIdentity>,
    /// Whether the cluster has both address families, each with its own label of the world. That
    /// shows in the identities of the world: 9 and 10 instead of 2. Releases before 1.15 always
    /// have one label.
    is_dual_stack: bool,
    /// The labels of the world: of clusters with one family, of IPv4 and of IPv6.
    world: [IdentityLabels; 3],
}

/// An announced identity.
#[derive(Debug, Default)]
struct LocalIdentity {
    v4: PrefixSet,
    v6: PrefixSet,
    /// The labels of a record that Hubble shows.
    recorded: Option<IdentityLabels>,
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
    /// The labels for a single prefix, once they have been requested.
    labels: Option<IdentityLabels>,
}

impl LocalScope {
    pub(super) fn new() -> Self {
        let labels = |identity| reserved_labels(identity).unwrap_or_default();
        Self {
            identities: HashMap::new(),
            is_dual_stack: false,
            world: [WORLD, WORLD_IPV4, WORLD_IPV6].map(labels),
        }
    }

    /// The labels of an identity at an address of the family; `None` if the label of the world
    /// depends on an unknown family.
    pub(super) fn labels(
        &mut self,
        identity: u32,
        family: Option<AddressFamily>,
    ) -> Option<IdentityLabels> {
        let Self {
            identities,
            is_dual_stack,
            world,
        } = self;
        let world = |family| match family {
            _ if !*is_dual_stack => Some(&world[0]),
            Some(AddressFamily::V4) => Some(&world[1]),
            Some(AddressFamily::V6) => Some(&world[2]),
            None => None,
        };
        let Some(identity) = identities.get_mut(&identity) else {
            return world(family).cloned();
        };
        if let Some(recorded) = &identity.recorded {
            return Some(Arc::clone(recorded));
        }
        let Some((family, prefixes)) = identity.prefixes(family) else {
            return world(None).cloned();
        };
        let world = world(Some(family))?;
        let labels = prefixes.labels(world);
        Some(labels.unwrap_or_else(|| Arc::clone(world)))
    }

    /// Adds a prefix to an identity.
    pub(super) fn add_prefix(&mut self, identity: u32, prefix: Prefix) {
        let identity = self.identities.entry(identity).or_default();
        identity.prefixes_of(prefix.family()).add(prefix);
    }

    /// Removes a prefix from an identity.
    pub(super) fn remove_prefix(&mut self, identity: u32, prefix: Prefix) {
        let Some(entry) = self.identities.get_mut(&identity) else {
            return;
        };
        entry.prefixes_of(prefix.family()).remove(prefix);
        if entry.v4.count + entry.v6.count == 0 {
            self.identities.remove(&identity);
        }
    }

    /// Learns the labels of a record. They apply while the identity is announced: after that, its
    /// number can be reused.
    pub(super) fn learn(&mut self, identity: u32, labels: &[String]) {
        let of_one_family = [WORLD_IPV4, WORLD_IPV6].map(reserved_identity);
        if labels
            .iter()
            .any(|label| of_one_family.contains(&label.strip_prefix("reserved:")))
        {
            self.set_dual_stack(true);
        }
        let Some(identity) = self.identities.get_mut(&identity) else {
            return;
        };
        let is_same = |recorded: &IdentityLabels| recorded.labels.iter().eq(most_specific(labels));
        if !identity.recorded.as_ref().is_some_and(is_same) {
            let shown = most_specific(labels).cloned().collect();
            identity.recorded = Some(Arc::new(EndpointNames::of_labels(shown)));
        }
    }

    /// Sets whether the cluster has both address families.
    pub(super) fn set_dual_stack(&mut self, is_dual_stack: bool) {
        if self.is_dual_stack != is_dual_stack {
            self.is_dual_stack = is_dual_stack;
            for identity in self.identities.values_mut() {
                identity.v4.labels = None;
                identity.v6.labels = None;
            }
        }
    }
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
    fn prefixes(
        &mut self,
        family: Option<AddressFamily>,
    ) -> Option<(AddressFamily, &mut PrefixSet)> {
        let family = match (self.v4.count, self.v6.count) {
            (_, 0) => AddressFamily::V4,
            (0, _) => AddressFamily::V6,
            _ => family?,
        };
        Some((family, self.prefixes_of(family)))
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
        self.labels = None;
    }

    /// The labels of the only prefix and of the world; `None` if there are several prefixes.
    fn labels(&mut self, world: &IdentityLabels) -> Option<IdentityLabels> {
        if self.labels.is_none() && self.count == 1 {
            let prefix = Prefix::of_bits(self.bits, self.lens);
            let labels = prefix
                .label()
                .into_iter()
                .chain(world.labels.iter().cloned())
                .collect();
            self.labels = Some(Arc::new(EndpointNames::of_labels(labels)));
        }
        self.labels.clone()
    }
}
