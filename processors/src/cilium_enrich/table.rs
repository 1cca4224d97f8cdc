//! The announced state: the addresses of the agent's IP cache, the endpoints of its node, and the
//! labels of identities that follow from both.

use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_model::Timestamp;
use tidegate_model::flow::{Address, EndpointNames, IdentityScope};
use tidegate_model::names::{AddressName, EndpointName, Names, NamesContent};
use tidegate_model::record::{
    AgentEvent, AgentEventType, EndpointUpdate, IpCache as IpCacheUpdate, Notification,
};

use super::identities::Identities;
use super::ip_cache::{AddressEntry, IpCache};
use super::pairing::Pairing;
use super::pods::{PodName, Pods};
use super::prefix::Prefix;
use super::reject_reason::RejectReason;
use super::reporters::{PodlessEndpoints, Reporter};
use super::reserved::IdentityLabels;
use super::view_cache::ViewCache;

/// The largest total length of an endpoint's labels, in bytes. Those of pods have one or two
/// kilobytes.
const MAX_LABELS_LEN: usize = 16 * 1024;

/// An endpoint of this node that belongs to a pod.
#[derive(Debug)]
pub(super) struct LocalEndpoint {
    pub(super) pod: Arc<PodName>,
    /// The endpoint's labels; `None` until they are announced, which is after the endpoint itself.
    pub(super) labels: Option<IdentityLabels>,
    /// Whether the labels are those of the endpoint's creation. They can change before the endpoint
    /// gets its first identity, and may not be the labels of that identity.
    pub(super) has_initial_labels: bool,
    pairing: Pairing,
    /// What the endpoint's debug events show.
    pub(super) reporter: Option<Reporter>,
}

/// The announced state.
#[derive(Debug)]
pub(super) struct NameTable {
    pub(super) ip_cache: IpCache,
    pub(super) pods: Pods,
    pub(super) endpoints: HashMap<u64, LocalEndpoint>,
    pub(super) identities: Identities,
    pub(super) podless: PodlessEndpoints,
    max_entries: usize,
    /// Incremented by every change that can affect the views of several addresses, which
    /// invalidates all cached views.
    pub(super) version: u64,
    /// The latest connection with announcements.
    stream: u32,
}

impl NameTable {
    pub(super) fn new(max_entries: usize) -> Self {
        Self {
            ip_cache: IpCache::default(),
            pods: Pods::default(),
            endpoints: HashMap::new(),
            identities: Identities::new(),
            podless: PodlessEndpoints::default(),
            max_entries,
            version: 0,
            stream: 0,
        }
    }

    /// Applies an announcement.
    ///
    /// # Errors
    /// The announcement is rejected. An entry that it would have replaced stays.
    pub(super) fn apply(&mut self, event: &AgentEvent) -> Result<(), RejectReason> {
        use AgentEventType as Type;
        if event.stream > self.stream {
            self.stream = event.stream;
            self.remove_node_identities();
        }
        match (event.event_type, &event.notification) {
            (Type::IpCacheUpserted, Notification::IpCacheUpdate(update)) => {
                self.upsert(update, event.time)?
            }
            (Type::IpCacheDeleted, Notification::IpCacheUpdate(update)) => {
                let prefix = Prefix::parse(&update.cidr).ok_or(RejectReason::BadPrefix)?;
                self.remove_prefix(prefix);
            }
            (Type::EndpointCreated, Notification::EndpointUpdate(endpoint)) => {
                self.create_endpoint(endpoint)?
            }
            (Type::EndpointDeleted, Notification::EndpointUpdate(endpoint)) => {
                self.remove_endpoint(endpoint.id)
            }
            (_, Notification::EndpointRegenerate(endpoint)) => {
                self.set_labels(endpoint.id, &endpoint.labels, event.time)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds the entries of a list from an API. The number of rejected ones is in the result.
    pub(super) fn absorb(&mut self, names: &Names) -> usize {
        let now = names.asked;
        match &names.content {
            NamesContent::Identities(listed) => {
                for identity in listed {
                    self.identities.list(identity.identity, &identity.labels);
                }
                self.version += 1;
                0
            }
            NamesContent::Addresses(listed) => listed
                .iter()
                .filter(|entry| self.upsert(&announcement_of(entry), now).is_err())
                .count(),
            NamesContent::Endpoints(listed) => listed
                .iter()
                .filter(|endpoint| self.list_endpoint(endpoint, now).is_err())
                .count(),
            _ => 0,
        }
    }

    fn list_endpoint(
        &mut self,
        endpoint: &EndpointName,
        now: Timestamp,
    ) -> Result<(), RejectReason> {
        let id = u64::from(endpoint.id);
        let is_known = self.endpoints.get(&id).is_some_and(|known| {
            known.pod.namespace == endpoint.namespace && known.pod.name == endpoint.pod_name
        });
        if !is_known {
            self.create_endpoint(&EndpointUpdate {
                id,
                namespace: endpoint.namespace.clone(),
                pod_name: endpoint.pod_name.clone(),
                ..EndpointUpdate::default()
            })?;
        }
        if endpoint.labels.is_empty() {
            return Ok(());
        }
        self.set_labels(id, &endpoint.labels, now)
    }

    /// The numbers of addresses, prefixes and endpoints.
    pub(super) fn counts(&self) -> [usize; 3] {
        let [addresses, prefixes] = self.ip_cache.counts();
        [addresses, prefixes, self.endpoints.len()]
    }

    /// The pod's endpoint on this node, with its id. `None` if addresses of the pod are on several
    /// nodes: another cluster has a pod of the same name, and it is unknown which one is here.
    pub(super) fn local_endpoint(&self, pod: &PodName) -> Option<(u64, &LocalEndpoint)> {
        let pod = self.pods.get(pod)?;
        let id = pod.endpoint?;
        let mut nodes = [None; 2];
        let entries = pod
            .addresses
            .iter()
            .filter_map(|address| Some((address, self.ip_cache.addresses.get(address)?)));
        for (address, entry) in entries {
            let node = &mut nodes[usize::from(address.to_ip().is_ipv4())];
            if *node.get_or_insert(entry.node) != entry.node {
                return None;
            }
        }
        Some((id, self.endpoints.get(&id)?))
    }

    /// The identity of the pod's addresses, if all of them have the same.
    pub(super) fn identity_of(&self, pod: &PodName) -> Option<u32> {
        let addresses = self.pods.get(pod).map_or(&[][..], |pod| &pod.addresses);
        let mut identities = addresses
            .iter()
            .filter_map(|address| Some(self.ip_cache.addresses.get(address)?.identity));
        let first = identities.next()?;
        identities.all(|other| other == first).then_some(first)
    }

    /// Fails if the table is full, unless an existing entry is to be replaced.
    fn check_room(&self, is_replacement: bool) -> Result<(), RejectReason> {
        let is_full = self.counts().into_iter().sum::<usize>() >= self.max_entries;
        if is_full && !is_replacement {
            Err(RejectReason::TableFull)
        } else {
            Ok(())
        }
    }

    fn upsert(&mut self, update: &IpCacheUpdate, now: Timestamp) -> Result<(), RejectReason> {
        let prefix = Prefix::parse(&update.cidr).ok_or(RejectReason::BadPrefix)?;
        let Some(address) = prefix.address() else {
            self.check_room(self.ip_cache.has_prefix(prefix))?;
            self.set_prefix(prefix, update.identity);
            return Ok(());
        };
        self.check_room(self.ip_cache.addresses.contains_key(&address))?;
        let pod = PodName::new(&update.namespace, &update.pod_name)?;
        let entry = AddressEntry {
            identity: update.identity,
            node: Prefix::parse(&update.host_ip).and_then(Prefix::address),
            pod: pod.map(|name| self.pods.intern(name)),
            views: ViewCache::default(),
        };
        self.set_address(address, entry, now);
        Ok(())
    }

    fn set_prefix(&mut self, prefix: Prefix, identity: u32) {
        self.identities.add_prefix(identity, prefix);
        if let Some(previous) = self.ip_cache.insert_prefix(prefix, identity) {
            self.identities.remove_prefix(previous, prefix);
        }
    }

    fn set_address(&mut self, address: Address, entry: AddressEntry, now: Timestamp) {
        let existing = self.ip_cache.addresses.get(&address);
        if existing.is_some_and(|existing| existing.is_same(&entry)) {
            return;
        }
        // Before the old entry is removed, so that an identity that stays keeps its labels.
        self.identities
            .add_prefix(entry.identity, Prefix::host(address));
        self.remove_address(address);
        let pod = entry.pod.clone();
        let node = entry.node;
        self.ip_cache.addresses.insert(address, entry);
        if let Some(pod) = pod {
            self.pods.add_address(&pod, address);
            if let Some(node) = node.filter(|_| self.local_endpoint(&pod).is_some()) {
                self.ip_cache.set_node_address(node);
            }
            self.addresses_changed(&pod);
            self.learn_labels(&pod, now);
        }
    }

    fn remove_prefix(&mut self, prefix: Prefix) {
        if let Some(address) = prefix.address() {
            self.remove_address(address);
        } else if let Some(identity) = self.ip_cache.remove_prefix(prefix) {
            self.identities.remove_prefix(identity, prefix);
        }
    }

    /// Removes the prefixes whose identities the agent itself allocated, after its connection has
    /// ended: the next agent allocates the same numbers differently, and announces them again.
    fn remove_node_identities(&mut self) {
        self.identities.forget_node_identities();
        let is_allocated_by_node = |identity| IdentityScope::of(identity) != IdentityScope::Global;
        for prefix in self.ip_cache.prefixes_where(is_allocated_by_node) {
            self.remove_prefix(prefix);
        }
    }

    fn remove_address(&mut self, address: Address) {
        let Some(entry) = self.ip_cache.addresses.remove(&address) else {
            return;
        };
        self.identities
            .remove_prefix(entry.identity, Prefix::host(address));
        if let Some(pod) = entry.pod {
            self.pods.remove_address(&pod, address);
            self.addresses_changed(&pod);
        }
    }

    /// Invalidates the views of a local pod after one of its addresses was added or removed, which
    /// can change whether its other addresses are on this node.
    fn addresses_changed(&mut self, pod: &PodName) {
        if self.pods.get(pod).is_some_and(|pod| pod.endpoint.is_some()) {
            self.version += 1;
        }
    }

    /// Adds an endpoint. One without a pod is that of the host or of a health check, whose address
    /// is not announced.
    fn create_endpoint(&mut self, endpoint: &EndpointUpdate) -> Result<(), RejectReason> {
        let Some(pod) = PodName::new(&endpoint.namespace, &endpoint.pod_name)? else {
            return Ok(());
        };
        let labels = identity_labels(&endpoint.labels)?;
        self.check_room(self.endpoints.contains_key(&endpoint.id))?;
        self.remove_endpoint(endpoint.id);
        let pod = self.pods.intern(pod);
        self.pods.set_endpoint(&pod, endpoint.id);
        let local = LocalEndpoint {
            pod,
            labels,
            has_initial_labels: true,
            pairing: Pairing::default(),
            reporter: None,
        };
        self.endpoints.insert(endpoint.id, local);
        self.version += 1;
        Ok(())
    }

    fn remove_endpoint(&mut self, id: u64) {
        self.podless.remove(id);
        if let Some(endpoint) = self.endpoints.remove(&id) {
            self.pods.remove_endpoint(&endpoint.pod, id);
            self.version += 1;
        }
    }

    fn set_labels(
        &mut self,
        id: u64,
        labels: &[String],
        now: Timestamp,
    ) -> Result<(), RejectReason> {
        let labels = identity_labels(labels)?;
        let Some(endpoint) = self.endpoints.get_mut(&id) else {
            self.podless.add(id, labels);
            return Ok(());
        };
        if endpoint.labels != labels || endpoint.has_initial_labels {
            endpoint.labels = labels;
            endpoint.has_initial_labels = false;
            self.version += 1;
        }
        let pod = Arc::clone(&endpoint.pod);
        self.learn_labels(&pod, now);
        Ok(())
    }

    /// Learns the labels of a local pod's identity from its endpoint, if the two belong together.
    fn learn_labels(&mut self, pod: &PodName, now: Timestamp) {
        let Some((id, _)) = self.local_endpoint(pod) else {
            return;
        };
        let identity = self.identity_of(pod);
        let Some(identity) = identity.filter(|identity| Identities::is_learned(*identity)) else {
            return;
        };
        let Some(endpoint) = self.endpoints.get_mut(&id) else {
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
            self.version += 1;
        }
    }
}

/// The announcement that an entry of a list corresponds to.
fn announcement_of(entry: &AddressName) -> IpCacheUpdate {
    IpCacheUpdate {
        cidr: format!("{}/{}", entry.address, entry.prefix_len),
        identity: entry.identity,
        host_ip: entry.node.map(|node| node.to_string()).unwrap_or_default(),
        namespace: entry.namespace.clone(),
        pod_name: entry.pod_name.clone(),
        ..IpCacheUpdate::default()
    }
}

/// Labels in their shared form; `None` if there are none.
fn identity_labels(labels: &[String]) -> Result<Option<IdentityLabels>, RejectReason> {
    if labels.iter().map(String::len).sum::<usize>() > MAX_LABELS_LEN {
        return Err(RejectReason::LongNames);
    }
    Ok((!labels.is_empty()).then(|| Arc::new(EndpointNames::of_labels(labels.to_vec()))))
}
