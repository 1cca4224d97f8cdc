//! Who talks: the pods of a small cluster, its DNS service, its nodes and the world outside.

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
}

/// Everybody, with an IPv4 and an IPv6 side each.
#[derive(Debug)]
pub(crate) struct World {
    pods: Vec<(Peer, Peer)>,
    dns: (Peer, Peer),
    outside: Vec<(Peer, Peer)>,
}

impl World {
    pub(crate) fn new() -> Self {
        let apps = APPS.iter().zip(0u8..);
        let pods = apps.flat_map(|(app, at)| (0..PODS_OF_AN_APP).map(move |number| pod(*app, at, number)));
        let dns = pod(("kube-system", "kube-dns", 53), 100, 0);
        Self { pods: pods.collect(), dns, outside: (1..=20).map(world).collect() }
    }

    /// A pod of the simulated node.
    pub(crate) fn local(&self, rng: &mut fastrand::Rng, v6: bool) -> Peer {
        self.local_where(rng, v6, |_| true)
    }

    /// A pod of the simulated node whose requests go through a proxy, or one whose do not: a policy
    /// holds for all requests of a pod.
    pub(crate) fn local_under_l7_policy(&self, rng: &mut fastrand::Rng, v6: bool, policy: bool) -> Peer {
        self.local_where(rng, v6, |pod| (pod.identity % 2 == 0) == policy)
    }

    fn local_where(&self, rng: &mut fastrand::Rng, v6: bool, wanted: impl Fn(&Peer) -> bool) -> Peer {
        loop {
            let pod = &self.pods[rng.usize(..self.pods.len())];
            if pod.0.endpoint != 0 && wanted(&pod.0) {
                return side(pod, v6);
            }
        }
    }

    /// Any pod.
    pub(crate) fn pod(&self, rng: &mut fastrand::Rng, v6: bool) -> Peer {
        side(&self.pods[rng.usize(..self.pods.len())], v6)
    }

    /// The cluster's DNS server.
    pub(crate) fn dns(&self, v6: bool) -> Peer {
        side(&self.dns, v6)
    }

    /// A host outside of the cluster.
    pub(crate) fn outside(&self, rng: &mut fastrand::Rng, v6: bool) -> Peer {
        side(&self.outside[rng.usize(..self.outside.len())], v6)
    }

    /// The nodes' own addresses, for tunnels.
    pub(crate) fn node(&self, number: u8) -> Peer {
        let mac = [0x02, 0, 0, 0, 1, number];
        let ip = IpAddr::V4(Ipv4Addr::new(172, 18, 0, number));
        Peer { ip, mac, identity: 6, endpoint: 0, port: 8472, labels: Vec::new() }
    }
}

fn side(peer: &(Peer, Peer), v6: bool) -> Peer {
    if v6 { peer.1.clone() } else { peer.0.clone() }
}

fn pod((namespace, app, port): (&str, &str, u16), at: u8, number: u8) -> (Peer, Peer) {
    let labels = vec![
        format!("k8s:app={app}"),
        "k8s:io.cilium.k8s.policy.cluster=default".to_owned(),
        format!("k8s:io.kubernetes.pod.namespace={namespace}"),
    ];
    let node = u8::from(number >= LOCAL) + 1;
    let endpoint = if node == 1 { 1000 + u16::from(at) * 16 + u16::from(number) } else { 0 };
    let peer = |ip| Peer {
        ip,
        mac: [0x02, node, at, number, 0, 1],
        identity: 10_000 + u32::from(at) * 17,
        endpoint,
        port,
        labels: labels.clone(),
    };
    let v6 = Ipv6Addr::new(0xfd00, 0x10, 0, node.into(), 0, 0, at.into(), u16::from(number) + 10);
    (peer(IpAddr::V4(Ipv4Addr::new(10, 0, node, at * 2 + 10 + number * 20))), peer(IpAddr::V6(v6)))
}

fn world(number: u8) -> (Peer, Peer) {
    let peer = |ip| Peer {
        ip,
        mac: [0x02, 0xee, 0, 0, 0, number],
        identity: if number.is_multiple_of(5) { 16_777_217 + u32::from(number) } else { 2 },
        endpoint: 0,
        port: 443,
        labels: vec!["reserved:world".to_owned()],
    };
    let v6 = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number.into());
    (peer(IpAddr::V4(Ipv4Addr::new(203, 0, 113, number))), peer(IpAddr::V6(v6)))
}
