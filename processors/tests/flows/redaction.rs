//! Redaction of captured messages, and its settings. `tests/conformance_golden.rs` compares the
//! redaction of access-log records with Hubble's.

use tidegate_model::flow::L7Record;
use tidegate_wire::access_log::Http;

use crate::events::{LogRecord, access_log, logged};
use crate::http_support::{chain, client_segment, len, message, server_segment};
use crate::support::{NOON, build};

const GET: &[u8] = b"GET /a?token=secret#f HTTP/1.1\r\nHost: shop\r\n\
    User-Agent: curl/8\r\nX-Request-Id: 5\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n";

/// Returns the messages of an exchange, each with its headers.
fn exchange(redact: &str, request: &[u8]) -> Vec<(String, String)> {
    let mut chain = chain(&format!("{{ redact = {redact} }}"));
    chain.run([
        client_segment(1, 1, request),
        server_segment(1, 1 + len(request), OK),
    ]);
    let flows = chain.finish(NOON);
    let headers = |record: &L7Record| {
        let L7Record::Http(http) = record else {
            panic!("{record:?}")
        };
        http.headers
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    flows
        .iter()
        .map(|flow| {
            (
                message(flow),
                headers(&flow.l7.as_ref().expect("an L7 flow").record),
            )
        })
        .collect()
}

#[test]
fn captured_messages_are_redacted_by_hubbles_rules() {
    let whole = "GET http://shop/a?token=secret#f";
    let cases = [
        (
            "{}",
            whole,
            "Host=shop User-Agent=curl/8 X-Request-Id=5",
            "Content-Length=0 Server=nginx",
        ),
        (
            "{ enabled = true, http = { url_query = true } }",
            "GET http://shop/a",
            "Host=HUBBLE_REDACTED User-Agent=HUBBLE_REDACTED X-Request-Id=HUBBLE_REDACTED",
            "Content-Length=HUBBLE_REDACTED Server=HUBBLE_REDACTED",
        ),
        (
            "{ enabled = true, http = { headers = { allow = ['host', 'SERVER'] } } }",
            whole,
            "Host=shop User-Agent=HUBBLE_REDACTED X-Request-Id=HUBBLE_REDACTED",
            "Content-Length=HUBBLE_REDACTED Server=nginx",
        ),
        (
            "{ enabled = true, \
               http = { urlQuery = true, headers = { deny = ['host', 'SERVER'] } } }",
            "GET http://shop/a",
            "Host=HUBBLE_REDACTED User-Agent=curl/8 X-Request-Id=5",
            "Content-Length=0 Server=HUBBLE_REDACTED",
        ),
    ];
    for (redact, request, asked, answered) in cases {
        let expected = [
            (request.to_owned(), asked.to_owned()),
            (format!("200 ({request})"), answered.to_owned()),
        ];
        assert_eq!(exchange(redact, GET), expected, "{redact}");
    }
}

#[test]
fn a_password_in_a_captured_url_is_redacted_unless_disabled() {
    let get = b"GET http://user:secret@shop/a HTTP/1.1\r\n\r\n";
    for (redact, expected) in [
        ("{}", "GET http://user:HUBBLE_REDACTED@shop/a"),
        (
            "{ http = { user_info = false } }",
            "GET http://user:HUBBLE_REDACTED@shop/a",
        ),
        (
            "{ enabled = true, http = { user_info = false } }",
            "GET http://user:secret@shop/a",
        ),
    ] {
        assert_eq!(exchange(redact, get)[0].0, expected, "{redact}");
    }
}

#[test]
fn a_proxied_message_is_recognised_before_redaction() {
    let mut chain = chain("{ redact = { enabled = true, http = { url_query = true } } }");
    let http = Http {
        method: "GET".into(),
        url: Some("http://shop/a?token=secret".into()),
        ..Http::default()
    };
    let record = access_log(&LogRecord {
        http: Some(http),
        ..logged("Request", 6, 4000, 80)
    });
    chain.run([client_segment(1, 1, GET), record]);
    assert_eq!(
        chain.finish(NOON).len(),
        0,
        "the captured message is that of the record"
    );
}

#[test]
fn redaction_settings_that_hubble_rejects_are_rejected() {
    for kind in ["http_flow", "l7_flow"] {
        let both = "{ redact = { http = { headers = { allow = ['a'], deny = ['b'] } } } }";
        let error = build(kind, both).err().expect("an error");
        assert_eq!(
            error,
            "redact: redact.http.headers has `allow` and `deny`; only one of them can be given"
        );
        assert!(
            build(
                kind,
                "{ redact = { enabled = true, kafka = { apiKey = true } } }"
            )
            .is_ok()
        );
        let error = build(kind, "{ redact = { http = { query = true } } }")
            .err()
            .expect("an error");
        assert!(error.contains("unknown field `query`"), "{error}");
    }
}
