//! DNS messages in captured packets: unusual ones, several in a segment, incomplete ones, and their
//! direction.

use std::time::Duration;

use crate::events::{CLIENT, SERVER, dns, drop, tcp, trace, trace_by, trace_cut, udp};
use crate::support::{NOON, TestChain, flows};
use tidegate_model::flow::{Direction, Flow, FlowType, L7Record, L7Type, Verdict};
use tidegate_wire::event::observation_point::{FROM_ENDPOINT, TO_ENDPOINT, TO_OVERLAY};
use tidegate_wire::event::trace_reason::{CT_NEW, CT_REPLY, UNKNOWN};

fn chain() -> TestChain {
    TestChain::of(&[
        ("cilium_decode", "{}"),
        ("l34_flow", "{}"),
        ("dns_flow", "{}"),
    ])
}

/// Returns the DNS flows of some events, and the notes of the stage.
fn found(data: &[Vec<u8>]) -> (Vec<Flow>, Vec<(&'static str, u64)>) {
    let mut chain = chain();
    let batch = chain.run(data);
    let mut all: Vec<_> = flows(&batch)
        .into_iter()
        .chain(chain.finish(NOON))
        .collect();
    all.retain(|flow| flow.flow_type == FlowType::L7);
    let mut notes: Vec<_> = chain
        .step(2)
        .tally
        .notes()
        .iter()
        .copied()
        .filter(|(_, count)| *count > 0)
        .collect();
    notes.sort_unstable();
    (all, notes)
}

fn names(flows: &[Flow]) -> Vec<String> {
    let name = |flow: &Flow| {
        let l7 = flow.l7.as_deref().expect("an L7 flow");
        let L7Record::Dns(dns) = &l7.record else {
            panic!("no DNS")
        };
        let missing: String = l7
            .missing
            .names()
            .map(|name| format!(" no {name}"))
            .collect();
        format!("{:?} {}{missing}", l7.l7_type, dns.query)
    };
    flows.iter().map(name).collect()
}

fn question(id: u16, flags: [u8; 2], labels: &[&[u8]]) -> Vec<u8> {
    let mut message = id.to_be_bytes().to_vec();
    message.extend(flags);
    message.extend([0, 1, 0, 0, 0, 0, 0, 0]);
    for label in labels {
        message.push(u8::try_from(label.len()).expect("a label"));
        message.extend(*label);
    }
    message.extend([0, 0, 1, 0, 1]);
    message
}

fn query_trace(message: &[u8]) -> Vec<u8> {
    trace(TO_OVERLAY, &udp((CLIENT, 4000), (SERVER, 53), message))
}

#[test]
fn names_of_arbitrary_bytes_are_escaped() {
    let queries: [(&[&[u8]], &str); 5] = [
        (&[b"redis\n", b"example"], "Request redis\\010.example."),
        (&[b"a\0b"], "Request a\\000b."),
        (&[b"tab\t", b"x"], "Request tab\\009.x."),
        (&[b"A.B c"], "Request a\\.b\\ c."),
        (&[], "Request ."),
    ];
    let data: Vec<_> = (1..)
        .zip(queries)
        .map(|(id, (labels, _))| query_trace(&question(id, [1, 0], labels)))
        .collect();
    let (flows, notes) = found(&data);
    assert_eq!(names(&flows), queries.map(|(_, expected)| expected));
    assert_eq!(notes, []);
}

#[test]
fn messages_with_unusual_flags_and_opcodes_become_flows() {
    for flags in [
        [0x09, 0],
        [0x19, 0],
        [0x79, 0],
        [1, 0x40],
        [1, 0x30],
        [0x07, 3],
    ] {
        let (flows, notes) = found(&[query_trace(&question(1, flags, &[b"x"]))]);
        assert_eq!(
            (names(&flows), notes),
            (vec!["Request x.".to_owned()], vec![]),
            "{flags:02x?}"
        );
    }
}

#[test]
fn unreadable_payloads_on_the_dns_port_are_counted_for_each_report() {
    let at_port = |payload: &[u8]| trace(TO_OVERLAY, &udp((CLIENT, 4000), (SERVER, 53), payload));
    let data = [
        at_port(b"hello, how are you today?"),
        at_port(b"hello, how are you today?"),
        at_port(&[0; 3]),
        trace_cut(
            TO_OVERLAY,
            &udp((CLIENT, 4000), (SERVER, 53), &dns(7, "example.com.", false)),
            14 + 20 + 8 + 16,
        ),
    ];
    let (flows, notes) = found(&data);
    assert_eq!((names(&flows), notes), (vec![], vec![("dns_unread", 4)]));
    let elsewhere = trace(
        TO_OVERLAY,
        &udp((CLIENT, 4000), (SERVER, 5353), b"hello, how are you today?"),
    );
    assert_eq!(found(&[elsewhere]).1, []);
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len())
        .expect("a small message")
        .to_be_bytes();
    [&length[..], message].concat()
}

fn segment(seq: u32, payload: &[u8]) -> Vec<u8> {
    trace(TO_OVERLAY, &tcp((CLIENT, 4000), (SERVER, 53), seq, payload))
}

#[test]
fn each_message_of_a_segment_becomes_one_flow() {
    let messages: Vec<u8> = [1, 2, 3]
        .iter()
        .flat_map(|id| framed(&dns(*id, &format!("q{id}."), false)))
        .collect();
    let (flows, notes) = found(&[segment(1, &messages), segment(1, &messages)]);
    assert_eq!(names(&flows), ["Request q1.", "Request q2.", "Request q3."]);
    assert_eq!(notes, []);
}

/// Returns the messages and notes of events at the given seconds of the stream.
fn play(config: &str, events: &[(u32, Vec<u8>)]) -> (Vec<String>, Vec<(&'static str, u64)>) {
    let mut chain = TestChain::of(&[
        ("cilium_decode", "{}"),
        ("l34_flow", "{}"),
        ("dns_flow", config),
    ]);
    let mut all = Vec::new();
    for (second, event) in events {
        all.extend(flows(
            &chain.run_at(NOON + Duration::from_secs(1) * *second, [event]),
        ));
    }
    all.extend(chain.finish(NOON));
    all.retain(|flow| flow.flow_type == FlowType::L7);
    (
        names(&all),
        chain
            .step(2)
            .tally
            .notes()
            .iter()
            .copied()
            .filter(|(_, count)| *count > 0)
            .collect(),
    )
}

#[test]
fn a_retransmitted_segment_makes_no_new_flows_however_late_it_arrives() {
    let [first, second] = [1, 2].map(|id| framed(&dns(id, "same.", false)));
    let both = [first.clone(), second.clone()].concat();
    let second_seq = 1 + u32::try_from(first.len()).expect("small");
    // Later the same question on the same connection, and the first segment again with more bytes
    // after it.
    let events = [
        (0, segment(1, &first)),
        (5, segment(1, &first)),
        (400, segment(1, &first)),
        (500, segment(1, &both)),
        (600, segment(second_seq, &second)),
        (700, segment(5000, &first)),
    ];
    assert_eq!(
        play("{}", &events),
        (vec!["Request same.".to_owned(); 3], vec![])
    );
    // Over UDP a repeated query cannot be told from a new one.
    let query = query_trace(&question(1, [1, 0], &[b"same"]));
    assert_eq!(
        play("{}", &[(0, query.clone()), (5, query)]),
        (vec!["Request same.".to_owned(); 2], vec![])
    );
}

#[test]
fn messages_over_tcp_beyond_the_capacity_are_evicted_with_a_note() {
    let message = framed(&dns(1, "same.", false));
    let sent = |second, seqs: std::ops::Range<u32>| {
        seqs.map(move |at| (second, at * 100)).collect::<Vec<_>>()
    };
    let count = |sent: Vec<(u32, u32)>| {
        let events: Vec<_> = sent
            .into_iter()
            .map(|(second, seq)| (second, segment(seq, &message)))
            .collect();
        let (messages, notes) = play("{ pending = 4, hold = '0s' }", &events);
        let noted = notes
            .iter()
            .find(|(note, _)| *note == "dns_tcp_table_full")
            .map_or(0, |(_, count)| *count);
        (messages.len(), noted)
    };
    assert_eq!(count([sent(0, 0..4), sent(5, 0..4)].concat()), (4, 0));
    assert_eq!(count([sent(0, 0..8), sent(5, 4..8)].concat()), (8, 4));
    assert_eq!(count([sent(0, 0..8), sent(5, 0..4)].concat()), (12, 8));
    // After a quarter of an hour no segment is retransmitted.
    assert_eq!(count([sent(0, 0..4), sent(1000, 4..8)].concat()), (8, 0));
}

#[test]
fn a_message_split_over_segments_is_incomplete_or_unread() {
    let first = framed(&dns(1, "first.", false));
    let second = framed(&dns(2, "second.", true));
    let both = [first.clone(), second].concat();
    let answer = dns(2, "second.", true).len() - 16;
    for (case, at, expected, counted) in [
        ("in the first name", 15, vec![], vec![("dns_unread", 2)]),
        (
            "in the second length",
            first.len() + 1,
            vec!["Request first."],
            vec![("dns_unread", 2)],
        ),
        (
            "in the second name",
            first.len() + 16,
            vec!["Request first."],
            vec![("dns_unread", 2)],
        ),
        (
            "in the answers",
            first.len() + 2 + answer + 5,
            vec!["Request first.", "Response second. no answers no records"],
            vec![("dns_incomplete", 1), ("dns_unread", 1)],
        ),
    ] {
        let data = [
            segment(1, &both[..at]),
            segment(1 + u32::try_from(at).expect("small"), &both[at..]),
        ];
        let (flows, notes) = found(&data);
        assert_eq!(
            (names(&flows), notes),
            (expected.into_iter().map(str::to_owned).collect(), counted),
            "{case}"
        );
    }
}

#[test]
fn a_cut_message_is_counted_once_however_often_it_is_reported() {
    let packet = udp((SERVER, 53), (CLIENT, 4000), &dns(7, "example.com.", true));
    let cut = |point| trace_cut(point, &packet, packet.len() - 4);
    let (flows, notes) = found(&[cut(FROM_ENDPOINT), cut(TO_ENDPOINT)]);
    assert_eq!(
        names(&flows),
        ["Response example.com. no answers no records"]
    );
    assert_eq!(notes, [("dns_incomplete", 1)]);
    let L7Record::Dns(dns) = &flows[0].l7.as_deref().expect("an L7 flow").record else {
        panic!("no DNS")
    };
    assert_eq!(
        (dns.ips.len(), dns.ttl, dns.rcode, dns.rrtypes.len()),
        (0, None, Some(0), 0)
    );
}

#[test]
fn a_response_truncated_by_the_server_is_complete() {
    let mut message = dns(7, "example.com.", true);
    message[2] |= 0x02;
    let (flows, notes) = found(&[trace(
        TO_ENDPOINT,
        &udp((SERVER, 53), (CLIENT, 4000), &message),
    )]);
    assert_eq!(
        (names(&flows), notes),
        (vec!["Response example.com.".to_owned()], vec![])
    );
}

/// Each row: the packet's event, and whether its message is a reply, with its direction.
#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_response_is_a_reply_with_the_direction_of_its_request() {
    let response = udp((SERVER, 53), (CLIENT, 4000), &dns(7, "example.com.", true));
    let query = udp((CLIENT, 4000), (SERVER, 53), &dns(7, "example.com.", false));
    for (case, event, reply, direction) in [
        (
            "a reply",
            trace_by(TO_ENDPOINT, CT_REPLY, &response),
            true,
            Direction::Egress,
        ),
        (
            "a response of a new connection",
            trace_by(TO_ENDPOINT, CT_NEW, &response),
            true,
            Direction::Egress,
        ),
        (
            "a response of unknown reason",
            trace_by(TO_ENDPOINT, UNKNOWN, &response),
            true,
            Direction::Unknown,
        ),
        (
            "a response that was dropped",
            drop(151, &response),
            true,
            Direction::Egress,
        ),
        (
            "a request",
            trace_by(TO_ENDPOINT, CT_NEW, &query),
            false,
            Direction::Ingress,
        ),
        (
            "a request with the reason of a reply",
            trace_by(TO_ENDPOINT, CT_REPLY, &query),
            false,
            Direction::Ingress,
        ),
        (
            "a request that was dropped",
            drop(151, &query),
            false,
            Direction::Ingress,
        ),
    ] {
        let (flows, _) = found(&[event]);
        let [flow] = &flows[..] else {
            panic!("{case}: {flows:?}")
        };
        let is_response = flow.l7.as_deref().expect("an L7 flow").l7_type == L7Type::Response;
        assert_eq!(
            (flow.is_reply, is_response, flow.direction),
            (Some(reply), reply, direction),
            "{case}"
        );
    }
}

#[test]
fn a_dropped_message_has_the_drop_reason_of_its_packet() {
    for reason in [133, 151, 155, 181] {
        let query = udp((CLIENT, 4000), (SERVER, 53), &dns(7, "example.com.", false));
        let (flows, _) = found(&[trace(FROM_ENDPOINT, &query), drop(reason, &query)]);
        let [flow] = &flows[..] else {
            panic!("{reason}: {flows:?}")
        };
        assert_eq!(
            (flow.verdict, flow.drop_reason.0),
            (Verdict::Dropped, u32::from(reason))
        );
    }
}

#[test]
fn either_side_of_a_message_can_have_the_dns_port() {
    let response = udp((SERVER, 1053), (CLIENT, 53), &dns(7, "example.com.", true));
    let (flows, _) = found(&[trace(TO_ENDPOINT, &response)]);
    assert_eq!(
        (names(&flows), flows[0].is_reply),
        (vec!["Response example.com.".to_owned()], Some(true))
    );
}
