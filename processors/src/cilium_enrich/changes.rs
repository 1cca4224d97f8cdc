//! Changes of names in the log, at `debug`.

use tidegate_model::record::{AgentEvent, AgentEventType, Notification};

use super::Refusal;

/// Logs what an announcement changes, or why it changes nothing.
pub(super) fn log(event: &AgentEvent, refused: Option<Refusal>) {
    if !tracing::enabled!(tracing::Level::DEBUG) {
        return;
    }
    let refused = refused.map(Refusal::as_str);
    match &event.notification {
        Notification::IpCacheUpdate(entry) => {
            let what = match event.event_type {
                AgentEventType::IpCacheDeleted => "addresses lose their identity",
                _ => "addresses have an identity",
            };
            tracing::debug!(
                addresses = entry.cidr,
                identity = entry.identity,
                before = entry.old_identity,
                namespace = entry.namespace,
                pod = entry.pod_name,
                refused,
                "{what}"
            );
        }
        Notification::EndpointUpdate(endpoint) => {
            let what = match event.event_type {
                AgentEventType::EndpointDeleted => "an endpoint is gone",
                _ => "there is a new endpoint",
            };
            let (id, labels) = (endpoint.id, &endpoint.labels);
            tracing::debug!(
                id,
                namespace = endpoint.namespace,
                pod = endpoint.pod_name,
                ?labels,
                refused,
                "{what}"
            );
        }
        Notification::EndpointRegenerate(endpoint) => {
            tracing::debug!(id = endpoint.id, labels = ?endpoint.labels, refused, "an endpoint has these labels");
        }
        Notification::AgentStart { .. } => {
            tracing::debug!("the Cilium agent has started; what is known is kept")
        }
        _ => {}
    }
}
