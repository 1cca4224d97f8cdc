//! Services and the DNS names that pods have looked up: `/v1/service` and `/v1/fqdn/cache`.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::cluster::{Cluster, EXTERNAL_NAMES, services as apps};

/// The time that answers of DNS servers may be kept.
const TTL: Duration = Duration::from_secs(300);

/// An array of `models.Service`: each service with an IPv4 and an IPv6 address.
pub(super) fn all(cluster: &Cluster) -> Value {
    let mut services = Vec::new();
    for app in apps() {
        let pods = cluster.pods().filter(|pod| std::ptr::eq(pod.app, app));
        let pods: Vec<_> = pods.collect();
        for protocol in app.protocols() {
            for v6 in [false, true] {
                let backends: Vec<_> = pods
                    .iter()
                    .map(|pod| {
                        json!({
                            "ip": pod.of_family(v6).ip,
                            "port": app.port,
                            "protocol": protocol,
                            "state": "active",
                            "weight": 100,
                        })
                    })
                    .collect();
                let spec = json!({
                    "id": services.len() + 1,
                    "frontend-address": {
                        "ip": app.service_ip(v6),
                        "port": app.port,
                        "protocol": protocol,
                        "scope": "external",
                    },
                    "backend-addresses": backends,
                    "flags": {
                        "name": app.service,
                        "namespace": app.namespace,
                        "type": "ClusterIP",
                        "trafficPolicy": "Cluster",
                    },
                });
                services.push(json!({ "status": { "realized": &spec }, "spec": spec }));
            }
        }
    }
    services.into()
}

/// An array of `models.DNSLookup`: every pod of the node has just looked up every external name.
pub(super) fn dns_lookups(cluster: &Cluster, now: SystemTime) -> Value {
    let lookup_time = time(now);
    let expiration_time = time(now + TTL);
    let mut lookups = Vec::new();
    for pod in cluster.local_pods() {
        for name in EXTERNAL_NAMES {
            let hosts = cluster.external_hosts().iter();
            let hosts = hosts.filter(|host| host.name == name);
            let ips: Vec<_> = hosts.flat_map(|host| [host.v4.ip, host.v6.ip]).collect();
            lookups.push(json!({
                "endpoint-id": pod.v4.endpoint,
                "fqdn": name,
                "ips": ips,
                "ttl": TTL.as_secs(),
                "lookup-time": lookup_time,
                "expiration-time": expiration_time,
                "source": "lookup",
            }));
        }
    }
    lookups.into()
}

/// RFC 3339 with milliseconds, as go-openapi's `strfmt.DateTime` writes it. A time that has no such
/// form is the epoch.
fn time(time: SystemTime) -> String {
    let time = jiff::Timestamp::try_from(time).unwrap_or_default();
    format!("{time:.3}")
}
