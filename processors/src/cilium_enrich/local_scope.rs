//! Labels of identities that a node gives to prefixes outside of the cluster, which Cilium does for
//! each prefix that a policy names, or that a name in a policy resolves to.
//!
//! They follow from what is announced. `resolveLabels` in `pkg/ipcache/metadata.go` (v1.19.4) gives
//! each of them the label of the world; the label of the prefix is certain where the identity is
//! announced for one prefix alone, since from Cilium 1.16 on those of a policy's names share an
//! identity, which then has no prefix of its own. What else an identity has, such as `fqdn:`
//! labels, is learnt from the records of proxies.

use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_model::flow::{EndpointNames, reserved_identity};

use super::identities::{Labels, WORLD, WORLD_IPV4, WORLD_IPV6, reserved_labels};
use super::prefix::{Family, Prefix, most_specific};

/// All identities of local scope.
#[derive(Debug)]
pub(super) struct LocalScope {
    known: HashMap<u32, Known>,
    /// Whether the cluster has both families: each has a label of its own for the world then.
    /// Releases before 1.15 have one in any case. It shows in the identities of the world, 9 and 10
    /// in place of 2.
    is_dual_stack: bool,
    /// The names of an identity that has one of the world's labels alone.
    world: [Labels; 3],
}

/// One identity that is announced.
#[derive(Debug, Default)]
struct Known {
    v4: Announced,
    v6: Announced,
    /// What a record says, as far as Hubble shows it.
    recorded: Option<Labels>,
}

/// The prefixes of one family for which an identity is announced.
#[derive(Debug, Default)]
struct Announced {
    count: usize,
    /// Bits and lengths of all of them, combined by exclusive or: of one prefix alone they are its
    /// own, and one can be taken out again without a list of all.
    bits: u128,
    lens: u8,
    /// The labels of the only prefix, once they were needed.
    labels: Option<Labels>,
}

impl LocalScope {
    pub(super) fn new() -> Self {
        let names = |identity| {
            Arc::new(EndpointNames::of_labels(
                reserved_labels(identity).unwrap_or_default(),
            ))
        };
        Self {
            known: HashMap::new(),
            is_dual_stack: false,
            world: [WORLD, WORLD_IPV4, WORLD_IPV6].map(names),
        }
    }

    /// What is known of an identity that a flow shows, at an address of the family.
    pub(super) fn names(&mut self, identity: u32, family: Option<Family>) -> Option<Labels> {
        let Self {
            known,
            is_dual_stack,
            world,
        } = self;
        let world = |family| match family {
            _ if !*is_dual_stack => Some(&world[0]),
            Some(Family::V4) => Some(&world[1]),
            Some(Family::V6) => Some(&world[2]),
            None => None,
        };
        let Some(known) = known.get_mut(&identity) else {
            return world(family).cloned();
        };
        if let Some(recorded) = &known.recorded {
            return Some(Arc::clone(recorded));
        }
        let Some((family, announced)) = known.of(family) else {
            return world(None).cloned();
        };
        let world = world(Some(family))?;
        Some(announced.names(world).unwrap_or_else(|| Arc::clone(world)))
    }

    /// The identity is announced for the prefix.
    pub(super) fn hold(&mut self, identity: u32, prefix: Prefix) {
        self.known
            .entry(identity)
            .or_default()
            .at(prefix)
            .add(prefix);
    }

    /// The identity is no longer announced for the prefix.
    pub(super) fn release(&mut self, identity: u32, prefix: Prefix) {
        let Some(known) = self.known.get_mut(&identity) else {
            return;
        };
        known.at(prefix).remove(prefix);
        if known.v4.count + known.v6.count == 0 {
            self.known.remove(&identity);
        }
    }

    /// A record has these labels for the identity. They are its own while it is announced: later
    /// its number can be given to another.
    pub(super) fn learn(&mut self, identity: u32, labels: &[String]) {
        let of_one_family = [WORLD_IPV4, WORLD_IPV6].map(reserved_identity);
        if labels
            .iter()
            .any(|label| of_one_family.contains(&label.strip_prefix("reserved:")))
        {
            self.split_world(true);
        }
        let Some(known) = self.known.get_mut(&identity) else {
            return;
        };
        if !known
            .recorded
            .as_ref()
            .is_some_and(|recorded| recorded.labels.iter().eq(most_specific(labels)))
        {
            let shown = most_specific(labels).cloned().collect();
            known.recorded = Some(Arc::new(EndpointNames::of_labels(shown)));
        }
    }

    /// Sets whether each family has its own label of the world.
    pub(super) fn split_world(&mut self, is_split: bool) {
        if self.is_dual_stack != is_split {
            self.is_dual_stack = is_split;
            for known in self.known.values_mut() {
                (known.v4.labels, known.v6.labels) = (None, None);
            }
        }
    }
}

impl Known {
    fn at(&mut self, prefix: Prefix) -> &mut Announced {
        match prefix.family() {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        }
    }

    /// The prefixes of the address's family, or of the only family that there are any of.
    fn of(&mut self, family: Option<Family>) -> Option<(Family, &mut Announced)> {
        let family = match (self.v4.count, self.v6.count) {
            (_, 0) => Family::V4,
            (0, _) => Family::V6,
            _ => family?,
        };
        let announced = match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        };
        Some((family, announced))
    }
}

impl Announced {
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

    /// The only prefix's label, and that of the world.
    fn names(&mut self, world: &Labels) -> Option<Labels> {
        if self.labels.is_none() && self.count == 1 {
            let own = Prefix::of_bits(self.bits, self.lens).label();
            let labels = own
                .into_iter()
                .chain(world.labels.iter().cloned())
                .collect();
            self.labels = Some(Arc::new(EndpointNames::of_labels(labels)));
        }
        self.labels.clone()
    }
}
