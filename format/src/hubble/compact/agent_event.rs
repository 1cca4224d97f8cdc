//! The details of an agent event, as `hubble observe agent-events` prints them.

use std::fmt::{Display, Write};

use tidegate_model::record::{
    AgentEvent, EndpointRegen, EndpointUpdate, IpCache, Notification, PolicyUpdate, ServiceUpsert,
};

use crate::hubble::service_address::HostPort;
use crate::text::{TimeFormat, push_time};

/// Appends the details, with the agent's texts unescaped.
pub(super) fn push_details(out: &mut String, event: &AgentEvent, time_format: TimeFormat) {
    match &event.notification {
        Notification::Unknown { notify_type, text } => {
            write!(out, "type: {notify_type}, notification: {text}")
        }
        Notification::AgentStart { time } => {
            out.push_str("start time: ");
            push_time(out, time_format, time.unwrap_or_default());
            Ok(())
        }
        Notification::PolicyUpdate(policy) => push_policy(out, policy),
        Notification::EndpointRegenerate(endpoint) => push_regenerate(out, endpoint),
        Notification::EndpointUpdate(endpoint) => push_endpoint(out, endpoint),
        Notification::IpCacheUpdate(entry) => push_ipcache(out, entry),
        Notification::ServiceUpsert(service) => push_service(out, service),
        Notification::ServiceDelete(service) => write!(out, "id: {}", service.id),
    }
    .expect("writing to a String cannot fail");
}

fn push_policy(out: &mut String, policy: &PolicyUpdate) -> std::fmt::Result {
    write!(
        out,
        "labels: [{}], revision: {}, count: {}",
        policy.labels.join(","),
        policy.revision,
        policy.rule_count
    )
}

fn push_regenerate(out: &mut String, endpoint: &EndpointRegen) -> std::fmt::Result {
    write!(
        out,
        "id: {}, labels: [{}]",
        endpoint.id,
        endpoint.labels.join(",")
    )?;
    push_field_if_any(out, "error", &endpoint.error)
}

fn push_endpoint(out: &mut String, endpoint: &EndpointUpdate) -> std::fmt::Result {
    write!(out, "id: {}", endpoint.id)?;
    push_field_if_any(out, "namespace", &endpoint.namespace)?;
    push_field_if_any(out, "pod name", &endpoint.pod_name)
}

fn push_ipcache(out: &mut String, entry: &IpCache) -> std::fmt::Result {
    write!(out, "cidr: {}, identity: {}", entry.cidr, entry.identity)?;
    if let Some(old_identity) = entry.old_identity {
        push_field(out, "old identity", old_identity)?;
    }
    push_field_if_any(out, "host ip", &entry.host_ip)?;
    push_field_if_any(out, "old host ip", &entry.old_host_ip)?;
    push_field(out, "encrypt key", entry.encrypt_key)
}

fn push_service(out: &mut String, service: &ServiceUpsert) -> std::fmt::Result {
    write!(
        out,
        "id: {}, frontend: {}",
        service.id,
        HostPort(&service.frontend_address)
    )?;
    if !service.backend_addresses.is_empty() {
        let backends: Vec<_> = service
            .backend_addresses
            .iter()
            .map(|backend| HostPort(backend).to_string())
            .collect();
        write!(out, ", backends: [{}]", backends.join(","))?;
    }
    push_field_if_any(out, "type", &service.service_type)?;
    push_field_if_any(out, "traffic policy", &service.traffic_policy)?;
    push_field_if_any(out, "namespace", &service.namespace)?;
    push_field_if_any(out, "name", &service.name)
}

fn push_field_if_any(out: &mut String, name: &str, text: &str) -> std::fmt::Result {
    if text.is_empty() {
        Ok(())
    } else {
        push_field(out, name, text)
    }
}

fn push_field(out: &mut String, name: &str, value: impl Display) -> std::fmt::Result {
    write!(out, ", {name}: {value}")
}
