//! DNS and HTTP messages in captured packets: one flow for each, and none if a proxy reported it.

use std::time::Duration;

use crate::events::{
    CLIENT, LogRecord, SERVER, SERVICE, access_log, dns, drop, logged, policy_verdict, tcp, trace,
    trace_cut, udp,
};
use crate::support::{NOON, TestChain, flows};
use tidegate_model::Batch;
use tidegate_model::flow::{Flow, FlowType, L7Record, L7Type, MessageSource};
use tidegate_wire::access_log::{Dns, Http};
use tidegate_wire::event::observation_point::{
    FROM_ENDPOINT, FROM_NETWORK, FROM_PROXY, TO_ENDPOINT, TO_OVERLAY, TO_PROXY,
};

const SECOND: Duration = Duration::from_secs(1);

fn chain(config: &str) -> TestChain {
    TestChain::of(&[
        ("cilium_decode", "{}"),
        ("l34_flow", "{}"),
        ("dns_flow", config),
        ("http_flow", config),
    ])
}

/// Describes the L7 flows of a batch, and those that are pending at the end of the stream.
fn messages(chain: &mut TestChain, batch: &Batch) -> Vec<String> {
    let l7 = flows(batch)
        .into_iter()
        .chain(chain.finish(NOON))
        .filter(|flow| flow.flow_type == FlowType::L7);
    l7.map(|flow| message(&flow)).collect()
}

fn l7_flows(data: &[Vec<u8>]) -> Vec<String> {
    let mut chain = chain("{}");
    let batch = chain.run(data);
    messages(&mut chain, &batch)
}

fn message(flow: &Flow) -> String {
    let l7 = flow.l7.as_deref().expect("an L7 flow");
    let (from, to) = flow.l4.ports().unwrap_or_default();
    let what = match &l7.record {
        L7Record::Dns(dns) => {
            let ttl = dns.ttl.map(|ttl| format!(" ttl {ttl}")).unwrap_or_default();
            format!("{} {:?} {:?}{ttl}", dns.query, dns.qtypes, dns.ips)
        }
        L7Record::Http(http) if l7.l7_type == L7Type::Request => {
            format!("{} {}", http.method, http.url)
        }
        L7Record::Http(http) => http.code.to_string(),
        other => format!("{other:?}"),
    };
    let missing: String = l7
        .missing
        .names()
        .map(|name| format!(" no {name}"))
        .collect();
    format!(
        "{:?} {:?} {} {from}>{to} {what}{missing}",
        l7.source,
        l7.l7_type,
        flow.verdict.name()
    )
}

fn query(id: u16) -> Vec<u8> {
    udp(
        (CLIENT, 4000),
        (SERVER, 53),
        &dns(id, "example.com.", false),
    )
}

fn answer(id: u16) -> Vec<u8> {
    udp((SERVER, 53), (CLIENT, 4000), &dns(id, "example.com.", true))
}

fn logged_dns(kind: &str) -> Vec<u8> {
    let dns = Dns {
        query: "Example.com.".into(),
        qtypes: vec![1],
        ..Dns::default()
    };
    access_log(&LogRecord {
        dns: Some(dns),
        ..logged(kind, 17, 4000, 53)
    })
}

const QUERY: &str = "Wire Request FORWARDED 4000>53 example.com. [1] []";
const ANSWER: &str = "Wire Response FORWARDED 53>4000 example.com. [1] [10.1.1.1] ttl 30";
const DROPPED: &str = "Wire Request DROPPED 4000>53 example.com. [1] []";
const CUT: &str = "Wire Response FORWARDED 53>4000 example.com. [1] [] no answers no records";
const LOGGED: &str = "Proxy Request FORWARDED 4000>53 Example.com. [1] []";

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_dns_message_becomes_one_flow_however_often_it_is_reported() {
    let to_service = udp(
        (CLIENT, 4000),
        (SERVICE, 53),
        &dns(7, "example.com.", false),
    );
    let from_another_port = udp((CLIENT, 4001), (SERVER, 53), &dns(7, "example.com.", false));
    for (case, data, expected) in [
        ("once", vec![trace(FROM_ENDPOINT, &query(7))], vec![QUERY]),
        (
            "at three points, before and after load balancing",
            vec![
                trace(FROM_ENDPOINT, &to_service),
                trace(TO_OVERLAY, &query(7)),
                policy_verdict(0, &query(7)),
                trace(TO_ENDPOINT, &query(7)),
            ],
            vec![QUERY],
        ),
        (
            "question and answer",
            vec![trace(TO_OVERLAY, &query(7)), trace(TO_ENDPOINT, &answer(7))],
            vec![QUERY, ANSWER],
        ),
        (
            "two questions",
            vec![trace(TO_OVERLAY, &query(7)), trace(TO_OVERLAY, &query(8))],
            vec![QUERY, QUERY],
        ),
        (
            "two clients' ports",
            vec![
                trace(TO_OVERLAY, &query(7)),
                trace(TO_OVERLAY, &from_another_port),
            ],
            vec![QUERY, "Wire Request FORWARDED 4001>53 example.com. [1] []"],
        ),
        ("dropped", vec![drop(133, &query(7))], vec![DROPPED]),
        (
            "reported, then dropped",
            vec![trace(FROM_ENDPOINT, &query(7)), drop(133, &query(7))],
            vec![DROPPED],
        ),
        (
            "denied and dropped",
            vec![policy_verdict(-133, &query(7)), drop(133, &query(7))],
            vec![DROPPED],
        ),
    ] {
        assert_eq!(l7_flows(&data), expected, "{case}");
    }
}

#[test]
fn a_message_that_a_proxy_reported_has_only_the_proxys_flow() {
    let of_the_proxy = udp(
        (CLIENT, 5555),
        (SERVER, 53),
        &dns(99, "example.com.", false),
    );
    let to_the_proxy = udp((SERVER, 53), (CLIENT, 5555), &dns(99, "example.com.", true));
    for (case, data, expected) in [
        (
            "record last",
            vec![trace(FROM_ENDPOINT, &query(7)), logged_dns("Request")],
            vec![LOGGED],
        ),
        (
            "record first",
            vec![logged_dns("Request"), trace(FROM_ENDPOINT, &query(7))],
            vec![LOGGED],
        ),
        (
            "the proxy's own packets",
            vec![
                logged_dns("Request"),
                trace(TO_OVERLAY, &of_the_proxy),
                trace(TO_ENDPOINT, &to_the_proxy),
            ],
            vec![LOGGED],
        ),
        (
            "another direction",
            vec![logged_dns("Response"), trace(FROM_ENDPOINT, &query(7))],
            vec![
                "Proxy Response FORWARDED 53>4000 Example.com. [1] [] ttl 0",
                QUERY,
            ],
        ),
    ] {
        assert_eq!(l7_flows(&data), expected, "{case}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn packets_at_proxies_and_other_payloads_make_no_l7_flows() {
    for (case, data) in [
        ("to the proxy", trace(TO_PROXY, &query(7))),
        ("from the proxy", trace(FROM_PROXY, &query(7))),
        ("redirected", policy_verdict(10_001, &query(7))),
        (
            "before address translation is undone",
            trace(FROM_NETWORK, &answer(7)),
        ),
        (
            "another port",
            trace(
                TO_OVERLAY,
                &udp(
                    (CLIENT, 4000),
                    (SERVER, 5353),
                    &dns(7, "example.com.", false),
                ),
            ),
        ),
        (
            "no DNS",
            trace(
                TO_OVERLAY,
                &udp((CLIENT, 4000), (SERVER, 53), b"hello, how are you today?"),
            ),
        ),
        (
            "no payload",
            trace(TO_OVERLAY, &tcp((CLIENT, 4000), (SERVER, 80), 1, b"")),
        ),
        (
            "TLS",
            trace(
                TO_OVERLAY,
                &tcp(
                    (CLIENT, 4000),
                    (SERVER, 443),
                    1,
                    &[22, 3, 1, 0, 5, 1, 0, 0, 1, 3],
                ),
            ),
        ),
    ] {
        assert_eq!(l7_flows(&[data]), Vec::<String>::new(), "{case}");
    }
}

#[test]
fn a_cut_dns_message_is_incomplete_or_makes_no_flow() {
    let headers = 14 + 20 + 8;
    let whole = answer(7).len();
    for (captured, expected) in [
        (whole, Some(ANSWER)),
        (whole - 1, Some(CUT)),
        (headers + 12 + 17, Some(CUT)),
        (headers + 12 + 16, None),
        (headers + 3, None),
        (headers, None),
    ] {
        assert_eq!(
            l7_flows(&[trace_cut(TO_ENDPOINT, &answer(7), captured)]),
            Vec::from_iter(expected),
            "{captured}"
        );
    }
}

#[test]
fn a_message_that_is_malformed_after_its_question_makes_no_flow() {
    let mut message = dns(7, "example.com.", true);
    let address = message.len() - 6;
    // An address of three bytes.
    message[address + 1] = 3;
    message.pop();
    let malformed = udp((SERVER, 53), (CLIENT, 4000), &message);
    let reports = [
        trace(TO_OVERLAY, &malformed),
        trace(TO_ENDPOINT, &malformed),
    ];
    assert_eq!(l7_flows(&reports), Vec::<String>::new());
    assert_eq!(
        l7_flows(&[&reports[..], &[trace(TO_ENDPOINT, &answer(7))]].concat()),
        [ANSWER]
    );
}

#[test]
fn a_dns_message_over_tcp_follows_its_length() {
    let message = dns(7, "example.com.", false);
    let length = u16::try_from(message.len())
        .expect("a small message")
        .to_be_bytes();
    let segment = tcp(
        (CLIENT, 4000),
        (SERVER, 53),
        1,
        &[&length[..], &message].concat(),
    );
    assert_eq!(l7_flows(&[trace(TO_OVERLAY, &segment)]), [QUERY]);
}

const GET: &[u8] = b"GET /items?id=7 HTTP/1.1\r\nhost: shop\r\n\
    authorization: Bearer secret\r\nx-request-id: 5\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nset-cookie: s=1\r\n\r\nhi";

fn get(port: u16, seq: u32) -> Vec<u8> {
    trace(TO_OVERLAY, &tcp((CLIENT, port), (SERVER, 80), seq, GET))
}

fn ok(port: u16, seq: u32) -> Vec<u8> {
    trace(TO_ENDPOINT, &tcp((SERVER, 80), (CLIENT, port), seq, OK))
}

fn logged_http(kind: &str, method: &str, code: i64) -> Vec<u8> {
    let url = Some("http://shop:80/items?id=7".into());
    let http = Http {
        code,
        method: method.into(),
        url,
        ..Http::default()
    };
    access_log(&LogRecord {
        http: Some(http),
        ..logged(kind, 6, 4000, 80)
    })
}

const REQUEST: &str = "Wire Request FORWARDED 4000>80 GET http://shop/items?id=7";
const RESPONSE: &str = "Wire Response FORWARDED 80>4000 200";

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn an_http_message_becomes_one_flow_unless_a_proxy_reported_it() {
    let logged_get = "Proxy Request FORWARDED 4000>80 GET http://shop:80/items?id=7";
    let logged_post = "Proxy Request FORWARDED 4000>80 POST http://shop:80/items?id=7";
    let logged_ok = "Proxy Response FORWARDED 80>4000 200";
    let at_the_server = trace(TO_ENDPOINT, &tcp((CLIENT, 4000), (SERVER, 80), 1, GET));
    for (case, data, expected) in [
        (
            "reported twice",
            vec![get(4000, 1), at_the_server, ok(4000, 9)],
            vec![REQUEST, RESPONSE],
        ),
        (
            "twice on a connection",
            vec![get(4000, 1), get(4000, 90)],
            vec![REQUEST, REQUEST],
        ),
        (
            "request reported",
            vec![get(4000, 1), logged_http("Request", "GET", 0)],
            vec![logged_get],
        ),
        (
            "another method reported",
            vec![logged_http("Request", "POST", 0), get(4000, 1)],
            vec![logged_post, REQUEST],
        ),
        (
            "response reported",
            vec![ok(4000, 1), logged_http("Response", "GET", 200)],
            vec![logged_ok],
        ),
        (
            "another status reported",
            vec![ok(4000, 1), logged_http("Response", "GET", 404)],
            vec!["Proxy Response FORWARDED 80>4000 404", RESPONSE],
        ),
        (
            "the proxy's own connection",
            vec![logged_http("Request", "GET", 0), get(5555, 1), ok(5555, 9)],
            vec![logged_get],
        ),
        (
            "the response on the client's own connection",
            vec![logged_http("Request", "GET", 0), ok(4000, 9)],
            vec![logged_get, RESPONSE],
        ),
    ] {
        assert_eq!(l7_flows(&data), expected, "{case}");
    }
}

#[test]
fn only_listed_headers_are_taken_from_packets() {
    let mut chain = chain("{}");
    chain.run([get(4000, 1)]);
    let flow = chain.finish(NOON).pop().expect("a flow");
    let Some(L7Record::Http(http)) = flow.l7.map(|l7| l7.record) else {
        panic!("no HTTP")
    };
    assert_eq!(
        http.headers,
        [
            ("Host".into(), "shop".into()),
            ("X-Request-Id".into(), "5".into())
        ]
    );
}

#[test]
fn a_cut_start_line_makes_no_flow() {
    let packet = tcp((CLIENT, 4000), (SERVER, 80), 1, GET);
    let headers = 14 + 20 + 32;
    let first_line = GET.iter().position(|&byte| byte == b'\n').expect("a line") + 1;
    for (captured, expected) in [
        (
            headers + first_line + 13,
            Some("Wire Request FORWARDED 4000>80 GET http://shop/items?id=7 no headers"),
        ),
        // The next line could continue the one with the host.
        (
            headers + first_line + 12,
            Some("Wire Request FORWARDED 4000>80 GET /items?id=7 no headers"),
        ),
        (
            headers + first_line,
            Some("Wire Request FORWARDED 4000>80 GET /items?id=7 no headers"),
        ),
        (headers + first_line - 4, None),
    ] {
        assert_eq!(
            l7_flows(&[trace_cut(TO_OVERLAY, &packet, captured)]),
            Vec::from_iter(expected),
            "{captured}"
        );
    }
}

#[test]
fn the_flow_of_the_packet_does_not_change() {
    let data = [trace(TO_OVERLAY, &query(7)), get(4000, 1)];
    let alone = flows(&TestChain::to_flows().run(&data));
    let beside: Vec<_> = flows(&chain("{}").run(&data));
    assert_eq!(format!("{beside:#?}"), format!("{alone:#?}"));
}

#[test]
fn an_l7_flow_has_the_fields_of_its_packets_flow() {
    let mut chain = chain("{}");
    let packet = chain.run([trace(TO_OVERLAY, &query(7))]);
    let [packet] = &flows(&packet)[..] else {
        panic!("{packet:?}")
    };
    let flow = chain.finish(NOON).pop().expect("a flow");
    assert_eq!((flow.time, flow.seq), (packet.time, packet.seq));
    assert_eq!((flow.message_type, flow.sub_type), (4, TO_OVERLAY));
    assert_eq!(
        (flow.source.identity, flow.destination.identity),
        (11_111, 22_222)
    );
    assert_eq!(
        (flow.ip, flow.l4, flow.is_reply),
        (packet.ip, packet.l4, packet.is_reply)
    );
    assert_eq!((flow.payload.len, flow.direction), (0, packet.direction));
    let l7 = flow.l7.expect("an L7 flow");
    let L7Record::Dns(dns) = l7.record else {
        panic!("no DNS")
    };
    assert_eq!(
        (l7.source, &*dns.observation_source),
        (MessageSource::Wire, "wire")
    );
}

#[test]
fn a_message_waits_for_the_hold_time_of_its_stream() {
    let other = || [trace(TO_OVERLAY, &tcp((CLIENT, 1), (SERVER, 2), 1, b""))];
    let mut chain = chain("{}");
    let count = |batch: &Batch| {
        flows(batch)
            .iter()
            .filter(|flow| flow.flow_type == FlowType::L7)
            .count()
    };
    assert_eq!(count(&chain.run([trace(TO_OVERLAY, &query(7))])), 0);
    assert_eq!(count(&chain.run_at(NOON + SECOND / 2, other())), 0);
    // With a backlog, the wall clock is ahead of the records.
    assert_eq!(chain.tick(NOON + SECOND * 9).len(), 0);
    assert_eq!(count(&chain.run_at(NOON + SECOND, other())), 1);
    assert_eq!(chain.finish(NOON).len(), 0);
}

#[test]
fn pending_messages_are_released_by_the_wall_clock_when_the_stream_pauses() {
    let mut chain = chain("{}");
    chain.run([trace(TO_OVERLAY, &query(7))]);
    for (at, expected) in [
        (SECOND / 4, 0),
        (SECOND / 2, 0),
        (SECOND, 1),
        (SECOND * 2, 0),
    ] {
        assert_eq!(chain.tick(NOON + at).len(), expected, "{at:?}");
    }
}

#[test]
fn a_full_table_releases_the_oldest_message_with_a_note() {
    let mut chain = chain("{ pending = 2 }");
    let batch = chain.run((1..=3).map(|id| trace(TO_OVERLAY, &query(id))));
    assert_eq!(flows(&batch).len(), 4);
    assert_eq!(chain.step(2).tally.notes(), [("wire_table_full", 1)]);
    assert_eq!(chain.finish(NOON).len(), 2);
}

#[test]
fn packets_are_not_searched_with_wire_disabled() {
    let mut chain = chain("{ wire = false }");
    let batch = chain.run([
        trace(TO_OVERLAY, &query(7)),
        get(4000, 1),
        logged_dns("Request"),
    ]);
    assert_eq!(messages(&mut chain, &batch), [LOGGED]);
}

#[test]
fn a_message_has_the_sampling_of_its_packet() {
    let run = |seed| {
        let sample = format!("{{ one_in = 2, seed = {seed} }}");
        let mut chain = TestChain::of(&[
            ("cilium_decode", "{}"),
            ("l34_flow", "{}"),
            ("sample", &sample),
            ("dns_flow", "{}"),
        ]);
        let batch = chain.run([trace(FROM_ENDPOINT, &query(7))]);
        let all = flows(&batch).into_iter().chain(chain.finish(NOON));
        all.map(|flow| (flow.flow_type, flow.sampling.one_in().map(u32::from)))
            .collect::<Vec<_>>()
    };
    let both = [(FlowType::L34, Some(2)), (FlowType::L7, Some(2))];
    // Of these seeds, some keep the connection, and some do not.
    let kept = (0..16).filter(|seed| match run(*seed).as_slice() {
        [] => false,
        flows => {
            assert_eq!(flows, both);
            true
        }
    });
    assert!((1..16).contains(&kept.count()));
}
