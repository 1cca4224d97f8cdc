//! The entries of lists of names, with the fields that flows need.

use std::mem::size_of_val;

use serde::Serialize;

use super::policies::EndpointPolicy;

use crate::flow::Address;
use crate::time::Timestamp;

/// `models.Identity` of Cilium's API (1.12 to 1.20).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IdentityName {
    /// The number.
    pub identity: u32,
    /// `source:key=value`, in the API's order.
    pub labels: Vec<String>,
}

/// `models.IPListEntry` (1.12 to 1.20).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AddressName {
    /// First address of the prefix.
    pub address: Address,
    /// Length of the prefix as written: up to 32 for IPv4, up to 128 for IPv6.
    pub prefix_len: u8,
    /// The identity.
    pub identity: u32,
    /// The node that has the address.
    pub node: Option<Address>,
    /// Namespace of the pod; empty without one.
    pub namespace: String,
    /// Name of the pod; empty without one.
    pub pod_name: String,
}

/// `models.Endpoint` (1.12 to 1.20).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EndpointName {
    /// Id of the endpoint.
    pub id: u16,
    /// Number of its identity; 0 while it has none.
    pub identity: u32,
    /// `status.identity.labels`: `source:key=value`.
    pub labels: Vec<String>,
    /// `status.labels.derived`: labels that are no part of the identity.
    pub derived_labels: Vec<String>,
    /// Namespace of the pod; empty without one.
    pub namespace: String,
    /// Name of the pod; empty without one.
    pub pod_name: String,
    /// Its addresses.
    pub addresses: Vec<Address>,
    /// Name of its network interface on the node; empty if unknown.
    pub interface_name: String,
    /// Index of that interface; 0 if unknown.
    pub interface_index: u32,
    /// The policy that it has realized; `None` if it has none yet.
    pub policy: Option<Box<EndpointPolicy>>,
}

/// One frontend of a service: `models.Service` (1.12 to 1.20), or a Kubernetes service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceFrontend {
    /// Address of the frontend.
    pub address: Address,
    /// Its port; 0 for any.
    pub port: u16,
    /// IP protocol number: 6, 17, 132; 0 for any.
    pub protocol: u8,
    /// Namespace of the service.
    pub namespace: String,
    /// Name of the service.
    pub name: String,
}

/// `models.CgroupPodMetadata` (1.14 to 1.20).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PodCgroups {
    /// Ids of the control groups of the pod's containers.
    pub cgroups: Vec<u64>,
    /// Addresses of the pod.
    pub addresses: Vec<Address>,
    /// Namespace of the pod.
    pub namespace: String,
    /// Name of the pod.
    pub pod_name: String,
}

/// One name that an endpoint's DNS query was answered with: `models.DNSLookup` (1.12 to 1.20).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DnsName {
    /// The endpoint that asked; 0 if only its address is known.
    pub endpoint: u16,
    /// The address that asked; `None` if only the endpoint is known.
    pub asker: Option<Address>,
    /// The name, without the dot at its end.
    pub name: String,
    /// The addresses of the answer.
    pub addresses: Vec<Address>,
    /// When the answer was seen.
    pub seen: Timestamp,
    /// When the answer expires by its TTL; `seen` if the TTL is 0 or unknown.
    pub expires: Timestamp,
}

/// `models.NodeElement` (1.12 to 1.20).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NodeName {
    /// The name, with the cluster in front unless it is `default`.
    pub name: String,
    /// Whether it is the node of the agent that was asked.
    pub is_self: bool,
    /// Its addresses, the primary ones first.
    pub addresses: Vec<Address>,
}

/// A network interface of this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InterfaceName {
    /// Its index.
    pub index: u32,
    /// Its name.
    pub name: String,
}

/// The owner of a pod, by Hubble's rules (`pkg/k8s/utils/workload.go`, v1.19.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PodWorkload {
    /// Namespace of the pod.
    pub namespace: String,
    /// Name of the pod.
    pub pod_name: String,
    /// Kind of the owner, such as "Deployment"; empty if the pod has none.
    pub kind: String,
    /// Name of the owner; empty if the pod has none.
    pub name: String,
}

/// An entry that no longer exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Removal {
    /// An identity that the agent does not know.
    Identity(u32),
    /// The workload of a pod.
    Workload {
        /// Namespace of the pod.
        namespace: String,
        /// Name of the pod.
        pod_name: String,
    },
    /// All frontends of a service.
    Service {
        /// Namespace of the service.
        namespace: String,
        /// Name of the service.
        name: String,
    },
}

fn texts(texts: &[String]) -> usize {
    size_of_val(texts) + texts.iter().map(String::capacity).sum::<usize>()
}

impl IdentityName {
    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        texts(&self.labels)
    }
}

impl AddressName {
    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.namespace.capacity() + self.pod_name.capacity()
    }
}

impl EndpointName {
    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        texts(&self.labels)
            + texts(&self.derived_labels)
            + self.namespace.capacity()
            + self.pod_name.capacity()
            + self.interface_name.capacity()
            + size_of_val(&*self.addresses)
            + self.policy.as_ref().map_or(0, |policy| {
                size_of::<EndpointPolicy>() + policy.heap_bytes()
            })
    }
}

impl ServiceFrontend {
    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.namespace.capacity() + self.name.capacity()
    }
}

impl PodCgroups {
    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        size_of_val(&*self.cgroups)
            + size_of_val(&*self.addresses)
            + self.namespace.capacity()
            + self.pod_name.capacity()
    }
}

impl DnsName {
    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.name.capacity() + size_of_val(&*self.addresses)
    }
}

impl NodeName {
    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.name.capacity() + size_of_val(&*self.addresses)
    }
}

impl InterfaceName {
    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.name.capacity()
    }
}

impl PodWorkload {
    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.namespace.capacity()
            + self.pod_name.capacity()
            + self.kind.capacity()
            + self.name.capacity()
    }
}

impl Removal {
    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Identity(_) => 0,
            Self::Workload {
                namespace,
                pod_name: name,
            }
            | Self::Service { namespace, name } => namespace.capacity() + name.capacity(),
        }
    }
}
