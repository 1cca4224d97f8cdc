//! HTTP/1 heads: whole, cut short, and what is none.

use proptest::prelude::*;
use tidegate_wire::http::{Head, Header, Reason, StartLine, may_be_head, parse};

const REQUEST: &[u8] =
    b"GET /v1/items?id=7 HTTP/1.1\r\nHost: shop.example\r\nX-Request-Id:  42 \r\nAccept:\r\n\r\nbody";
const RESPONSE: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nServer: envoy\r\n\r\n";

fn header<'a>(name: &'a str, value: &'a str) -> Header<'a> {
    let value = value.as_bytes();
    Header { name, value }
}

#[test]
fn a_request_gives_its_line_its_headers_and_its_host() {
    let head = parse(REQUEST).unwrap();
    let expected = Head {
        start: StartLine::Request { method: "GET", target: "/v1/items?id=7", minor_version: 1 },
        headers: vec![header("Host", "shop.example"), header("X-Request-Id", "42"), header("Accept", "")],
        complete: true,
    };
    assert_eq!(head, expected);
    assert_eq!((head.host(), head.start.protocol()), (Some("shop.example"), "HTTP/1.1"));
    assert_eq!(head.header("x-request-id"), Some(&b"42"[..]));
}

#[test]
fn a_response_gives_its_status_and_its_headers() {
    let head = parse(RESPONSE).unwrap();
    let (minor_version, status) = (1, 404);
    assert_eq!(head.start, StartLine::Response { minor_version, status });
    assert_eq!(head.headers, [header("Content-Length", "0"), header("Server", "envoy")]);
    assert!(head.complete);
    let old = parse(b"HTTP/1.0 200 OK\r\n\r\n").unwrap();
    assert_eq!(old.start.protocol(), "HTTP/1.0");
}

#[test]
fn a_head_cut_anywhere_gives_its_line_and_whole_headers_or_nothing() {
    for (bytes, start_line) in [(REQUEST, "GET /v1/items?id=7 HTTP/1.1"), (RESPONSE, "HTTP/1.1 404")] {
        let whole = parse(bytes).unwrap();
        let end = bytes.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
        for len in 0..end {
            match parse(&bytes[..len]) {
                Err(reason) => {
                    assert_eq!(reason, Reason::Truncated, "{len}");
                    assert!(len < start_line.len(), "{len}");
                }
                Ok(cut) => {
                    assert!(len >= start_line.len() && !cut.complete, "{len}");
                    assert_eq!(cut.start, whole.start);
                    assert!(whole.headers.starts_with(&cut.headers), "{len}");
                }
            }
        }
    }
}

#[test]
fn a_target_may_be_a_path_a_url_an_authority_or_everything() {
    let cases = [
        ("GET http://a.example/b HTTP/1.1\r\n\r\n", true),
        ("CONNECT a.example:443 HTTP/1.1\r\n\r\n", true),
        ("OPTIONS * HTTP/1.1\r\n\r\n", true),
        ("GET * HTTP/1.1\r\n\r\n", false),
        ("GET index HTTP/1.1\r\n\r\n", false),
        ("CONNECT /path HTTP/1.1\r\n\r\n", false),
    ];
    for (text, accepted) in cases {
        assert_eq!(parse(text.as_bytes()).is_ok(), accepted, "{text}");
    }
}

#[test]
fn what_starts_with_no_head_is_refused() {
    let cases: [&[u8]; 14] = [
        b"\r\nGET / HTTP/1.1\r\n\r\n",
        b"get / HTTP/1.1\r\n\r\n",
        b"THE / HTTP/1.1\r\n\r\n",
        b"THE END",
        b"GETTING better",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"HTTP/1.1 099 No\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"{\"json\": true}",
        b"\x16\x03\x01\x02\x00",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"\x00",
    ];
    for bytes in cases {
        assert_eq!(parse(bytes), Err(Reason::NotHttp), "{}", bytes.escape_ascii());
    }
}

#[test]
fn what_could_begin_a_head_is_told_by_its_first_bytes() {
    for (bytes, expected) in [
        (b"GET ", true),
        (b"PUT/", true),
        (b"HTTP", true),
        (b"POST", true),
        (b"get ", false),
        (b"GE\0\0", false),
        (b"{\"js", false),
        (b"\x16\x03\x01\x02", false),
        (b"\0\0\0\0", false),
    ] {
        assert_eq!(may_be_head(*bytes), expected, "{}", bytes.escape_ascii());
    }
}

#[test]
fn more_headers_than_any_server_takes_are_left_out_as_if_cut() {
    for (count, is_complete) in
        [(15, true), (16, true), (17, true), (99, true), (100, true), (101, false), (150, false)]
    {
        let lines: String = (0..count).map(|line| format!("x-{line}: 1\r\n")).collect();
        let text = format!("GET / HTTP/1.1\r\n{lines}\r\n");
        let head = parse(text.as_bytes()).unwrap();
        assert_eq!((head.headers.len(), head.complete), (count.min(100), is_complete), "{count}");
    }
}

/// Start line, headers and whether these are all, as httparse reads a payload in one go, if it is a head by its rules.
type OneGo<'a> = Option<(StartLine<'a>, Vec<Header<'a>>, bool)>;

fn in_one_go(payload: &[u8]) -> OneGo<'_> {
    let mut buffer = [httparse::EMPTY_HEADER; 100];
    let (read, start) = if payload.starts_with(b"HTTP") {
        let mut response = httparse::Response::new(&mut buffer);
        let read = response.parse(payload);
        (read, StartLine::Response { minor_version: response.version?, status: response.code? })
    } else {
        let mut request = httparse::Request::new(&mut buffer);
        let read = request.parse(payload);
        let (method, target) = (request.method?, request.path?);
        (read, StartLine::Request { method, target, minor_version: request.version? })
    };
    let complete = match read {
        Ok(status) => status.is_complete(),
        Err(httparse::Error::TooManyHeaders) => false,
        Err(_) => return None,
    };
    let headers = buffer.iter().take_while(|header| !header.name.is_empty());
    Some((start, headers.map(|header| Header { name: header.name, value: header.value }).collect(), complete))
}

/// Lines of heads, and what comes between.
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

    #[test]
    fn a_head_is_what_httparse_reads_in_one_go(payload in pieces(), cut in 0..120_usize) {
        let payload = &payload[..cut.min(payload.len())];
        let begins = payload.first().is_some_and(u8::is_ascii_uppercase);
        let expected = in_one_go(payload).filter(|_| begins);
        let head = parse(payload).ok().map(|head| (head.start, head.headers, head.complete));
        prop_assert_eq!(head, expected);
    }
}

proptest! {
    #[test]
    fn what_a_head_is_made_of_is_read_from_it(
        target in "/[a-zA-Z0-9/?=&%._-]{0,40}",
        minor_version in 0_u8..2,
        status in proptest::option::of(100_u16..600),
        headers in proptest::collection::vec(("[A-Za-z-]{1,12}", "([!-~]([ -~]{0,12}[!-~])?)?"), 0..8),
    ) {
        let (start, line) = match status {
            Some(status) => {
                (StartLine::Response { minor_version, status }, format!("HTTP/1.{minor_version} {status} Reason"))
            }
            None => {
                let start = StartLine::Request { method: "PATCH", target: &target, minor_version };
                (start, format!("PATCH {target} HTTP/1.{minor_version}"))
            }
        };
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let bytes = format!("{line}\r\n{lines}\r\nbody");
        let headers = headers.iter().map(|(name, value)| header(name, value)).collect();
        prop_assert_eq!(parse(bytes.as_bytes()), Ok(Head { start, headers, complete: true }));
    }

    #[test]
    fn any_bytes_make_a_head_or_a_reason(
        start in prop_oneof![Just(""), Just("GET / HTTP/1.1\r\n"), Just("HTTP/1.1 200 "), Just("POST ")],
        rest in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'\r'), Just(b'\n'), Just(b':')], 0..80),
    ) {
        let bytes = [start.as_bytes(), &rest].concat();
        if let Ok(head) = parse(&bytes) {
            prop_assert!(may_be_head(*bytes.first_chunk().unwrap()));
            prop_assert!(head.headers.iter().all(|header| !header.name.is_empty()));
        }
    }
}
