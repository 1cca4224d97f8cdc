//! `flow.AgentEvent` and its notifications.

use tidegate_model::record::{
    AgentEvent, EndpointRegen, EndpointUpdate, IpCache, Notification, PolicyUpdate, ServiceAddress,
    ServiceUpsert,
};

use super::object::Object;
use crate::text::push_decimal;

pub(super) fn agent_event(object: &mut Object<'_>, event: &AgentEvent) {
    object.enumeration(
        "type",
        event.event_type as u8,
        Some(event.event_type.name()),
    );
    match &event.notification {
        Notification::Unknown { notify_type, text } => object.message("unknown", |object| {
            object.raw_string("type", |out| push_decimal(out, *notify_type));
            object.string("notification", text);
        }),
        Notification::AgentStart { time } => {
            object.message("agent_start", |object| {
                object.timestamp("time", time.unwrap_or_default())
            });
        }
        Notification::PolicyUpdate(policy) => {
            object.message("policy_update", |object| policy_update(object, policy))
        }
        Notification::EndpointRegenerate(endpoint) => {
            object.message("endpoint_regenerate", |object| {
                endpoint_regenerate(object, endpoint)
            });
        }
        Notification::EndpointUpdate(endpoint) => {
            object.message("endpoint_update", |object| {
                endpoint_update(object, endpoint)
            });
        }
        Notification::IpCacheUpdate(entry) => {
            object.message("ipcache_update", |object| ipcache_update(object, entry))
        }
        Notification::ServiceUpsert(service) => {
            object.message("service_upsert", |object| service_upsert(object, service));
        }
        Notification::ServiceDelete(service) => {
            object.message("service_delete", |object| object.uint32("id", service.id));
        }
    }
}

fn policy_update(object: &mut Object<'_>, policy: &PolicyUpdate) {
    object.strings("labels", &policy.labels);
    object.uint64("revision", policy.revision);
    object.int64("rule_count", policy.rule_count);
}

fn endpoint_regenerate(object: &mut Object<'_>, endpoint: &EndpointRegen) {
    object.uint64("id", endpoint.id);
    object.strings("labels", &endpoint.labels);
    object.string("error", &endpoint.error);
}

fn endpoint_update(object: &mut Object<'_>, endpoint: &EndpointUpdate) {
    object.uint64("id", endpoint.id);
    object.strings("labels", &endpoint.labels);
    object.string("error", &endpoint.error);
    object.string("pod_name", &endpoint.pod_name);
    object.string("namespace", &endpoint.namespace);
}

fn ipcache_update(object: &mut Object<'_>, entry: &IpCache) {
    object.string("cidr", &entry.cidr);
    object.uint32("identity", entry.identity);
    object.uint32_value("old_identity", entry.old_identity);
    object.string("host_ip", &entry.host_ip);
    object.string("old_host_ip", &entry.old_host_ip);
    object.uint32("encrypt_key", entry.encrypt_key);
    object.string("namespace", &entry.namespace);
    object.string("pod_name", &entry.pod_name);
}

fn service_upsert(object: &mut Object<'_>, service: &ServiceUpsert) {
    object.uint32("id", service.id);
    object.message("frontend_address", |object| {
        address(object, &service.frontend_address)
    });
    object.messages("backend_addresses", &service.backend_addresses, address);
    object.string("type", &service.service_type);
    object.string("traffic_policy", &service.traffic_policy);
    object.string("name", &service.name);
    object.string("namespace", &service.namespace);
    object.string("ext_traffic_policy", &service.ext_traffic_policy);
    object.string("int_traffic_policy", &service.int_traffic_policy);
}

fn address(object: &mut Object<'_>, address: &ServiceAddress) {
    object.string("ip", &address.ip);
    object.uint32("port", address.port);
}
