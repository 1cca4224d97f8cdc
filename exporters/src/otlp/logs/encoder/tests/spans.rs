//! Encoded spans, decoded by `opentelemetry-proto`.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind as Kind;
use opentelemetry_proto::tonic::trace::v1::{self, ScopeSpans, status::StatusCode};

use super::*;
use crate::otlp::spans::{Span, SpanFinder, SpanKind};

/// Encodes a span of a flow, whose bytes are those that the generated encoder writes.
pub(super) fn encoded(flow: &Flow, span: &Span, format: &LogFormat) -> v1::Span {
    let mut bytes = Vec::new();
    Encoder::new(&context(), format).encode_span(flow, span, &mut bytes);
    let mut spans = ScopeSpans::decode(&bytes[..]).expect("a span");
    assert!(
        spans.encode_to_vec() == bytes,
        "the generated encoder writes other bytes"
    );
    let resource = NodeResource::new(ResourceAttributes::new(&context(), &Default::default()));
    let request = [resource.envelope().header(bytes.len()), bytes].concat();
    let request = ExportTraceServiceRequest::decode(&request[..]).expect("a request");
    let scope_spans = &request.resource_spans[0].scope_spans[0];
    assert_eq!(scope_spans.spans, spans.spans);
    assert!(scope_spans.scope.is_some() && !scope_spans.schema_url.is_empty());
    spans.spans.remove(0)
}

/// A response of the server 10.0.0.2 to the client 10.0.0.1.
pub(super) fn response(code: u32, direction: Direction) -> Flow {
    let http = Http {
        code,
        method: "GET".into(),
        url: "http://shop.example/cart?id=1".to_owned(),
        protocol: "HTTP/1.1".into(),
        headers: Vec::new(),
    };
    let to_server = addresses();
    Flow {
        time: Timestamp(10_000_000),
        ip: Some(Ip {
            source: to_server.destination,
            destination: to_server.source,
            ..to_server
        }),
        l4: L4::Tcp {
            source_port: 8080,
            destination_port: 40_000,
            flags: None,
        },
        direction,
        is_reply: Some(true),
        ..message(L7Record::Http(http), L7Type::Response)
    }
}

fn found(flow: &Flow) -> Span {
    SpanFinder::new("prod/node-a", false)
        .find(flow)
        .expect("a span")
}

#[test]
fn a_span_has_the_fields_that_were_found() {
    let span = Span {
        trace_id: [1; 16],
        span_id: [2; 8],
        parent_id: Some([3; 8]),
        flags: 0x301,
        name: "GET".into(),
        kind: SpanKind::Server,
        start: Timestamp(5),
        end: Timestamp(7),
    };
    let flow = response(200, Direction::Ingress);
    let encoded = encoded(&flow, &span, &LogFormat::default());
    assert_eq!(encoded.trace_id, [1; 16]);
    assert_eq!(encoded.span_id, [2; 8]);
    assert_eq!(encoded.parent_span_id, [3; 8]);
    assert_eq!((encoded.flags, encoded.kind()), (0x301, Kind::Server));
    assert_eq!(encoded.name, "GET");
    assert_eq!(
        (encoded.start_time_unix_nano, encoded.end_time_unix_nano),
        (5, 7)
    );
    assert_eq!(encoded.status, None);
}

#[test]
fn a_span_is_an_error_for_whoever_observed_one() {
    for (code, direction, is_error) in [
        (200, Direction::Egress, false),
        (404, Direction::Egress, true),
        (404, Direction::Ingress, false),
        (503, Direction::Ingress, true),
    ] {
        let flow = response(code, direction);
        let status = encoded(&flow, &found(&flow), &LogFormat::default()).status;
        let code = status.map(|status| status.code());
        assert_eq!(code, is_error.then_some(StatusCode::Error), "{direction:?}");
    }
}

#[test]
fn a_span_is_seen_from_the_request() {
    let ends = |direction| {
        let flow = response(200, direction);
        let span = encoded(&flow, &found(&flow), &LogFormat::default());
        let is_end = |key: &str| {
            [
                "client.",
                "server.",
                "source.",
                "destination.",
                "network.peer.",
            ]
            .iter()
            .any(|prefix| key.starts_with(prefix))
        };
        let ends = span.attributes.iter().filter(|entry| is_end(&entry.key));
        let text = |entry: &KeyValue| {
            let value = entry.value.as_ref().map(shown).unwrap_or_default();
            format!("{}={value}", entry.key)
        };
        ends.map(text).collect::<Vec<_>>().join(" ")
    };
    let addresses = "source.address=10.0.0.1 source.port=#40000 destination.address=10.0.0.2 \
                     destination.port=#8080";
    let names = "client.address=10.0.0.1 client.port=#40000 server.address=shop.example \
                 server.port=#80";
    let peers = [
        (
            Direction::Egress,
            "network.peer.address=10.0.0.2 network.peer.port=#8080",
        ),
        (
            Direction::Ingress,
            "network.peer.address=10.0.0.1 network.peer.port=#40000",
        ),
    ];
    for (direction, peer) in peers {
        assert_eq!(ends(direction), format!("{addresses} {peer} {names}"));
    }
}
