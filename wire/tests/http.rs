//! HTTP/1 heads: complete, truncated and malformed ones.

use proptest::prelude::*;
use tidegate_wire::http::{Body, Chunks, Header, Reason, StartLine, chunks, may_be_head, parse};

const REQUEST: &[u8] = b"GET /v1/items?id=7 HTTP/1.1\r\nHost: shop.example\r\n\
    X-Request-Id:  42 \r\nAccept:\r\n\r\nbody";
const RESPONSE: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nServer: envoy\r\n\r\n";

fn header<'a>(name: &'a str, value: &'a str) -> Header<'a> {
    let value = value.as_bytes();
    Header { name, value }
}

#[test]
fn a_request_has_its_line_its_headers_and_its_host() {
    let head = parse(REQUEST).unwrap();
    assert_eq!(
        head.start,
        StartLine::Request {
            method: "GET",
            target: b"/v1/items?id=7",
            minor_version: 1,
        }
    );
    assert_eq!(
        head.headers,
        [
            header("Host", "shop.example"),
            header("X-Request-Id", "42"),
            header("Accept", ""),
        ]
    );
    assert_eq!(
        (head.len, head.bad_headers),
        (Some(REQUEST.len() - b"body".len()), 0)
    );
    assert_eq!(
        (head.host(), head.start.protocol()),
        (Some("shop.example"), "HTTP/1.1")
    );
    assert_eq!(head.header("x-request-id"), Some(&b"42"[..]));
}

#[test]
fn the_host_of_a_request_must_be_unambiguous() {
    for (headers, host) in [
        ("Host: a\r\n", Some("a")),
        ("Host: a\r\nHOST: a\r\n", Some("a")),
        ("Host: a\r\nHost: b\r\n", None),
        ("Host:\r\n", None),
        ("", None),
    ] {
        let text = format!("GET / HTTP/1.1\r\n{headers}\r\n");
        assert_eq!(parse(text.as_bytes()).unwrap().host(), host, "{headers}");
    }
}

#[test]
fn a_response_has_its_status_and_its_headers() {
    let head = parse(RESPONSE).unwrap();
    assert_eq!(
        head.start,
        StartLine::Response {
            minor_version: 1,
            status: 404,
        }
    );
    assert_eq!(
        head.headers,
        [header("Content-Length", "0"), header("Server", "envoy")]
    );
    assert!(head.is_complete());
    let old = parse(b"HTTP/1.0 200 OK\r\n\r\n").unwrap();
    assert_eq!(old.start.protocol(), "HTTP/1.0");
}

#[test]
fn a_truncated_head_has_its_line_and_complete_headers_or_is_refused() {
    for (bytes, start_line) in [
        (REQUEST, "GET /v1/items?id=7 HTTP/1.1"),
        (RESPONSE, "HTTP/1.1 404"),
    ] {
        let whole = parse(bytes).unwrap();
        let end = bytes.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
        for len in 0..end {
            match parse(&bytes[..len]) {
                Err(reason) => {
                    assert_eq!(reason, Reason::Truncated, "{len}");
                    assert!(len < start_line.len(), "{len}");
                }
                Ok(cut) => {
                    assert!(len >= start_line.len() && !cut.is_complete(), "{len}");
                    assert_eq!(cut.start, whole.start);
                    assert!(whole.headers.starts_with(&cut.headers), "{len}");
                }
            }
        }
    }
}

#[test]
fn a_target_is_a_path_a_url_an_authority_or_an_asterisk() {
    let cases = [
        ("GET http://a.example/b HTTP/1.1\r\n\r\n", true),
        ("CONNECT a.example:443 HTTP/1.1\r\n\r\n", true),
        ("OPTIONS * HTTP/1.1\r\n\r\n", true),
        ("M-SEARCH * HTTP/1.1\r\n\r\n", true),
        ("OPTIONS ** HTTP/1.1\r\n\r\n", false),
        ("GET index HTTP/1.1\r\n\r\n", false),
        ("CONNECT /path HTTP/1.1\r\n\r\n", false),
        ("BREW /pot HTTP/1.1\r\n\r\n", true),
        ("BREW pot HTTP/1.1\r\n\r\n", false),
    ];
    for (text, accepted) in cases {
        assert_eq!(parse(text.as_bytes()).is_ok(), accepted, "{text}");
    }
}

#[test]
fn invalid_start_lines_with_a_version_have_their_own_reason() {
    let cases: [&[u8]; 17] = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"GET / HTTP/1.2\r\n\r\n",
        b"GET index HTTP/1.1\r\n\r\n",
        b"GET HTTP/1.1\r\n\r\n",
        b"CONNECT host HTTP/1.1\r\n\r\n",
        b"G{T / HTTP/1.1\r\n\r\n",
        b"G{T / HTTP/1.1",
        b"HTTP/1.1 099 No\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 2x",
        b"HTTP/1.1 20\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1200 OK\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1\r\n",
    ];
    for bytes in cases {
        assert_eq!(
            parse(bytes),
            Err(Reason::BadStartLine),
            "{}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn other_payloads_are_refused() {
    let cases: [&[u8]; 12] = [
        b"THE END",
        b"THE END\r\n",
        b"GETTING better",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\" 200 5 \"-\"\r\n",
        b"OPTIONS rtsp://a/b RTSP/1.0\r\n\r\n",
        b"INVITE sip:a@b SIP/2.0\r\n\r\n",
        b"HTTP is a protocol\r\n",
        b"HTTP/x\r\n",
        b"{\"json\": true}",
        b"\x16\x03\x01\x02\x00",
        b"\x00",
    ];
    for bytes in cases {
        assert_eq!(
            parse(bytes),
            Err(Reason::NotHttp),
            "{}",
            bytes.escape_ascii()
        );
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn uncommon_start_lines_are_read() {
    let request = |method, target: &'static [u8], minor_version| StartLine::Request {
        method,
        target,
        minor_version,
    };
    let response = |status, minor_version| StartLine::Response {
        status,
        minor_version,
    };
    let cases: [(&[u8], StartLine<'_>); 18] = [
        (b"get /a HTTP/1.1\r\n\r\n", request("get", b"/a", 1)),
        (b"X /a HTTP/1.1\r\n\r\n", request("X", b"/a", 1)),
        (
            b"M-SEARCH /a HTTP/1.1\r\n\r\n",
            request("M-SEARCH", b"/a", 1),
        ),
        (b"A1~ /a HTTP/1.1\r\n\r\n", request("A1~", b"/a", 1)),
        (b"BREW /pot HTTP/1.1\r\n\r\n", request("BREW", b"/pot", 1)),
        (
            b"VERSION-CONTROL /a HTTP/1.1\r\n\r\n",
            request("VERSION-CONTROL", b"/a", 1),
        ),
        (b"\r\nGET / HTTP/1.1\r\n\r\n", request("GET", b"/", 1)),
        (b"\r\n\r\nGET / HTTP/1.1\r\n\r\n", request("GET", b"/", 1)),
        (b"\nGET / HTTP/1.1\r\n\r\n", request("GET", b"/", 1)),
        (b"GET  /a   HTTP/1.1 \r\n\r\n", request("GET", b"/a", 1)),
        (b"GET /a b HTTP/1.0\n\n", request("GET", b"/a b", 0)),
        (
            b"GET /\xe4\x01 HTTP/1.1\r\n\r\n",
            request("GET", b"/\xe4\x01", 1),
        ),
        (b"HTTP/1.1 999 Request denied\r\n\r\n", response(999, 1)),
        (b"HTTP/1.1 600\r\n\r\n", response(600, 1)),
        (b"HTTP/1.0 200 O\x01K\r\n\r\n", response(200, 0)),
        (b"HTTP/1.1  200  OK\r\n\r\n", response(200, 1)),
        (b"HTTP/1.1 200 Gr\xfc\xdfe\n\n", response(200, 1)),
        (b"\r\nHTTP/1.1 204 \r\n\r\n", response(204, 1)),
    ];
    for (bytes, expected) in cases {
        let head =
            parse(bytes).unwrap_or_else(|reason| panic!("{}: {reason}", bytes.escape_ascii()));
        assert_eq!(
            (head.start, head.len),
            (expected, Some(bytes.len())),
            "{}",
            bytes.escape_ascii()
        );
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn malformed_header_lines_are_skipped_and_counted() {
    let cases: [(&[u8], &[&str], u32, Body); 13] = [
        (
            b"A: 1\r\nbad line\r\nB: 2\r\n\r\n",
            &["A", "B"],
            1,
            Body::Bytes(0),
        ),
        (b"A : 1\r\nB: 2\r\n\r\n", &["B"], 1, Body::Bytes(0)),
        (b"A B: 1\r\nC: 2\r\n\r\n", &["C"], 1, Body::Bytes(0)),
        (b": 1\r\nC: 2\r\n\r\n", &["C"], 1, Body::Bytes(0)),
        (b"A: 1\x01\r\nB: 2\r\n\r\n", &["B"], 1, Body::Bytes(0)),
        (b"A: 1\rX: 2\r\nB: 2\r\n\r\n", &["B"], 1, Body::Bytes(0)),
        (
            b"A: 1\r\n 2\r\n\t3\r\nB: 2\r\n\r\n",
            &["B"],
            2,
            Body::Bytes(0),
        ),
        (b" A: 1\r\nB: 2\r\n\r\n", &["B"], 1, Body::Bytes(0)),
        (b"A: 1\nbad\nB: \xff\n\n", &["A", "B"], 1, Body::Bytes(0)),
        (
            b"Content-Length : 5\r\nB: 2\r\n\r\n",
            &["B"],
            1,
            Body::Unknown,
        ),
        (
            b"B: 2\r\nContent-Length:\r\n 5\r\n\r\n",
            &["B"],
            1,
            Body::Unknown,
        ),
        (b"A: 1\r\nbad\r\nCut: 2\r\n", &["A"], 1, Body::Unknown),
        (b"A: 1\r\nFolded: 2\r\n 3", &["A"], 0, Body::Unknown),
    ];
    for (lines, names, bad, body) in cases {
        let bytes = [b"GET / HTTP/1.1\r\n", lines].concat();
        let head = parse(&bytes).unwrap();
        let read: Vec<_> = head.headers.iter().map(|header| header.name).collect();
        assert_eq!(
            (&*read, head.bad_headers, head.body(None)),
            (names, bad, body),
            "{}",
            lines.escape_ascii()
        );
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_head_determines_the_end_of_its_message() {
    let get = "GET / HTTP/1.1\r\n";
    let ok = "HTTP/1.1 200 OK\r\n";
    let cases = [
        (get, "", None, Body::Bytes(0)),
        (get, "Content-Length: 5\r\n", None, Body::Bytes(5)),
        (
            get,
            "Content-Length: 5, 5\r\ncontent-length: 5\r\n",
            None,
            Body::Bytes(5),
        ),
        (
            get,
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            None,
            Body::Unknown,
        ),
        (get, "Content-Length: -5\r\n", None, Body::Unknown),
        (
            get,
            "Content-Length: 99999999999999999999\r\n",
            None,
            Body::Unknown,
        ),
        (
            get,
            "Transfer-Encoding: gzip, Chunked\r\nContent-Length: 5\r\n",
            None,
            Body::Chunked,
        ),
        (
            get,
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n",
            None,
            Body::Unknown,
        ),
        (
            "GET / HTTP/1.0\r\n",
            "Transfer-Encoding: chunked\r\n",
            None,
            Body::Unknown,
        ),
        (ok, "Content-Length: 5\r\n", Some("GET"), Body::Bytes(5)),
        (ok, "Content-Length: 5\r\n", Some("HEAD"), Body::Bytes(0)),
        (ok, "", Some("GET"), Body::UntilClose),
        (ok, "", Some("CONNECT"), Body::Bytes(0)),
        (
            "HTTP/1.1 407 No\r\n",
            "Content-Length: 5\r\n",
            Some("CONNECT"),
            Body::Bytes(5),
        ),
        (
            "HTTP/1.1 304 Not Modified\r\n",
            "Content-Length: 5\r\n",
            None,
            Body::Bytes(0),
        ),
        ("HTTP/1.1 204 No Content\r\n", "", None, Body::Bytes(0)),
        ("HTTP/1.1 100 Continue\r\n", "", None, Body::Bytes(0)),
    ];
    for (line, headers, method, expected) in cases {
        let whole = format!("{line}{headers}\r\n");
        assert_eq!(
            parse(whole.as_bytes()).unwrap().body(method),
            expected,
            "{whole} {method:?}"
        );
        assert_eq!(
            parse(line.as_bytes()).unwrap().body(method),
            Body::Unknown,
            "{line} {method:?}"
        );
    }
}

#[test]
fn chunks_end_after_their_trailers() {
    let cases: [(&[u8], Chunks); 13] = [
        (b"0\r\n\r\nGET", Chunks::End(5)),
        (b"3\r\nabc\r\n0\r\n\r\n", Chunks::End(13)),
        (
            b"3;name=value\r\nabc\r\n0\r\nTrailer: 1\r\n\r\nHTTP",
            Chunks::End(36),
        ),
        (b"3\r\nabc\r\n", Chunks::Beyond(9)),
        (b"3\r\nabc", Chunks::Beyond(8)),
        (b"3\r\nabc\r", Chunks::Beyond(8)),
        (b"3\r\nab", Chunks::Beyond(8)),
        (b"3\r\nabc\r\n40\r\nab", Chunks::Beyond(8 + 4 + 64 + 2)),
        (b"ffffffffffffffff\r\nab", Chunks::Beyond(u64::MAX)),
        (b"0\r\nTrailer: 1\r\n", Chunks::Beyond(16)),
        (b"", Chunks::Beyond(1)),
        (b"xyz\r\n", Chunks::Malformed),
        (b"3\r\nabcd\r\n", Chunks::Malformed),
    ];
    for (bytes, expected) in cases {
        assert_eq!(chunks(bytes), expected, "{}", bytes.escape_ascii());
    }
}

#[test]
fn the_first_bytes_rule_out_most_other_payloads() {
    for (bytes, expected) in [
        (b"GET ", true),
        (b"PUT/", true),
        (b"HTTP", true),
        (b"POST", true),
        (b"get ", true),
        (b"\r\nGE", true),
        (b"\r\n\r\n", true),
        (b"\nPUT", true),
        (b"\n\x05PU", false),
        (b"X / ", true),
        (b"M-SE", true),
        (b"A1 /", true),
        (b"X\x1f/ ", false),
        (b"X \x9f ", false),
        (b"X\0\0\0", false),
        (b"7 / ", false),
        (b"GE\0\0", false),
        (b"*3\r\n", false),
        (b"{\"js", false),
        (b"\x16\x03\x01\x02", false),
        (b"\0\0\0\0", false),
    ] {
        assert_eq!(may_be_head(*bytes), expected, "{}", bytes.escape_ascii());
    }
}

#[test]
fn headers_beyond_the_limit_are_omitted_as_if_truncated() {
    for (count, is_complete) in [
        (15, true),
        (16, true),
        (17, true),
        (99, true),
        (100, true),
        (101, false),
        (150, false),
    ] {
        let lines: String = (0..count).map(|line| format!("x-{line}: 1\r\n")).collect();
        let text = format!("GET / HTTP/1.1\r\n{lines}\r\n");
        let head = parse(text.as_bytes()).unwrap();
        assert_eq!(
            (head.headers.len(), head.is_complete()),
            (count.min(100), is_complete),
            "{count}"
        );
    }
}

/// Start line, headers and length as httparse reads them, if it accepts the payload.
type ReadByHttparse<'a> = Option<(StartLine<'a>, Vec<Header<'a>>, Option<usize>)>;

fn read_by_httparse(payload: &[u8]) -> ReadByHttparse<'_> {
    let mut buffer = [httparse::EMPTY_HEADER; 100];
    let (read, start) = if payload.starts_with(b"HTTP") {
        let mut response = httparse::Response::new(&mut buffer);
        let read = response.parse(payload);
        (
            read,
            StartLine::Response {
                minor_version: response.version?,
                status: response.code?,
            },
        )
    } else {
        let mut request = httparse::Request::new(&mut buffer);
        let read = request.parse(payload);
        (
            read,
            StartLine::Request {
                method: request.method?,
                target: request.path?.as_bytes(),
                minor_version: request.version?,
            },
        )
    };
    let len = match read {
        Ok(httparse::Status::Complete(len)) => Some(len),
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => None,
        Err(_) => return None,
    };
    let headers = buffer.iter().take_while(|header| !header.name.is_empty());
    Some((
        start,
        headers
            .map(|header| Header {
                name: header.name,
                value: header.value,
            })
            .collect(),
        len,
    ))
}

/// Concatenations of lines of heads and separators.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: [&[u8]; 14] = [
        b"GET / HTTP/1.1",
        b"POST /a?b HTTP/1.0",
        b"HTTP/1.1 200 OK",
        b"HTTP/1.0 404",
        b"Host: a",
        b"b:",
        b": c",
        b"\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b" ",
        b"\0",
        b"\xff",
    ];
    let piece = proptest::sample::select(&PIECES[..]);
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Heads that httparse refuses may be accepted.
    #[test]
    fn heads_that_httparse_accepts_are_read_alike(payload in pieces(), cut in 0..120_usize) {
        let payload = &payload[..cut.min(payload.len())];
        let begins = payload.first().is_some_and(u8::is_ascii_uppercase);
        if let Some((start, headers, len)) = read_by_httparse(payload).filter(|_| begins) {
            let head = parse(payload).unwrap();
            prop_assert_eq!((head.start, head.len, head.bad_headers), (start, len, 0));
            // The last line of a truncated head could continue.
            let is_last_uncertain = len.is_none() && payload.ends_with(b"\n");
            let certain = headers.len().saturating_sub(usize::from(is_last_uncertain));
            prop_assert_eq!(&head.headers, &headers[..certain]);
        }
    }

    #[test]
    fn bytes_without_a_version_are_refused(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let is_likely = bytes.windows(7).any(|part| part == b"HTTP/1.");
        prop_assert!(is_likely || parse(&bytes).is_err());
    }
}

const NAME: &str = "[A-Za-z-]{1,12}";
const VALUE: &str = "([!-~]([ -~]{0,12}[!-~])?)?";

const STARTS: [&str; 6] = [
    "",
    "\r\n",
    "\nget / HTTP/1.0\n",
    "GET / HTTP/1.1\r\n",
    "HTTP/1.1 200 ",
    "POST ",
];

fn head_byte() -> impl Strategy<Value = u8> {
    prop_oneof![any::<u8>(), Just(b'\r'), Just(b'\n'), Just(b':')]
}

proptest! {
    #[test]
    fn the_parts_of_a_head_are_read_from_it(
        target in "/[a-zA-Z0-9/?=&%._-]{0,40}",
        minor_version in 0_u8..2,
        status in proptest::option::of(100_u16..1000),
        headers in proptest::collection::vec((NAME, VALUE), 0..8),
    ) {
        let (start, line) = match status {
            Some(status) => {
                let start = StartLine::Response { minor_version, status };
                (start, format!("HTTP/1.{minor_version} {status} Reason"))
            }
            None => {
                let target = target.as_bytes();
                let start = StartLine::Request { method: "PATCH", target, minor_version };
                let target = target.escape_ascii();
                (start, format!("PATCH {target} HTTP/1.{minor_version}"))
            }
        };
        let lines = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        let lines: String = lines.collect();
        let bytes = format!("{line}\r\n{lines}\r\nbody");
        let headers = headers.iter().map(|(name, value)| header(name, value));
        let headers: Vec<_> = headers.collect();
        let head = parse(bytes.as_bytes()).unwrap();
        prop_assert_eq!((head.start, head.headers), (start, headers));
        prop_assert_eq!((head.len, head.bad_headers), (Some(bytes.len() - b"body".len()), 0));
    }

    #[test]
    fn any_bytes_result_in_a_head_or_a_reason(
        start in proptest::sample::select(&STARTS[..]),
        rest in proptest::collection::vec(head_byte(), 0..80),
    ) {
        let bytes = [start.as_bytes(), &rest].concat();
        if let Ok(head) = parse(&bytes) {
            prop_assert!(may_be_head(*bytes.first_chunk().unwrap()));
            prop_assert!(head.headers.iter().all(|header| !header.name.is_empty()));
            prop_assert!(head.len.is_none_or(|len| len <= bytes.len()));
            let _ = (head.body(None), head.body(Some("HEAD")), chunks(&bytes));
        }
    }
}
