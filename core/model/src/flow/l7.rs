//! Requests and responses: `flow.Layer7` and its records.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::{Missing, TraceContext};

pub use tidegate_wire::access_log::AnswerAddress as DnsAnswer;

/// Addresses in an answer. Short lists need no allocation.
pub type DnsAnswers = SmallVec<[DnsAnswer; 2]>;

/// Types of DNS records. Short lists need no allocation.
pub type DnsTypes = SmallVec<[u16; 8]>;

/// A text that is usually one of a few constants, which need no allocation: see [`common_text`].
pub type CommonText = Cow<'static, str>;

/// Frequent texts in access-log records and HTTP heads.
const COMMON_TEXTS: &[&str] = &[
    "proxy",
    "wire",
    "GET",
    "POST",
    "PUT",
    "HEAD",
    "DELETE",
    "PATCH",
    "OPTIONS",
    "CONNECT",
    "HTTP/1.1",
    "HTTP/2",
    "HTTP/1",
    "HTTP/1.0",
    "X-Request-Id",
    "Traceparent",
    "Host",
    "User-Agent",
    "Server",
    "Content-Type",
    "Content-Length",
];

/// Converts a text to a [`CommonText`]. Bytes that are not UTF-8 are replaced.
#[must_use]
pub fn common_text(text: &[u8]) -> CommonText {
    match COMMON_TEXTS.iter().find(|common| common.as_bytes() == text) {
        Some(common) => Cow::Borrowed(common),
        None => Cow::Owned(String::from_utf8_lossy(text).into_owned()),
    }
}

/// `flow.Layer7`, with the trace context that Hubble keeps in the flow.
#[derive(Clone, Debug, PartialEq)]
pub struct L7 {
    /// Request, response or sample.
    pub l7_type: L7Type,
    /// Nanoseconds between request and response, by the times at which the proxy logged them. 0
    /// where Hubble has 0, which includes unknown latencies and messages found in packets.
    pub latency_ns: u64,
    /// Time between request and response of messages found in packets; `None` unless both were
    /// seen.
    pub observed_latency: Option<ObservedLatency>,
    /// The message in terms of its protocol.
    pub record: L7Record,
    /// Trace context of the request (`trace_context.parent`).
    pub trace_context: Option<TraceContext>,
    /// Where the message was seen.
    pub source: MessageSource,
    /// Parts of the message that were not captured.
    pub missing: Missing,
}

impl L7 {
    /// Approximate bytes on the heap, for the byte limits of edges.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let texts = match &self.record {
            L7Record::Dns(dns) => {
                dns.query.len()
                    + dns.observation_source.len()
                    + dns.ips.len() * size_of::<DnsAnswer>()
                    + dns
                        .cnames
                        .iter()
                        .map(|cname| cname.len() + size_of::<String>())
                        .sum::<usize>()
                    + 2 * (dns.qtypes.len() + dns.rrtypes.len())
            }
            L7Record::Http(http) => {
                http.method.len()
                    + http.url.len()
                    + http.protocol.len()
                    + http
                        .headers
                        .iter()
                        .map(|(k, v)| k.len() + v.len() + 2 * size_of::<String>())
                        .sum::<usize>()
            }
            L7Record::Kafka(kafka) => kafka.api_key.len() + kafka.topic.len(),
            L7Record::Generic(generic) => {
                let field = |(k, v): &(String, String)| k.len() + v.len() + 2 * size_of::<String>();
                generic.proto.len() + generic.fields.iter().map(field).sum::<usize>()
            }
        };
        size_of::<Self>() + texts
    }
}

/// The time from the first packet event of a request to the first one of the response's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObservedLatency {
    /// In nanoseconds; never 0.
    pub nanos: u64,
    /// Maximum error in either direction that results from the time source, in nanoseconds. Delays
    /// in Cilium's agent come on top and are not known.
    pub error_nanos: u64,
    /// Whether the times are those of the packets, so that the latency is exact enough for a
    /// histogram.
    pub is_exact: bool,
}

/// Hubble's replacement for a redacted value (`SensitiveValueRedacted`, v1.19.4).
pub const REDACTED: &str = "HUBBLE_REDACTED";

/// Where an L7 message was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MessageSource {
    /// In an access-log record of Cilium's proxies.
    #[default]
    Proxy,
    /// In the captured bytes of a packet, without a proxy.
    Wire,
}

/// `flow.L7FlowType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "the variants are Hubble's own names")]
pub enum L7Type {
    #[default]
    Unknown = 0,
    Request = 1,
    Response = 2,
    Sample = 3,
}

impl L7Type {
    /// The protobuf enum's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN_L7_TYPE",
            Self::Request => "REQUEST",
            Self::Response => "RESPONSE",
            Self::Sample => "SAMPLE",
        }
    }
}

/// The content of an L7 flow.
#[derive(Clone, Debug, PartialEq)]
pub enum L7Record {
    /// DNS.
    Dns(Dns),
    /// HTTP.
    Http(Http),
    /// Kafka, reported by agents until 1.19.
    Kafka(Kafka),
    /// A protocol of Cilium's generic proxy; Hubble has it in the summary only.
    Generic(Generic),
}

/// `flow.DNS`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dns {
    /// The queried name, with its trailing dot.
    pub query: String,
    /// Addresses in the answer.
    pub ips: DnsAnswers,
    /// Time to live in seconds; `None` if no answer has one, or an answer is missing.
    pub ttl: Option<u32>,
    /// Canonical names in the answer.
    pub cnames: Vec<String>,
    /// `proxy`, or `wire` for messages found in packets.
    pub observation_source: CommonText,
    /// Response code, RFC 1035 and successors; `None` for requests, or if it is missing.
    pub rcode: Option<u32>,
    /// Queried types.
    pub qtypes: DnsTypes,
    /// Type of each answer.
    pub rrtypes: DnsTypes,
}

/// `flow.HTTP`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Http {
    /// Status code; 0 for requests.
    pub code: u32,
    /// Method.
    pub method: CommonText,
    /// URL, as far as it is known.
    pub url: String,
    /// Protocol version, such as `HTTP/1.1`.
    pub protocol: CommonText,
    /// Headers sorted by key, with one entry for each value.
    pub headers: Vec<(CommonText, String)>,
}

/// `flow.Kafka`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kafka {
    /// Error code of a response.
    pub error_code: i32,
    /// Version of the API.
    pub api_version: i32,
    /// Name of the API.
    pub api_key: String,
    /// Correlation id.
    pub correlation_id: i32,
    /// Topic.
    pub topic: String,
}

/// `accesslog.LogRecordL7`: the name and fields of any protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generic {
    /// Name of the protocol.
    pub proto: String,
    /// Fields, sorted by key.
    pub fields: Vec<(String, String)>,
}
