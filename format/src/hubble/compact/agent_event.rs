//! What `hubble observe agent-events` tells of an event besides its type.

use std::fmt::{Display, Write};

use tidegate_model::record::{
    AgentEvent, EndpointRegen, EndpointUpdate, IpCache, Notification, PolicyUpdate, ServiceUpsert,
};

use crate::hubble::service_address::HostPort;
use crate::text::push_stamp;

/// Appends the details, texts of the agent as they came.
pub(super) fn push_details(out: &mut String, event: &AgentEvent) {
    // Writing to a `String` cannot fail.
    let _ = match &event.notification {
        Notification::Unknown { notify_type, text } => {
            write!(out, "type: {notify_type}, notification: {text}")
        }
        Notification::AgentStart { time } => {
            out.push_str("start time: ");
            push_stamp(out, time.unwrap_or_default());
            Ok(())
        }
        Notification::PolicyUpdate(PolicyUpdate {
            labels,
            revision,
            rule_count,
        }) => {
            write!(
                out,
                "labels: [{}], revision: {revision}, count: {rule_count}",
                labels.join(",")
            )
        }
        Notification::EndpointRegenerate(endpoint) => push_regenerate(out, endpoint),
        Notification::EndpointUpdate(endpoint) => push_endpoint(out, endpoint),
        Notification::IpCacheUpdate(entry) => push_ipcache(out, entry),
        Notification::ServiceUpsert(service) => push_service(out, service),
        Notification::ServiceDelete(service) => write!(out, "id: {}", service.id),
    };
}

fn push_regenerate(out: &mut String, endpoint: &EndpointRegen) -> std::fmt::Result {
    write!(
        out,
        "id: {}, labels: [{}]",
        endpoint.id,
        endpoint.labels.join(",")
    )?;
    push_if_any(out, "error", &endpoint.error)
}

fn push_endpoint(out: &mut String, endpoint: &EndpointUpdate) -> std::fmt::Result {
    write!(out, "id: {}", endpoint.id)?;
    push_if_any(out, "namespace", &endpoint.namespace)?;
    push_if_any(out, "pod name", &endpoint.pod_name)
}

fn push_ipcache(out: &mut String, entry: &IpCache) -> std::fmt::Result {
    write!(out, "cidr: {}, identity: {}", entry.cidr, entry.identity)?;
    if let Some(old_identity) = entry.old_identity {
        push(out, "old identity", old_identity)?;
    }
    push_if_any(out, "host ip", &entry.host_ip)?;
    push_if_any(out, "old host ip", &entry.old_host_ip)?;
    push(out, "encrypt key", entry.encrypt_key)
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
    push_if_any(out, "type", &service.service_type)?;
    push_if_any(out, "traffic policy", &service.traffic_policy)?;
    push_if_any(out, "namespace", &service.namespace)?;
    push_if_any(out, "name", &service.name)
}

fn push_if_any(out: &mut String, name: &str, text: &str) -> std::fmt::Result {
    if text.is_empty() {
        Ok(())
    } else {
        push(out, name, text)
    }
}

fn push(out: &mut String, name: &str, value: impl Display) -> std::fmt::Result {
    write!(out, ", {name}: {value}")
}
