//! Attributes of an agent event. An attribute is left out if the event has no value for it; `uint`
//! is as for [flows](super::flow).
//!
//! | attribute | type | meaning |
//! | --- | --- | --- |
//! | `cilium.agent_event.type` | string | what happened: `ENDPOINT_CREATED` and the like |
//! | `cilium.agent_event.notification.type` | int | Cilium's number of a notification of unknown type |
//! | `cilium.agent_event.notification` | string | its text |
//! | `cilium.agent.start_unix_nano` | uint | when the agent started |
//! | `cilium.policy.labels` | string[] | labels of the added or removed rules |
//! | `cilium.policy.revision` | uint | the policy's revision |
//! | `cilium.policy.rule_count` | int | its number of rules |
//! | `cilium.endpoint.id` | uint | an endpoint on this node |
//! | `cilium.endpoint.labels` | string[] | its labels |
//! | `cilium.endpoint.error` | string | why its regeneration failed |
//! | `cilium.ipcache.cidr` | string | addresses whose identity was added or removed |
//! | `cilium.ipcache.identity`, `cilium.ipcache.old_identity` | int | their identity, and the previous one |
//! | `cilium.ipcache.host_ip`, `cilium.ipcache.old_host_ip` | string | address of their node, and the previous one |
//! | `cilium.ipcache.encrypt_key` | int | index of the key for traffic to them |
//! | `cilium.service.id` | int | id of a service |
//! | `cilium.service.frontend` | string | address and port of the service |
//! | `cilium.service.backends` | string[] | addresses and ports of its backends |
//! | `cilium.service.type` | string | `ClusterIP` and the like |
//! | `cilium.service.traffic_policy`, `cilium.service.ext_traffic_policy`, `cilium.service.int_traffic_policy` | string | traffic policies |
//! | `k8s.namespace.name`, `k8s.pod.name`, `k8s.service.name` | string | the Kubernetes object |

use tidegate_format::hubble::HostPort;
use tidegate_model::record::{
    AgentEvent, EndpointRegen, EndpointUpdate, IpCache, Notification, PolicyUpdate, ServiceUpsert,
};

use super::attribute_key::key;
use super::record_writer::LogRecordWriter;

/// Writes the attributes of an agent event.
pub(super) fn write_attributes(out: &mut LogRecordWriter<'_>, event: &AgentEvent) {
    out.string(key!("cilium.agent_event.type"), event.event_type.name());
    match &event.notification {
        Notification::Unknown { notify_type, text } => {
            out.int(key!("cilium.agent_event.notification.type"), *notify_type);
            out.non_empty_string(key!("cilium.agent_event.notification"), text);
        }
        Notification::AgentStart { time } => {
            out.non_zero_unsigned(
                key!("cilium.agent.start_unix_nano"),
                time.unwrap_or_default().0,
            );
        }
        Notification::PolicyUpdate(policy) => write_policy(out, policy),
        Notification::EndpointRegenerate(EndpointRegen { id, labels, error }) => {
            write_endpoint(out, *id, labels, error);
        }
        Notification::EndpointUpdate(EndpointUpdate {
            id,
            labels,
            error,
            pod_name,
            namespace,
        }) => {
            write_endpoint(out, *id, labels, error);
            out.non_empty_string(key!("k8s.namespace.name"), namespace);
            out.non_empty_string(key!("k8s.pod.name"), pod_name);
        }
        Notification::IpCacheUpdate(entry) => write_ipcache(out, entry),
        Notification::ServiceUpsert(service) => write_service(out, service),
        Notification::ServiceDelete(service) => out.int(key!("cilium.service.id"), service.id),
    }
}

fn write_policy(out: &mut LogRecordWriter<'_>, policy: &PolicyUpdate) {
    out.strings(key!("cilium.policy.labels"), &policy.labels);
    out.unsigned(key!("cilium.policy.revision"), policy.revision);
    out.int(key!("cilium.policy.rule_count"), policy.rule_count);
}

fn write_endpoint(out: &mut LogRecordWriter<'_>, id: u64, labels: &[String], error: &str) {
    out.unsigned(key!("cilium.endpoint.id"), id);
    out.strings(key!("cilium.endpoint.labels"), labels);
    out.non_empty_string(key!("cilium.endpoint.error"), error);
}

fn write_ipcache(out: &mut LogRecordWriter<'_>, entry: &IpCache) {
    out.string(key!("cilium.ipcache.cidr"), &entry.cidr);
    out.int(key!("cilium.ipcache.identity"), entry.identity);
    if let Some(old_identity) = entry.old_identity {
        out.int(key!("cilium.ipcache.old_identity"), old_identity);
    }
    out.non_empty_string(key!("cilium.ipcache.host_ip"), &entry.host_ip);
    out.non_empty_string(key!("cilium.ipcache.old_host_ip"), &entry.old_host_ip);
    out.non_zero_int(key!("cilium.ipcache.encrypt_key"), entry.encrypt_key);
    out.non_empty_string(key!("k8s.namespace.name"), &entry.namespace);
    out.non_empty_string(key!("k8s.pod.name"), &entry.pod_name);
}

fn write_service(out: &mut LogRecordWriter<'_>, service: &ServiceUpsert) {
    out.int(key!("cilium.service.id"), service.id);
    out.display(
        key!("cilium.service.frontend"),
        HostPort(&service.frontend_address),
    );
    let backends: Vec<_> = service
        .backend_addresses
        .iter()
        .map(|backend| HostPort(backend).to_string())
        .collect();
    out.strings(key!("cilium.service.backends"), &backends);
    out.non_empty_string(key!("cilium.service.type"), &service.service_type);
    out.non_empty_string(
        key!("cilium.service.traffic_policy"),
        &service.traffic_policy,
    );
    out.non_empty_string(
        key!("cilium.service.ext_traffic_policy"),
        &service.ext_traffic_policy,
    );
    out.non_empty_string(
        key!("cilium.service.int_traffic_policy"),
        &service.int_traffic_policy,
    );
    out.non_empty_string(key!("k8s.namespace.name"), &service.namespace);
    out.non_empty_string(key!("k8s.service.name"), &service.name);
}
