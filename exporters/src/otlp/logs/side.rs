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

use std::sync::Arc;

use tidegate_core::flow::{Endpoint, EndpointNames, reserved_identity};

use super::key::Key;
use super::recent::{Origin, Piece, Recent};
use super::writer::Writer;
use crate::hubble::push_identity;

/// The pieces of a record that tell who a side is.
#[derive(Debug, Default)]
pub(super) struct SidePieces {
    /// The identity, as it stands in the line.
    pub(super) line: String,
    /// The attributes but for addresses and port.
    pub(super) attributes: Vec<u8>,
}

impl Piece for SidePieces {
    fn size(&self) -> usize {
        self.line.len() + self.attributes.len()
    }

    fn clear(&mut self) {
        self.line.clear();
        self.attributes.clear();
    }
}

/// Pieces of the endpoints that were on one side last.
#[derive(Debug)]
pub(super) struct Sides {
    side: &'static Side,
    pieces: Recent<Endpoint, SidePieces>,
}

impl Sides {
    /// None yet.
    pub(super) fn new(side: &'static Side) -> Self {
        Self { side, pieces: Recent::new() }
    }

    /// The pieces for an endpoint.
    pub(super) fn of(&mut self, endpoint: &Endpoint) -> &SidePieces {
        let side = self.side;
        self.pieces.of(endpoint, |pieces| {
            push_identity(&mut pieces.line, endpoint.identity);
            side.write(&mut Writer::piece(&mut pieces.attributes, &mut String::new()), endpoint);
        })
    }
}

/// Names stay the same as long as somebody holds them, as the table does.
impl Origin for Endpoint {
    fn is(&self, other: &Self) -> bool {
        self.id == other.id && self.identity == other.identity && names(self) == names(other)
    }

    fn hash(&self) -> u64 {
        names(self).addr() as u64 ^ u64::from(self.id) << 32 ^ u64::from(self.identity)
    }
}

fn names(endpoint: &Endpoint) -> *const EndpointNames {
    endpoint.names.as_ref().map_or(std::ptr::null(), Arc::as_ptr)
}

/// The names of one side's attributes.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) address: Key,
    pub(super) port: Key,
    pub(super) mac: Key,
    cluster: Key,
    namespace: Key,
    pod: Key,
    owner: &'static str,
    identity: Key,
    identity_name: Key,
    endpoint: Key,
    labels: Key,
    names: Key,
}

/// The sending side's.
pub(super) static SOURCE: Side = Side {
    address: Key::new("source.address"),
    port: Key::new("source.port"),
    mac: Key::new("source.mac"),
    cluster: Key::new("source.k8s.cluster.name"),
    namespace: Key::new("source.k8s.namespace.name"),
    pod: Key::new("source.k8s.pod.name"),
    owner: "source.k8s.",
    identity: Key::new("cilium.source.identity"),
    identity_name: Key::new("cilium.source.identity.name"),
    endpoint: Key::new("cilium.source.endpoint.id"),
    labels: Key::new("cilium.source.labels"),
    names: Key::new("cilium.source.names"),
};

/// The receiving side's.
pub(super) static DESTINATION: Side = Side {
    address: Key::new("destination.address"),
    port: Key::new("destination.port"),
    mac: Key::new("destination.mac"),
    cluster: Key::new("destination.k8s.cluster.name"),
    namespace: Key::new("destination.k8s.namespace.name"),
    pod: Key::new("destination.k8s.pod.name"),
    owner: "destination.k8s.",
    identity: Key::new("cilium.destination.identity"),
    identity_name: Key::new("cilium.destination.identity.name"),
    endpoint: Key::new("cilium.destination.endpoint.id"),
    labels: Key::new("cilium.destination.labels"),
    names: Key::new("cilium.destination.names"),
};

impl Side {
    /// Writes who the side is.
    fn write(&self, out: &mut Writer<'_>, endpoint: &Endpoint) {
        out.int_if_any(&self.endpoint, endpoint.id);
        if endpoint.identity != 0 {
            out.int(&self.identity, endpoint.identity);
            out.text_if_any(&self.identity_name, reserved_identity(endpoint.identity).unwrap_or_default());
        }
        if let Some(names) = &endpoint.names {
            self.write_names(out, names);
        }
    }

    fn write_names(&self, out: &mut Writer<'_>, names: &EndpointNames) {
        out.text_if_any(&self.cluster, &names.cluster_name);
        out.text_if_any(&self.namespace, &names.namespace);
        out.text_if_any(&self.pod, &names.pod_name);
        for (kind, name) in &names.workloads {
            let push = |key: &mut String| {
                key.push_str(self.owner);
                key.extend(kind.chars().map(|c| c.to_ascii_lowercase()));
                key.push_str(".name");
            };
            out.named_text(push, name);
        }
        out.list(&self.labels, names.labels.iter());
        out.list(&self.names, &names.dns_names);
    }
}
