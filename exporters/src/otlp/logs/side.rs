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

use tidegate_core::flow::{Address, Endpoint, EndpointNames, reserved_identity};

use super::LINE;
use super::key::Key;
use super::recent::{Piece, Recent, Source};
use super::writer::Writer;
use crate::hubble::{Peer, mac_text, push_address, push_identity};

/// Places of the table, for the endpoints of a node and those that they talk to.
const PLACES: usize = 1024;

/// The parts of a record that tell who a side is.
pub(super) type SidePiece = Piece<6>;

/// Its name in the line, where no port follows.
pub(super) const NAME: usize = 0;
/// Its name in the line with all that is before the port.
pub(super) const NAME_OF_PORT: usize = 1;
/// Its identity in the line, with the space before it.
pub(super) const IDENTITY: usize = 2;
/// Its IP address as an attribute.
pub(super) const ADDRESS: usize = 3;
/// Its MAC address as an attribute.
pub(super) const MAC: usize = 4;
/// All other attributes but its port.
pub(super) const ATTRIBUTES: usize = 5;

/// Pieces of those that were on one side last.
#[derive(Debug)]
pub(super) struct Sides {
    side: &'static Side,
    pieces: Recent<Known, 6>,
}

impl Sides {
    /// None yet.
    pub(super) fn new(side: &'static Side) -> Self {
        Self { side, pieces: Recent::new(PLACES) }
    }

    /// The piece for one side of a flow. `text` is room to make texts in.
    pub(super) fn of(&mut self, peer: &Peer<'_>, text: &mut String) -> &SidePiece {
        let side = self.side;
        self.pieces.of(peer, |piece| side.make(piece, peer, text))
    }
}

/// All of a [`Peer`] but its port.
#[derive(Debug)]
pub(super) struct Known {
    has_ip: bool,
    address: Option<Address>,
    mac: Option<[u8; 6]>,
    /// Its names stay the same as long as somebody holds them.
    endpoint: Endpoint,
}

impl Source for Peer<'_> {
    type Known = Known;

    fn known(&self) -> Known {
        Known { has_ip: self.has_ip, address: self.address, mac: self.mac, endpoint: self.endpoint.clone() }
    }

    fn is(&self, known: &Known) -> bool {
        let (this, that) = (self.endpoint, &known.endpoint);
        self.address == known.address
            && self.mac == known.mac
            && self.has_ip == known.has_ip
            && (this.id, this.identity, names(this)) == (that.id, that.identity, names(that))
    }

    fn hash(&self) -> u64 {
        let address = u128::from_ne_bytes(self.address.unwrap_or_default().0);
        let [a, b, c, d, e, f] = self.mac.unwrap_or_default();
        let mac = u64::from_ne_bytes([a, b, c, d, e, f, 0, 0]);
        let endpoint = u64::from(self.endpoint.id) << 32 | u64::from(self.endpoint.identity);
        let fold = |hash: u64, part: u64| (hash ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        [(address >> 64) as u64, mac, endpoint, names(self.endpoint).addr() as u64]
            .into_iter()
            .fold(address as u64, fold)
    }
}

fn names(endpoint: &Endpoint) -> *const EndpointNames {
    endpoint.names.as_ref().map_or(std::ptr::null(), Arc::as_ptr)
}

/// The names of one side's attributes.
#[derive(Debug)]
pub(super) struct Side {
    address: Key,
    pub(super) port: Key,
    mac: Key,
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
    fn make(&self, piece: &mut SidePiece, peer: &Peer<'_>, text: &mut String) {
        text.clear();
        if peer.is_host() {
            LINE.push_name(text, peer);
        }
        piece.add(NAME, |out| out.extend_from_slice(text.as_bytes()));
        let [before, behind] = if text.contains(':') { ["[", "]:"] } else { ["", ":"] };
        piece.add(NAME_OF_PORT, |out| {
            [before, text, behind].into_iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
        });
        text.clear();
        text.push(' ');
        push_identity(text, peer.endpoint.identity);
        piece.add(IDENTITY, |out| out.extend_from_slice(text.as_bytes()));
        if let Some(address) = peer.address {
            let push = |text: &mut String| push_address(text, address.to_ip());
            piece.add(ADDRESS, |out| Writer::piece(out, text).made(&self.address, push));
        }
        if let Some(mac) = peer.mac {
            piece.add(MAC, |out| Writer::piece(out, text).ascii(&self.mac, &mac_text(mac)));
        }
        piece.add(ATTRIBUTES, |out| self.write(&mut Writer::piece(out, text), peer.endpoint));
    }

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
