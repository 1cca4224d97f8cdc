//! HTTP/1 heads in captured packets.

use tidegate_core::flow::{Flow, Http, L4, L7, L7Record, L7Type, Seen, Word, word};
use tidegate_wire::http::{self, Head, StartLine};

use super::traceparent::trace_id;
use super::url;
use crate::wire_seen::{Content, Message};

/// Headers that are kept, in the form and order that Hubble shows them. Nobody asked to have the others recorded,
/// and some are secrets: proxies, too, report only what a policy lets them.
const HEADERS: [&str; 7] =
    ["Content-Length", "Content-Type", "Host", "Server", "Traceparent", "User-Agent", "X-Request-Id"];

/// Looks for a head in a flow's payload.
pub(super) fn find<'a>(flow: &Flow, bytes: &'a [u8], content: &Content) -> Option<(Message, Head<'a>)> {
    if !matches!(flow.l4, L4::Tcp { .. }) {
        return None;
    }
    let head = http::parse(flow.payload.of(bytes)).ok()?;
    let (is_response, content) = match head.start {
        StartLine::Request { method, target, .. } => (false, content.of((method, url::target(target)))),
        StartLine::Response { status, .. } => (true, content.of(i64::from(status))),
    };
    let message = Message::in_flow(flow, is_response, content, flow.tcp_seq)?;
    Some((Message { by_port: is_response, ..message }, head))
}

/// What goes on the flow of a message.
pub(super) fn l7(head: &Head<'_>) -> L7 {
    let protocol = word(head.start.protocol().as_bytes());
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
    let traceparent = head.header("traceparent").and_then(|value| std::str::from_utf8(value).ok());
    let trace_id = traceparent.filter(|_| l7_type == L7Type::Request).and_then(trace_id);
    L7 { l7_type, latency_ns: 0, record: L7Record::Http(http), trace_id, seen: Seen::Wire }
}

/// The target as a URL, where its host was captured; nothing on this port is encrypted.
fn url(head: &Head<'_>, target: &str) -> String {
    match head.host() {
        Some(host) if target.starts_with('/') => format!("http://{host}{target}"),
        _ => target.to_owned(),
    }
}

fn headers(head: &Head<'_>) -> Vec<(Word, String)> {
    let values = |name: &'static str| {
        let named = head.headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
        named.map(move |header| (Word::Borrowed(name), String::from_utf8_lossy(header.value).into_owned()))
    };
    HEADERS.into_iter().flat_map(values).collect()
}
