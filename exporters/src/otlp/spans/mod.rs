//! Finds the spans in a stream of flows: pairs of a request and its response, with their times, ids
//! and parents.
//!
//! A span is made of a response, whose latency gives the start. Responses to HTTP requests have
//! one if Hubble's match by `X-Request-Id` found the request, or if the request was captured. For
//! DNS, [`questions`] remembers requests.

mod questions;

use std::borrow::Cow;

use tidegate_model::Timestamp;
use tidegate_model::flow::{
    Direction, Dns, Flow, FlowIds, Http, L7, L7Record, L7Type, MessageSource, TraceContext,
    qtype_name,
};
use uuid::Uuid;

use self::questions::Questions;

/// `Span.flags`: it is known whether the parent is remote, and it is.
const REMOTE_PARENT: u32 = 0x300;

/// `Span.SpanKind` (opentelemetry-proto 1.9), as far as it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SpanKind {
    Server = 2,
    Client = 3,
}

/// A span, except for its attributes and status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) trace_id: [u8; 16],
    pub(super) span_id: [u8; 8],
    pub(super) parent_id: Option<[u8; 8]>,
    /// `Span.flags`.
    pub(super) flags: u32,
    pub(super) name: Cow<'static, str>,
    pub(super) kind: SpanKind,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

/// Finds spans.
#[derive(Debug)]
pub(super) struct SpanFinder {
    ids: FlowIds,
    questions: Questions,
    /// Whether requests that are not sampled have spans.
    with_unsampled: bool,
}

impl SpanFinder {
    /// For flows of the node `<cluster>/<node>`.
    pub(super) fn new(node_name: &str, with_unsampled: bool) -> Self {
        Self {
            ids: FlowIds::new(node_name),
            questions: Questions::default(),
            with_unsampled,
        }
    }

    /// Returns the span that ends with a flow. Flows are passed in the order of their receipt.
    pub(super) fn find(&mut self, flow: &Flow) -> Option<Span> {
        let l7 = flow.l7.as_deref()?;
        let nanos = match (&l7.record, l7.l7_type) {
            (L7Record::Dns(dns), L7Type::Request) => {
                self.questions.add(flow, dns);
                return None;
            }
            (L7Record::Dns(dns), L7Type::Response) => self.questions.take(flow, dns)?,
            (_, L7Type::Response) => latency(l7)?,
            _ => return None,
        };
        let start = Timestamp(flow.time.0.checked_sub(nanos)?);
        let kind = kind(flow, &l7.record)?;
        let context = l7.trace_context;
        if context.is_some_and(|context| !context.is_sampled()) && !self.with_unsampled {
            return None;
        }
        let own_id = self.ids.id(flow).into_bytes();
        let (_, span_id) = own_id.split_last_chunk()?;
        Some(Span {
            trace_id: context.map_or_else(
                || request_id(&l7.record).unwrap_or(own_id),
                |context| context.trace_id,
            ),
            span_id: *span_id,
            parent_id: context.map(|context| context.parent_id),
            flags: context.map_or(TraceContext::SAMPLED.into(), |context| {
                REMOTE_PARENT | u32::from(context.flags)
            }),
            name: name(&l7.record),
            kind,
            start,
            end: flow.time,
        })
    }
}

/// Returns the time between request and response in nanoseconds. A proxy's latency of 0 is unknown.
fn latency(l7: &L7) -> Option<u64> {
    match l7.source {
        MessageSource::Proxy => Some(l7.latency_ns).filter(|nanos| *nanos != 0),
        MessageSource::Wire => l7.observed_latency.map(|latency| latency.nanos),
    }
}

/// Ingress is seen at the server, egress at the client. Resolvers that serve pods are servers, too;
/// a lookup in an unknown direction is that of a client.
fn kind(flow: &Flow, record: &L7Record) -> Option<SpanKind> {
    match (flow.direction, record) {
        (Direction::Ingress, _) => Some(SpanKind::Server),
        (Direction::Egress, _) | (Direction::Unknown, L7Record::Dns(_)) => Some(SpanKind::Client),
        (Direction::Unknown, _) => None,
    }
}

/// Returns the name by the semantic conventions: of low cardinality, so without path and queried
/// name.
fn name(record: &L7Record) -> Cow<'static, str> {
    match record {
        L7Record::Http(Http { method, .. }) => {
            match METHODS.iter().find(|known| *known == method) {
                Some(known) => Cow::Borrowed(known),
                None => Cow::Borrowed("HTTP"),
            }
        }
        L7Record::Dns(Dns { qtypes, .. }) => match qtypes[..] {
            [qtype] => format!("DNS {}", qtype_name(qtype)).into(),
            _ => Cow::Borrowed("DNS"),
        },
        L7Record::Kafka(kafka) if kafka.api_key.is_empty() => Cow::Borrowed("kafka"),
        L7Record::Kafka(kafka) => Cow::Owned(kafka.api_key.clone()),
        L7Record::Generic(generic) => Cow::Owned(generic.proto.to_ascii_lowercase()),
    }
}

/// The methods in OpenTelemetry's semantic conventions.
pub(super) const METHODS: [&str; 10] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY",
];

/// Returns the id that proxies give a request, if it is a UUID. All proxies that the request passes
/// report the same, so their spans are in one trace.
fn request_id(record: &L7Record) -> Option<[u8; 16]> {
    let L7Record::Http(http) = record else {
        return None;
    };
    let mut headers = http.headers.iter();
    let (_, id) = headers.find(|(name, _)| name.eq_ignore_ascii_case("x-request-id"))?;
    let id = Uuid::try_parse(id).ok()?;
    (!id.is_nil()).then(|| id.into_bytes())
}

#[cfg(test)]
mod tests;
