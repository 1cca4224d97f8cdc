//! Who talks: the pods of a small cluster, its DNS service, its nodes and the world outside.

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
const PODS_OF_AN_APP: u8 = 6;
/// Pods whose number is below this run on the simulated node.
const LOCAL: u8 = 3;
/// Numbers of the simulated node and of the one that the other pods run on.
pub(crate) const LOCAL_NODE: u8 = 2;
pub(crate) const REMOTE_NODE: u8 = 3;

/// One side of a conversation.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) ip: IpAddr,
    pub(crate) mac: [u8; 6],
    pub(crate) identity: u32,
    /// Endpoint id on the simulated node; 0 for any other.
    pub(crate) endpoint: u16,
    /// The port that it serves.
    pub(crate) port: u16,
    pub(crate) labels: Vec<String>,
    /// Namespace and name of the pod; `None` for nodes and the world.
    pub(crate) pod: Option<(&'static str, String)>,
}

impl Peer {
    /// Address of the node that a pod runs on.
    pub(crate) fn node_ip(&self) -> Ipv4Addr {
        node_ip(if self.endpoint == 0 {
            REMOTE_NODE
        } else {
            LOCAL_NODE
        })
    }
}

/// Everybody, with an IPv4 and an IPv6 side each.
#[derive(Debug)]
pub(crate) struct World {
    pods: Vec<(Peer, Peer)>,
    dns: (Peer, Peer),
    outside: Vec<(Peer, Peer)>,
    /// Who has taken part in a conversation.
    met: BTreeSet<IpAddr>,
    newcomers: Vec<Peer>,
}

impl World {
    pub(crate) fn new() -> Self {
        let apps = APPS.iter().zip(0u8..);
        let pods =
            apps.flat_map(|(app, at)| (0..PODS_OF_AN_APP).map(move |number| pod(*app, at, number)));
        let dns = pod(("kube-system", "kube-dns", 53), 100, 0);
        let outside = (1..=20).map(world).collect();
        Self {
            pods: pods.collect(),
            dns,
            outside,
            met: BTreeSet::new(),
            newcomers: Vec::new(),
        }
    }

    /// A pod of the simulated node.
    pub(crate) fn local(&mut self, rng: &mut fastrand::Rng, v6: bool) -> Peer {
        self.local_where(rng, v6, |_| true)
    }

    /// A pod of the simulated node whose requests go through a proxy, or one whose do not: a policy
    /// holds for all requests of a pod.
    pub(crate) fn local_under_l7_policy(
        &mut self,
        rng: &mut fastrand::Rng,
        v6: bool,
        policy: bool,
    ) -> Peer {
        self.local_where(rng, v6, |pod| (pod.identity % 2 == 0) == policy)
    }

    fn local_where(
        &mut self,
        rng: &mut fastrand::Rng,
        v6: bool,
        wanted: impl Fn(&Peer) -> bool,
    ) -> Peer {
        loop {
            let pod = &self.pods[rng.usize(..self.pods.len())];
            if pod.0.endpoint != 0 && wanted(&pod.0) {
                let peer = side(pod, v6);
                return self.meet(peer);
            }
        }
    }

    /// Any pod.
    pub(crate) fn pod(&mut self, rng: &mut fastrand::Rng, v6: bool) -> Peer {
        let peer = side(&self.pods[rng.usize(..self.pods.len())], v6);
        self.meet(peer)
    }

    /// The cluster's DNS server.
    pub(crate) fn dns(&mut self, v6: bool) -> Peer {
        let peer = side(&self.dns, v6);
        self.meet(peer)
    }

    /// A host outside of the cluster.
    pub(crate) fn outside(&mut self, rng: &mut fastrand::Rng, v6: bool) -> Peer {
        let peer = side(&self.outside[rng.usize(..self.outside.len())], v6);
        self.meet(peer)
    }

    /// The nodes' own addresses, for tunnels.
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

    /// Who takes part in a conversation for the first time since this was asked.
    pub(crate) fn newcomers(&mut self) -> Vec<Peer> {
        std::mem::take(&mut self.newcomers)
    }

    fn meet(&mut self, peer: Peer) -> Peer {
        if self.met.insert(peer.ip) {
            self.newcomers.push(peer.clone());
        }
        peer
    }
}

fn node_ip(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(172, 18, 0, number)
}

fn side(peer: &(Peer, Peer), v6: bool) -> Peer {
    if v6 { peer.1.clone() } else { peer.0.clone() }
}

fn pod((namespace, app, port): (&'static str, &str, u16), at: u8, number: u8) -> (Peer, Peer) {
    let labels = vec![
        format!("k8s:app={app}"),
        "k8s:io.cilium.k8s.policy.cluster=default".to_owned(),
        format!("k8s:io.kubernetes.pod.namespace={namespace}"),
    ];
    let node = u8::from(number >= LOCAL) + 1;
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

fn world(number: u8) -> (Peer, Peer) {
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
