//! The one list of the fields of a `LogRecord`. Texts are as the agent sent them; in owned records,
//! invalid UTF-8 is replaced.

mod labels;

use std::collections::BTreeMap;

pub(super) use labels::LabelList;
pub use labels::{LabelForm, Labels};

use super::go_struct::{GoStruct, go_structs, kind, owned, view};
use super::kind::{
    AddressList, CheckedString, FieldKind, HeaderMap, Int, Nested, Optional, OptionalUint, Retain,
    Str, StringList, StringMap, Uint, Uint16List, Unretained, Url,
};
use super::label_cache::LabelCache;
use super::tag::Tags;
use super::{Addresses, AnswerAddress, Error, Headers, Map, Numbers, Texts, Variant};
use crate::gob::{GoShape, GoType, StructWriter, Tag, TypeId, Value};
use crate::text::Text;

go_structs! {
    tags TAGS;

    /// One request, response or sample that a proxy saw.
    pub struct "LogRecord" => LogRecord, RecordView, CommonSpans [
        /// The shape that the record has on the wire.
        variant: Variant
    ] {
        /// `Type` upstream: `Request`, `Response` or `Sample`.
        "Type" => kind: Str, retained;
        /// RFC 3339 with nanoseconds, UTC.
        "Timestamp" => timestamp: Str, retained;
        /// `NodeAddressInfo`: the node's own addresses.
        "NodeAddressInfo" => node: Nested<NodeAddresses, NodeAddressesView>;
        /// `Ingress` or `Egress`.
        "ObservationPoint" => observation_point: Str, retained;
        /// The sending side: in a response the one that answers.
        "SourceEndpoint" => source: Nested<Endpoint, EndpointView>, retained;
        /// The receiving side.
        "DestinationEndpoint" => destination: Nested<Endpoint, EndpointView>, retained;
        /// 0 is IPv4, 1 is IPv6.
        "IPVersion" => ip_version: Uint<u8>, retained;
        /// `Forwarded`, `Denied`, `Error` or `Redirected`.
        "Verdict" => verdict: Str, retained;
        /// A reference to the rule, or the reason of a DNS verdict.
        "Info" => info: Str;
        /// Labels of the agent.
        "Metadata" => metadata: StringList;
        /// IP protocol number.
        "TransportProtocol" => transport_protocol: Uint<u16>, retained;
        /// `FlowAdded` or `FlowRemoved`; empty from every known sender.
        "FlowEvent" => flow_event: Str;
        /// `ServiceInfo`: the service that was addressed.
        "ServiceInfo" => service: Optional<ServiceInfo, ServiceInfoView>;
        /// Why it was dropped. On the wire, reason 0 and none are the same.
        "DropReason" => drop_reason: OptionalUint<u16>;
        /// Set for HTTP. Cilium sets at most one of the four protocols.
        "HTTP" => http: Optional<Http, HttpView>;
        /// Set for Kafka; never in [`Variant::D`].
        "Kafka" before D => kafka: Optional<Kafka, KafkaView>;
        /// Set for DNS.
        "DNS" => dns: Optional<Dns, DnsView>;
        /// Set for protocols of Cilium's Go proxy extensions.
        "L7" => l7: Optional<L7, L7View>;
    }

    /// Addresses of a node.
    pub struct "NodeAddressInfo" => NodeAddresses, NodeAddressesView, NodeAddressesSpans {
        /// Empty if the node has none.
        "IPv4" => ipv4: Str;
        /// Empty if the node has none.
        "IPv6" => ipv6: Str;
    }

    /// One side of a connection.
    pub struct "EndpointInfo" => Endpoint, EndpointView, EndpointSpans {
        /// The endpoint's id on its node; 0 if it is not local.
        "ID" => id: Uint<u64>, retained;
        /// Set if the record is about IPv4, else empty.
        "IPv4" => ipv4: Str, retained;
        /// Set if the record is about IPv6, else empty.
        "IPv6" => ipv6: Str, retained;
        /// Transport port.
        "Port" => port: Uint<u16>, retained;
        /// Security identity.
        "Identity" => identity: Uint<u64>, retained;
        /// Security labels, `source:key=value`, or `source:key` if the value is empty.
        "Labels" => labels: LabelList<Label> [by identity], retained;
    }

    /// A security label, since Cilium 1.16.
    struct "Label" => Label, LabelView, LabelSpans {
        /// The key.
        "Key" => key: Str;
        /// The value; may be empty.
        "Value" => value: Str;
        /// Where the label comes from, such as `k8s`.
        "Source" => source: Str;
    }

    /// The service that was addressed.
    pub struct "ServiceInfo" => ServiceInfo, ServiceInfoView, ServiceInfoSpans {
        /// Its name.
        "Name" => name: Str;
        /// Its frontend.
        "IPPort" => ip_port: Nested<IpPort, IpPortView>;
    }

    /// An address and a port.
    pub struct "IPPort" => IpPort, IpPortView, IpPortSpans {
        /// The address.
        "IP" => ip: Str;
        /// The port.
        "Port" => port: Uint<u16>;
    }

    /// An HTTP request or response.
    pub struct "LogRecordHTTP" => Http, HttpView, HttpSpans {
        /// Status code; 0 in a request.
        "Code" => code: Int<i64>, retained;
        /// Method.
        "Method" => method: Str, retained;
        /// The whole URL. Both no URL and an empty one can be sent.
        "URL" => url: Url, retained;
        /// `HTTP/1`, `HTTP/1.1`, `HTTP/2` or `Unknown`.
        "Protocol" => protocol: Str, retained;
        /// Headers that the policy makes visible, `X-Request-Id` among them.
        "Headers" => headers: HeaderMap, retained;
        /// Headers that the policy requires and that were missing.
        "MissingHeaders" => missing_headers: HeaderMap;
        /// Headers that the policy rejected.
        "RejectedHeaders" => rejected_headers: HeaderMap;
    }

    /// A Kafka request or response.
    pub struct "LogRecordKafka" => Kafka, KafkaView, KafkaSpans {
        /// Error code of the response.
        "ErrorCode" => error_code: Int<i64>, retained;
        /// API version.
        "APIVersion" => api_version: Int<i16>, retained;
        /// API name.
        "APIKey" => api_key: Str, retained;
        /// Relates a response to its request.
        "CorrelationID" => correlation_id: Int<i32>, retained;
        /// Topic.
        "Topic" => topic: Nested<KafkaTopic, KafkaTopicView>, retained;
    }

    /// A Kafka topic.
    pub struct "KafkaTopic" => KafkaTopic, KafkaTopicView, KafkaTopicSpans {
        /// The topic's name.
        "Topic" => name: CheckedString, retained;
    }

    /// A DNS request or response.
    pub struct "LogRecordDNS" => Dns, DnsView, DnsSpans {
        /// The queried name, with its trailing dot.
        "Query" => query: Str, retained;
        /// Addresses in the answer. IPv4-mapped ones of [`Variant::A`] and [`Variant::B`] are IPv4,
        /// as Go prints them.
        "IPs" => ips: AddressList, retained;
        /// The lowest time to live in the answer, in seconds.
        "TTL" => ttl: Uint<u32>, retained;
        /// Canonical names in the answer.
        "CNAMEs" => cnames: StringList, retained;
        /// `proxy`, or another place where it was seen.
        "ObservationSource" => observation_source: Str, retained;
        /// Response code.
        "RCode" => rcode: Int<i64>, retained;
        /// Types of the questions.
        "QTypes" => qtypes: Uint16List, retained;
        /// Types of the records in the answer.
        "AnswerTypes" => answer_types: Uint16List, retained;
    }

    /// A record of any other protocol.
    pub struct "LogRecordL7" => L7, L7View, L7Spans {
        /// The protocol's name.
        "Proto" => proto: Str, retained;
        /// What the proxy's parser found. A nil map is `None`.
        "Fields" => fields: StringMap, retained;
    }
}

/// The tag of a field that a stream defines.
pub(super) fn tag_of(name: &str, ty: TypeId) -> Tag {
    TAGS.of_definition(name, ty)
}

impl RecordView<'_> {
    /// Copies the whole record.
    #[must_use]
    pub fn to_record(&self) -> LogRecord {
        LogRecord::from_view(self)
    }
}
