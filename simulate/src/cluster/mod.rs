//! The peers of conversations: the pods of a small cluster, its DNS service, its nodes and hosts
//! outside of it.

mod apps;
mod members;

pub(crate) use apps::all as services;
pub(crate) use members::{EXTERNAL_NAMES, ExternalHost, Pod};

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

/// The numbers of the simulated node and of the node that the other pods run on.
pub(crate) const LOCAL_NODE: u8 = 2;
pub(crate) const REMOTE_NODE: u8 = 3;
/// The endpoint id of the simulated node itself.
pub(crate) const HOST_ENDPOINT: u16 = 290;
/// The endpoint id of the node's health checks.
pub(crate) const HEALTH_ENDPOINT: u16 = 291;
/// The index of the node's network interface.
const NODE_INTERFACE: u32 = 2;

/// One side of a conversation.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) ip: IpAddr,
    pub(crate) mac: [u8; 6],
    pub(crate) identity: u32,
    /// The endpoint id on the simulated node; 0 for other nodes.
    pub(crate) endpoint: u16,
    /// The port that it listens on.
    pub(crate) port: u16,
    pub(crate) labels: Vec<String>,
    /// Namespace and name of the pod; `None` for nodes and external hosts.
    pub(crate) pod: Option<(&'static str, String)>,
}

impl Peer {
    /// The address of the node that the pod runs on.
    pub(crate) fn node_ip(&self) -> Ipv4Addr {
        node_ip(if self.endpoint == 0 {
            REMOTE_NODE
        } else {
            LOCAL_NODE
        })
    }
}

/// All peers, each with an IPv4 and an IPv6 form.
#[derive(Debug)]
pub(crate) struct Cluster {
    pods: Vec<Pod>,
    dns: Pod,
    external: Vec<ExternalHost>,
    /// The peers that have taken part in a conversation.
    seen: BTreeSet<IpAddr>,
    new_peers: Vec<Peer>,
}

impl Cluster {
    pub(crate) fn new() -> Self {
        Self {
            pods: members::pods(),
            dns: members::dns(),
            external: members::external_hosts(),
            seen: BTreeSet::new(),
            new_peers: Vec::new(),
        }
    }

    /// All pods.
    pub(crate) fn pods(&self) -> impl Iterator<Item = &Pod> {
        self.pods.iter().chain([&self.dns])
    }

    /// The pods of the simulated node.
    pub(crate) fn local_pods(&self) -> impl Iterator<Item = &Pod> {
        self.pods().filter(|pod| pod.is_local())
    }

    /// All hosts outside of the cluster.
    pub(crate) fn external_hosts(&self) -> &[ExternalHost] {
        &self.external
    }

    /// The service of a pod, as a peer whose identity the datapath does not know yet; `None` for
    /// nodes and external hosts.
    pub(crate) fn service_of(&self, peer: &Peer) -> Option<Peer> {
        let is_peer = |pod: &&Pod| pod.v4.ip == peer.ip || pod.v6.ip == peer.ip;
        let pod = self.pods().find(is_peer)?;
        Some(Peer {
            ip: pod.app.service_ip(peer.ip.is_ipv6()),
            identity: 0,
            endpoint: 0,
            labels: Vec::new(),
            pod: None,
            ..peer.clone()
        })
    }

    /// Resolves a DNS name, with the dot at its end, to one of its addresses; `None` if there is no
    /// such name.
    pub(crate) fn resolve(&self, name: &str, v6: bool, choice: u8) -> Option<IpAddr> {
        let services = self.pods().map(|pod| pod.app);
        let mut services = services.filter(|app| name == app.service_name());
        if let Some(app) = services.next() {
            return Some(app.service_ip(v6));
        }
        let hosts: Vec<_> = self.external.iter().filter(|h| h.name == name).collect();
        let host = hosts.get(usize::from(choice) % hosts.len().max(1))?;
        Some(host.of_family(v6).ip)
    }

    /// Picks a pod of the simulated node.
    pub(crate) fn local(&mut self, rng: &mut fastrand::Rng, v6: bool) -> Peer {
        self.local_where(rng, v6, |_| true)
    }

    /// Picks a pod of the simulated node whose requests pass a proxy, or one whose requests do not:
    /// a policy applies to all requests of a pod.
    pub(crate) fn local_under_l7_policy(
        &mut self,
        rng: &mut fastrand::Rng,
        v6: bool,
        has_policy: bool,
    ) -> Peer {
        self.local_where(rng, v6, |pod| (pod.identity % 2 == 0) == has_policy)
    }

    fn local_where(
        &mut self,
        rng: &mut fastrand::Rng,
        v6: bool,
        is_match: impl Fn(&Peer) -> bool,
    ) -> Peer {
        loop {
            let pod = &self.pods[rng.usize(..self.pods.len())];
            if pod.is_local() && is_match(&pod.v4) {
                let peer = pod.of_family(v6);
                return self.note_seen(peer);
            }
        }
    }

    /// Picks any pod.
    pub(crate) fn pod(&mut self, rng: &mut fastrand::Rng, v6: bool) -> Peer {
        let peer = self.pods[rng.usize(..self.pods.len())].of_family(v6);
        self.note_seen(peer)
    }

    /// Returns the cluster's DNS server.
    pub(crate) fn dns(&mut self, v6: bool) -> Peer {
        let peer = self.dns.of_family(v6);
        self.note_seen(peer)
    }

    /// Picks a host outside of the cluster.
    pub(crate) fn external(&mut self, rng: &mut fastrand::Rng, v6: bool) -> Peer {
        let peer = self.external[rng.usize(..self.external.len())].of_family(v6);
        self.note_seen(peer)
    }

    /// Returns a node, for tunnels.
    pub(crate) fn node(&self, number: u8) -> Peer {
        let mac = [0x02, 0, 0, 0, 1, number];
        let ip = IpAddr::V4(node_ip(number));
        Peer {
            ip,
            mac,
            identity: 6,
            endpoint: 0,
            port: 8472,
            labels: Vec::new(),
            pod: None,
        }
    }

    /// Takes the peers that have taken part in a conversation for the first time since the last
    /// call.
    pub(crate) fn take_new_peers(&mut self) -> Vec<Peer> {
        std::mem::take(&mut self.new_peers)
    }

    fn note_seen(&mut self, peer: Peer) -> Peer {
        if self.seen.insert(peer.ip) {
            self.new_peers.push(peer.clone());
        }
        peer
    }
}

/// The address of a node.
pub(crate) fn node_ip(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(172, 18, 0, number)
}

/// The address of Cilium on a node, in the range of its pods.
pub(crate) fn host_ip(node: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, node - 1, 1)
}

/// The address of the health checks on a node.
pub(crate) fn health_ip(node: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, node - 1, 2)
}

/// The index of the network interface of an endpoint; 0 and the node itself have the node's.
pub(crate) fn interface_index(endpoint: u16) -> u32 {
    match endpoint {
        0 | HOST_ENDPOINT => NODE_INTERFACE,
        endpoint => NODE_INTERFACE + u32::from(endpoint),
    }
}

/// The control groups of an endpoint's two containers.
pub(crate) fn cgroups(endpoint: u16) -> [u64; 2] {
    let first = 20_000 + u64::from(endpoint) * 2;
    [first, first + 1]
}
