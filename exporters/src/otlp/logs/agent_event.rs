//! Attributes of an agent event. An attribute is left out if the event has no value for it.

use tidegate_format::hubble::HostPort;
use tidegate_model::record::{
    AgentEvent, AgentEventType, EndpointRegen, EndpointUpdate, IpCache, Notification, PolicyUpdate,
    ServiceUpsert,
};

use super::format::Labels;
use super::record_writer::LogRecordWriter;
use crate::otlp::mapping;

/// Writes the attributes of an agent event.
pub(super) fn write_attributes(out: &mut LogRecordWriter<'_>, event: &AgentEvent, format: Labels) {
    if event.event_type != AgentEventType::Unknown {
        out.string(mapping::AGENT_EVENT_TYPE, event.event_type.name());
    }
    match &event.notification {
        Notification::Unknown { notify_type, text } => {
            out.int(mapping::NOTIFICATION_TYPE, *notify_type);
            out.non_empty_string(mapping::NOTIFICATION, text);
        }
        Notification::AgentStart { time } => {
            out.non_zero_unsigned(mapping::AGENT_START, time.unwrap_or_default().0);
        }
        Notification::PolicyUpdate(policy) => write_policy(out, policy),
        Notification::EndpointRegenerate(EndpointRegen { id, labels, error }) => {
            write_endpoint(out, *id, error);
            out.labels(mapping::ENDPOINT_LABELS, labels, format);
        }
        Notification::EndpointUpdate(EndpointUpdate {
            id,
            labels,
            error,
            pod_name,
            namespace,
        }) => {
            write_endpoint(out, *id, error);
            out.labels(mapping::ENDPOINT_LABELS, labels, format);
            out.non_empty_string(mapping::K8S_NAMESPACE_NAME, namespace);
            out.non_empty_string(mapping::K8S_POD_NAME, pod_name);
        }
        Notification::IpCacheUpdate(entry) => write_ipcache(out, entry),
        Notification::ServiceUpsert(service) => write_service(out, service),
        Notification::ServiceDelete(service) => out.int(mapping::SERVICE_ID, service.id),
    }
}

fn write_policy(out: &mut LogRecordWriter<'_>, policy: &PolicyUpdate) {
    out.strings(mapping::POLICY_LABELS, &policy.labels);
    out.unsigned(mapping::POLICY_REVISION, policy.revision);
    out.int(mapping::POLICY_RULE_COUNT, policy.rule_count);
}

fn write_endpoint(out: &mut LogRecordWriter<'_>, id: u64, error: &str) {
    out.unsigned(mapping::ENDPOINT_ID, id);
    out.non_empty_string(mapping::ENDPOINT_ERROR, error);
}

fn write_ipcache(out: &mut LogRecordWriter<'_>, entry: &IpCache) {
    out.string(mapping::IPCACHE_CIDR, &entry.cidr);
    out.int(mapping::IPCACHE_IDENTITY, entry.identity);
    if let Some(old_identity) = entry.old_identity {
        out.int(mapping::IPCACHE_OLD_IDENTITY, old_identity);
    }
    out.non_empty_string(mapping::IPCACHE_HOST_IP, &entry.host_ip);
    out.non_empty_string(mapping::IPCACHE_OLD_HOST_IP, &entry.old_host_ip);
    out.non_zero_int(mapping::IPCACHE_ENCRYPT_KEY, entry.encrypt_key);
    out.non_empty_string(mapping::K8S_NAMESPACE_NAME, &entry.namespace);
    out.non_empty_string(mapping::K8S_POD_NAME, &entry.pod_name);
}

fn write_service(out: &mut LogRecordWriter<'_>, service: &ServiceUpsert) {
    out.int(mapping::SERVICE_ID, service.id);
    out.display(
        mapping::SERVICE_FRONTEND,
        HostPort(&service.frontend_address),
    );
    let backends: Vec<_> = service
        .backend_addresses
        .iter()
        .map(|backend| HostPort(backend).to_string())
        .collect();
    out.strings(mapping::SERVICE_BACKENDS, &backends);
    out.non_empty_string(mapping::SERVICE_TYPE, &service.service_type);
    out.non_empty_string(mapping::SERVICE_TRAFFIC_POLICY, &service.traffic_policy);
    out.non_empty_string(
        mapping::SERVICE_EXT_TRAFFIC_POLICY,
        &service.ext_traffic_policy,
    );
    out.non_empty_string(
        mapping::SERVICE_INT_TRAFFIC_POLICY,
        &service.int_traffic_policy,
    );
    out.non_empty_string(mapping::K8S_NAMESPACE_NAME, &service.namespace);
    out.non_empty_string(mapping::K8S_SERVICE_NAME, &service.name);
}
