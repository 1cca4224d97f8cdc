//! What Cilium's agent reports about itself: Hubble's `flow.AgentEvent` (v1.19.4).
//!
//! Fields have the names of Hubble's messages. Notifications are read from the JSON that Cilium
//! puts on its socket (`pkg/monitor/api/types.go`, 1.12 to 1.19), whose names are in the
//! attributes: in any order, with unknown fields among them, and with whatever is missing left
//! empty.

use serde::{Deserialize, Deserializer};

use crate::time::Timestamp;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentEvent {
    /// When its frame was received.
    pub time: Timestamp,
    /// The connection or recording that it came in, as in [`Frame`](super::Frame).
    pub stream: u32,
    /// What happened.
    pub event_type: AgentEventType,
    /// To what, and how.
    pub notification: Notification,
}

/// `flow.AgentEventType`. Cilium numbers its notifications in another way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "the variants are Hubble's own names")]
pub enum AgentEventType {
    #[default]
    Unknown = 0,
    AgentStarted = 2,
    PolicyUpdated = 3,
    PolicyDeleted = 4,
    EndpointRegenerateSuccess = 5,
    EndpointRegenerateFailure = 6,
    EndpointCreated = 7,
    EndpointDeleted = 8,
    IpCacheUpserted = 9,
    IpCacheDeleted = 10,
    ServiceUpserted = 11,
    ServiceDeleted = 12,
}

/// `flow.AgentEvent.notification`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notification {
    /// A notification that Hubble has no message for, or not of the form that its type has.
    Unknown {
        /// Cilium's number of the notification.
        notify_type: u32,
        /// Its text, which is JSON.
        text: String,
    },
    /// The agent has started.
    AgentStart {
        /// When; `None` if the text tells no time.
        time: Option<Timestamp>,
    },
    /// Rules of the network policy were added or removed.
    PolicyUpdate(PolicyUpdate),
    /// The datapath of an endpoint was generated, or could not be.
    EndpointRegenerate(EndpointRegen),
    /// An endpoint came or went.
    EndpointUpdate(EndpointUpdate),
    /// The identity of addresses was learnt or forgotten.
    IpCacheUpdate(IpCache),
    /// A service came or changed; until Cilium 1.17.
    ServiceUpsert(ServiceUpsert),
    /// A service went; until Cilium 1.17.
    ServiceDelete(ServiceDelete),
}

/// `flow.PolicyUpdateNotification`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PolicyUpdate {
    /// Labels of the rules.
    #[serde(deserialize_with = "list")]
    pub labels: Vec<String>,
    /// Revision of the whole policy.
    pub revision: u64,
    /// How many rules.
    pub rule_count: i64,
}

/// `flow.EndpointRegenNotification`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct EndpointRegen {
    /// The endpoint.
    pub id: u64,
    /// Its labels.
    #[serde(deserialize_with = "list")]
    pub labels: Vec<String>,
    /// Why it failed; empty if it did not.
    pub error: String,
}

/// `flow.EndpointUpdateNotification`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct EndpointUpdate {
    /// The endpoint.
    pub id: u64,
    /// Its labels.
    #[serde(deserialize_with = "list")]
    pub labels: Vec<String>,
    /// Never set by the releases that were read.
    pub error: String,
    /// Kubernetes pod.
    #[serde(rename = "pod-name")]
    pub pod_name: String,
    /// Kubernetes namespace.
    pub namespace: String,
}

/// `flow.IPCacheNotification`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct IpCache {
    /// The addresses.
    pub cidr: String,
    /// Their security identity.
    #[serde(rename = "id")]
    pub identity: u32,
    /// The one before, if there was one.
    #[serde(rename = "old-id")]
    pub old_identity: Option<u32>,
    /// Address of the node that they are on; empty for none.
    pub host_ip: String,
    /// The one before; empty for none.
    pub old_host_ip: String,
    /// Index of the key that traffic to them is encrypted with; 0 for none.
    pub encrypt_key: u8,
    /// Kubernetes namespace.
    pub namespace: String,
    /// Kubernetes pod.
    pub pod_name: String,
}

/// `flow.ServiceUpsertNotification`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct ServiceUpsert {
    /// The service.
    pub id: u32,
    /// Where it is reached.
    pub frontend_address: ServiceAddress,
    /// Who serves it.
    #[serde(deserialize_with = "list")]
    pub backend_addresses: Vec<ServiceAddress>,
    /// `ClusterIP` and the like.
    #[serde(rename = "type")]
    pub service_type: String,
    /// The external traffic policy, until Cilium 1.16.
    pub traffic_policy: String,
    /// The external traffic policy, since Cilium 1.13.
    pub ext_traffic_policy: String,
    /// The internal traffic policy.
    pub int_traffic_policy: String,
    /// Name in Kubernetes.
    pub name: String,
    /// Kubernetes namespace.
    pub namespace: String,
}

/// `flow.ServiceUpsertNotificationAddr`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ServiceAddress {
    /// Empty for none.
    pub ip: String,
    /// Port number.
    pub port: u16,
}

/// `flow.ServiceDeleteNotification`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ServiceDelete {
    /// The service.
    pub id: u32,
}

/// Go writes a list that was never made as `null`.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(list: D) -> Result<Vec<T>, D::Error> {
    Option::deserialize(list).map(Option::unwrap_or_default)
}

impl AgentEventType {
    /// The protobuf enum's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "AGENT_EVENT_UNKNOWN",
            Self::AgentStarted => "AGENT_STARTED",
            Self::PolicyUpdated => "POLICY_UPDATED",
            Self::PolicyDeleted => "POLICY_DELETED",
            Self::EndpointRegenerateSuccess => "ENDPOINT_REGENERATE_SUCCESS",
            Self::EndpointRegenerateFailure => "ENDPOINT_REGENERATE_FAILURE",
            Self::EndpointCreated => "ENDPOINT_CREATED",
            Self::EndpointDeleted => "ENDPOINT_DELETED",
            Self::IpCacheUpserted => "IPCACHE_UPSERTED",
            Self::IpCacheDeleted => "IPCACHE_DELETED",
            Self::ServiceUpserted => "SERVICE_UPSERTED",
            Self::ServiceDeleted => "SERVICE_DELETED",
        }
    }
}

impl AgentEvent {
    /// Bytes on the heap that only this event holds.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let texts = match &self.notification {
            Notification::Unknown { text, .. } => text.len(),
            Notification::AgentStart { .. } | Notification::ServiceDelete(_) => 0,
            Notification::PolicyUpdate(policy) => sum(&policy.labels),
            Notification::EndpointRegenerate(endpoint) => {
                sum(&endpoint.labels) + endpoint.error.len()
            }
            Notification::EndpointUpdate(EndpointUpdate {
                id: _,
                labels,
                error,
                pod_name,
                namespace,
            }) => sum(labels) + sum([error, pod_name, namespace]),
            Notification::IpCacheUpdate(IpCache {
                cidr,
                host_ip,
                old_host_ip,
                namespace,
                pod_name,
                ..
            }) => sum([cidr, host_ip, old_host_ip, namespace, pod_name]),
            Notification::ServiceUpsert(service) => {
                let ServiceUpsert {
                    service_type,
                    traffic_policy,
                    ext_traffic_policy,
                    int_traffic_policy,
                    ..
                } = service;
                sum([
                    service_type,
                    traffic_policy,
                    ext_traffic_policy,
                    int_traffic_policy,
                ]) + sum([
                    &service.name,
                    &service.namespace,
                    &service.frontend_address.ip,
                ]) + sum(service.backend_addresses.iter().map(|backend| &backend.ip))
            }
        };
        size_of::<Self>() + texts
    }
}

/// Bytes of texts, with what keeps each of them in a list.
fn sum<'a>(texts: impl IntoIterator<Item = &'a String>) -> usize {
    texts
        .into_iter()
        .map(|text| text.len() + size_of::<String>())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::{AgentEvent, AgentEventType, Notification};
    use crate::time::Timestamp;

    #[test]
    fn an_event_weighs_at_least_its_texts() {
        let text = "x".repeat(5000);
        let service = format!(r#"{{"name":"{text}","backend-addresses":[{{"ip":"{text}"}}]}}"#);
        for (notification, at_least) in [
            (
                Notification::Unknown {
                    notify_type: 1,
                    text: text.clone(),
                },
                5000,
            ),
            (
                Notification::PolicyUpdate(
                    serde_json::from_str(&format!(r#"{{"labels":["{text}"]}}"#)).unwrap(),
                ),
                5000,
            ),
            (
                Notification::ServiceUpsert(serde_json::from_str(&service).unwrap()),
                10_000,
            ),
        ] {
            let event = AgentEvent {
                time: Timestamp::default(),
                stream: 0,
                event_type: AgentEventType::default(),
                notification,
            };
            let weight = event.heap_bytes();
            assert!(
                (at_least..at_least + 1000).contains(&weight),
                "{weight} for {at_least}"
            );
        }
    }
}
