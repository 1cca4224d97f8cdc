//! `flow.FlowFilter` (v1.19.4) as plain data.

use serde::Deserialize;
use tidegate_model::flow::TcpFlags;

use crate::json::{self, message};

/// A value of a field.
pub(crate) trait FieldValue {
    /// The value in the field of this name, as JSON.
    fn json(&self, field: &str) -> String;
}

/// Declares [`FlowFilter`]: each field with the function that reads it.
macro_rules! flow_filter {
    ($($(#[$doc:meta])* $name:ident: [$value:ty], $read:literal;)*) => {
        /// A filter: `flow.FlowFilter` (v1.19.4). An empty list means that the field is not set.
        ///
        /// It is read from protobuf's JSON mapping: members are named as here or in lower camel
        /// case, enumerations are names or numbers, `null` means that a field is not set.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
        #[serde(remote = "Self", default)]
        pub struct FlowFilter {
            $($(#[$doc])* #[serde(deserialize_with = $read)] pub $name: Vec<$value>,)*
            /// Filters that Hubble calls experimental.
            #[serde(deserialize_with = "json::value")]
            pub experimental: Experimental,
        }

        impl FlowFilter {
            /// The names of all fields.
            pub const FIELDS: &[&str] = &[$(stringify!($name),)* "experimental"];

            /// The filter that has only this field of [`Self::FIELDS`].
            #[must_use]
            pub fn only(&self, field: &str) -> Self {
                let mut filter = Self::default();
                match field {
                    $(stringify!($name) => filter.$name.clone_from(&self.$name),)*
                    _ => filter.experimental.clone_from(&self.experimental),
                }
                filter
            }

            /// The lists with their names, each value as JSON.
            pub(crate) fn lists(&self) -> Vec<(&'static str, Vec<String>)> {
                fn json<T: FieldValue>(field: &str, values: &[T]) -> Vec<String> {
                    values.iter().map(|value| value.json(field)).collect()
                }
                vec![$((stringify!($name), json(stringify!($name), &self.$name))),*]
            }

            /// The number of values in all fields.
            #[must_use]
            pub fn len(&self) -> usize {
                [$(self.$name.len(),)* self.experimental.cel_expression.len()].iter().sum()
            }
        }
    };
}

flow_filter! {
    /// UUIDs of flows, in the form in which they are printed.
    uuid: [String], "json::list";
    /// Addresses or prefixes of the sender.
    source_ip: [String], "json::list";
    /// Addresses or prefixes of the sender after source translation.
    source_ip_xlated: [String], "json::list";
    /// Prefixes of the sender's pod name, `[namespace/]prefix`; without a namespace, of pods in
    /// `default`.
    source_pod: [String], "json::list";
    /// Patterns of the sender's DNS names; `*` matches any text.
    source_fqdn: [String], "json::list";
    /// Kubernetes label selectors of the sender.
    source_label: [String], "json::list";
    /// Prefixes of the sender's service name, as in `source_pod`.
    source_service: [String], "json::list";
    /// Owners of the sender's pod.
    source_workload: [Workload], "json::list";
    /// Names of the sender's cluster.
    source_cluster_name: [String], "json::list";
    /// Addresses or prefixes of the receiver.
    destination_ip: [String], "json::list";
    /// Prefixes of the receiver's pod name, as in `source_pod`.
    destination_pod: [String], "json::list";
    /// Patterns of the receiver's DNS names, as in `source_fqdn`.
    destination_fqdn: [String], "json::list";
    /// Kubernetes label selectors of the receiver.
    destination_label: [String], "json::list";
    /// Prefixes of the receiver's service name, as in `source_pod`.
    destination_service: [String], "json::list";
    /// Owners of the receiver's pod.
    destination_workload: [Workload], "json::list";
    /// Names of the receiver's cluster.
    destination_cluster_name: [String], "json::list";
    /// Numbers of `flow.TrafficDirection`.
    traffic_direction: [i32], "json::directions";
    /// Numbers of `flow.Verdict`.
    verdict: [i32], "json::verdicts";
    /// Numbers of `flow.DropReason`. Only flows with the verdict `DROPPED` match.
    drop_reason_desc: [i32], "json::drop_reasons";
    /// Network interfaces on which a flow was observed.
    interface: [NetworkInterface], "json::list";
    /// Types of events.
    event_type: [EventTypeFilter], "json::list";
    /// HTTP status codes (`404`), or their first digits (`5+`).
    http_status_code: [String], "json::list";
    /// Names of L4 or L7 protocols.
    protocol: [String], "json::list";
    /// Ports of the sender, in decimal.
    source_port: [String], "json::list";
    /// Ports of the receiver, in decimal.
    destination_port: [String], "json::list";
    /// Whether a flow is a reply.
    reply: [bool], "json::list";
    /// Regular expressions (RE2) of the queried DNS name.
    dns_query: [String], "json::list";
    /// Security identities of the sender.
    source_identity: [u32], "json::numbers";
    /// Security identities of the receiver.
    destination_identity: [u32], "json::numbers";
    /// HTTP methods, in any case.
    http_method: [String], "json::list";
    /// Regular expressions (RE2) of the path in an HTTP URL.
    http_path: [String], "json::list";
    /// Regular expressions (RE2) of an HTTP URL.
    http_url: [String], "json::list";
    /// HTTP headers.
    http_header: [HttpHeader], "json::list";
    /// Sets of TCP flags. A flow matches a set if it has all of its flags.
    tcp_flags: [TcpFlags], "json::tcp_flags";
    /// Patterns of the node's name, `[cluster/]node`, as in `source_fqdn`.
    node_name: [String], "json::list";
    /// Kubernetes label selectors of the node.
    node_labels: [String], "json::list";
    /// Numbers of `flow.IPVersion`; 0 for flows without an IP header.
    ip_version: [i32], "json::ip_versions";
    /// W3C trace ids; the empty text matches flows without one.
    trace_id: [String], "json::list";
    /// Trace ids from an IP option; 0 matches flows without one.
    ip_trace_id: [u64], "json::numbers";
    /// Whether Cilium encrypted the packet. Flows without an IP header are unencrypted.
    encrypted: [bool], "json::list";
}

impl FlowFilter {
    /// Whether no field is set, so that every record matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

message!(FlowFilter, Self::FIELDS);
message!(Experimental, &["cel_expression"]);
message!(EventTypeFilter, &["type", "match_sub_type", "sub_type"]);
message!(Workload, &["name", "kind"]);
message!(NetworkInterface, &["index", "name"]);
message!(HttpHeader, &["key", "value"]);

/// `flow.FlowFilter.Experimental`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self", default)]
pub struct Experimental {
    /// Expressions of the Common Expression Language, which are not supported: a filter that has
    /// one cannot be compiled.
    #[serde(deserialize_with = "json::list")]
    pub cel_expression: Vec<String>,
}

/// `flow.EventTypeFilter`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self", default)]
pub struct EventTypeFilter {
    /// The monitor message type; 0 for any.
    #[serde(rename = "type", deserialize_with = "json::number")]
    pub event_type: i32,
    /// Whether `sub_type` is compared.
    #[serde(deserialize_with = "json::value")]
    pub match_sub_type: bool,
    /// The observation point of a trace, the reason of a drop, the type of an agent event.
    #[serde(deserialize_with = "json::number")]
    pub sub_type: i32,
}

/// `flow.Workload`. An empty text matches any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self", default)]
pub struct Workload {
    /// Name of the owner.
    #[serde(deserialize_with = "json::value")]
    pub name: String,
    /// Kind of the owner, such as `Deployment`.
    #[serde(deserialize_with = "json::value")]
    pub kind: String,
}

/// `flow.NetworkInterface`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self", default)]
pub struct NetworkInterface {
    /// Index of the interface; 0 for any.
    #[serde(deserialize_with = "json::number")]
    pub index: u32,
    /// Name of the interface; empty for any.
    #[serde(deserialize_with = "json::value")]
    pub name: String,
}

/// `flow.HTTPHeader`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self", default)]
pub struct HttpHeader {
    /// The name, as it was sent.
    #[serde(deserialize_with = "json::value")]
    pub key: String,
    /// The value.
    #[serde(deserialize_with = "json::value")]
    pub value: String,
}
