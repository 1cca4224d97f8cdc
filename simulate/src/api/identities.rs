//! Identities and the addresses that have them: `/v1/identity` and `/v1/ip`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Value, json};

use crate::cluster::{Cluster, LOCAL_NODE, Peer, REMOTE_NODE, health_ip, host_ip, node_ip};

/// Identities that every cluster has, with their labels.
const RESERVED: [(u32, &str); 6] = [
    (1, "reserved:host"),
    (2, "reserved:world"),
    (3, "reserved:unmanaged"),
    (4, "reserved:health"),
    (5, "reserved:init"),
    (6, "reserved:remote-node"),
];
const HOST: u32 = 1;
const WORLD: u32 = 2;
const HEALTH: u32 = 4;
const REMOTE: u32 = 6;

/// An array of `models.Identity`.
pub(super) fn all(cluster: &Cluster) -> Value {
    labels(cluster).into_iter().map(identity).collect()
}

/// `models.Identity`; `None` for an unknown number.
pub(super) fn one(cluster: &Cluster, number: u32) -> Option<Value> {
    labels(cluster).remove_entry(&number).map(identity)
}

/// An array of `models.IPListEntry`.
pub(super) fn addresses(cluster: &Cluster) -> Value {
    let pods = cluster
        .pods()
        .flat_map(|pod| [&pod.v4, &pod.v6])
        .map(of_pod);
    let hosts = cluster.external_hosts().iter();
    let hosts = hosts
        .flat_map(|host| [&host.v4, &host.v6])
        .filter(|peer| peer.identity != WORLD)
        .map(|peer| entry(peer.ip, peer.identity, None));
    let nodes = [(LOCAL_NODE, HOST), (REMOTE_NODE, REMOTE)]
        .into_iter()
        .flat_map(|(node, identity)| {
            [
                entry(node_ip(node).into(), identity, None),
                entry(host_ip(node).into(), identity, Some(node)),
                entry(health_ip(node).into(), HEALTH, Some(node)),
            ]
        });
    let world = ["0.0.0.0/0", "::/0"].map(|cidr| json!({ "cidr": cidr, "identity": WORLD }));
    pods.chain(hosts).chain(nodes).chain(world).collect()
}

fn labels(cluster: &Cluster) -> BTreeMap<u32, Vec<String>> {
    let reserved = RESERVED.map(|(number, label)| (number, vec![label.to_owned()]));
    let pods = cluster.pods().map(|pod| &pod.v4);
    let hosts = cluster.external_hosts().iter().map(|host| &host.v4);
    let peers = pods
        .chain(hosts)
        .map(|peer| (peer.identity, peer.labels.clone()));
    reserved.into_iter().chain(peers).collect()
}

fn identity((number, labels): (u32, Vec<String>)) -> Value {
    json!({ "id": number, "labels": labels })
}

fn of_pod(peer: &Peer) -> Value {
    let mut entry = entry(peer.ip, peer.identity, None);
    entry["hostIP"] = json!(peer.node_ip());
    if let Some((namespace, name)) = &peer.pod {
        entry["metadata"] =
            json!({ "namespace": namespace, "name": name, "source": "custom-resource" });
    }
    entry
}

fn entry(address: IpAddr, identity: u32, node: Option<u8>) -> Value {
    let prefix = if address.is_ipv4() { 32 } else { 128 };
    let mut entry = json!({ "cidr": format!("{address}/{prefix}"), "identity": identity });
    if let Some(node) = node {
        entry["hostIP"] = json!(node_ip(node));
    }
    entry
}
