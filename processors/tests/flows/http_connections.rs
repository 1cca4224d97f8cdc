//! What relates HTTP messages of a connection: retransmissions, requests and responses, and the
//! time between them.

use std::time::Duration;

use tidegate_model::TimeSource;
use tidegate_model::flow::{FlowType, ObservedLatency};

use crate::http_support::{
    Case, FIN, GET, OK, RST, SECOND, SYN, answers, asks, chain, found, from_client, from_server,
    len, message, messages,
};
use crate::support::{Chain, NOON, build, flows};
use crate::wire::{CLIENT, SERVICE, TO_OVERLAY, segment, trace};

const GOT: &str = "GET http://shop/a";
const ANSWERED: &str = "200 (GET http://shop/a)";

/// A chain that is played to at certain times, and what it hands on.
struct Played {
    chain: Chain,
    messages: Vec<String>,
}

impl Played {
    fn new(config: &str) -> Self {
        Self {
            chain: chain(config),
            messages: Vec::new(),
        }
    }

    fn play(&mut self, second: u32, data: &[Vec<u8>]) {
        let batch = self.chain.run_at(NOON + SECOND * second, data);
        let l7 = flows(&batch)
            .into_iter()
            .filter(|flow| flow.flow_type == FlowType::L7);
        self.messages.extend(l7.map(|flow| message(&flow)));
    }

    fn end(mut self) -> Vec<String> {
        let rest = self.chain.finish(NOON);
        self.messages.extend(rest.iter().map(message));
        self.messages
    }

    fn noted(&self, what: &str) -> u64 {
        let notes = self.chain.step(2).tally.notes();
        notes
            .iter()
            .find(|(note, _)| *note == what)
            .map_or(0, |(_, count)| *count)
    }
}

#[test]
fn a_retransmission_is_the_same_message_however_late_it_comes() {
    let mut played = Played::new("{}");
    let exchange = [asks(1, 1, GET), answers(1, 1 + len(GET), OK)];
    for second in [0, 3, 60, 3600] {
        played.play(second, &exchange);
    }
    // A segment that holds old bytes and new ones.
    played.play(3700, &[asks(1, 1, &[GET, GET].concat())]);
    assert_eq!(played.end(), [GOT, ANSWERED, GOT]);
}

#[test]
fn a_new_connection_on_the_port_has_messages_of_its_own() {
    let exchange = [asks(1, 1, GET), answers(1, 1 + len(GET), OK)];
    let syn = from_client(4000, (0, 0, SYN), b"");
    let cases: [(&str, Vec<Vec<u8>>, usize); 6] = [
        ("opened anew", vec![syn], 4),
        ("aborted", vec![from_server(4000, (40, 1, RST), b"")], 4),
        (
            "closed",
            vec![
                from_server(4000, (40, 1, FIN), b""),
                from_client(4000, (1, 1, FIN), b""),
            ],
            4,
        ),
        (
            "closed by one side",
            vec![from_client(4000, (1, 1, FIN), b"")],
            2,
        ),
        (
            "another port's end",
            vec![from_server(4001, (40, 1, RST), b"")],
            2,
        ),
        (
            "other bytes there",
            vec![
                asks(1, 1, &[b"\r\n", GET].concat()),
                asks(1, 1, b"GET /b HTTP/1.1\r\n\r\n"),
            ],
            5,
        ),
    ];
    for (case, between, expected) in cases {
        let mut played = Played::new("{}");
        played.play(0, &exchange);
        played.play(1, &between);
        played.play(5, &exchange);
        let is_other = case == "other bytes there";
        let messages = played.end();
        assert_eq!(messages.len(), expected, "{case}: {messages:?}");
        assert!(
            is_other || messages.chunks(2).all(|pair| pair == [GOT, ANSWERED]),
            "{case}: {messages:?}"
        );
    }
}

#[test]
fn reports_that_come_after_the_end_are_of_the_connection_still() {
    let mut played = Played::new("{}");
    played.play(
        0,
        &[
            asks(1, 1, GET),
            from_client(4000, (1 + len(GET), 1, RST), b""),
        ],
    );
    played.play(0, &[answers(1, 1 + len(GET), OK), asks(1, 1, GET)]);
    assert_eq!(played.end(), [GOT, ANSWERED]);
}

#[test]
fn connections_of_one_port_to_two_servers_are_told_apart() {
    let other = |seq| {
        trace(
            TO_OVERLAY,
            &segment((CLIENT, 4000), (SERVICE, 80), (seq, 900_000_000, 0x18), GET),
        )
    };
    let mut played = Played::new("{}");
    for second in [0, 5, 10] {
        played.play(second, &[asks(1, 1, GET), other(3_000_000_000)]);
    }
    played.play(20, &[answers(1, 1 + len(GET), OK)]);
    assert_eq!(played.end(), [GOT, GOT, ANSWERED]);
}

#[test]
fn twice_as_many_connections_as_are_remembered_are_forgotten_with_a_note() {
    const CAPACITY: u16 = 64;
    let request = |port: u16| from_client(port, (7, 9, 0x18), GET);
    let all = |ports: std::ops::Range<u16>| ports.map(request).collect::<Vec<_>>();
    let mut played = Played::new("{ connections = 64 }");
    played.play(0, &all(0..CAPACITY));
    // Retransmissions within the capacity double nothing, and make their connections the newest.
    played.play(10, &all(0..CAPACITY));
    assert_eq!(
        (played.messages.len(), played.noted("http_connections_full")),
        (64, 0)
    );
    played.play(20, &all(CAPACITY..2 * CAPACITY));
    assert_eq!(played.noted("http_connections_full"), 64);
    // The newer half is remembered, the older one is not.
    played.play(30, &all(CAPACITY..2 * CAPACITY));
    assert_eq!(played.noted("http_connections_full"), 64);
    played.play(40, &all(0..CAPACITY));
    assert_eq!(played.noted("http_connections_full"), 128);
    assert_eq!(played.end().len(), 3 * usize::from(CAPACITY));
}

#[test]
fn connections_that_are_over_are_forgotten_without_a_note() {
    let request = |port: u16| from_client(port, (7, 9, 0x18), GET);
    let end = |port: u16| from_server(port, (9, 7 + len(GET), RST), b"");
    for (second, noted) in [(0, 4), (10, 0)] {
        let mut played = Played::new("{ connections = 4 }");
        played.play(
            0,
            &(0..4)
                .map(request)
                .chain((0..4).map(end))
                .collect::<Vec<_>>(),
        );
        // Just after its end there can be more reports of a connection.
        played.play(second, &(4..8).map(request).collect::<Vec<_>>());
        assert_eq!(
            (played.noted("http_connections_full"), played.end().len()),
            (noted, 8),
            "{second}"
        );
    }
}

#[test]
fn the_connection_that_was_used_least_recently_is_forgotten() {
    let request = |port: u16| from_client(port, (7, 9, 0x18), GET);
    let mut played = Played::new("{ connections = 2 }");
    for (second, port) in (0..).map(|at| at * 10).zip([1, 2, 1, 3, 1, 2]) {
        played.play(second, &[request(port)]);
    }
    // Port 1 was used again before 3 came, so that 2 had to leave.
    assert_eq!(played.end().len(), 4);
}

#[test]
fn long_urls_leave_room_for_fewer_connections() {
    let head = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(1000));
    let mut played = Played::new("{ connections = 64 }");
    for port in 0..64 {
        played.play(0, &[from_client(port, (7, 9, 0x18), head.as_bytes())]);
    }
    // 64 connections may have 16 KiB of texts, which is room for no more than 14 of these.
    let forgotten = played.noted("http_connections_full");
    assert!((50..64).contains(&forgotten), "{forgotten}");
}

#[test]
fn a_response_has_its_request_only_where_numbers_prove_it() {
    let end = 1 + len(GET);
    let cases: [Case; 12] = [
        (
            "where the client's acknowledgment said",
            vec![asks(1, 5, GET), answers(5, end, OK)],
            &[GOT, ANSWERED],
        ),
        (
            "elsewhere",
            vec![asks(1, 5, GET), answers(6, end, OK)],
            &[GOT, "200"],
        ),
        (
            "on another connection",
            vec![asks(1, 5, GET), from_server(4001, (5, end, 0x18), OK)],
            &[GOT, "200"],
        ),
        (
            "sent before the bytes in front of the request came",
            vec![asks(9, 5, GET), answers(5, 8, OK)],
            &[GOT, "200"],
        ),
        (
            "the second on the connection",
            vec![
                asks(1, 1, GET),
                answers(1, end, OK),
                asks(end, 1 + len(OK), GET),
                answers(1 + len(OK), 2 * end, OK),
            ],
            &[GOT, ANSWERED, GOT, ANSWERED],
        ),
        (
            "by order and lengths, where the acknowledgment is an older one",
            vec![
                asks(1, 1, GET),
                answers(1, 1, OK),
                asks(end, 1, GET),
                answers(1 + len(OK), 1, OK),
            ],
            &[GOT, ANSWERED, GOT, ANSWERED],
        ),
        (
            "behind a gap in which there can be a request, with an older acknowledgment",
            vec![
                asks(1, 1, GET),
                answers(1, end, OK),
                asks(end + 9, 1, GET),
                answers(1 + len(OK), 2 * end, OK),
            ],
            &[GOT, ANSWERED, GOT, "200"],
        ),
        (
            "pipelined, the second right behind the first",
            vec![
                asks(1, 1, GET),
                asks(end, 1, GET),
                answers(1, 1, OK),
                answers(1 + len(OK), 1, OK),
            ],
            &[GOT, GOT, ANSWERED, ANSWERED],
        ),
        (
            "pipelined with a gap, in which there can be a request",
            vec![
                asks(1, 1, GET),
                asks(end + 9, 1, GET),
                answers(1, end, OK),
                answers(1 + len(OK), end, OK),
            ],
            &[GOT, GOT, ANSWERED, "200"],
        ),
        (
            "the first answer of an unknown length",
            vec![
                asks(1, 1, &[GET, GET].concat()),
                answers(1, end, &OK[..20]),
                answers(1 + len(OK), end, OK),
            ],
            &[GOT, GOT, "200 (GET http://shop/a) no headers", "200"],
        ),
        (
            "a timeout of an idle connection that crosses a request",
            vec![
                asks(1, 5, GET),
                answers(
                    5,
                    1,
                    b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n",
                ),
            ],
            &[GOT, "408"],
        ),
        (
            "reported before its request",
            vec![answers(5, end, OK), asks(1, 5, GET)],
            &[ANSWERED, GOT],
        ),
    ];
    for (case, data, expected) in cases {
        let (messages, notes) = found(&data);
        assert_eq!(messages, expected, "{case}");
        let unrelated = notes
            .iter()
            .find(|(note, _)| *note == "http_unrelated_response")
            .map_or(0, |(_, n)| *n);
        let without = expected
            .iter()
            .filter(|text| text.ends_with("00") || text.ends_with("08"))
            .count();
        let is_late = u64::from(case == "reported before its request");
        assert_eq!(unrelated, without as u64 + is_late, "{case}");
    }
}

#[test]
fn a_body_that_looks_like_a_message_is_none() {
    let logged = [GET, OK].concat();
    let post = format!(
        "POST /log HTTP/1.1\r\nHost: shop\r\nContent-Length: {}\r\n\r\n",
        logged.len()
    );
    let body = 1 + len(post.as_bytes());
    let data = [
        asks(1, 1, post.as_bytes()),
        asks(body, 1, &logged),
        asks(body + len(&logged), 1, GET),
    ];
    assert_eq!(messages(&data), ["POST http://shop/log", GOT]);
}

#[test]
fn a_chunk_of_several_segments_that_looks_like_a_message_is_none() {
    let end = 1 + len(GET);
    let head = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n",
        2 * OK.len() + 1
    );
    let head = head.as_bytes();
    let body = 1 + len(head);
    let last = [b".\r\n0\r\n\r\n", OK].concat();
    let data = [
        asks(1, 1, &[GET, GET].concat()),
        answers(1, end + len(GET), head),
        answers(body, end + len(GET), OK),
        answers(body + len(OK), end + len(GET), OK),
        answers(body + 2 * len(OK), end + len(GET), &last),
        answers(body + 2 * len(OK) + 8, end + len(GET), OK),
    ];
    // The end of the first answer is not known, so the other one has no request that could be
    // proved.
    assert_eq!(messages(&data), [GOT, GOT, ANSWERED, "200"]);
}

#[test]
fn the_time_between_request_and_response_is_told_with_its_bound() {
    let ms = Duration::from_millis;
    let latency = |times: TimeSource, between: Duration| {
        let mut chain = chain("{}");
        chain.times = times;
        chain.run([asks(1, 1, GET)]);
        chain.run_at(NOON + between, [answers(1, 1 + len(GET), OK)]);
        let flow = chain.finish(NOON).pop().expect("the response");
        let l7 = flow.l7.expect("an L7 flow");
        assert_eq!(l7.latency_ns, 0, "that one is Hubble's");
        l7.observed_latency
    };
    let receipt = TimeSource::Receipt { step: ms(2) };
    let told = |nanos, error_nanos, is_exact| {
        Some(ObservedLatency {
            nanos,
            error_nanos,
            is_exact,
        })
    };
    assert_eq!(latency(receipt, ms(60)), told(60_000_000, 2_000_000, false));
    assert_eq!(
        latency(receipt, ms(2)),
        None,
        "no more than a step of reading"
    );
    assert_eq!(
        latency(receipt, Duration::from_nanos(1)),
        None,
        "frames of one read"
    );
    assert_eq!(
        latency(TimeSource::Packets, ms(1)),
        told(1_000_000, 0, true)
    );
    assert_eq!(latency(TimeSource::Packets, Duration::ZERO), None);
    assert_eq!(latency(TimeSource::Unrelated, ms(60)), None, "a recording");
}

#[test]
fn connections_is_at_least_one() {
    let error = build("http_flow", "{ connections = 0 }")
        .err()
        .expect("it is refused");
    assert_eq!(error, "connections: connections is 1 to 16777216");
}
