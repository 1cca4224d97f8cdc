//! Events of Cilium's agent: Hubble's `flow.AgentEvent` (v1.19.4).
//!
//! Fields are named as in Hubble's messages. Notifications are parsed from the JSON on Cilium's
//! socket (`pkg/monitor/api/types.go`, 1.12 to 1.19), whose names are in the attributes. Fields may
//! be in any order; unknown ones are ignored, and missing ones are left empty.

use serde::{Deserialize, Deserializer};

use crate::time::Timestamp;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentEvent {
    /// When its frame was received.
    pub time: Timestamp,
    /// The connection or recording that it was read from, as in [`Frame`](super::Frame).
    pub stream: u32,
    /// Type of the event.
    pub event_type: AgentEventType,
    /// Details of the event.
    pub notification: Notification,
}

/// `flow.AgentEventType`. Its numbers differ from those of Cilium's notifications.
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
    /// A notification of a type that Hubble has no message for, or with unexpected content.
    Unknown {
        /// Cilium's number of the notification type.
        notify_type: u32,
        /// JSON text of the notification.
        text: String,
    },
    /// The agent has started.
    AgentStart {
        /// When it started; `None` if the notification has no time.
        time: Option<Timestamp>,
    },
    /// Rules of the network policy were added or removed.
    PolicyUpdate(PolicyUpdate),
    /// The datapath of an endpoint was regenerated, or that failed.
    EndpointRegenerate(EndpointRegen),
    /// An endpoint was created or deleted.
    EndpointUpdate(EndpointUpdate),
    /// An entry of the IP cache was added, changed or deleted.
    IpCacheUpdate(IpCache),
    /// A service was added or changed; until Cilium 1.17.
    ServiceUpsert(ServiceUpsert),
    /// A service was deleted; until Cilium 1.17.
    ServiceDelete(ServiceDelete),
}

/// `flow.PolicyUpdateNotification`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PolicyUpdate {
    /// Labels of the rules.
    #[serde(deserialize_with = "list")]
    pub labels: Vec<String>,
    /// Revision of the policy.
    pub revision: u64,
    /// Number of rules.
    pub rule_count: i64,
}

/// `flow.EndpointRegenNotification`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct EndpointRegen {
    /// Id of the endpoint.
    pub id: u64,
    /// Labels of the endpoint.
    #[serde(deserialize_with = "list")]
    pub labels: Vec<String>,
    /// Why it failed; empty if it succeeded.
    pub error: String,
}

/// `flow.EndpointUpdateNotification`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct EndpointUpdate {
    /// Id of the endpoint.
    pub id: u64,
    /// Labels of the endpoint.
    #[serde(deserialize_with = "list")]
    pub labels: Vec<String>,
    /// Never set by Cilium 1.12 to 1.19.
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
    /// Prefix of the addresses.
    pub cidr: String,
    /// Security identity of the addresses.
    #[serde(rename = "id")]
    pub identity: u32,
    /// The previous identity, if there was one.
    #[serde(rename = "old-id")]
    pub old_identity: Option<u32>,
    /// Address of the node that hosts the addresses; empty for none.
    pub host_ip: String,
    /// The previous node address; empty for none.
    pub old_host_ip: String,
    /// Index of the key that encrypts traffic to the addresses; 0 for none.
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
    /// Id of the service.
    pub id: u32,
    /// Frontend address.
    pub frontend_address: ServiceAddress,
    /// Backend addresses.
    #[serde(deserialize_with = "list")]
    pub backend_addresses: Vec<ServiceAddress>,
    /// Type of the service, such as `ClusterIP`.
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
    /// IP address; empty for none.
    pub ip: String,
    /// Port number.
    pub port: u16,
}

/// `flow.ServiceDeleteNotification`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ServiceDelete {
    /// Id of the service.
    pub id: u32,
}

/// Parses a list. Go encodes a nil slice as `null`.
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
    /// Bytes on the heap that this event owns, the event itself included.
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
            Notification::ServiceUpsert(service) => service.heap_bytes(),
        };
        size_of::<Self>() + texts
    }
}

impl ServiceUpsert {
    fn heap_bytes(&self) -> usize {
        let texts = [
            &self.service_type,
            &self.traffic_policy,
            &self.ext_traffic_policy,
            &self.int_traffic_policy,
            &self.name,
            &self.namespace,
            &self.frontend_address.ip,
        ];
        sum(texts) + sum(self.backend_addresses.iter().map(|backend| &backend.ip))
    }
}

/// Bytes of texts and their `String`s.
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
    fn heap_bytes_include_the_texts_of_an_event() {
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
