//! HTTP/1 heads in captured packets.

use tidegate_core::flow::{Flow, Http, L7, L7Record, L7Type, Missing, Seen, Word, word};
use tidegate_wire::http::{self, Head, Start, StartLine};
use tidegate_wire::text::Text;

use super::traceparent::trace_id;
use super::url;
use crate::wire_seen::{Content, Message};

/// Headers that are kept, in the form and order that Hubble shows them. Nobody asked to have the others recorded,
/// and some are secrets: proxies, too, report only what a policy lets them.
const HEADERS: [&str; 7] =
    ["Content-Length", "Content-Type", "Host", "Server", "Traceparent", "User-Agent", "X-Request-Id"];

/// Looks for a head in a flow's payload, of which the first line is read: most packets are reported more than once.
pub(super) fn find<'a>(flow: &Flow, bytes: &'a [u8], content: &Content) -> Option<(Message, Start<'a>)> {
    let start = http::start(flow.payload.of(bytes)).ok()?;
    let (is_response, content) = match start.line {
        StartLine::Request { method, target, .. } => (false, content.of((method, url::target(target)))),
        StartLine::Response { status, .. } => (true, content.of(i64::from(status))),
    };
    let message = Message::in_flow(flow, is_response, content, flow.tcp_seq)?;
    Some((Message { by_port: is_response, ..message }, start))
}

/// What goes on the flow of a message; `None` if it is none behind its first line.
pub(super) fn l7(start: Start<'_>) -> Option<L7> {
    start.head().ok().map(|head| l7_of(&head))
}

fn l7_of(head: &Head<'_>) -> L7 {
    let protocol = Word::Borrowed(head.start.protocol());
    let headers = headers(head);
    let (l7_type, http) = match head.start {
        StartLine::Request { method, target, .. } => {
            let url = url::without_password(url(head, target).into());
            (L7Type::Request, Http { code: 0, method: word(method.as_bytes()), url, protocol, headers })
        }
        StartLine::Response { status, .. } => {
            (L7Type::Response, Http { code: status.into(), protocol, headers, ..Http::default() })
        }
    };
    let traceparent = head.header("Traceparent").and_then(|value| std::str::from_utf8(value).ok());
    let trace_id = traceparent.filter(|_| l7_type == L7Type::Request).and_then(trace_id);
    L7 { l7_type, latency_ns: 0, record: L7Record::Http(http), trace_id, seen: Seen::Wire, missing: Missing::NOTHING }
}

/// The target as a URL, where its host was captured; nothing on this port is encrypted.
fn url(head: &Head<'_>, target: &str) -> String {
    match head.host() {
        Some(host) if target.starts_with('/') => ["http://", host, target].concat(),
        _ => target.to_owned(),
    }
}

fn headers(head: &Head<'_>) -> Vec<(Word, String)> {
    let mut headers = Vec::with_capacity(HEADERS.len().min(head.headers.len()));
    for name in HEADERS {
        for header in &head.headers {
            if header.is(name) {
                headers.push((Word::Borrowed(name), Text(header.value).to_owned()));
            }
        }
    }
    headers
}
