//! Pods by name. The name connects addresses and endpoints, which are announced separately.

use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_model::flow::Address;

use super::reject_reason::RejectReason;

/// The length of the longest name that Kubernetes allows.
const MAX_NAME: usize = 253;
/// The largest number of addresses that are stored for a pod: more than any pod has.
const MAX_ADDRESSES: usize = 16;

/// The namespace and name of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct PodName {
    pub(super) namespace: String,
    pub(super) name: String,
}

impl PodName {
    /// The name; `None` if both parts are empty, since the address or endpoint then has no pod.
    pub(super) fn new(namespace: &str, name: &str) -> Result<Option<Self>, RejectReason> {
        if namespace.len().max(name.len()) > MAX_NAME {
            return Err(RejectReason::LongNames);
        }
        let has_pod = !(namespace.is_empty() && name.is_empty());
        Ok(has_pod.then(|| Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }))
    }
}

/// The endpoint and the addresses of a pod.
#[derive(Debug, Default)]
pub(super) struct Pod {
    /// The id of its endpoint, if it is on this node.
    pub(super) endpoint: Option<u64>,
    pub(super) addresses: Vec<Address>,
}

/// All pods that have an address or an endpoint.
#[derive(Debug, Default)]
pub(super) struct Pods(HashMap<Arc<PodName>, Pod>);

impl Pods {
    pub(super) fn get(&self, name: &PodName) -> Option<&Pod> {
        self.0.get(name)
    }

    /// The shared copy of the name.
    pub(super) fn intern(&self, name: PodName) -> Arc<PodName> {
        self.0
            .get_key_value(&name)
            .map_or_else(|| Arc::new(name), |(shared, _)| Arc::clone(shared))
    }

    pub(super) fn add_address(&mut self, name: &Arc<PodName>, address: Address) {
        let addresses = &mut self.0.entry(Arc::clone(name)).or_default().addresses;
        if addresses.len() < MAX_ADDRESSES && !addresses.contains(&address) {
            addresses.push(address);
        }
    }

    pub(super) fn remove_address(&mut self, name: &PodName, address: Address) {
        let Some(pod) = self.0.get_mut(name) else {
            return;
        };
        pod.addresses.retain(|other| *other != address);
        self.remove_if_empty(name);
    }

    pub(super) fn set_endpoint(&mut self, name: &Arc<PodName>, endpoint: u64) {
        self.0.entry(Arc::clone(name)).or_default().endpoint = Some(endpoint);
    }

    /// Removes the endpoint of a pod, unless the pod has another endpoint by now.
    pub(super) fn remove_endpoint(&mut self, name: &PodName, endpoint: u64) {
        let Some(pod) = self.0.get_mut(name) else {
            return;
        };
        if pod.endpoint == Some(endpoint) {
            pod.endpoint = None;
        }
        self.remove_if_empty(name);
    }

    fn remove_if_empty(&mut self, name: &PodName) {
        if self
            .0
            .get(name)
            .is_some_and(|pod| pod.endpoint.is_none() && pod.addresses.is_empty())
        {
            self.0.remove(name);
        }
    }
}
