//! What the agent has announced, kept together: the addresses of its IP cache, the endpoints of its
//! node, and the labels of identities that follow from both.

use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_model::Timestamp;
use tidegate_model::flow::{Address, EndpointNames, IdentityScope};
use tidegate_model::record::{
    AgentEvent, AgentEventType as Type, EndpointUpdate, IpCache as Entry, Notification,
};

use super::identities::Identities;
use super::ip_cache::{Host, IpCache};
use super::pairing::Pairing;
use super::pods::{PodName, Pods};
use super::prefix::Prefix;
use super::refusal::Refusal;
use super::reporters::{Reporter, Reporters};
use super::views::Views;

/// The longest labels of an endpoint that are kept; those of pods have one or two kilobytes.
const LONGEST_LABELS: usize = 16 * 1024;

/// An endpoint of this node that belongs to a pod.
#[derive(Debug)]
pub(super) struct LocalEndpoint {
    pub(super) pod: Arc<PodName>,
    /// The names from its labels; `None` until they are announced, which is after the endpoint
    /// itself.
    pub(super) labels: Option<Arc<EndpointNames>>,
    /// Whether the labels are those that it was created with. They can change before it gets its
    /// first identity, so they are not known to be that one's.
    pub(super) is_new: bool,
    pairing: Pairing,
    /// What its debug events show.
    pub(super) reporter: Option<Reporter>,
}

/// The table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) ip_cache: IpCache,
    pub(super) pods: Pods,
    pub(super) endpoints: HashMap<u64, LocalEndpoint>,
    pub(super) identities: Identities,
    pub(super) reporters: Reporters,
    max_entries: usize,
    /// Counts the changes that can show on more than one address.
    pub(super) version: u64,
    /// The newest connection that announcements came in.
    stream: u32,
}

impl Table {
    pub(super) fn new(max_entries: usize) -> Self {
        Self {
            ip_cache: IpCache::default(),
            pods: Pods::default(),
            endpoints: HashMap::new(),
            identities: Identities::new(),
            reporters: Reporters::default(),
            max_entries,
            version: 0,
            stream: 0,
        }
    }

    /// Takes an announcement in.
    ///
    /// # Errors
    /// It is not remembered; what it was to replace stays.
    pub(super) fn learn(&mut self, event: &AgentEvent) -> Result<(), Refusal> {
        if event.stream > self.stream {
            self.stream = event.stream;
            self.forget_identities_of_a_node();
        }
        match (event.event_type, &event.notification) {
            (Type::IpCacheUpserted, Notification::IpCacheUpdate(entry)) => {
                self.upsert(entry, event.time)?
            }
            (Type::IpCacheDeleted, Notification::IpCacheUpdate(entry)) => self.delete(entry)?,
            (Type::EndpointCreated, Notification::EndpointUpdate(endpoint)) => {
                self.create(endpoint)?
            }
            (Type::EndpointDeleted, Notification::EndpointUpdate(endpoint)) => {
                self.remove(endpoint.id)
            }
            (_, Notification::EndpointRegenerate(endpoint)) => {
                self.relabel(endpoint.id, &endpoint.labels, event.time)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// How many addresses, prefixes and endpoints are remembered.
    pub(super) fn census(&self) -> [usize; 3] {
        let [addresses, prefixes] = self.ip_cache.census();
        [addresses, prefixes, self.endpoints.len()]
    }

    /// The pod's endpoint on this node. A pod of that name that is on two nodes is one of another
    /// cluster, too, and which of them is here is unknown.
    pub(super) fn local(&self, pod: &PodName) -> Option<(u64, &LocalEndpoint)> {
        let known = self.pods.get(pod)?;
        let id = known.endpoint?;
        let mut nodes = [None; 2];
        let hosts = known
            .addresses
            .iter()
            .filter_map(|address| Some((address, self.ip_cache.hosts.get(address)?)));
        for (address, host) in hosts {
            let node = &mut nodes[usize::from(address.to_ip().is_ipv4())];
            if *node.get_or_insert(host.node) != host.node {
                return None;
            }
        }
        Some((id, self.endpoints.get(&id)?))
    }

    fn check_room(&self, is_known: bool) -> Result<(), Refusal> {
        let is_full = self.census().into_iter().sum::<usize>() >= self.max_entries;
        if is_full && !is_known {
            Err(Refusal::TableFull)
        } else {
            Ok(())
        }
    }

    fn upsert(&mut self, entry: &Entry, now: Timestamp) -> Result<(), Refusal> {
        let prefix = Prefix::parse(&entry.cidr).ok_or(Refusal::BadPrefix)?;
        let Some(address) = prefix.address() else {
            self.check_room(self.ip_cache.has_prefix(prefix))?;
            self.replace_prefix(prefix, entry.identity);
            return Ok(());
        };
        self.check_room(self.ip_cache.hosts.contains_key(&address))?;
        let pod =
            PodName::new(&entry.namespace, &entry.pod_name)?.map(|name| self.pods.shared(name));
        let node = Prefix::parse(&entry.host_ip).and_then(Prefix::address);
        self.replace(
            address,
            Host {
                identity: entry.identity,
                node,
                pod,
                views: Views::default(),
            },
            now,
        );
        Ok(())
    }

    fn replace_prefix(&mut self, prefix: Prefix, identity: u32) {
        self.identities.hold(identity, prefix);
        if let Some(before) = self.ip_cache.upsert_prefix(prefix, identity) {
            self.identities.release(before, prefix);
        }
    }

    fn replace(&mut self, address: Address, host: Host, now: Timestamp) {
        if self
            .ip_cache
            .hosts
            .get(&address)
            .is_some_and(|known| known.says_the_same(&host))
        {
            return;
        }
        self.identities.hold(host.identity, Prefix::host(address));
        self.forget(address);
        let pod = host.pod.clone();
        let node = host.node;
        self.ip_cache.hosts.insert(address, host);
        if let Some(pod) = pod {
            self.pods.join(&pod, address);
            if let Some(node) = node.filter(|_| self.local(&pod).is_some()) {
                self.ip_cache.learn_own(node);
            }
            self.pod_changed(&pod);
            self.match_labels(&pod, now);
        }
    }

    fn delete(&mut self, entry: &Entry) -> Result<(), Refusal> {
        let prefix = Prefix::parse(&entry.cidr).ok_or(Refusal::BadPrefix)?;
        self.forget_prefix(prefix);
        Ok(())
    }

    fn forget_prefix(&mut self, prefix: Prefix) {
        if let Some(address) = prefix.address() {
            self.forget(address);
        } else if let Some(before) = self.ip_cache.delete_prefix(prefix) {
            self.identities.release(before, prefix);
        }
    }

    /// Another agent announces from here on. It gives out numbers of local scope anew, so one that
    /// stays would be another's; it announces them again.
    fn forget_identities_of_a_node(&mut self) {
        let is_of_a_node = |identity| IdentityScope::of(identity) != IdentityScope::Global;
        for prefix in self.ip_cache.entries_where(is_of_a_node) {
            self.forget_prefix(prefix);
        }
    }

    fn forget(&mut self, address: Address) {
        let Some(host) = self.ip_cache.hosts.remove(&address) else {
            return;
        };
        self.identities
            .release(host.identity, Prefix::host(address));
        if let Some(pod) = host.pod {
            self.pods.part(&pod, address);
            self.pod_changed(&pod);
        }
    }

    /// An address came or went, which can decide whether the others are on this node.
    fn pod_changed(&mut self, pod: &PodName) {
        if self.pods.get(pod).is_some_and(|pod| pod.endpoint.is_some()) {
            self.version += 1;
        }
    }

    /// An endpoint without a pod is the host's or a health check's: nothing announces which address
    /// it has.
    fn create(&mut self, endpoint: &EndpointUpdate) -> Result<(), Refusal> {
        let Some(pod) = PodName::new(&endpoint.namespace, &endpoint.pod_name)? else {
            return Ok(());
        };
        let labels = names_of(&endpoint.labels)?;
        self.check_room(self.endpoints.contains_key(&endpoint.id))?;
        self.remove(endpoint.id);
        let pod = self.pods.shared(pod);
        self.pods.settle(&pod, endpoint.id);
        self.endpoints.insert(
            endpoint.id,
            LocalEndpoint {
                pod,
                labels,
                is_new: true,
                pairing: Pairing::default(),
                reporter: None,
            },
        );
        self.version += 1;
        Ok(())
    }

    fn remove(&mut self, id: u64) {
        self.reporters.remove(id);
        if let Some(endpoint) = self.endpoints.remove(&id) {
            self.pods.leave(&endpoint.pod, id);
            self.version += 1;
        }
    }

    fn relabel(&mut self, id: u64, labels: &[String], now: Timestamp) -> Result<(), Refusal> {
        let labels = names_of(labels)?;
        let Some(endpoint) = self.endpoints.get_mut(&id) else {
            self.reporters.learn(id, labels);
            return Ok(());
        };
        if endpoint.labels != labels || endpoint.is_new {
            (endpoint.labels, endpoint.is_new) = (labels, false);
            self.version += 1;
        }
        let pod = Arc::clone(&endpoint.pod);
        self.match_labels(&pod, now);
        Ok(())
    }

    /// The identity that all addresses of the pod have.
    pub(super) fn identity_of(&self, pod: &PodName) -> Option<u32> {
        let addresses = self.pods.get(pod).map_or(&[][..], |pod| &pod.addresses);
        let mut identities = addresses
            .iter()
            .filter_map(|address| Some(self.ip_cache.hosts.get(address)?.identity));
        let first = identities.next()?;
        identities.all(|other| other == first).then_some(first)
    }

    /// Learns the labels of the identity that all addresses of the pod have.
    fn match_labels(&mut self, pod: &PodName, now: Timestamp) {
        let Some((id, _)) = self.local(pod) else {
            return;
        };
        let Some(identity) = self
            .identity_of(pod)
            .filter(|identity| Identities::is_learnt(*identity))
        else {
            return;
        };
        let Some(endpoint) = self.endpoints.get_mut(&id) else {
            return;
        };
        let Some(labels) = endpoint.labels.as_ref().filter(|_| !endpoint.is_new) else {
            return;
        };
        if endpoint.pairing.settles(identity, labels, now)
            && self.identities.learn(identity, labels)
        {
            self.version += 1;
        }
    }
}

/// The names from labels; `None` without any.
fn names_of(labels: &[String]) -> Result<Option<Arc<EndpointNames>>, Refusal> {
    if labels.iter().map(String::len).sum::<usize>() > LONGEST_LABELS {
        return Err(Refusal::LongNames);
    }
    Ok((!labels.is_empty()).then(|| Arc::new(EndpointNames::of_labels(labels.to_vec()))))
}
