//! Attributes of one side of a flow; `<side>` is `source` or `destination`. There is no settled way
//! to name the Kubernetes objects at both ends: these names are also NetObserv's and Mermin's.
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

use tidegate_model::flow::{Endpoint, EndpointNames, reserved_identity};

use super::LINE;
use super::key::Key;
use super::piece::Piece;
use super::recent::{Recent, Source};
use super::writer::Writer;
use tidegate_format::hubble::{FlowPeer, push_identity};
use tidegate_format::text::{mac_text, push_address};

/// Places of the table, for the endpoints of a node and those that they talk to.
const PLACES: usize = 1024;

/// The parts of a record that tell who a side is.
pub(super) type SidePiece = Piece<4>;

/// Its name in the line with all that is before the port.
pub(super) const NAME_OF_PORT: usize = 0;
/// Its identity in the line, with the space before it.
pub(super) const IDENTITY: usize = 1;
/// All its attributes but the port.
pub(super) const ATTRIBUTES: usize = 2;
/// Its name in the line, where no port follows.
pub(super) const NAME: usize = 3;

/// Pieces of those that were on one side last.
#[derive(Debug)]
pub(super) struct Sides {
    side: &'static Side,
    pieces: Recent<Known, 4>,
}

impl Sides {
    /// None yet.
    pub(super) fn new(side: &'static Side) -> Self {
        Self {
            side,
            pieces: Recent::new(PLACES),
        }
    }

    /// The piece for one side of a flow. `text` is room to make texts in.
    #[inline]
    pub(super) fn of(&mut self, peer: &FlowPeer<'_>, text: &mut String) -> &SidePiece {
        let side = self.side;
        self.pieces.of(
            &Who {
                number: number(peer),
                peer,
            },
            |piece| side.make(piece, peer, text),
        )
    }
}

/// A [`FlowPeer`], and [`number`] of it.
struct Who<'a> {
    number: [u64; 5],
    peer: &'a FlowPeer<'a>,
}

/// The number of a [`FlowPeer`] that was seen.
#[derive(Debug)]
pub(super) struct Known {
    number: [u64; 5],
    /// They stand in the number, and stay the same as long as somebody holds them.
    _names: Option<Arc<EndpointNames>>,
}

/// All of a peer but its port. Peers that differ have numbers that differ.
fn number(peer: &FlowPeer<'_>) -> [u64; 5] {
    let address = u128::from_ne_bytes(peer.address.unwrap_or_default().0);
    let [a, b, c, d, e, f] = peer.mac.unwrap_or_default();
    let known = u8::from(peer.has_ip)
        | u8::from(peer.address.is_some()) << 1
        | u8::from(peer.mac.is_some()) << 2;
    let known = known | u8::from(peer.keeps_mapped) << 3;
    let Endpoint {
        id,
        identity,
        names,
    } = peer.endpoint;
    [
        address as u64,
        (address >> 64) as u64,
        u64::from_ne_bytes([a, b, c, d, e, f, known, 0]),
        u64::from(*id) << 32 | u64::from(*identity),
        names.as_ref().map_or(std::ptr::null(), Arc::as_ptr).addr() as u64,
    ]
}

impl Source for Who<'_> {
    type Known = Known;

    fn known(&self) -> Known {
        Known {
            number: self.number,
            _names: self.peer.endpoint.names.clone(),
        }
    }

    /// Without a branch for each part, or a call.
    #[inline]
    fn is(&self, known: &Known) -> bool {
        self.number
            .iter()
            .zip(known.number)
            .fold(0, |differing, (part, other)| differing | part ^ other)
            == 0
    }

    /// Products of which none has to wait for another.
    #[inline]
    fn hash(&self) -> u64 {
        const FACTORS: [u64; 5] = [
            0x9e37_79b9_7f4a_7c15,
            0xbf58_476d_1ce4_e5b9,
            0x94d0_49bb_1331_11eb,
            0xd6e8_feb8_6659_fd93,
            0xff51_afd7_ed55_8ccd,
        ];
        let products = self
            .number
            .iter()
            .zip(FACTORS)
            .map(|(part, factor)| (part ^ part >> 32).wrapping_mul(factor));
        products.fold(0, |sum: u64, product| sum.wrapping_add(product))
    }
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
    fn make(&self, piece: &mut SidePiece, peer: &FlowPeer<'_>, text: &mut String) {
        text.clear();
        if peer.is_host() {
            LINE.push_name(text, peer);
        }
        let name = text.clone();
        let [before, behind] = if name.contains(':') {
            ["[", "]:"]
        } else {
            ["", ":"]
        };
        piece.add(NAME_OF_PORT, |out| {
            [before, &name, behind]
                .into_iter()
                .for_each(|part| out.extend_from_slice(part.as_bytes()));
        });
        text.clear();
        text.push(' ');
        push_identity(text, peer.endpoint.identity);
        piece.add(IDENTITY, |out| out.extend_from_slice(text.as_bytes()));
        piece.add(ATTRIBUTES, |out| {
            self.write(&mut Writer::piece(out, text), peer)
        });
        piece.add(NAME, |out| out.extend_from_slice(name.as_bytes()));
    }

    fn write(&self, out: &mut Writer<'_>, peer: &FlowPeer<'_>) {
        if let Some(address) = peer.written_address() {
            out.made(&self.address, |text| push_address(text, address));
        }
        if let Some(mac) = peer.mac {
            out.ascii(&self.mac, &mac_text(mac));
        }
        self.write_endpoint(out, peer.endpoint);
    }

    fn write_endpoint(&self, out: &mut Writer<'_>, endpoint: &Endpoint) {
        out.int_if_any(&self.endpoint, endpoint.id);
        if endpoint.identity != 0 {
            out.int(&self.identity, endpoint.identity);
            out.text_if_any(
                &self.identity_name,
                reserved_identity(endpoint.identity).unwrap_or_default(),
            );
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

#[cfg(test)]
mod tests {
    use tidegate_model::flow::Address;

    use super::*;

    /// What networks make of the addresses of pods: their own prefix before the address, or one MAC
    /// for all.
    const PREFIXES: [Option<[u8; 2]>; 5] = [
        Some([2, 0]),
        Some([2, 0x42]),
        Some([0x42, 1]),
        Some([0x0a, 0x58]),
        None,
    ];

    #[test]
    fn sides_with_regular_addresses_are_spread_over_the_table() {
        for (prefix, stride) in PREFIXES
            .into_iter()
            .flat_map(|prefix| [(prefix, 1), (prefix, 207)])
        {
            let (mut table, mut made): (Recent<_, 1>, _) = (Recent::new(PLACES), 0);
            for n in (0..300).chain(0..300) {
                let address = 0x0a00_0000 + n * stride;
                let [a, b, c, d] = u32::to_be_bytes(address);
                let mac = prefix.map_or([2; 6], |[e, f]| [e, f, a, b, c, d]);
                let endpoint = &Endpoint {
                    id: 0,
                    identity: 4000,
                    names: None,
                };
                let address = Some(Address::v4([a, b, c, d]));
                let keeps_mapped = false;
                let peer = &FlowPeer {
                    endpoint,
                    has_ip: true,
                    address,
                    keeps_mapped,
                    mac: Some(mac),
                    port: None,
                };
                table.of(
                    &Who {
                        number: number(peer),
                        peer,
                    },
                    |_| made += 1,
                );
            }
            assert!(
                made < 380,
                "{prefix:x?}, {stride}: {made} for 300 sides that came twice"
            );
        }
    }
}
