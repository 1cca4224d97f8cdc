//! The pods and the external hosts, each with an IPv4 and an IPv6 form.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Peer;
use super::apps::{APPS, App, DNS, Owner};

const PODS_PER_APP: u8 = 6;
/// Pods with a smaller number run on the simulated node.
const LOCAL_PODS: u8 = 3;
/// The position of the DNS server among applications.
const DNS_POSITION: u8 = 100;
const EXTERNAL_HOSTS: u8 = 20;
/// Every fifth external host has a local identity, because a policy selects its name.
const FIRST_LOCAL_IDENTITY: u32 = 16_777_217;
/// The identity of external hosts that no policy selects.
const WORLD: u32 = 2;

/// Names of external hosts, each of several hosts.
pub(crate) const EXTERNAL_NAMES: [&str; 4] = [
    "api.example.com.",
    "www.example.org.",
    "metrics.example.net.",
    "registry.example.io.",
];

/// A pod.
#[derive(Clone, Debug)]
pub(crate) struct Pod {
    pub(crate) v4: Peer,
    pub(crate) v6: Peer,
    pub(crate) app: &'static App,
    /// Labels that are no part of its identity.
    pub(crate) derived_labels: Vec<String>,
}

/// A host outside of the cluster.
#[derive(Clone, Debug)]
pub(crate) struct ExternalHost {
    pub(crate) v4: Peer,
    pub(crate) v6: Peer,
    /// Its DNS name, with the dot at its end.
    pub(crate) name: &'static str,
}

/// The pods of all applications but the DNS server.
pub(super) fn pods() -> Vec<Pod> {
    let apps = APPS.iter().zip(0u8..);
    apps.flat_map(|(app, at)| (0..PODS_PER_APP).map(move |number| pod(app, at, number)))
        .collect()
}

/// The pod of the DNS server.
pub(super) fn dns() -> Pod {
    pod(DNS, DNS_POSITION, 0)
}

/// The hosts outside of the cluster.
pub(super) fn external_hosts() -> Vec<ExternalHost> {
    (1..=EXTERNAL_HOSTS).map(external_host).collect()
}

fn pod(app: &'static App, at: u8, number: u8) -> Pod {
    let node = u8::from(number >= LOCAL_PODS) + 1;
    let endpoint = if node == 1 {
        1000 + u16::from(at) * 16 + u16::from(number)
    } else {
        0
    };
    let name = app.pod_name(number);
    let derived_labels = app.derived_labels(&name);
    let peer = |ip| Peer {
        ip,
        mac: [0x02, node, at, number, 0, 1],
        identity: 10_000 + u32::from(at) * 17,
        endpoint,
        port: app.port,
        labels: app.labels(),
        pod: Some((app.namespace, name.clone())),
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
    let v4 = Ipv4Addr::new(10, 0, node, at * 2 + 10 + number * 20);
    Pod {
        v4: peer(IpAddr::V4(v4)),
        v6: peer(IpAddr::V6(v6)),
        app,
        derived_labels,
    }
}

fn external_host(number: u8) -> ExternalHost {
    let name = EXTERNAL_NAMES[usize::from(number) % EXTERNAL_NAMES.len()];
    let is_selected = number.is_multiple_of(5);
    let mut labels = vec!["reserved:world".to_owned()];
    if is_selected {
        labels.insert(0, format!("fqdn:{}", name.trim_end_matches('.')));
    }
    let peer = |ip| Peer {
        ip,
        mac: [0x02, 0xee, 0, 0, 0, number],
        identity: if is_selected {
            FIRST_LOCAL_IDENTITY + u32::from(number)
        } else {
            WORLD
        },
        endpoint: 0,
        port: 443,
        labels: labels.clone(),
        pod: None,
    };
    let v6 = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number.into());
    ExternalHost {
        v4: peer(IpAddr::V4(Ipv4Addr::new(203, 0, 113, number))),
        v6: peer(IpAddr::V6(v6)),
        name,
    }
}

impl Pod {
    /// The pod's form of an IP version.
    pub(crate) fn of_family(&self, v6: bool) -> Peer {
        if v6 { self.v6.clone() } else { self.v4.clone() }
    }

    /// Whether it runs on the simulated node.
    pub(crate) fn is_local(&self) -> bool {
        self.v4.endpoint != 0
    }
}

impl ExternalHost {
    /// The host's form of an IP version.
    pub(super) fn of_family(&self, v6: bool) -> Peer {
        if v6 { self.v6.clone() } else { self.v4.clone() }
    }
}

impl App {
    /// Labels of the identity, in the order of Cilium's API.
    fn labels(&self) -> Vec<String> {
        let Self { namespace, .. } = self;
        let mut labels = vec![
            format!("k8s:{}={}", self.label_key, self.label_value),
            "k8s:io.cilium.k8s.policy.cluster=default".to_owned(),
            format!("k8s:io.kubernetes.pod.namespace={namespace}"),
        ];
        labels.sort();
        labels
    }

    /// The name that the pod's controller gives it.
    fn pod_name(&self, number: u8) -> String {
        let Self { name, .. } = self;
        match self.owner {
            Owner::Deployment(hash) => format!("{name}-{hash}-{}", suffix(name, number)),
            Owner::StatefulSet(_) => format!("{name}-{number}"),
        }
    }

    /// The labels by which controllers recognize their pods, which Cilium keeps out of identities.
    fn derived_labels(&self, pod_name: &str) -> Vec<String> {
        match self.owner {
            Owner::Deployment(hash) => vec![format!("k8s:pod-template-hash={hash}")],
            Owner::StatefulSet(hash) => vec![
                format!("k8s:controller-revision-hash={}-{hash}", self.name),
                format!("k8s:statefulset.kubernetes.io/pod-name={pod_name}"),
            ],
        }
    }
}

/// Five characters of the alphabet of Kubernetes' random names, the same for the same pod.
fn suffix(name: &str, number: u8) -> String {
    const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let seed = name.bytes().fold(u64::from(number), |seed, byte| {
        seed.wrapping_mul(31).wrapping_add(byte.into())
    });
    let mut rng = fastrand::Rng::with_seed(seed);
    (0..5)
        .map(|_| char::from(ALPHABET[rng.usize(..ALPHABET.len())]))
        .collect()
}
