//! Logs announced changes, at `debug`.

use tidegate_model::names::Names;
use tidegate_model::record::{
    AgentEvent, AgentEventType, EndpointRegen, EndpointUpdate, IpCache, Notification,
};
use tidegate_names::RejectReason;

/// Logs what an announcement changes, or why it was rejected.
pub(super) fn log(event: &AgentEvent, rejected: Option<RejectReason>) {
    if !tracing::enabled!(tracing::Level::DEBUG) {
        return;
    }
    let rejected = rejected.map(RejectReason::as_str);
    match &event.notification {
        Notification::IpCacheUpdate(entry) => log_ip_cache(event.event_type, entry, rejected),
        Notification::EndpointUpdate(endpoint) => {
            log_endpoint(event.event_type, endpoint, rejected);
        }
        Notification::EndpointRegenerate(endpoint) => log_labels(endpoint, rejected),
        Notification::AgentStart { .. } => {
            tracing::debug!("the Cilium agent has started; known names are kept");
        }
        _ => {}
    }
}

/// Logs that a portion of a list has arrived.
pub(super) fn log_names(names: &Names) {
    tracing::debug!(
        source = names.source.name(),
        content = names.content.name(),
        detail = names.content.detail(),
        entries = names.content.len(),
        "a list of names has arrived"
    );
}

fn log_ip_cache(event_type: AgentEventType, entry: &IpCache, rejected: Option<&str>) {
    let message = match event_type {
        AgentEventType::IpCacheDeleted => "addresses no longer have an identity",
        _ => "addresses have an identity",
    };
    tracing::debug!(
        addresses = entry.cidr,
        identity = entry.identity,
        before = entry.old_identity,
        namespace = entry.namespace,
        pod = entry.pod_name,
        rejected,
        "{message}"
    );
}

fn log_endpoint(event_type: AgentEventType, endpoint: &EndpointUpdate, rejected: Option<&str>) {
    let message = match event_type {
        AgentEventType::EndpointDeleted => "an endpoint was deleted",
        _ => "an endpoint was created",
    };
    tracing::debug!(
        id = endpoint.id,
        namespace = endpoint.namespace,
        pod = endpoint.pod_name,
        labels = ?endpoint.labels,
        rejected,
        "{message}"
    );
}

fn log_labels(endpoint: &EndpointRegen, rejected: Option<&str>) {
    tracing::debug!(
        id = endpoint.id,
        labels = ?endpoint.labels,
        rejected,
        "the labels of an endpoint were announced"
    );
}
