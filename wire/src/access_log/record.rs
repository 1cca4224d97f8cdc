//! The record itself. Texts are as the agent sent them, invalid UTF-8 replaced.

use super::{Answer, Variant};
use std::collections::BTreeMap;

/// One request, response or sample that a proxy saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogRecord {
    /// The shape that the record came in.
    pub variant: Variant,
    /// `Type` upstream: `Request`, `Response` or `Sample`.
    pub kind: String,
    /// RFC 3339 with nanoseconds, UTC.
    pub timestamp: String,
    /// `NodeAddressInfo`: the node's own addresses.
    pub node: NodeAddresses,
    /// `Ingress` or `Egress`.
    pub observation_point: String,
    /// The sending side: in a response the one that answers.
    pub source: Endpoint,
    /// The receiving side.
    pub destination: Endpoint,
    /// 0 is IPv4, 1 is IPv6.
    pub ip_version: u8,
    /// `Forwarded`, `Denied`, `Error` or `Redirected`.
    pub verdict: String,
    /// A reference to the rule, or the reason of a DNS verdict.
    pub info: String,
    /// Labels of the agent.
    pub metadata: Vec<String>,
    /// IP protocol number.
    pub transport_protocol: u16,
    /// `FlowAdded` or `FlowRemoved`; empty from every known sender.
    pub flow_event: String,
    /// `ServiceInfo`: the service that was addressed.
    pub service: Option<ServiceInfo>,
    /// Why it was dropped. The wire cannot tell reason 0 from none.
    pub drop_reason: Option<u16>,
    /// Set for HTTP. At most one of the four protocols is set by Cilium.
    pub http: Option<Http>,
    /// Set for Kafka; never in [`Variant::D`].
    pub kafka: Option<Kafka>,
    /// Set for DNS.
    pub dns: Option<Dns>,
    /// Set for protocols of Cilium's Go proxy extensions.
    pub l7: Option<L7>,
}

/// Addresses of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeAddresses {
    /// Empty when it has none.
    pub ipv4: String,
    /// Empty when it has none.
    pub ipv6: String,
}

/// One side of a connection, `EndpointInfo` upstream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// The endpoint's id on its node; 0 when it is not local.
    pub id: u64,
    /// Filled when the record is about IPv4.
    pub ipv4: String,
    /// Filled when the record is about IPv6.
    pub ipv6: String,
    /// Transport port.
    pub port: u16,
    /// Security identity.
    pub identity: u64,
    /// Security labels, `source:key=value`, or `source:key` when the value is empty.
    pub labels: Vec<String>,
}

/// The service that was addressed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceInfo {
    /// Its name.
    pub name: String,
    /// Its frontend.
    pub ip_port: IpPort,
}

/// An address and a port.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IpPort {
    /// The address.
    pub ip: String,
    /// The port.
    pub port: u16,
}

/// Headers and their values, by name. A nil map is `None`, an empty one is not: the wire tells them
/// apart.
pub type Headers = Option<BTreeMap<String, Vec<String>>>;

/// An HTTP request or response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Http {
    /// Status code; 0 in a request.
    pub code: i64,
    /// Method.
    pub method: String,
    /// The whole URL. Both no URL and an empty one can be sent.
    pub url: Option<String>,
    /// `HTTP/1`, `HTTP/1.1`, `HTTP/2` or `Unknown`.
    pub protocol: String,
    /// Headers that the policy allows to be seen, `X-Request-Id` among them.
    pub headers: Headers,
    /// Headers that the policy asked for and that were missing.
    pub missing_headers: Headers,
    /// Headers that the policy rejected.
    pub rejected_headers: Headers,
}

/// A Kafka request or response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kafka {
    /// Error code of the response.
    pub error_code: i64,
    /// API version.
    pub api_version: i16,
    /// API name.
    pub api_key: String,
    /// Pairs request and response.
    pub correlation_id: i32,
    /// Topic.
    pub topic: String,
}

/// A DNS request or response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dns {
    /// The name asked for, with its trailing dot.
    pub query: String,
    /// Addresses in the answer. IPv4-mapped ones of [`Variant::A`] and [`Variant::B`] are IPv4, as
    /// Go prints them.
    pub ips: Vec<Answer>,
    /// The lowest time to live in the answer, in seconds.
    pub ttl: u32,
    /// Canonical names in the answer.
    pub cnames: Vec<String>,
    /// `proxy`, or another place where it was seen.
    pub observation_source: String,
    /// Response code.
    pub rcode: i64,
    /// Types asked for.
    pub qtypes: Vec<u16>,
    /// Types of the records in the answer.
    pub answer_types: Vec<u16>,
}

/// A record of any other protocol.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct L7 {
    /// The protocol's name.
    pub proto: String,
    /// What its parser found. A nil map is `None`.
    pub fields: Option<BTreeMap<String, String>>,
}
