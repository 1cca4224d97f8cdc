//! Requests and responses: `flow.Layer7` and its records.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::Missing;

pub use tidegate_wire::access_log::AnswerAddress as DnsAnswer;

/// Addresses in an answer; the usual ones need no memory of their own.
pub type DnsAnswers = SmallVec<[DnsAnswer; 2]>;

/// Types of DNS records; the usual ones need no memory of their own.
pub type DnsTypes = SmallVec<[u16; 8]>;

/// A text that mostly is one of a few, which need no memory of their own: see [`word`].
pub type Word = Cow<'static, str>;

/// What proxies' records and heads of HTTP say over and over.
const WORDS: &[&str] = &[
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

/// The text as a [`Word`], what is not UTF-8 replaced.
#[must_use]
pub fn word(text: &[u8]) -> Word {
    match WORDS.iter().find(|word| word.as_bytes() == text) {
        Some(word) => Cow::Borrowed(word),
        None => Cow::Owned(String::from_utf8_lossy(text).into_owned()),
    }
}

/// `flow.Layer7`, with what Hubble keeps beside it on the flow.
#[derive(Clone, Debug, PartialEq)]
pub struct L7 {
    /// Request, response or sample.
    pub l7_type: L7Type,
    /// Time between request and response in nanoseconds, of proxies' records, by the times that
    /// they were logged at; 0 where Hubble has 0, which includes all that is not known.
    pub latency_ns: u64,
    /// Time between request and response of messages that were found in packets, where both were
    /// seen.
    pub observed_latency: Option<ObservedLatency>,
    /// What was asked or answered.
    pub record: L7Record,
    /// W3C trace id of the request, 32 hexadecimal digits (`trace_context.parent.trace_id`).
    pub trace_id: Option<String>,
    /// Which source showed the message.
    pub source: MessageSource,
    /// What of the message was not captured.
    pub missing: Missing,
}

impl L7 {
    /// Bytes on the heap, for the byte limits of edges: the texts, and a little for each part.
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
        size_of::<Self>() + texts + self.trace_id.as_ref().map_or(0, String::len)
    }
}

/// The time from the first report of a request to the first one of the response's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObservedLatency {
    /// In nanoseconds; never 0.
    pub nanos: u64,
    /// How far it may be off in either direction because of how the times were taken, in
    /// nanoseconds. What Cilium's agent takes to pass a packet on comes on top, and is not known.
    pub error_nanos: u64,
    /// Whether the times are the packets' own, so that it is good enough for a histogram of
    /// durations.
    pub is_exact: bool,
}

/// What stands for a value that was taken out of a flow, as Hubble writes it
/// (`SensitiveValueRedacted`, v1.19.4).
pub const REDACTED: &str = "HUBBLE_REDACTED";

/// Where an L7 message was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MessageSource {
    /// In an access-log record of Cilium's proxies.
    #[default]
    Proxy,
    /// In the captured bytes of a packet, where no proxy was involved.
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

/// What an L7 flow is about.
#[derive(Clone, Debug, PartialEq)]
pub enum L7Record {
    /// DNS.
    Dns(Dns),
    /// HTTP.
    Http(Http),
    /// Kafka (agents until 1.19).
    Kafka(Kafka),
    /// A protocol of Cilium's generic proxy; Hubble shows it in the summary alone.
    Generic(Generic),
}

/// `flow.DNS`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dns {
    /// The name asked for, with its trailing dot.
    pub query: String,
    /// Addresses in the answer.
    pub ips: DnsAnswers,
    /// Time to live in seconds; `None` where no answer has one, or an answer is missing.
    pub ttl: Option<u32>,
    /// Canonical names in the answer.
    pub cnames: Vec<String>,
    /// `proxy`, or `wire` for messages found in packets.
    pub observation_source: Word,
    /// Response code, RFC 1035 and successors; `None` of a request, or where it is missing.
    pub rcode: Option<u32>,
    /// Types asked for.
    pub qtypes: DnsTypes,
    /// Types of the answers, one for each.
    pub rrtypes: DnsTypes,
}

/// `flow.HTTP`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Http {
    /// Status code; 0 for requests.
    pub code: u32,
    /// Method.
    pub method: Word,
    /// URL as far as it is known.
    pub url: String,
    /// `HTTP/1.1` and the like.
    pub protocol: Word,
    /// Headers, sorted by key, one entry for each value.
    pub headers: Vec<(Word, String)>,
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

/// `accesslog.LogRecordL7`: a protocol by name, with its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generic {
    /// Name of the protocol.
    pub proto: String,
    /// Its fields, sorted by key.
    pub fields: Vec<(String, String)>,
}
