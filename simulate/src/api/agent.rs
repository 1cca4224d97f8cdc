//! The agent itself and the nodes of its cluster: `/v1/healthz` and `/v1/cluster/nodes`.

use serde_json::{Value, json};

use crate::cluster::{LOCAL_NODE, REMOTE_NODE, health_ip, host_ip, node_ip};
use crate::options::Release;

/// `models.StatusResponse`, with what a request with the header `brief: true` gets.
pub(super) fn health(release: Release) -> Value {
    let version = release.agent_version();
    json!({
        "cilium": { "msg": format!("{version} (v{version}-simulated)"), "state": "Ok" },
        "kubernetes": { "state": "Ok" },
        "identity-range": { "min-identity": 256, "max-identity": 65_535 },
        "hubble": { "state": "Ok" },
    })
}

/// `models.Policy`: no rules.
pub(super) fn policy() -> Value {
    json!({ "policy": "[]", "revision": 1 })
}

/// `models.ClusterNodeStatus`.
pub(super) fn nodes() -> Value {
    let nodes = [LOCAL_NODE, REMOTE_NODE].map(|number| {
        let pods = number - 1;
        json!({
            "name": name(number),
            "primary-address": {
                "ipv4": {
                    "alloc-range": format!("10.0.{pods}.0/24"),
                    "enabled": true,
                    "ip": node_ip(number),
                },
                "ipv6": {
                    "alloc-range": format!("fd00:10:0:{pods}::/64"),
                    "enabled": true,
                    "ip": format!("fc00::{number}"),
                },
            },
            "health-endpoint-address": { "ipv4": { "enabled": true, "ip": health_ip(number) } },
            "secondary-addresses": [
                { "address-type": "CiliumInternalIP", "ip": host_ip(number) },
            ],
            "source": "custom-resource",
        })
    });
    json!({ "nodes-added": nodes, "nodes-removed": null, "self": name(LOCAL_NODE) })
}

/// Nodes of the cluster `default` have no cluster in front of their names.
fn name(number: u8) -> String {
    format!("node-{number}")
}
