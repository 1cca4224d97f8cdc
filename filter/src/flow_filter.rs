//! `flow.FlowFilter` (v1.19.4) as plain data.

use serde::Deserialize;
use tidegate_model::flow::TcpFlags;

use crate::json;

/// Declares [`FlowFilter`]: each field with its name in JSON's lower camel case and the function
/// that reads it.
macro_rules! flow_filter {
    ($($(#[$doc:meta])* $name:ident / $camel:literal: [$value:ty], $read:literal;)*) => {
        /// A filter: `flow.FlowFilter` (v1.19.4). An empty list means that the field is not set.
        ///
        /// It is read from protobuf's JSON mapping: members are named as here or in lower camel
        /// case, enumerations are names or numbers, `null` means that a field is not set.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct FlowFilter {
            $($(#[$doc])* #[serde(alias = $camel, deserialize_with = $read)] pub $name: Vec<$value>,)*
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
    uuid / "uuid": [String], "json::list";
    /// Addresses or prefixes of the sender.
    source_ip / "sourceIp": [String], "json::list";
    /// Addresses or prefixes of the sender after source translation.
    source_ip_xlated / "sourceIpXlated": [String], "json::list";
    /// Prefixes of the sender's pod name, `[namespace/]prefix`; without a namespace, of pods in
    /// `default`.
    source_pod / "sourcePod": [String], "json::list";
    /// Patterns of the sender's DNS names; `*` stands for any text.
    source_fqdn / "sourceFqdn": [String], "json::list";
    /// Kubernetes label selectors of the sender.
    source_label / "sourceLabel": [String], "json::list";
    /// Prefixes of the sender's service name, as in `source_pod`.
    source_service / "sourceService": [String], "json::list";
    /// Owners of the sender's pod.
    source_workload / "sourceWorkload": [Workload], "json::list";
    /// Names of the sender's cluster.
    source_cluster_name / "sourceClusterName": [String], "json::list";
    /// Addresses or prefixes of the receiver.
    destination_ip / "destinationIp": [String], "json::list";
    /// Prefixes of the receiver's pod name, as in `source_pod`.
    destination_pod / "destinationPod": [String], "json::list";
    /// Patterns of the receiver's DNS names, as in `source_fqdn`.
    destination_fqdn / "destinationFqdn": [String], "json::list";
    /// Kubernetes label selectors of the receiver.
    destination_label / "destinationLabel": [String], "json::list";
    /// Prefixes of the receiver's service name, as in `source_pod`.
    destination_service / "destinationService": [String], "json::list";
    /// Owners of the receiver's pod.
    destination_workload / "destinationWorkload": [Workload], "json::list";
    /// Names of the receiver's cluster.
    destination_cluster_name / "destinationClusterName": [String], "json::list";
    /// Numbers of `flow.TrafficDirection`.
    traffic_direction / "trafficDirection": [i32], "json::directions";
    /// Numbers of `flow.Verdict`.
    verdict / "verdict": [i32], "json::verdicts";
    /// Numbers of `flow.DropReason`. Only flows with the verdict `DROPPED` match.
    drop_reason_desc / "dropReasonDesc": [i32], "json::drop_reasons";
    /// Network interfaces on which a flow was observed.
    interface / "interface": [NetworkInterface], "json::list";
    /// Types of events.
    event_type / "eventType": [EventTypeFilter], "json::list";
    /// HTTP status codes (`404`), or their first digits (`5+`).
    http_status_code / "httpStatusCode": [String], "json::list";
    /// Names of L4 or L7 protocols.
    protocol / "protocol": [String], "json::list";
    /// Ports of the sender, in decimal.
    source_port / "sourcePort": [String], "json::list";
    /// Ports of the receiver, in decimal.
    destination_port / "destinationPort": [String], "json::list";
    /// Whether a flow is a reply.
    reply / "reply": [bool], "json::list";
    /// Regular expressions (RE2) of the queried DNS name.
    dns_query / "dnsQuery": [String], "json::list";
    /// Security identities of the sender.
    source_identity / "sourceIdentity": [u32], "json::numbers";
    /// Security identities of the receiver.
    destination_identity / "destinationIdentity": [u32], "json::numbers";
    /// HTTP methods, in any case.
    http_method / "httpMethod": [String], "json::list";
    /// Regular expressions (RE2) of the path in an HTTP URL.
    http_path / "httpPath": [String], "json::list";
    /// Regular expressions (RE2) of an HTTP URL.
    http_url / "httpUrl": [String], "json::list";
    /// HTTP headers.
    http_header / "httpHeader": [HttpHeader], "json::list";
    /// Sets of TCP flags. A flow matches a set if it has all of its flags.
    tcp_flags / "tcpFlags": [TcpFlags], "json::tcp_flags";
    /// Patterns of the node's name, `[cluster/]node`, as in `source_fqdn`.
    node_name / "nodeName": [String], "json::list";
    /// Kubernetes label selectors of the node.
    node_labels / "nodeLabels": [String], "json::list";
    /// Numbers of `flow.IPVersion`; 0 for flows without an IP header.
    ip_version / "ipVersion": [i32], "json::ip_versions";
    /// W3C trace ids; the empty text matches flows without one.
    trace_id / "traceId": [String], "json::list";
    /// Trace ids from an IP option; 0 matches flows without one.
    ip_trace_id / "ipTraceId": [u64], "json::numbers";
    /// Whether Cilium encrypted the packet. Flows without an IP header are unencrypted.
    encrypted / "encrypted": [bool], "json::list";
}

impl FlowFilter {
    /// Whether no field is set, so that every record matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// `flow.FlowFilter.Experimental`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Experimental {
    /// Expressions of the Common Expression Language, which are not supported: a filter that has
    /// one cannot be compiled.
    #[serde(alias = "celExpression", deserialize_with = "json::list")]
    pub cel_expression: Vec<String>,
}

/// `flow.EventTypeFilter`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EventTypeFilter {
    /// The monitor message type; 0 for any.
    #[serde(rename = "type", deserialize_with = "json::number")]
    pub event_type: i32,
    /// Whether `sub_type` is compared.
    #[serde(alias = "matchSubType", deserialize_with = "json::value")]
    pub match_sub_type: bool,
    /// The observation point of a trace, the reason of a drop, the type of an agent event.
    #[serde(alias = "subType", deserialize_with = "json::number")]
    pub sub_type: i32,
}

/// `flow.Workload`. An empty text matches any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
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
#[serde(deny_unknown_fields, default)]
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
#[serde(deny_unknown_fields, default)]
pub struct HttpHeader {
    /// The name, as it was sent.
    #[serde(deserialize_with = "json::value")]
    pub key: String,
    /// The value.
    #[serde(deserialize_with = "json::value")]
    pub value: String,
}
