//! Which flows end a span, and what it is.

use tidegate_model::flow::{Address, Ip, L4, Missing, ObservedLatency};

use super::*;

const CONTEXT: TraceContext = TraceContext {
    trace_id: [0xaa; 16],
    parent_id: [0xbb; 8],
    flags: TraceContext::SAMPLED,
};

fn message(record: L7Record, l7_type: L7Type) -> Flow {
    let l7 = L7 {
        l7_type,
        latency_ns: 400,
        observed_latency: None,
        record,
        trace_context: None,
        source: MessageSource::Proxy,
        missing: Missing::NOTHING,
    };
    Flow {
        time: Timestamp(1_000),
        direction: Direction::Egress,
        l7: Some(Box::new(l7)),
        ..Flow::default()
    }
}

fn http(method: &'static str) -> L7Record {
    L7Record::Http(Http {
        code: 200,
        method: method.into(),
        ..Http::default()
    })
}

fn response(change: impl FnOnce(&mut L7)) -> Flow {
    let mut flow = message(http("GET"), L7Type::Response);
    change(flow.l7.as_mut().unwrap());
    flow
}

fn find(flow: &Flow) -> Option<Span> {
    SpanFinder::new("default/node-a", false).find(flow)
}

#[test]
fn a_response_ends_a_span_that_began_a_latency_before_it() {
    let span = find(&response(|_| ())).unwrap();
    assert_eq!((span.start, span.end), (Timestamp(600), Timestamp(1_000)));
    assert_eq!((span.name.as_ref(), span.kind), ("GET", SpanKind::Client));
    let own_id = FlowIds::new("default/node-a").id(&response(|_| ()));
    assert_eq!(span.trace_id, own_id.into_bytes());
    assert_eq!(span.span_id[..], own_id.into_bytes()[8..]);
    assert_eq!((span.parent_id, span.flags), (None, 1));
}

#[test]
fn a_flow_without_a_known_latency_or_direction_ends_no_span() {
    let request = message(http("GET"), L7Type::Request);
    let unknown_latency = response(|l7| l7.latency_ns = 0);
    let unseen_request = response(|l7| l7.source = MessageSource::Wire);
    let unknown_direction = Flow {
        direction: Direction::Unknown,
        ..response(|_| ())
    };
    let others = [
        Flow::default(),
        request,
        unknown_latency,
        unseen_request,
        unknown_direction,
    ];
    for flow in others {
        assert_eq!(find(&flow), None, "{flow:?}");
    }
}

#[test]
fn ingress_is_seen_at_the_server_and_packets_have_their_own_latency() {
    let flow = Flow {
        direction: Direction::Ingress,
        ..response(|l7| {
            l7.source = MessageSource::Wire;
            l7.observed_latency = Some(ObservedLatency {
                nanos: 300,
                error_nanos: 1,
                is_exact: true,
            });
        })
    };
    let span = find(&flow).unwrap();
    assert_eq!((span.kind, span.start), (SpanKind::Server, Timestamp(700)));
}

#[test]
fn the_parent_is_the_span_of_the_header() {
    let span = find(&response(|l7| l7.trace_context = Some(CONTEXT))).unwrap();
    assert_eq!(span.trace_id, CONTEXT.trace_id);
    assert_eq!(span.parent_id, Some(CONTEXT.parent_id));
    assert_eq!(span.flags, 0x301);
    assert_ne!(span.span_id, CONTEXT.parent_id);
}

#[test]
fn a_request_that_is_not_sampled_has_a_span_only_if_that_is_configured() {
    let flow = response(|l7| {
        l7.trace_context = Some(TraceContext {
            flags: 2,
            ..CONTEXT
        })
    });
    assert_eq!(find(&flow), None);
    let span = SpanFinder::new("default/node-a", true).find(&flow).unwrap();
    assert_eq!(span.flags, 0x302);
}

#[test]
fn proxies_that_report_the_same_request_id_are_in_one_trace() {
    let with_id = |seq, id: &str| {
        let mut flow = response(|l7| {
            if let L7Record::Http(http) = &mut l7.record {
                http.headers = vec![("X-Request-Id".into(), id.to_owned())];
            }
        });
        flow.seq = seq;
        find(&flow).unwrap()
    };
    let id = "4bf92f35-77b3-4da6-a3ce-929d0e0e4736";
    let spans = [with_id(1, id), with_id(2, id)];
    assert_eq!(spans[0].trace_id, spans[1].trace_id);
    assert_ne!(spans[0].span_id, spans[1].span_id);
    for other in ["42", "00000000-0000-0000-0000-000000000000"] {
        assert_ne!(with_id(1, other).trace_id, with_id(2, other).trace_id);
    }
}

#[test]
fn names_are_of_low_cardinality() {
    for (record, expected) in [
        (http("DELETE"), "DELETE"),
        (http("purge"), "HTTP"),
        (http(""), "HTTP"),
        (
            L7Record::Dns(Dns {
                qtypes: vec![28].into(),
                ..Dns::default()
            }),
            "DNS AAAA",
        ),
        (L7Record::Dns(Dns::default()), "DNS"),
    ] {
        assert_eq!(name(&record), expected);
    }
}

#[test]
fn a_lookup_begins_with_its_request() {
    let dns = || {
        L7Record::Dns(Dns {
            query: "shop.example.".to_owned(),
            qtypes: vec![1].into(),
            ..Dns::default()
        })
    };
    let ip = |source, destination| {
        Some(Ip {
            source: Address::v4(source),
            destination: Address::v4(destination),
            ..Ip::default()
        })
    };
    let udp = |source_port, destination_port| L4::Udp {
        source_port,
        destination_port,
    };
    let request = Flow {
        time: Timestamp(100),
        ip: ip([10, 0, 0, 1], [10, 0, 0, 53]),
        l4: udp(40_000, 53),
        ..message(dns(), L7Type::Request)
    };
    let answer = Flow {
        ip: ip([10, 0, 0, 53], [10, 0, 0, 1]),
        l4: udp(53, 40_000),
        direction: Direction::Unknown,
        ..message(dns(), L7Type::Response)
    };
    let mut finder = SpanFinder::new("default/node-a", false);
    assert_eq!(finder.find(&request), None);
    let span = finder.find(&answer).unwrap();
    assert_eq!((span.start, span.end), (Timestamp(100), Timestamp(1_000)));
    assert_eq!(span.kind, SpanKind::Client);
    assert_eq!(finder.find(&answer), None, "it was answered");
}
