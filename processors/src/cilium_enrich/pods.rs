//! Pods by name, which is what joins addresses to endpoints: both are announced with it.

use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_model::flow::Address;

use super::refusal::Refusal;

/// The longest name that Kubernetes allows.
const LONGEST_NAME: usize = 253;
/// Addresses of one pod that are joined to its endpoint: more than any has.
const MOST_ADDRESSES: usize = 16;

/// Namespace and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct PodName {
    pub(super) namespace: String,
    pub(super) name: String,
}

impl PodName {
    /// `None` for what has no names.
    pub(super) fn new(namespace: &str, name: &str) -> Result<Option<Self>, Refusal> {
        if namespace.len().max(name.len()) > LONGEST_NAME {
            return Err(Refusal::LongNames);
        }
        let named = !(namespace.is_empty() && name.is_empty());
        Ok(named.then(|| Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }))
    }
}

/// What is known to bear a name.
#[derive(Debug, Default)]
pub(super) struct Pod {
    /// Its endpoint, if it is on this node.
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

    /// The name as all who bear it share it.
    pub(super) fn shared(&self, name: PodName) -> Arc<PodName> {
        self.0
            .get_key_value(&name)
            .map_or_else(|| Arc::new(name), |(shared, _)| Arc::clone(shared))
    }

    /// Adds an address, unless the pod has it.
    pub(super) fn join(&mut self, name: &Arc<PodName>, address: Address) {
        let addresses = &mut self.0.entry(Arc::clone(name)).or_default().addresses;
        if addresses.len() < MOST_ADDRESSES && !addresses.contains(&address) {
            addresses.push(address);
        }
    }

    /// Takes an address away.
    pub(super) fn part(&mut self, name: &PodName, address: Address) {
        let Some(pod) = self.0.get_mut(name) else {
            return;
        };
        pod.addresses.retain(|other| *other != address);
        self.forget_if_gone(name);
    }

    /// The pod's endpoint is this one.
    pub(super) fn settle(&mut self, name: &Arc<PodName>, endpoint: u64) {
        self.0.entry(Arc::clone(name)).or_default().endpoint = Some(endpoint);
    }

    /// The endpoint is gone; the pod may have another one by now.
    pub(super) fn leave(&mut self, name: &PodName, endpoint: u64) {
        let Some(pod) = self.0.get_mut(name) else {
            return;
        };
        if pod.endpoint == Some(endpoint) {
            pod.endpoint = None;
        }
        self.forget_if_gone(name);
    }

    fn forget_if_gone(&mut self, name: &PodName) {
        if self
            .0
            .get(name)
            .is_some_and(|pod| pod.endpoint.is_none() && pod.addresses.is_empty())
        {
            self.0.remove(name);
        }
    }
}
