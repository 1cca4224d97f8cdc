//! HTTP messages of a connection: retransmissions, the requests of responses, and their latency.

use std::time::Duration;

use tidegate_model::TimeSource;
use tidegate_model::flow::{FlowType, ObservedLatency};

use crate::events::{CLIENT, SERVICE, segment, trace};
use crate::http_support::{
    FIN, GET, HttpCase, OK, RST, SECOND, SYN, chain, client_segment, found, from_client,
    from_server, len, message, messages, server_segment,
};
use crate::support::{NOON, TestChain, build, flows};
use tidegate_wire::event::observation_point::TO_OVERLAY;

const REQUEST: &str = "GET http://shop/a";
const RESPONSE: &str = "200 (GET http://shop/a)";

/// A chain that receives events at given times, and the messages that it releases.
struct Playback {
    chain: TestChain,
    messages: Vec<String>,
}

impl Playback {
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
fn a_retransmission_makes_no_new_flow_however_late_it_arrives() {
    let mut playback = Playback::new("{}");
    let exchange = [
        client_segment(1, 1, GET),
        server_segment(1, 1 + len(GET), OK),
    ];
    for second in [0, 3, 60, 3600] {
        playback.play(second, &exchange);
    }
    // A segment with old and new bytes.
    playback.play(3700, &[client_segment(1, 1, &[GET, GET].concat())]);
    assert_eq!(playback.end(), [REQUEST, RESPONSE, REQUEST]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_new_connection_from_the_same_port_has_new_messages() {
    let exchange = [
        client_segment(1, 1, GET),
        server_segment(1, 1 + len(GET), OK),
    ];
    let syn = from_client(4000, (0, 0, SYN), b"");
    let cases: [(&str, Vec<Vec<u8>>, usize); 6] = [
        ("opened again", vec![syn], 4),
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
            "another port closed",
            vec![from_server(4001, (40, 1, RST), b"")],
            2,
        ),
        (
            "other bytes there",
            vec![
                client_segment(1, 1, &[b"\r\n", GET].concat()),
                client_segment(1, 1, b"GET /b HTTP/1.1\r\n\r\n"),
            ],
            5,
        ),
    ];
    for (case, between, expected) in cases {
        let mut playback = Playback::new("{}");
        playback.play(0, &exchange);
        playback.play(1, &between);
        playback.play(5, &exchange);
        let is_other = case == "other bytes there";
        let messages = playback.end();
        assert_eq!(messages.len(), expected, "{case}: {messages:?}");
        assert!(
            is_other || messages.chunks(2).all(|pair| pair == [REQUEST, RESPONSE]),
            "{case}: {messages:?}"
        );
    }
}

#[test]
fn reports_after_the_end_of_a_connection_belong_to_it() {
    let mut playback = Playback::new("{}");
    playback.play(
        0,
        &[
            client_segment(1, 1, GET),
            from_client(4000, (1 + len(GET), 1, RST), b""),
        ],
    );
    playback.play(
        0,
        &[
            server_segment(1, 1 + len(GET), OK),
            client_segment(1, 1, GET),
        ],
    );
    assert_eq!(playback.end(), [REQUEST, RESPONSE]);
}

#[test]
fn connections_from_one_port_to_two_servers_are_distinguished() {
    let other = |seq| {
        trace(
            TO_OVERLAY,
            &segment((CLIENT, 4000), (SERVICE, 80), (seq, 900_000_000, 0x18), GET),
        )
    };
    let mut playback = Playback::new("{}");
    for second in [0, 5, 10] {
        playback.play(second, &[client_segment(1, 1, GET), other(3_000_000_000)]);
    }
    playback.play(20, &[server_segment(1, 1 + len(GET), OK)]);
    assert_eq!(playback.end(), [REQUEST, REQUEST, RESPONSE]);
}

#[test]
fn connections_beyond_the_capacity_are_evicted_with_a_note() {
    const CAPACITY: u16 = 64;
    let request = |port: u16| from_client(port, (7, 9, 0x18), GET);
    let all = |ports: std::ops::Range<u16>| ports.map(request).collect::<Vec<_>>();
    let mut playback = Playback::new("{ connections = 64 }");
    playback.play(0, &all(0..CAPACITY));
    // Retransmissions add no messages, and make their connections the newest.
    playback.play(10, &all(0..CAPACITY));
    assert_eq!(
        (
            playback.messages.len(),
            playback.noted("http_connections_full")
        ),
        (64, 0)
    );
    playback.play(20, &all(CAPACITY..2 * CAPACITY));
    assert_eq!(playback.noted("http_connections_full"), 64);
    // The newer half is in the table, the older one is not.
    playback.play(30, &all(CAPACITY..2 * CAPACITY));
    assert_eq!(playback.noted("http_connections_full"), 64);
    playback.play(40, &all(0..CAPACITY));
    assert_eq!(playback.noted("http_connections_full"), 128);
    assert_eq!(playback.end().len(), 3 * usize::from(CAPACITY));
}

#[test]
fn closed_connections_are_evicted_without_a_note() {
    let request = |port: u16| from_client(port, (7, 9, 0x18), GET);
    let end = |port: u16| from_server(port, (9, 7 + len(GET), RST), b"");
    for (second, noted) in [(0, 4), (10, 0)] {
        let mut playback = Playback::new("{ connections = 4 }");
        playback.play(
            0,
            &(0..4)
                .map(request)
                .chain((0..4).map(end))
                .collect::<Vec<_>>(),
        );
        // A connection can be reported for some time after its end.
        playback.play(second, &(4..8).map(request).collect::<Vec<_>>());
        assert_eq!(
            (
                playback.noted("http_connections_full"),
                playback.end().len()
            ),
            (noted, 8),
            "{second}"
        );
    }
}

#[test]
fn the_least_recently_used_connection_is_evicted() {
    let request = |port: u16| from_client(port, (7, 9, 0x18), GET);
    let mut playback = Playback::new("{ connections = 2 }");
    for (second, port) in (0..).map(|at| at * 10).zip([1, 2, 1, 3, 1, 2]) {
        playback.play(second, &[request(port)]);
    }
    // Port 1 was used again before port 3 was added, so port 2 was evicted.
    assert_eq!(playback.end().len(), 4);
}

#[test]
fn long_urls_leave_room_for_fewer_connections() {
    let head = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(1000));
    let mut playback = Playback::new("{ connections = 64 }");
    for port in 0..64 {
        playback.play(0, &[from_client(port, (7, 9, 0x18), head.as_bytes())]);
    }
    // The texts of 64 connections may take 16 KiB, which is enough for 14 of these.
    let evicted = playback.noted("http_connections_full");
    assert!((50..64).contains(&evicted), "{evicted}");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_response_has_a_request_only_if_sequence_numbers_prove_it() {
    let end = 1 + len(GET);
    let cases: [HttpCase; 12] = [
        (
            "at the client's acknowledgment number",
            vec![client_segment(1, 5, GET), server_segment(5, end, OK)],
            &[REQUEST, RESPONSE],
        ),
        (
            "at another sequence number",
            vec![client_segment(1, 5, GET), server_segment(6, end, OK)],
            &[REQUEST, "200"],
        ),
        (
            "on another connection",
            vec![
                client_segment(1, 5, GET),
                from_server(4001, (5, end, 0x18), OK),
            ],
            &[REQUEST, "200"],
        ),
        (
            "sent before the bytes in front of the request arrived",
            vec![client_segment(9, 5, GET), server_segment(5, 8, OK)],
            &[REQUEST, "200"],
        ),
        (
            "the second on the connection",
            vec![
                client_segment(1, 1, GET),
                server_segment(1, end, OK),
                client_segment(end, 1 + len(OK), GET),
                server_segment(1 + len(OK), 2 * end, OK),
            ],
            &[REQUEST, RESPONSE, REQUEST, RESPONSE],
        ),
        (
            "by order and lengths, with an older acknowledgment",
            vec![
                client_segment(1, 1, GET),
                server_segment(1, 1, OK),
                client_segment(end, 1, GET),
                server_segment(1 + len(OK), 1, OK),
            ],
            &[REQUEST, RESPONSE, REQUEST, RESPONSE],
        ),
        (
            "after a gap that may hold a request, with an older acknowledgment",
            vec![
                client_segment(1, 1, GET),
                server_segment(1, end, OK),
                client_segment(end + 9, 1, GET),
                server_segment(1 + len(OK), 2 * end, OK),
            ],
            &[REQUEST, RESPONSE, REQUEST, "200"],
        ),
        (
            "pipelined, the second directly after the first",
            vec![
                client_segment(1, 1, GET),
                client_segment(end, 1, GET),
                server_segment(1, 1, OK),
                server_segment(1 + len(OK), 1, OK),
            ],
            &[REQUEST, REQUEST, RESPONSE, RESPONSE],
        ),
        (
            "pipelined with a gap that may hold a request",
            vec![
                client_segment(1, 1, GET),
                client_segment(end + 9, 1, GET),
                server_segment(1, end, OK),
                server_segment(1 + len(OK), end, OK),
            ],
            &[REQUEST, REQUEST, RESPONSE, "200"],
        ),
        (
            "the first response of unknown length",
            vec![
                client_segment(1, 1, &[GET, GET].concat()),
                server_segment(1, end, &OK[..20]),
                server_segment(1 + len(OK), end, OK),
            ],
            &[
                REQUEST,
                REQUEST,
                "200 (GET http://shop/a) no headers",
                "200",
            ],
        ),
        (
            "a timeout of an idle connection that crosses a request",
            vec![
                client_segment(1, 5, GET),
                server_segment(
                    5,
                    1,
                    b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n",
                ),
            ],
            &[REQUEST, "408"],
        ),
        (
            "reported before its request",
            vec![server_segment(5, end, OK), client_segment(1, 5, GET)],
            &[RESPONSE, REQUEST],
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
fn a_body_that_looks_like_a_message_makes_no_flow() {
    let logged = [GET, OK].concat();
    let post = format!(
        "POST /log HTTP/1.1\r\nHost: shop\r\nContent-Length: {}\r\n\r\n",
        logged.len()
    );
    let body = 1 + len(post.as_bytes());
    let data = [
        client_segment(1, 1, post.as_bytes()),
        client_segment(body, 1, &logged),
        client_segment(body + len(&logged), 1, GET),
    ];
    assert_eq!(messages(&data), ["POST http://shop/log", REQUEST]);
}

#[test]
fn a_chunk_that_looks_like_a_message_makes_no_flow() {
    let end = 1 + len(GET);
    let head = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n",
        2 * OK.len() + 1
    );
    let head = head.as_bytes();
    let body = 1 + len(head);
    let last = [b".\r\n0\r\n\r\n", OK].concat();
    let data = [
        client_segment(1, 1, &[GET, GET].concat()),
        server_segment(1, end + len(GET), head),
        server_segment(body, end + len(GET), OK),
        server_segment(body + len(OK), end + len(GET), OK),
        server_segment(body + 2 * len(OK), end + len(GET), &last),
        server_segment(body + 2 * len(OK) + 8, end + len(GET), OK),
    ];
    // The end of the first response is unknown, so the request of the second one is unproven.
    assert_eq!(messages(&data), [REQUEST, REQUEST, RESPONSE, "200"]);
}

#[test]
fn the_latency_has_an_error_bound() {
    let ms = Duration::from_millis;
    let latency = |times: TimeSource, between: Duration| {
        let mut chain = chain("{}");
        chain.times = times;
        chain.run([client_segment(1, 1, GET)]);
        chain.run_at(NOON + between, [server_segment(1, 1 + len(GET), OK)]);
        let flow = chain.finish(NOON).pop().expect("the response");
        let l7 = flow.l7.expect("an L7 flow");
        assert_eq!(l7.latency_ns, 0, "that field is for access-log records");
        l7.observed_latency
    };
    let receipt = TimeSource::Receipt { step: ms(2) };
    let expected = |nanos, error_nanos, is_exact| {
        Some(ObservedLatency {
            nanos,
            error_nanos,
            is_exact,
        })
    };
    assert_eq!(
        latency(receipt, ms(60)),
        expected(60_000_000, 2_000_000, false)
    );
    assert_eq!(
        latency(receipt, ms(2)),
        None,
        "no more than the interval between two reads"
    );
    assert_eq!(
        latency(receipt, Duration::from_nanos(1)),
        None,
        "frames of one read"
    );
    assert_eq!(
        latency(TimeSource::Packets, ms(1)),
        expected(1_000_000, 0, true)
    );
    assert_eq!(latency(TimeSource::Packets, Duration::ZERO), None);
    assert_eq!(latency(TimeSource::Unrelated, ms(60)), None, "a recording");
}

#[test]
fn connections_is_at_least_one() {
    let error = build("http_flow", "{ connections = 0 }")
        .err()
        .expect("it is refused");
    assert!(
        error.contains("expected a whole number from 1 to 16777216"),
        "{error}"
    );
}
