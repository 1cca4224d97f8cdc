//! The endpoints of the simulated node and their control groups: `/v1/endpoint` and
//! `/v1/cgroup-dump-metadata`.

use serde_json::{Value, json};

use crate::cluster::{
    Cluster, HEALTH_ENDPOINT, HOST_ENDPOINT, LOCAL_NODE, Pod, cgroups as cgroup_ids, health_ip,
    interface_index,
};
use crate::options::Release;

const HOST: u32 = 1;
const HEALTH: u32 = 4;

/// An array of `models.Endpoint`.
pub(super) fn all(cluster: &Cluster, release: Release) -> Value {
    let pods = cluster.local_pods().map(|pod| of_pod(pod, release));
    let host = endpoint(HOST_ENDPOINT, HOST, &["reserved:host"], &json!([]));
    let address = json!([{ "ipv4": health_ip(LOCAL_NODE) }]);
    let health = endpoint(HEALTH_ENDPOINT, HEALTH, &["reserved:health"], &address);
    pods.chain([host, health]).collect()
}

/// `models.Endpoint`; `None` for an unknown number.
pub(super) fn one(cluster: &Cluster, release: Release, number: u16) -> Option<Value> {
    let Value::Array(endpoints) = all(cluster, release) else {
        return None;
    };
    endpoints.into_iter().find(|one| one["id"] == number)
}

/// `models.CgroupDumpMetadata`.
pub(super) fn cgroups(cluster: &Cluster) -> Value {
    let pods: Vec<_> = cluster
        .local_pods()
        .filter_map(|pod| {
            let (namespace, name) = pod.v4.pod.as_ref()?;
            let containers = cgroup_ids(pod.v4.endpoint).map(|id| {
                json!({
                    "cgroup-id": id,
                    "cgroup-path": format!("/run/cilium/cgroupv2/kubepods.slice/{name}/{id}"),
                })
            });
            Some(json!({
                "name": name,
                "namespace": namespace,
                "ips": [pod.v4.ip, pod.v6.ip],
                "containers": containers,
            }))
        })
        .collect();
    json!({ "pod-metadatas": pods })
}

fn of_pod(pod: &Pod, release: Release) -> Value {
    let peer = &pod.v4;
    let addressing = json!([{ "ipv4": peer.ip, "ipv6": pod.v6.ip }]);
    let labels: Vec<_> = peer.labels.iter().map(String::as_str).collect();
    let mut endpoint = endpoint(peer.endpoint, peer.identity, &labels, &addressing);
    let status = &mut endpoint["status"];
    status["labels"]["derived"] = json!(pod.derived_labels);
    let mac: Vec<_> = peer.mac.iter().map(|byte| format!("{byte:02x}")).collect();
    status["networking"]["mac"] = json!(mac.join(":"));
    if let Some((namespace, name)) = &peer.pod {
        let container = format!("{:064x}", peer.endpoint);
        status["external-identifiers"] = json!({
            "container-id": container,
            "k8s-namespace": namespace,
            "k8s-pod-name": name,
            "pod-name": format!("{namespace}/{name}"),
        });
        if release >= Release::V1_16 {
            let attachment = format!("{container}:eth0");
            status["external-identifiers"]["cni-attachment-id"] = json!(attachment);
        }
    }
    endpoint
}

fn endpoint(id: u16, identity: u32, labels: &[&str], addressing: &Value) -> Value {
    let interface_name = match id {
        HOST_ENDPOINT => "cilium_host".to_owned(),
        HEALTH_ENDPOINT => "lxc_health".to_owned(),
        id => format!("lxc{:012x}", u64::from(id) * 0x5bd1_e995),
    };
    json!({
        "id": id,
        "spec": { "label-configuration": {}, "options": {} },
        "status": {
            "external-identifiers": {},
            "identity": { "id": identity, "labels": labels },
            "labels": { "realized": {}, "security-relevant": labels },
            "networking": {
                "addressing": addressing,
                "interface-index": interface_index(id),
                "interface-name": interface_name,
            },
            "state": "ready",
        },
    })
}
