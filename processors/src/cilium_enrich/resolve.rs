//! Resolves the endpoints of a flow.

use std::sync::Arc;

use tidegate_model::flow::{Address, Direction, Endpoint, EndpointNames, Flow, MessageSource};

use super::identities::Identities;
use super::pods::PodName;
use super::reserved::IdentityLabels;
use super::table::NameTable;
use super::view_cache::{EndpointView, ViewKey};
use crate::l7::access_log::low_u32;

impl NameTable {
    /// Names both endpoints of a flow. A flow of a proxy's record only lacks their pods.
    pub(super) fn name_endpoints(&mut self, flow: &mut Flow) {
        let source = flow.source_address();
        let destination = flow.destination_address();
        if flow
            .l7
            .as_ref()
            .is_some_and(|l7| l7.source == MessageSource::Proxy)
        {
            self.add_pod(source, &mut flow.source);
            self.add_pod(destination, &mut flow.destination);
        } else {
            self.resolve(source, &mut flow.source);
            self.resolve(destination, &mut flow.destination);
            flow.direction = direction(flow);
        }
    }

    /// Hubble's `ResolveEndpoint`. The identity of the datapath takes precedence over the table's,
    /// because the policy decision was based on it.
    fn resolve(&mut self, address: Option<Address>, endpoint: &mut Endpoint) {
        if endpoint.identity == 0 {
            endpoint.identity = address
                .and_then(|address| self.ip_cache.identity(address))
                .unwrap_or_default();
        }
        self.identities.observe(endpoint.identity);
        match self.view(address, ViewKey::Identity(endpoint.identity)) {
            Some(view) => {
                endpoint.id = view.id;
                endpoint.names = Some(view.names);
            }
            None => endpoint.names = self.identities.labels(endpoint.identity, address),
        }
    }

    /// What Hubble's `seven` parser looks up. The labels of the record stay unchanged; flows of the
    /// datapath with the same identity show them too.
    fn add_pod(&mut self, address: Option<Address>, endpoint: &mut Endpoint) {
        self.identities.observe(endpoint.identity);
        let labels = endpoint.names.as_ref();
        if labels.is_some_and(|labels| self.identities.learn_recorded(endpoint.identity, labels)) {
            self.version += 1;
        }
        if let Some(view) = self.view(address, ViewKey::Record(endpoint.names.clone())) {
            endpoint.names = Some(view.names);
        }
    }

    /// The view of an address; `None` if the address has no pod.
    fn view(&mut self, address: Option<Address>, key: ViewKey) -> Option<EndpointView> {
        let address = address?;
        let entry = self.ip_cache.addresses.get(&address)?;
        let pod = entry.pod.as_ref()?;
        if let Some(view) = entry.views.find(self.version, &key) {
            return Some(view.clone());
        }
        let pod = Arc::clone(pod);
        let pod_identity = entry.identity;
        let view = self.compose(address, pod_identity, &pod, &key);
        let is_cacheable = match key {
            // The address of a pod hardly ever has such an identity.
            ViewKey::Identity(identity) => {
                !Identities::depends_on_prefixes(identity)
                    && !Identities::depends_on_prefixes(pod_identity)
            }
            ViewKey::Record(_) => true,
        };
        if is_cacheable {
            let entry = self.ip_cache.addresses.get_mut(&address)?;
            entry.views.insert(self.version, key, view.clone());
        }
        Some(view)
    }

    /// Composes the view of a pod's address. `pod_identity` is the announced identity.
    fn compose(
        &mut self,
        address: Address,
        pod_identity: u32,
        pod: &PodName,
        key: &ViewKey,
    ) -> EndpointView {
        let (id, labels) = match key {
            ViewKey::Identity(identity) => self.labels(address, pod_identity, pod, *identity),
            ViewKey::Record(names) => (0, names.clone()),
        };
        let names = EndpointNames {
            namespace: pod.namespace.clone(),
            pod_name: pod.name.clone(),
            ..labels.as_deref().cloned().unwrap_or_default()
        };
        EndpointView {
            id,
            names: Arc::new(names),
        }
    }

    /// The endpoint id and the labels of a pod, for which the datapath reported `identity`. On this
    /// node, the labels are those of its endpoint, or while the endpoint has only its initial
    /// labels, the learned ones of its announced identity.
    fn labels(
        &mut self,
        address: Address,
        pod_identity: u32,
        pod: &PodName,
        identity: u32,
    ) -> (u32, Option<IdentityLabels>) {
        let Some((id, endpoint)) = self.local_endpoint(pod) else {
            return (0, self.identities.labels(identity, Some(address)));
        };
        let id = low_u32(id.to_le_bytes());
        let announced = endpoint.labels.clone();
        let learned = if endpoint.has_initial_labels {
            self.identities.labels(pod_identity, Some(address))
        } else {
            None
        };
        let labels = learned
            .or(announced)
            .or_else(|| self.identities.labels(identity, Some(address)));
        (id, labels)
    }
}

/// The part of Hubble's `decodeTrafficDirection` that needs to know whether the source is the
/// reporting endpoint. If it is not, the direction that `l34_flow` found is right.
fn direction(flow: &Flow) -> Direction {
    let is_source = flow.reversing_endpoint != 0
        && u32::from(flow.reversing_endpoint) == flow.source.id & u32::from(u16::MAX);
    match flow.direction {
        Direction::Ingress if is_source => Direction::Egress,
        Direction::Egress if is_source => Direction::Ingress,
        unchanged => unchanged,
    }
}
