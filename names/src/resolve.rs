//! What a flow shows of an address: Hubble's `ResolveEndpoint`
//! (`pkg/hubble/parser/common/endpoint.go`), and what its `seven` and `debug` parsers look up
//! (v1.19.4).

use std::sync::Arc;

use tidegate_model::flow::{Address, EndpointNames};

use crate::addresses::AddressEntry;
use crate::endpoints::LocalEndpoint;
use crate::identities::{HOST, Identities};
use crate::labels::IdentityLabels;
use crate::pods::PodRef;
use crate::services::ServicePorts;
use crate::table::NameTable;
use crate::unnamed::Unnamed;
use crate::workloads::Workload;

/// What the table has for an address and an identity.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resolved {
    /// The endpoint on this node; 0 for others.
    pub(crate) id: u32,
    pub(crate) identity: u32,
    pub(crate) names: Option<Arc<EndpointNames>>,
    pub(crate) services: Option<ServicePorts>,
    /// Whether an endpoint knows DNS names of the address.
    pub(crate) has_dns_names: bool,
    pub(crate) unnamed: Option<Unnamed>,
    /// Whether the agent's API could tell labels of the identity that are not known.
    pub(crate) wants_identity: bool,
}

impl NameTable {
    /// The endpoint of a flow of the datapath. The identity of the datapath takes precedence over the
    /// table's, because the policy decision was based on it; it is 0 if the event has none.
    pub(crate) fn resolve(&self, address: Option<Address>, observed: u32) -> Resolved {
        let entry = address.and_then(|address| self.addresses.get(address));
        if let Some(entry) = entry {
            entry.note_use();
        }
        let local = address.and_then(|address| self.local_endpoint(address, entry));
        let identity = match observed {
            0 => self.identity_at(address, entry, local),
            observed => observed,
        };
        if self.identities.observe(identity) {
            self.versions.all_changed();
        }
        let labels = match local {
            Some((_, endpoint)) => self.labels_of_endpoint(endpoint, entry, identity, address),
            None => self.identities.labels(identity, address),
        };
        let names = self.names(local.map(|(_, endpoint)| endpoint), entry, labels.as_ref());
        let has_pod = names
            .as_ref()
            .is_some_and(|names| !names.pod_name.is_empty());
        Resolved {
            id: local.map_or(0, |(id, _)| endpoint_id(id)),
            identity,
            unnamed: Unnamed::of(address, identity, labels.is_some(), has_pod),
            names,
            services: address.and_then(|address| self.services.at(address)),
            has_dns_names: address.is_some_and(|address| self.dns.has(address)),
            wants_identity: self.identities.is_incomplete(identity),
        }
    }

    /// The endpoint of a flow of a proxy's record. The record's labels stay unchanged; only the pod
    /// of the address and its workload are added.
    pub(crate) fn resolve_recorded(
        &self,
        address: Option<Address>,
        record: Option<&IdentityLabels>,
    ) -> Resolved {
        let entry = address.and_then(|address| self.addresses.get(address));
        if let Some(entry) = entry {
            entry.note_use();
        }
        let local = address.and_then(|address| self.local_endpoint(address, entry));
        let pod = entry.and_then(|entry| self.addresses.pod(entry));
        let workload = local.and_then(|(_, endpoint)| self.workload(endpoint));
        let names = if pod.is_none() && workload.is_none() {
            record.cloned()
        } else {
            let pod = pod.unwrap_or_default();
            Some(compose(pod, workload, record))
        };
        Resolved {
            names,
            services: address.and_then(|address| self.services.at(address)),
            has_dns_names: address.is_some_and(|address| self.dns.has(address)),
            ..Resolved::default()
        }
    }

    /// The identity and the names of an endpoint of this node; `None` if it is unknown.
    pub(crate) fn resolve_id(&self, id: u16) -> Option<(u32, Option<Arc<EndpointNames>>)> {
        let id = u64::from(id);
        let Some(endpoint) = self.endpoints.get(id) else {
            let (identity, labels) = self.endpoints.podless.get(id)?;
            let labels: &IdentityLabels = labels;
            return Some((*identity, Some(Arc::clone(labels))));
        };
        let announced = self.identity_of_pod(&endpoint.pod);
        let identity = match announced {
            Some(identity) if !endpoint.pod.is_empty() => identity,
            _ => endpoint.identity,
        };
        let learned = if endpoint.has_initial_labels && identity != 0 {
            self.identities.labels(identity, None)
        } else {
            None
        };
        let labels = learned.or_else(|| endpoint.labels.as_deref().cloned());
        let names = EndpointNames {
            namespace: endpoint.pod.namespace.clone(),
            pod_name: endpoint.pod.name.clone(),
            ..labels.as_deref().cloned().unwrap_or_default()
        };
        Some((identity, Some(Arc::new(names))))
    }

    /// The names of a view with the DNS names that an endpoint knows for its address.
    pub(crate) fn with_dns_names(
        &self,
        names: Option<&Arc<EndpointNames>>,
        address: Address,
        endpoint: u16,
    ) -> Option<Arc<EndpointNames>> {
        let dns_names = self.dns.names(endpoint, address)?;
        Some(Arc::new(EndpointNames {
            dns_names,
            ..names.map(|names| (**names).clone()).unwrap_or_default()
        }))
    }

    /// The endpoint of this node that has an address.
    pub(crate) fn local_endpoint(
        &self,
        address: Address,
        entry: Option<&AddressEntry>,
    ) -> Option<(u64, &LocalEndpoint)> {
        let pod = entry.and_then(|entry| self.addresses.pod(entry));
        if let Some((id, endpoint)) = self.endpoints.at(address) {
            // The address may have been announced for another pod since.
            let is_reused = entry.is_some_and(|entry| {
                let is_same_pod = endpoint.pod.is_empty()
                    || pod.is_none_or(|(namespace, name)| endpoint.pod.is(namespace, name));
                !is_same_pod && !entry.is_before(endpoint.since)
            });
            return (!is_reused).then_some((id, endpoint));
        }
        let (namespace, name) = pod?;
        let found = self.endpoint_of_pod(PodRef { namespace, name })?;
        // If its addresses are known, this is not one of them.
        found.1.addresses.is_empty().then_some(found)
    }

    fn identity_at(
        &self,
        address: Option<Address>,
        entry: Option<&AddressEntry>,
        local: Option<(u64, &LocalEndpoint)>,
    ) -> u32 {
        if let Some(entry) = entry {
            return entry.identity;
        }
        if let Some((_, endpoint)) = local {
            return endpoint.identity;
        }
        let Some(address) = address else {
            return 0;
        };
        if self.node.has(address) {
            return HOST;
        }
        self.prefixes.identity(address).unwrap_or_default()
    }

    /// The labels of an endpoint's own identity, even if the datapath reported another one. While the
    /// endpoint has only its initial labels, those that are known of its announced identity.
    fn labels_of_endpoint(
        &self,
        endpoint: &LocalEndpoint,
        entry: Option<&AddressEntry>,
        identity: u32,
        address: Option<Address>,
    ) -> Option<IdentityLabels> {
        let own = entry.map_or(endpoint.identity, |entry| entry.identity);
        let learned = if endpoint.has_initial_labels && own != 0 {
            self.identities.labels(own, address)
        } else {
            None
        };
        learned
            .or_else(|| endpoint.labels.as_deref().cloned())
            .or_else(|| self.identities.labels(identity, address))
    }

    /// The names of an endpoint: shared with others of the identity, if it has no pod.
    fn names(
        &self,
        local: Option<&LocalEndpoint>,
        entry: Option<&AddressEntry>,
        labels: Option<&IdentityLabels>,
    ) -> Option<Arc<EndpointNames>> {
        let of_endpoint = local
            .map(|endpoint| &endpoint.pod)
            .filter(|pod| !pod.is_empty())
            .map(|pod| (pod.namespace.as_str(), pod.name.as_str()));
        let pod = of_endpoint.or_else(|| self.addresses.pod(entry?));
        let Some(pod) = pod else {
            return labels.cloned();
        };
        let workload = local.and_then(|endpoint| self.workload(endpoint));
        Some(compose(pod, workload, labels))
    }

    fn workload<'a>(&'a self, endpoint: &'a LocalEndpoint) -> Option<&'a Workload> {
        match self.workloads.get(&endpoint.pod) {
            Some(listed) => listed,
            None if self.settings.infer_workloads => endpoint.inferred_workload.as_ref(),
            None => None,
        }
    }
}

fn compose(
    (namespace, pod_name): (&str, &str),
    workload: Option<&Workload>,
    labels: Option<&IdentityLabels>,
) -> Arc<EndpointNames> {
    let labels = labels.map(|labels| (**labels).clone()).unwrap_or_default();
    Arc::new(EndpointNames {
        namespace: namespace.to_owned(),
        pod_name: pod_name.to_owned(),
        workloads: workload.cloned().into_iter().collect(),
        ..labels
    })
}

/// The id as Hubble shows it, in 32 bits.
fn endpoint_id(id: u64) -> u32 {
    let [a, b, c, d, ..] = id.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

impl Unnamed {
    fn of(
        address: Option<Address>,
        identity: u32,
        has_labels: bool,
        has_pod: bool,
    ) -> Option<Self> {
        if identity == 0 {
            Some(Self::Address)
        } else if !has_labels {
            Some(Self::Identity)
        } else if !has_pod && address.is_some() && Identities::is_of_pods(identity) {
            Some(Self::Pod)
        } else {
            None
        }
    }
}
