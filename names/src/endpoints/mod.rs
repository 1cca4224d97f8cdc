//! The endpoints of this node: Hubble's endpoint getter (`pkg/endpointmanager`, v1.19.4).
//!
//! The agent's API lists an endpoint with its addresses and labels. Announcements have the id and
//! the pod of an endpoint, then its labels, and no addresses: those are found by the pod's name.

mod pairing;
mod podless;
mod wanted;

pub(crate) use pairing::Pairing;
pub(crate) use podless::PodlessEndpoints;
pub(crate) use wanted::WantedEndpoints;

use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use tidegate_model::Timestamp;
use tidegate_model::flow::Address;
use tidegate_model::names::EndpointName;

use crate::labels::HeldLabels;
use crate::origin::Origin;
use crate::pods::{PodName, PodRef, check_labels, check_len};
use crate::reject_reason::RejectReason;
use crate::times::set_back;
use crate::workloads::Workload;

/// The largest number of addresses of an endpoint, which has one of each family as a rule.
const MAX_ADDRESSES: usize = 8;

/// The identity of an endpoint whose labels the agent does not have yet.
const INIT: u32 = 5;

/// An endpoint.
#[derive(Debug)]
pub(crate) struct LocalEndpoint {
    /// Empty for those of the host, health checks and ingress.
    pub(crate) pod: Arc<PodName>,
    /// The identity that the API lists; 0 if it does not.
    pub(crate) identity: u32,
    /// The endpoint's labels; `None` until they are announced, which is after the endpoint itself.
    pub(crate) labels: Option<HeldLabels>,
    /// Whether the labels are those of the endpoint's creation. They can change before the endpoint
    /// gets its first identity, and may not be the labels of that identity.
    pub(crate) has_initial_labels: bool,
    pub(crate) pairing: Pairing,
    /// The addresses that the API lists, or that the endpoint had when it was deleted.
    pub(crate) addresses: Vec<Address>,
    /// Index and name of the network interface that the API lists.
    pub(crate) interface: Option<(u32, Box<str>)>,
    /// The workload that its labels show.
    pub(crate) inferred_workload: Option<Workload>,
    /// When it was last announced, or when the list that has it was requested.
    pub(crate) since: Timestamp,
    pub(crate) origin: Origin,
    /// Whether it is deleted, and only used for the last packets.
    pub(crate) is_gone: bool,
}

impl LocalEndpoint {
    pub(crate) fn new(pod: Arc<PodName>, since: Timestamp, origin: Origin) -> Self {
        Self {
            pod,
            identity: 0,
            labels: None,
            has_initial_labels: true,
            pairing: Pairing::default(),
            addresses: Vec::new(),
            interface: None,
            inferred_workload: None,
            since,
            origin,
            is_gone: false,
        }
    }

    fn times(&mut self) -> [&mut Timestamp; 2] {
        [&mut self.since, &mut self.pairing.since]
    }

    /// Whether a list has what announcements lack: an identity, which is [`INIT`] until the agent has
    /// read the pod's labels, and the interface, which only pods have in all releases.
    pub(crate) fn is_listed(&self) -> bool {
        let has_identity = self.identity != 0 && self.identity != INIT;
        has_identity && (self.interface.is_some() || self.pod.is_empty())
    }
}

/// The endpoints, by id, pod and address.
#[derive(Debug, Default)]
pub(crate) struct Endpoints {
    endpoints: HashMap<u64, LocalEndpoint>,
    by_pod: HashMap<Arc<PodName>, u64>,
    by_address: HashMap<Address, u64>,
    pub(crate) podless: PodlessEndpoints,
}

impl Endpoints {
    pub(crate) fn len(&self) -> usize {
        self.endpoints.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &LocalEndpoint)> {
        self.endpoints.iter().map(|(id, endpoint)| (*id, endpoint))
    }

    pub(crate) fn get(&self, id: u64) -> Option<&LocalEndpoint> {
        self.endpoints.get(&id)
    }

    /// The labels of an endpoint, with a pod or without one.
    pub(crate) fn labels(&self, id: u64) -> Option<&HeldLabels> {
        match self.endpoints.get(&id) {
            Some(endpoint) => endpoint.labels.as_ref(),
            None => self.podless.get(id).map(|(_, labels)| labels),
        }
    }

    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut LocalEndpoint> {
        self.endpoints.get_mut(&id)
    }

    pub(crate) fn set_back(&mut self, by: Duration) {
        let times = self.endpoints.values_mut();
        set_back(times.flat_map(LocalEndpoint::times), by);
    }

    /// The endpoint with an address that the API lists.
    pub(crate) fn at(&self, address: Address) -> Option<(u64, &LocalEndpoint)> {
        let id = *self.by_address.get(&address)?;
        Some((id, self.endpoints.get(&id)?))
    }

    /// The endpoint of a pod.
    pub(crate) fn of_pod(&self, pod: PodRef<'_>) -> Option<(u64, &LocalEndpoint)> {
        let id = *self.by_pod.get(&pod)?;
        Some((id, self.endpoints.get(&id)?))
    }

    /// Adds an endpoint, or replaces one.
    pub(crate) fn insert(&mut self, id: u64, endpoint: LocalEndpoint) {
        self.remove(id);
        if !endpoint.pod.is_empty() {
            self.by_pod.insert(Arc::clone(&endpoint.pod), id);
        }
        let addresses = endpoint.addresses.clone();
        self.endpoints.insert(id, endpoint);
        self.set_addresses(id, addresses);
    }

    /// Sets the addresses of an endpoint.
    pub(crate) fn set_addresses(&mut self, id: u64, addresses: Vec<Address>) {
        let Self {
            endpoints,
            by_address,
            ..
        } = self;
        let Some(endpoint) = endpoints.get_mut(&id) else {
            return;
        };
        remove_addresses(by_address, id, &endpoint.addresses);
        by_address.extend(addresses.iter().map(|address| (*address, id)));
        endpoint.addresses = addresses;
    }

    pub(crate) fn remove(&mut self, id: u64) -> Option<LocalEndpoint> {
        let endpoint = self.endpoints.remove(&id)?;
        remove_addresses(&mut self.by_address, id, &endpoint.addresses);
        // The pod may have another endpoint by now.
        if self.by_pod.get(&endpoint.pod) == Some(&id) {
            self.by_pod.remove(&endpoint.pod);
        }
        Some(endpoint)
    }
}

/// Removes the addresses of an endpoint that no other one has by now.
fn remove_addresses(by_address: &mut HashMap<Address, u64>, id: u64, addresses: &[Address]) {
    for address in addresses {
        if by_address.get(address) == Some(&id) {
            by_address.remove(address);
        }
    }
}

/// Fails if an endpoint has more or longer values than a node's have.
pub(crate) fn check_listed(listed: &EndpointName) -> Result<(), RejectReason> {
    check_labels(&listed.derived_labels)?;
    check_len(&listed.interface_name, "")?;
    if listed.addresses.len() > MAX_ADDRESSES {
        return Err(RejectReason::LongNames);
    }
    Ok(())
}
