//! `flow.AgentEvent` and its notifications.

use tidegate_model::record::{
    AgentEvent, EndpointRegen, EndpointUpdate, IpCache, Notification, PolicyUpdate, ServiceAddress,
    ServiceUpsert,
};

use super::object::Object;
use crate::text::push_decimal;

pub(super) fn agent_event(object: &mut Object<'_>, event: &AgentEvent) {
    object.symbol(
        "type",
        event.event_type as u8,
        Some(event.event_type.name()),
    );
    match &event.notification {
        Notification::Unknown { notify_type, text } => object.object("unknown", |object| {
            object.quoted("type", |out| push_decimal(out, *notify_type));
            object.text("notification", text);
        }),
        Notification::AgentStart { time } => {
            object.object("agent_start", |object| {
                object.time("time", time.unwrap_or_default())
            });
        }
        Notification::PolicyUpdate(policy) => {
            object.object("policy_update", |object| policy_update(object, policy))
        }
        Notification::EndpointRegenerate(endpoint) => {
            object.object("endpoint_regenerate", |object| {
                endpoint_regenerate(object, endpoint)
            });
        }
        Notification::EndpointUpdate(endpoint) => {
            object.object("endpoint_update", |object| {
                endpoint_update(object, endpoint)
            });
        }
        Notification::IpCacheUpdate(entry) => {
            object.object("ipcache_update", |object| ipcache_update(object, entry))
        }
        Notification::ServiceUpsert(service) => {
            object.object("service_upsert", |object| service_upsert(object, service));
        }
        Notification::ServiceDelete(service) => {
            object.object("service_delete", |object| object.number("id", service.id));
        }
    }
}

fn policy_update(object: &mut Object<'_>, policy: &PolicyUpdate) {
    object.texts("labels", &policy.labels);
    object.wide("revision", policy.revision);
    object.wide_signed("rule_count", policy.rule_count);
}

fn endpoint_regenerate(object: &mut Object<'_>, endpoint: &EndpointRegen) {
    object.wide("id", endpoint.id);
    object.texts("labels", &endpoint.labels);
    object.text("error", &endpoint.error);
}

fn endpoint_update(object: &mut Object<'_>, endpoint: &EndpointUpdate) {
    object.wide("id", endpoint.id);
    object.texts("labels", &endpoint.labels);
    object.text("error", &endpoint.error);
    object.text("pod_name", &endpoint.pod_name);
    object.text("namespace", &endpoint.namespace);
}

fn ipcache_update(object: &mut Object<'_>, entry: &IpCache) {
    object.text("cidr", &entry.cidr);
    object.number("identity", entry.identity);
    object.wrapped("old_identity", entry.old_identity);
    object.text("host_ip", &entry.host_ip);
    object.text("old_host_ip", &entry.old_host_ip);
    object.number("encrypt_key", entry.encrypt_key);
    object.text("namespace", &entry.namespace);
    object.text("pod_name", &entry.pod_name);
}

fn service_upsert(object: &mut Object<'_>, service: &ServiceUpsert) {
    object.number("id", service.id);
    object.object("frontend_address", |object| {
        address(object, &service.frontend_address)
    });
    object.objects("backend_addresses", &service.backend_addresses, address);
    object.text("type", &service.service_type);
    object.text("traffic_policy", &service.traffic_policy);
    object.text("name", &service.name);
    object.text("namespace", &service.namespace);
    object.text("ext_traffic_policy", &service.ext_traffic_policy);
    object.text("int_traffic_policy", &service.int_traffic_policy);
}

fn address(object: &mut Object<'_>, address: &ServiceAddress) {
    object.text("ip", &address.ip);
    object.number("port", address.port);
}
