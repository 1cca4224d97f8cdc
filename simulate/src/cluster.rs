//! The peers of conversations: the pods of a small cluster, its DNS service, its nodes and hosts
//! outside of it.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const APPS: [(&str, &str, u16); 8] = [
    ("shop", "cart", 8080),
    ("shop", "checkout", 8080),
    ("shop", "catalog", 8080),
    ("shop", "frontend", 80),
    ("payments", "ledger", 9090),
    ("payments", "gateway", 8443),
    ("data", "redis", 6379),
    ("data", "postgres", 5432),
];
const PODS_PER_APP: u8 = 6;
/// Pods with a smaller number run on the simulated node.
const LOCAL_PODS: u8 = 3;
/// The numbers of the simulated node and of the node that the other pods run on.
pub(crate) const LOCAL_NODE: u8 = 2;
pub(crate) const REMOTE_NODE: u8 = 3;

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
    pods: Vec<(Peer, Peer)>,
    dns: (Peer, Peer),
    external: Vec<(Peer, Peer)>,
    /// The peers that have taken part in a conversation.
    seen: BTreeSet<IpAddr>,
    new_peers: Vec<Peer>,
}

impl Cluster {
    pub(crate) fn new() -> Self {
        let apps = APPS.iter().zip(0u8..);
        let pods =
            apps.flat_map(|(app, at)| (0..PODS_PER_APP).map(move |number| pod(*app, at, number)));
        let dns = pod(("kube-system", "kube-dns", 53), 100, 0);
        let external = (1..=20).map(external_host).collect();
        Self {
            pods: pods.collect(),
            dns,
            external,
            seen: BTreeSet::new(),
            new_peers: Vec::new(),
        }
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
            if pod.0.endpoint != 0 && is_match(&pod.0) {
                let peer = of_family(pod, v6);
                return self.note_seen(peer);
            }
        }
    }

    /// Picks any pod.
    pub(crate) fn pod(&mut self, rng: &mut fastrand::Rng, v6: bool) -> Peer {
        let peer = of_family(&self.pods[rng.usize(..self.pods.len())], v6);
        self.note_seen(peer)
    }

    /// Returns the cluster's DNS server.
    pub(crate) fn dns(&mut self, v6: bool) -> Peer {
        let peer = of_family(&self.dns, v6);
        self.note_seen(peer)
    }

    /// Picks a host outside of the cluster.
    pub(crate) fn external(&mut self, rng: &mut fastrand::Rng, v6: bool) -> Peer {
        let peer = of_family(&self.external[rng.usize(..self.external.len())], v6);
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

fn node_ip(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(172, 18, 0, number)
}

fn of_family(peer: &(Peer, Peer), v6: bool) -> Peer {
    if v6 { peer.1.clone() } else { peer.0.clone() }
}

fn pod((namespace, app, port): (&'static str, &str, u16), at: u8, number: u8) -> (Peer, Peer) {
    let labels = vec![
        format!("k8s:app={app}"),
        "k8s:io.cilium.k8s.policy.cluster=default".to_owned(),
        format!("k8s:io.kubernetes.pod.namespace={namespace}"),
    ];
    let node = u8::from(number >= LOCAL_PODS) + 1;
    let endpoint = if node == 1 {
        1000 + u16::from(at) * 16 + u16::from(number)
    } else {
        0
    };
    let peer = |ip| Peer {
        ip,
        mac: [0x02, node, at, number, 0, 1],
        identity: 10_000 + u32::from(at) * 17,
        endpoint,
        port,
        labels: labels.clone(),
        pod: Some((namespace, format!("{app}-{number}"))),
    };
    let v6 = Ipv6Addr::new(
        0xfd00,
        0x10,
        0,
        node.into(),
        0,
        0,
        at.into(),
        u16::from(number) + 10,
    );
    (
        peer(IpAddr::V4(Ipv4Addr::new(
            10,
            0,
            node,
            at * 2 + 10 + number * 20,
        ))),
        peer(IpAddr::V6(v6)),
    )
}

fn external_host(number: u8) -> (Peer, Peer) {
    let peer = |ip| Peer {
        ip,
        mac: [0x02, 0xee, 0, 0, 0, number],
        identity: if number.is_multiple_of(5) {
            16_777_217 + u32::from(number)
        } else {
            2
        },
        endpoint: 0,
        port: 443,
        labels: vec!["reserved:world".to_owned()],
        pod: None,
    };
    let v6 = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number.into());
    (
        peer(IpAddr::V4(Ipv4Addr::new(203, 0, 113, number))),
        peer(IpAddr::V6(v6)),
    )
}
