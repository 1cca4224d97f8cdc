//! The table: all parts, and the changes that concern several of them.

use std::sync::Arc;
use std::time::Duration;

use tidegate_model::Timestamp;
use tidegate_model::flow::{Address, IdentityScope};

use crate::addresses::{AddressEntry, AddressUpdate, Addresses, PrefixEntry, Prefixes};
use crate::cgroups::Cgroups;
use crate::dns::DnsNames;
use crate::endpoints::{Endpoints, LocalEndpoint, WantedEndpoints};
use crate::identities::Identities;
use crate::labels::LabelBudget;
use crate::node::Node;
use crate::origin::Origin;
use crate::pods::{PodName, PodRef};
use crate::policies::Policies;
use crate::prefix::Prefix;
use crate::protocol::{Deleted, DeletedKey, Lists, Positions, Tails, Tombstones};
use crate::reject_reason::RejectReason;
use crate::services::Services;
use crate::settings::Settings;
use crate::times::set_back;
use crate::versions::Versions;
use crate::workloads::Workloads;

/// What is known of the addresses of flows.
#[derive(Debug)]
pub(crate) struct NameTable {
    pub(crate) settings: Settings,
    pub(crate) labels: LabelBudget,
    pub(crate) addresses: Addresses,
    pub(crate) prefixes: Prefixes,
    pub(crate) endpoints: Endpoints,
    pub(crate) wanted: WantedEndpoints,
    pub(crate) identities: Identities,
    pub(crate) services: Services,
    pub(crate) cgroups: Cgroups,
    pub(crate) dns: DnsNames,
    pub(crate) node: Node,
    pub(crate) policies: Policies,
    pub(crate) workloads: Workloads,
    pub(crate) lists: Lists,
    pub(crate) tombstones: Tombstones,
    pub(crate) tails: Tails,
    pub(crate) positions: Positions,
    pub(crate) connection: Connection,
    pub(crate) versions: Arc<Versions>,
    /// The latest time of an announcement or list.
    pub(crate) latest: Timestamp,
    /// The number of entries that were evicted.
    pub(crate) evicted: u64,
}

/// The latest connection with announcements.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    pub(crate) stream: u32,
    /// When its first announcement was received.
    pub(crate) since: Timestamp,
    /// When the last announcement was received.
    pub(crate) latest: Timestamp,
    /// When the last announcement of earlier connections was received.
    pub(crate) latest_before: Option<Timestamp>,
    /// Whether the agent has started during the connection, so that it announces all addresses.
    pub(crate) has_started: bool,
    /// Whether addresses of earlier connections were swept.
    pub(crate) is_swept: bool,
}

impl Connection {
    pub(crate) fn set_back(&mut self, by: Duration) {
        let times = [&mut self.since, &mut self.latest];
        set_back(times.into_iter().chain(&mut self.latest_before), by);
    }
}

impl NameTable {
    pub(crate) fn new(settings: Settings, versions: Arc<Versions>) -> Self {
        let labels = LabelBudget::new(settings.max_entries);
        Self {
            settings,
            addresses: Addresses::default(),
            prefixes: Prefixes::default(),
            endpoints: Endpoints::default(),
            wanted: WantedEndpoints::default(),
            identities: Identities::new(labels.clone()),
            labels,
            services: Services::default(),
            cgroups: Cgroups::default(),
            dns: DnsNames::default(),
            node: Node::default(),
            policies: Policies::default(),
            workloads: Workloads::default(),
            lists: Lists::default(),
            tombstones: Tombstones::default(),
            tails: Tails::default(),
            positions: Positions::default(),
            connection: Connection::default(),
            versions,
            latest: Timestamp::default(),
            evicted: 0,
        }
    }

    /// The number of entries that [`Settings::max_entries`] limits.
    pub(crate) fn len(&self) -> usize {
        self.addresses.len() + self.prefixes.len() + self.endpoints.len()
    }

    /// The pod's endpoint on this node, with its id. `None` if addresses of the pod are on several
    /// nodes: another cluster has a pod of the same name, and it is unknown which one is here.
    pub(crate) fn endpoint_of_pod(&self, pod: PodRef<'_>) -> Option<(u64, &LocalEndpoint)> {
        let found = self.endpoints.of_pod(pod)?;
        let mut nodes = [None; 2];
        for entry in self.addresses.of_pod(pod.namespace, pod.name) {
            let node = &mut nodes[usize::from(entry.address.to_ip().is_ipv4())];
            let of_entry = self.addresses.node(entry);
            if *node.get_or_insert(of_entry) != of_entry {
                return None;
            }
        }
        Some(found)
    }

    /// The identity of the pod's addresses, if all of them have the same.
    pub(crate) fn identity_of_pod(&self, pod: &PodName) -> Option<u32> {
        let entries = self.addresses.of_pod(&pod.namespace, &pod.name);
        let mut identities = entries.map(|entry| entry.identity);
        let first = identities.next()?;
        identities.all(|other| other == first).then_some(first)
    }

    /// The name of a network interface of the node or of an endpoint.
    pub(crate) fn interface_name(&self, index: u32) -> Option<&str> {
        if let Some(name) = self.node.interface_name(index) {
            return Some(name);
        }
        let mut interfaces = self
            .endpoints
            .iter()
            .filter_map(|(_, endpoint)| endpoint.interface.as_ref());
        let (_, name) = interfaces.find(|(other, _)| *other == index && index != 0)?;
        Some(name)
    }

    /// Makes room for an entry if the table is full. Addresses of other nodes' pods that no flow has
    /// shown for long are removed if the agent's API feeds the table, since they can be had again.
    pub(crate) fn make_room(&mut self) -> Result<(), RejectReason> {
        while self.len() >= self.settings.max_entries {
            if let Some(deleted) = self.tails.next(None) {
                self.remove_deleted(deleted);
                continue;
            }
            let Self {
                addresses,
                endpoints,
                versions,
                ..
            } = self;
            let is_listed = self.lists.completed_addresses().is_some();
            let unused = is_listed.then(|| {
                let is_evictable =
                    |entry: &AddressEntry| entry.has_pod() && endpoints.at(entry.address).is_none();
                addresses.find_unused(is_evictable, |address| versions.address_changed(address))
            });
            let Some(address) = unused.flatten() else {
                return Err(RejectReason::TableFull);
            };
            self.remove_address(address);
            self.evicted += 1;
        }
        Ok(())
    }

    /// Sets what is known of an address. Returns whether that changed it.
    pub(crate) fn set_address(&mut self, update: AddressUpdate<'_>) -> Result<bool, RejectReason> {
        let address = update.address;
        let prefix = Prefix::host(address);
        self.tombstones.remove(DeletedKey::Prefix(prefix));
        let is_same = |entry: &&AddressEntry| self.addresses.is_same(entry, &update);
        let existing = self.addresses.get(address);
        if existing.filter(is_same).is_some() {
            self.addresses.restate(address, update.since, update.origin);
            return Ok(false);
        }
        if existing.is_none() {
            self.make_room()?;
        }
        // Before the old entry is removed, so that an identity that stays keeps its labels.
        self.add_to_identity(update.identity, prefix);
        self.remove_address(address);
        self.addresses.set(update);
        self.address_changed(address);
        Ok(true)
    }

    /// Sets the identity of a prefix.
    pub(crate) fn set_prefix(
        &mut self,
        prefix: Prefix,
        entry: PrefixEntry,
    ) -> Result<(), RejectReason> {
        self.tombstones.remove(DeletedKey::Prefix(prefix));
        let existing = self.prefixes.get(prefix).map(|existing| existing.identity);
        if existing == Some(entry.identity) {
            self.prefixes.insert(prefix, entry);
            return Ok(());
        }
        if existing.is_none() {
            self.make_room()?;
        }
        self.add_to_identity(entry.identity, prefix);
        if let Some(previous) = self.prefixes.insert(prefix, entry) {
            self.remove_from_identity(previous, prefix);
        }
        self.versions.all_changed();
        Ok(())
    }

    /// Removes a prefix, or an address.
    pub(crate) fn remove_prefix(&mut self, prefix: Prefix) {
        if let Some(address) = prefix.address() {
            self.remove_address(address);
        } else if let Some(identity) = self.prefixes.remove(prefix) {
            self.remove_from_identity(identity, prefix);
            self.versions.all_changed();
        }
    }

    /// Removes the addresses and prefixes whose identities the agent itself allocated, after its
    /// connection has ended: the next agent allocates the same numbers differently, and announces
    /// them again. What was listed after `since` is from the next agent.
    pub(crate) fn remove_node_identities(&mut self, since: Timestamp) {
        let is_old = |identity, stated: Timestamp, origin| {
            let is_newer = stated > since && matches!(origin, Origin::Listed(_));
            IdentityScope::of(identity) != IdentityScope::Global && !is_newer
        };
        let addresses = self
            .addresses
            .select(|entry| is_old(entry.identity, entry.since, entry.origin));
        let prefixes = self
            .prefixes
            .select(|entry| is_old(entry.identity, entry.since, entry.origin));
        for prefix in addresses.into_iter().map(Prefix::host).chain(prefixes) {
            self.remove_prefix(prefix);
        }
        self.identities.remove_node_identities(since);
        self.versions.all_changed();
    }

    pub(crate) fn remove_address(&mut self, address: Address) {
        let Some(removed) = self.addresses.remove(address) else {
            return;
        };
        self.remove_from_identity(removed.identity, Prefix::host(address));
        self.versions.address_changed(address);
        self.pod_changed(PodRef {
            namespace: &removed.namespace,
            name: &removed.pod_name,
        });
    }

    pub(crate) fn remove_endpoint(&mut self, id: u64) {
        self.unwant_endpoint(id);
        self.endpoints.podless.remove(id);
        self.policies.remove(id);
        if self.endpoints.remove(id).is_some() {
            let endpoint = u16::try_from(id).unwrap_or_default();
            self.dns.remove_endpoint(endpoint);
            self.versions.all_changed();
        }
    }

    /// Has an announced endpoint asked for, unless lists have what announcements lack of it.
    pub(crate) fn want_endpoint(&mut self, id: u64, now: Timestamp) {
        let known = self.endpoints.get(id);
        if !known.is_some_and(LocalEndpoint::is_listed)
            && let Ok(id) = u16::try_from(id)
        {
            self.wanted.want(id, now);
        }
    }

    /// Has an endpoint no longer asked for.
    pub(crate) fn unwant_endpoint(&mut self, id: u64) {
        if let Ok(id) = u16::try_from(id) {
            self.wanted.remove(id);
        }
    }

    /// Removes what was deleted some time ago, unless it exists again.
    pub(crate) fn remove_deleted(&mut self, deleted: Deleted) {
        match deleted {
            Deleted::Address(address) => {
                if self
                    .addresses
                    .get(address)
                    .is_some_and(|entry| entry.is_gone)
                {
                    self.remove_address(address);
                }
            }
            Deleted::Endpoint(id) => {
                if self
                    .endpoints
                    .get(id)
                    .is_some_and(|endpoint| endpoint.is_gone)
                {
                    self.remove_endpoint(id);
                }
            }
        }
    }

    /// Learns the labels of a local pod's identity from its endpoint, if the two belong together.
    pub(crate) fn learn_labels(&mut self, pod: &PodName, now: Timestamp) {
        let Some((id, _)) = self.endpoint_of_pod(pod.borrowed()) else {
            return;
        };
        let identity = self.identity_of_pod(pod);
        let Some(identity) = identity.filter(|identity| Identities::is_learned(*identity)) else {
            return;
        };
        let Some(endpoint) = self.endpoints.get_mut(id) else {
            return;
        };
        if endpoint.has_initial_labels {
            return;
        }
        let Some(labels) = &endpoint.labels else {
            return;
        };
        if endpoint.pairing.confirm(identity, labels, now)
            && self.identities.learn(identity, labels)
        {
            self.versions.all_changed();
        }
    }

    /// Invalidates the views of a pod after one of its addresses was added or removed, which can
    /// change whether its other addresses are on this node.
    fn pod_changed(&self, pod: PodRef<'_>) {
        if self.endpoints.of_pod(pod).is_some() {
            self.versions.all_changed();
        }
    }

    fn address_changed(&mut self, address: Address) {
        self.versions.address_changed(address);
        let Some(entry) = self.addresses.get(address) else {
            return;
        };
        let Some((namespace, name)) = self.addresses.pod(entry) else {
            return;
        };
        let pod = PodRef { namespace, name };
        if self.endpoints.of_pod(pod).is_none() {
            return;
        }
        let now = entry.since;
        let node = self.addresses.node(entry);
        let node = node.filter(|_| self.endpoint_of_pod(pod).is_some());
        let pod = PodName {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        if let Some(node) = node {
            self.node.infer_address(node);
        }
        self.versions.all_changed();
        self.learn_labels(&pod, now);
    }

    fn add_to_identity(&mut self, identity: u32, prefix: Prefix) {
        if self.identities.add_prefix(identity, prefix) {
            self.versions.identity_changed(identity);
        }
        if self.identities.observe_prefix(identity, prefix) {
            self.versions.all_changed();
        }
    }

    fn remove_from_identity(&mut self, identity: u32, prefix: Prefix) {
        self.identities.remove_prefix(identity, prefix);
        self.versions.identity_changed(identity);
    }
}
