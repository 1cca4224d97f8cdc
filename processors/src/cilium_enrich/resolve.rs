//! What the table says about the sides of a flow.

use std::sync::Arc;

use tidegate_model::flow::{Address, Direction, Endpoint, EndpointNames, Flow, Seen};

use super::identities::{Identities, Labels};
use super::pods::PodName;
use super::table::Table;
use super::views::{Look, View};
use crate::l7::access_log::low_u32;

impl Table {
    /// Names both sides. A proxy's record says itself who they are, but for their pods.
    pub(super) fn name_sides(&mut self, flow: &mut Flow) {
        let (source, destination) = (flow.source_address(), flow.destination_address());
        if flow.l7.as_ref().is_some_and(|l7| l7.seen == Seen::Proxy) {
            self.add_pod(source, &mut flow.source);
            self.add_pod(destination, &mut flow.destination);
        } else {
            self.resolve(source, &mut flow.source);
            self.resolve(destination, &mut flow.destination);
            flow.direction = direction(flow);
        }
    }

    /// Hubble's `ResolveEndpoint`: the datapath's identity goes before the table's, because it is
    /// what policy decided on.
    fn resolve(&mut self, address: Option<Address>, endpoint: &mut Endpoint) {
        if endpoint.identity == 0 {
            endpoint.identity = address
                .and_then(|address| self.ip_cache.identity(address))
                .unwrap_or_default();
        }
        self.identities.observe(endpoint.identity);
        match self.view(address, Look::Identity(endpoint.identity)) {
            Some(View { id, names }) => (endpoint.id, endpoint.names) = (id, Some(names)),
            None => endpoint.names = self.identities.names(endpoint.identity, address),
        }
    }

    /// What Hubble's `seven` parser looks up. The record's own labels stay as they are; flows of
    /// the datapath show them where they have the record's identity.
    fn add_pod(&mut self, address: Option<Address>, endpoint: &mut Endpoint) {
        self.identities.observe(endpoint.identity);
        let labels = endpoint.names.as_ref();
        if labels.is_some_and(|labels| self.identities.learn_recorded(endpoint.identity, labels)) {
            self.version += 1;
        }
        if let Some(view) = self.view(address, Look::Record(endpoint.names.clone())) {
            endpoint.names = Some(view.names);
        }
    }

    /// The view of an address that a pod has.
    fn view(&mut self, address: Option<Address>, look: Look) -> Option<View> {
        let address = address?;
        let host = self.ip_cache.hosts.get(&address)?;
        let pod = host.pod.as_ref()?;
        if let Some(view) = host.views.find(self.version, &look) {
            return Some(view.clone());
        }
        let (own, pod) = (host.identity, Arc::clone(pod));
        let view = self.compose(address, own, &pod, &look);
        let is_passing = match look {
            // A pod's address hardly ever has one of those.
            Look::Identity(identity) => [identity, own]
                .into_iter()
                .any(Identities::depends_on_prefixes),
            Look::Record(_) => false,
        };
        if !is_passing {
            self.ip_cache
                .hosts
                .get_mut(&address)?
                .views
                .keep(self.version, look, view.clone());
        }
        Some(view)
    }

    /// Puts together what a pod's address shows, which has an identity of its own.
    fn compose(&mut self, address: Address, own: u32, pod: &PodName, look: &Look) -> View {
        let (id, labels) = match look {
            Look::Identity(identity) => self.labels(address, own, pod, *identity),
            Look::Record(names) => (0, names.clone()),
        };
        let names = EndpointNames {
            namespace: pod.namespace.clone(),
            pod_name: pod.name.clone(),
            ..labels.as_deref().cloned().unwrap_or_default()
        };
        View {
            id,
            names: Arc::new(names),
        }
    }

    /// Endpoint and labels of a pod that the datapath gave an identity. On this node they are those
    /// of its own identity, which its endpoint has; while that has only the ones that it was
    /// created with, the identity may know better.
    fn labels(
        &mut self,
        address: Address,
        own: u32,
        pod: &PodName,
        identity: u32,
    ) -> (u32, Option<Labels>) {
        let Some((id, endpoint)) = self.local(pod) else {
            return (0, self.identities.names(identity, Some(address)));
        };
        let (id, is_new, labels) = (
            low_u32(id.to_le_bytes()),
            endpoint.is_new,
            endpoint.labels.clone(),
        );
        let settled = if is_new {
            self.identities.names(own, Some(address))
        } else {
            None
        };
        let labels = settled
            .or(labels)
            .or_else(|| self.identities.names(identity, Some(address)));
        (id, labels)
    }
}

/// Hubble's `decodeTrafficDirection`, where it hangs on whether the source is the endpoint that
/// reports: what `l34_flow` found holds if it is not.
fn direction(flow: &Flow) -> Direction {
    let is_source =
        flow.turned_by != 0 && u32::from(flow.turned_by) == flow.source.id & u32::from(u16::MAX);
    match flow.direction {
        Direction::Ingress if is_source => Direction::Egress,
        Direction::Egress if is_source => Direction::Ingress,
        unchanged => unchanged,
    }
}
