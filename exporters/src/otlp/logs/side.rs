//! Attributes of one side of a flow; `<side>` is `source` or `destination`. There is no settled way to
//! name the Kubernetes objects at both ends: these names are also NetObserv's and Mermin's.
//!
//! | attribute | type | meaning |
//! | --- | --- | --- |
//! | `<side>.address` | string | IP address, before source translation |
//! | `<side>.port` | int | port |
//! | `<side>.mac` | string | MAC address |
//! | `<side>.k8s.cluster.name`, `<side>.k8s.namespace.name`, `<side>.k8s.pod.name` | string | the pod |
//! | `<side>.k8s.<kind>.name` | string | an owner of the pod, such as `source.k8s.deployment.name` |
//! | `cilium.<side>.identity` | int | security identity |
//! | `cilium.<side>.identity.name` | string | its name, if it is a reserved one |
//! | `cilium.<side>.endpoint.id` | int | endpoint on this node |
//! | `cilium.<side>.labels` | string[] | security labels |
//! | `cilium.<side>.names` | string[] | DNS names of the address |

use tidegate_core::flow::{Endpoint, EndpointNames, reserved_identity};

use super::writer::Writer;

/// The names of one side's attributes.
pub(super) struct Side {
    pub(super) address: &'static str,
    pub(super) port: &'static str,
    pub(super) mac: &'static str,
    cluster: &'static str,
    namespace: &'static str,
    pod: &'static str,
    owner: &'static str,
    identity: &'static str,
    identity_name: &'static str,
    endpoint: &'static str,
    labels: &'static str,
    names: &'static str,
}

/// The sending side's.
pub(super) const SOURCE: Side = Side {
    address: "source.address",
    port: "source.port",
    mac: "source.mac",
    cluster: "source.k8s.cluster.name",
    namespace: "source.k8s.namespace.name",
    pod: "source.k8s.pod.name",
    owner: "source.k8s.",
    identity: "cilium.source.identity",
    identity_name: "cilium.source.identity.name",
    endpoint: "cilium.source.endpoint.id",
    labels: "cilium.source.labels",
    names: "cilium.source.names",
};

/// The receiving side's.
pub(super) const DESTINATION: Side = Side {
    address: "destination.address",
    port: "destination.port",
    mac: "destination.mac",
    cluster: "destination.k8s.cluster.name",
    namespace: "destination.k8s.namespace.name",
    pod: "destination.k8s.pod.name",
    owner: "destination.k8s.",
    identity: "cilium.destination.identity",
    identity_name: "cilium.destination.identity.name",
    endpoint: "cilium.destination.endpoint.id",
    labels: "cilium.destination.labels",
    names: "cilium.destination.names",
};

impl Side {
    /// Writes who the side is.
    pub(super) fn write(&self, out: &mut Writer, endpoint: &Endpoint) {
        out.int_if_any(self.endpoint, endpoint.id);
        if endpoint.identity != 0 {
            out.int(self.identity, endpoint.identity);
            out.text_if_any(self.identity_name, reserved_identity(endpoint.identity).unwrap_or_default());
        }
        if let Some(names) = &endpoint.names {
            self.write_names(out, names);
        }
    }

    fn write_names(&self, out: &mut Writer, names: &EndpointNames) {
        out.text_if_any(self.cluster, &names.cluster_name);
        out.text_if_any(self.namespace, &names.namespace);
        out.text_if_any(self.pod, &names.pod_name);
        for (kind, name) in &names.workloads {
            out.text(&format!("{}{}.name", self.owner, kind.to_ascii_lowercase()), name);
        }
        out.list(self.labels, &names.labels);
        out.list(self.names, &names.dns_names);
    }
}
