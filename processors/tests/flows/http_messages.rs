//! HTTP messages in captured segments: several in one, incomplete ones, and unusual ones.

use crate::events::{CLIENT, SERVER, drop, segment, tcp, trace, trace_cut};
use crate::http_support::{
    GET, HttpCase, OK, client_segment, found, len, messages, server_segment,
};
use tidegate_wire::event::observation_point::{TO_ENDPOINT, TO_OVERLAY};

const GET_A: &str = "GET http://shop/a";
const POST_B: &str = "POST http://shop/b";
const POST_C: &str = "POST http://shop/c";
const NOT_FOUND: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn all_messages_of_a_segment_become_flows() {
    let post = b"POST /b HTTP/1.1\r\nHost: shop\r\nContent-Length: 4\r\n\r\nGET ";
    let chunked = b"POST /c HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n\
        4\r\nGET \r\n0\r\nA: b\r\n\r\n";
    let cases: [HttpCase; 7] = [
        (
            "requests",
            vec![client_segment(1, 1, &[GET, GET, GET].concat())],
            &[GET_A, GET_A, GET_A],
        ),
        (
            "with bodies",
            vec![client_segment(1, 1, &[&post[..], chunked, GET].concat())],
            &[POST_B, POST_C, GET_A],
        ),
        (
            "with empty lines between",
            vec![client_segment(1, 1, &[GET, b"\r\n", GET].concat())],
            &[GET_A, GET_A],
        ),
        (
            "responses to requests",
            vec![
                client_segment(1, 1, &[GET, GET].concat()),
                server_segment(1, 99, &[OK, NOT_FOUND].concat()),
            ],
            &[
                GET_A,
                GET_A,
                "200 (GET http://shop/a)",
                "404 (GET http://shop/a)",
            ],
        ),
        (
            "responses to requests that were not captured",
            vec![server_segment(1, 99, &[OK, NOT_FOUND].concat())],
            &["200", "404"],
        ),
        (
            "the first response announces a body that it does not have",
            vec![
                client_segment(
                    1,
                    1,
                    &[&b"HEAD /a HTTP/1.1\r\nHost: shop\r\n\r\n"[..], GET].concat(),
                ),
                server_segment(
                    1,
                    99,
                    &[
                        &b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"[..],
                        NOT_FOUND,
                    ]
                    .concat(),
                ),
            ],
            &[
                "HEAD http://shop/a",
                GET_A,
                "200 (HEAD http://shop/a)",
                "404 (GET http://shop/a)",
            ],
        ),
        (
            "one after another's body in a later segment",
            vec![
                client_segment(1, 1, post),
                client_segment(1 + len(post), 1, &[GET, GET].concat()),
            ],
            &[POST_B, GET_A, GET_A],
        ),
    ];
    for (case, data, expected) in cases {
        let expected: Vec<_> = expected.iter().map(|text| (*text).to_owned()).collect();
        let once = messages(&data);
        let twice = messages(&[&data[..], &data[..]].concat());
        assert_eq!(once, twice, "{case}, reported twice");
        assert_eq!(once, expected, "{case}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn an_interim_response_makes_no_flow() {
    let post =
        b"POST /x HTTP/1.1\r\nHost: shop\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    let go_on = b"HTTP/1.1 100 Continue\r\n\r\n";
    let hints = b"HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n";
    let created = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";
    let second = 1 + len(go_on);
    let third = second + len(hints);
    let end = 1 + len(post);
    let expected = ["POST http://shop/x", "201 (POST http://shop/x)"];
    let cases: [(&str, Vec<Vec<u8>>, u64); 5] = [
        ("none", vec![server_segment(1, end, created)], 0),
        (
            "a segment each",
            vec![
                server_segment(1, end, go_on),
                server_segment(second, end + 3, created),
            ],
            1,
        ),
        (
            "one segment",
            vec![server_segment(1, end, &[&go_on[..], created].concat())],
            1,
        ),
        (
            "two",
            vec![
                server_segment(1, end, &[&go_on[..], hints].concat()),
                server_segment(third, end, created),
            ],
            2,
        ),
        (
            "retransmitted",
            vec![
                server_segment(1, end, go_on),
                server_segment(1, end, go_on),
                server_segment(1, end, &[&go_on[..], created].concat()),
            ],
            1,
        ),
    ];
    for (case, answers, interim) in cases {
        let data = [vec![client_segment(1, 1, post)], answers].concat();
        let (messages, mut notes) = found(&data);
        assert_eq!(messages, expected, "{case}");
        notes.retain(|(note, _)| *note == "http_interim_response");
        assert_eq!(
            notes.first().map_or(0, |(_, count)| *count),
            interim,
            "{case}"
        );
    }
}

/// A name, the request and response that switch protocols, and the expected messages.
type Switch = (&'static str, [&'static [u8]; 2], &'static [&'static str]);

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_connection_that_switches_protocols_makes_no_more_flows() {
    let upgrade =
        b"GET /chat HTTP/1.1\r\nHost: shop\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";
    let switching = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
    let connect = b"CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n";
    let tunnelled = b"HTTP/1.1 200 Connection established\r\n\r\n";
    let refused = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
    let cases: [Switch; 3] = [
        (
            "101",
            [upgrade, switching],
            &["GET http://shop/chat", "101 (GET http://shop/chat)"],
        ),
        (
            "2xx to CONNECT",
            [connect, tunnelled],
            &["CONNECT db:5432", "200 (CONNECT db:5432)"],
        ),
        (
            "another to CONNECT",
            [connect, refused],
            &[
                "CONNECT db:5432",
                "407 (CONNECT db:5432)",
                "GET http://shop/a",
                "200 (GET http://shop/a)",
            ],
        ),
    ];
    for (case, [request, response], expected) in cases {
        let client_seq = 1 + len(request);
        let server_seq = 1 + len(response);
        // The bytes in the tunnel look like HTTP, in both directions and in the segment of the
        // response.
        let behind: &[u8] = if expected.len() == 2 { OK } else { b"" };
        let data = [
            client_segment(1, 1, request),
            server_segment(1, client_seq, &[response, behind].concat()),
            client_segment(client_seq, server_seq, GET),
            server_segment(server_seq, client_seq + len(GET), OK),
            if expected.len() == 2 {
                server_segment(server_seq + 100, client_seq, GET)
            } else {
                server_segment(1, client_seq, response)
            },
            client_segment(1, 1, request),
        ];
        assert_eq!(messages(&data), expected, "{case}");
    }
}

/// Packets, and the expected messages and notes.
type Counted = (
    Vec<Vec<u8>>,
    &'static [&'static str],
    &'static [(&'static str, u64)],
);

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn unreadable_parts_are_noted() {
    let beyond = b"POST /b HTTP/1.1\r\nHost: shop\r\nContent-Length: 9\r\n\r\nabc";
    let unclear =
        b"POST /b HTTP/1.1\r\nHost: shop\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab";
    let get_cut = &GET[..GET.len() - 5];
    let open = b"HTTP/1.1 200 OK\r\n\r\nabc";
    const UNRELATED: (&str, u64) = ("http_unrelated_response", 1);
    let cases: [Counted; 14] = [
        (vec![client_segment(1, 1, GET)], &["GET http://shop/a"], &[]),
        (
            vec![client_segment(1, 1, beyond)],
            &[POST_B],
            &[("http_body_beyond_packet", 1)],
        ),
        (
            vec![client_segment(1, 1, unclear)],
            &[POST_B],
            &[("http_end_unclear", 1)],
        ),
        (
            vec![client_segment(1, 1, get_cut)],
            &["GET /a no headers"],
            &[("http_head_cut", 1)],
        ),
        (
            vec![client_segment(1, 1, &[GET, get_cut].concat())],
            &["GET http://shop/a", "GET /a no headers"],
            &[("http_head_cut", 1)],
        ),
        (
            vec![client_segment(1, 1, b"GET /a HT")],
            &[],
            &[("http_start_line_cut", 1)],
        ),
        (
            vec![client_segment(1, 1, &[GET, b"GET /a HT"].concat())],
            &["GET http://shop/a"],
            &[("http_start_line_cut", 1)],
        ),
        (
            vec![client_segment(1, 1, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")],
            &[],
            &[("http_start_line_unread", 1)],
        ),
        (
            vec![server_segment(1, 1, b"HTTP/1.1 20 OK\r\n\r\n")],
            &[],
            &[("http_start_line_unread", 1)],
        ),
        (
            vec![client_segment(
                1,
                1,
                &[GET, b"GET a HTTP/1.1\r\n\r\n"].concat(),
            )],
            &["GET http://shop/a"],
            &[("http_start_line_unread", 1)],
        ),
        (
            vec![client_segment(1, 1, &[GET, b"what is this?"].concat())],
            &["GET http://shop/a"],
            &[("http_rest_unread", 1)],
        ),
        (
            vec![server_segment(1, 1, open)],
            &["200"],
            &[("http_body_beyond_packet", 1), UNRELATED],
        ),
        // If the response answers a HEAD request, the rest can be anything.
        (
            vec![server_segment(1, 1, &[OK, b"?"].concat())],
            &["200"],
            &[("http_end_unclear", 1), UNRELATED],
        ),
        (
            vec![client_segment(
                1,
                1,
                b"GET /a HTTP/1.1\r\nA b: c\r\nHost: shop\r\n d\r\n\r\n",
            )],
            &["GET /a"],
            &[("http_bad_header", 2)],
        ),
    ];
    for (data, messages, notes) in cases {
        let (found_messages, found_notes) = found(&[&data[..], &data[..]].concat());
        assert_eq!(found_messages, messages);
        // A packet without a message is counted for each report.
        let notes: Vec<_> = notes
            .iter()
            .map(|(note, count)| {
                (
                    *note,
                    if messages.is_empty() {
                        2 * count
                    } else {
                        *count
                    },
                )
            })
            .collect();
        assert_eq!(found_notes, notes, "{messages:?}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn an_unusual_head_becomes_a_flow_with_its_certain_parts() {
    let cases: [(&[u8], &str); 16] = [
        (b"X /a HTTP/1.1\r\nHost: shop\r\n\r\n", "X http://shop/a"),
        (b"M-SEARCH * HTTP/1.1\r\nHost: shop\r\n\r\n", "M-SEARCH *"),
        (b"GET /a HTTP/1.1\r\nHost:\r\n\r\n", "GET /a"),
        (
            b"GET /a HTTP/1.1\r\nHost: shop\r\nHost: evil\r\n\r\n",
            "GET /a",
        ),
        (
            b"get /a HTTP/1.1\r\nHost: shop\r\n\r\n",
            "get http://shop/a",
        ),
        (
            b"BREW /a HTTP/1.1\r\nHost: shop\r\n\r\n",
            "BREW http://shop/a",
        ),
        (
            b"\r\nGET /a HTTP/1.1\r\nHost: shop\r\n\r\n",
            "GET http://shop/a",
        ),
        (b"GET /a HTTP/1.1\nHost: shop\n\n", "GET http://shop/a"),
        (b"GET /a HTTP/1.0\r\n\r\n", "GET /a"),
        (
            b"GET http://shop/a HTTP/1.1\r\nHost: other\r\n\r\n",
            "GET http://shop/a",
        ),
        (b"OPTIONS * HTTP/1.1\r\nHost: shop\r\n\r\n", "OPTIONS *"),
        (
            b"GET /\xc3\xa4\xff HTTP/1.1\r\nHost: shop\r\n\r\n",
            "GET http://shop/\u{e4}\u{fffd}",
        ),
        (
            b"GET /a HTTP/1.1\r\nHost : evil\r\nX: a\r\n b\r\nHost: shop\r\n\r\n",
            "GET http://shop/a",
        ),
        (
            b"GET /a HTTP/1.1\r\nX: \x01\r\nHost: shop\r\n\r\n",
            "GET http://shop/a",
        ),
        (b"HTTP/1.1 999 Denied\r\nContent-Length: 0\r\n\r\n", "999"),
        (b"HTTP/1.0 600\r\nContent-Length: 0\r\n\r\n", "600"),
    ];
    for (head, expected) in cases {
        assert_eq!(
            messages(&[client_segment(1, 1, head)]),
            [expected],
            "{}",
            head.escape_ascii()
        );
    }
}

#[test]
fn all_messages_of_a_dropped_packet_are_dropped() {
    let packet = tcp((CLIENT, 4000), (SERVER, 80), 1, &[GET, GET, GET].concat());
    let expected = ["GET http://shop/a dropped"; 3];
    assert_eq!(
        messages(&[trace(TO_OVERLAY, &packet), drop(133, &packet)]),
        expected
    );
    assert_eq!(
        messages(&[drop(133, &packet), trace(TO_OVERLAY, &packet)]),
        expected
    );
}

#[test]
fn a_capture_of_default_length_holds_request_and_response() {
    let head = b"GET /catalogue?page=2 HTTP/1.1\r\nHost: shop\r\n\
        User-Agent: curl/8\r\nAccept: */*\r\n\r\n";
    let request = segment((CLIENT, 4000), (SERVER, 80), (1, 1, 0x18), head);
    let response = segment(
        (SERVER, 80),
        (CLIENT, 4000),
        (1, 1 + len(head), 0x18),
        &[OK, &[b'x'; 900]].concat(),
    );
    let data = [
        trace_cut(TO_OVERLAY, &request, 128),
        trace_cut(TO_ENDPOINT, &response, 128),
    ];
    assert_eq!(
        messages(&data),
        [
            "GET http://shop/catalogue?page=2 no headers",
            "200 (GET http://shop/catalogue?page=2)"
        ]
    );
}
