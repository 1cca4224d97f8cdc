//! `GET /endpoint`: `models.Endpoint`.

use serde::Deserialize;
use tidegate_model::names::{EndpointName, NamesContent};

use super::endpoint_policy::PolicyStatus;
use super::reader::{List, NoEntry};
use super::values::{Ip, or_default, readable_or_default};
use crate::json::bounded;

#[derive(Debug, Default)]
pub(in crate::cilium_api) struct Endpoints;

#[derive(Debug, Deserialize)]
pub(in crate::cilium_api) struct Endpoint {
    id: u16,
    #[serde(default, deserialize_with = "or_default")]
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Status {
    #[serde(deserialize_with = "or_default")]
    external_identifiers: Identifiers,
    #[serde(deserialize_with = "or_default")]
    identity: Identity,
    #[serde(deserialize_with = "or_default")]
    labels: Labels,
    #[serde(deserialize_with = "or_default")]
    networking: Networking,
    #[serde(deserialize_with = "readable_or_default")]
    policy: PolicyStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Identifiers {
    k8s_namespace: String,
    k8s_pod_name: String,
    /// `NAMESPACE/NAME`
    pod_name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Identity {
    id: u32,
    #[serde(deserialize_with = "bounded::list")]
    labels: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Labels {
    #[serde(deserialize_with = "bounded::list")]
    derived: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Networking {
    #[serde(deserialize_with = "bounded::list")]
    addressing: Vec<AddressPair>,
    interface_name: String,
    interface_index: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AddressPair {
    ipv4: Ip,
    ipv6: Ip,
}

impl Identifiers {
    /// Namespace and name of the pod. Several network interfaces of a pod have them only in the list
    /// of addresses.
    fn pod(self) -> (String, String) {
        match self.pod_name.split_once('/') {
            Some((namespace, name)) if self.k8s_pod_name.is_empty() => {
                (namespace.to_owned(), name.to_owned())
            }
            _ => (self.k8s_namespace, self.k8s_pod_name),
        }
    }
}

impl List for Endpoints {
    type Json = Endpoint;
    type Entry = EndpointName;

    fn entry(json: Endpoint) -> Result<EndpointName, NoEntry> {
        let Status {
            external_identifiers,
            identity,
            labels,
            networking,
            policy,
        } = json.status;
        let (namespace, pod_name) = external_identifiers.pod();
        let pairs = networking.addressing.into_iter();
        Ok(EndpointName {
            id: json.id,
            identity: identity.id,
            labels: identity.labels,
            derived_labels: labels.derived,
            namespace,
            pod_name,
            addresses: pairs
                .flat_map(|pair| [pair.ipv4.0, pair.ipv6.0])
                .flatten()
                .collect(),
            interface_name: networking.interface_name,
            interface_index: networking.interface_index,
            policy: policy.realized(),
        })
    }

    fn heap_bytes(entry: &EndpointName) -> usize {
        entry.heap_bytes()
    }

    fn content(entries: Vec<EndpointName>) -> NamesContent {
        NamesContent::Endpoints(entries)
    }
}
