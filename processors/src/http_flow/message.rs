//! What goes on the flow of a head that was found in a packet.

use std::borrow::Cow;

use tidegate_model::flow::{
    Http, L7, L7Record, L7Type, MessagePart, Missing, ObservedLatency, Seen, Word, word,
};
use tidegate_wire::http::Head;
use tidegate_wire::text::Text;

use super::connections::Asked;
use super::traceparent::trace_id;
use crate::l7::redaction::Redaction;

/// Headers that are kept, in the form and order that Hubble shows them. The others were not asked
/// for, and some are secrets: proxies, too, report only what a policy lets them.
const HEADERS: [&str; 7] = [
    "Content-Length",
    "Content-Type",
    "Host",
    "Server",
    "Traceparent",
    "User-Agent",
    "X-Request-Id",
];

/// A request's.
pub(super) fn request(head: &Head<'_>, method: &str, target: &[u8], redaction: &Redaction) -> L7 {
    let url = redaction.url(url(head, target));
    let traceparent = head
        .header("Traceparent")
        .and_then(|value| std::str::from_utf8(value).ok());
    let http = Http {
        method: word(method.as_bytes()),
        url,
        ..http(head, redaction)
    };
    L7 {
        trace_id: traceparent.and_then(trace_id),
        ..l7(L7Type::Request, head, http)
    }
}

/// A response's. It has method and URL of the request that it answers, as proxies' records have
/// them, if that is known.
pub(super) fn response(
    head: &Head<'_>,
    status: u16,
    asked: Option<&Asked>,
    latency: Option<ObservedLatency>,
    redaction: &Redaction,
) -> L7 {
    let http = Http {
        code: status.into(),
        ..http(head, redaction)
    };
    let mut l7 = L7 {
        observed_latency: latency,
        ..l7(L7Type::Response, head, http)
    };
    if let Some(asked) = asked {
        relate(&mut l7, asked);
    }
    l7
}

/// Puts on a response what its request said.
pub(super) fn relate(response: &mut L7, asked: &Asked) {
    if let L7Record::Http(http) = &mut response.record {
        http.method.clone_from(&asked.method);
        http.url.clone_from(&asked.url);
    }
    response.trace_id.clone_from(&asked.trace_id);
}

fn l7(l7_type: L7Type, head: &Head<'_>, http: Http) -> L7 {
    let missing = if head.is_complete() {
        Missing::NOTHING
    } else {
        Missing::NOTHING.and(MessagePart::Headers)
    };
    L7 {
        l7_type,
        latency_ns: 0,
        observed_latency: None,
        record: L7Record::Http(http),
        trace_id: None,
        seen: Seen::Wire,
        missing,
    }
}

fn http(head: &Head<'_>, redaction: &Redaction) -> Http {
    Http {
        protocol: Word::Borrowed(head.start.protocol()),
        headers: headers(head, redaction),
        ..Http::default()
    }
}

/// The target as a URL, where its host was captured; nothing on this port is encrypted.
fn url<'a>(head: &Head<'_>, target: &'a [u8]) -> Cow<'a, str> {
    let target = Text(target).lossy();
    match head.host() {
        Some(host) if target.starts_with('/') => ["http://", host, &target].concat().into(),
        _ => target,
    }
}

fn headers(head: &Head<'_>, redaction: &Redaction) -> Vec<(Word, String)> {
    let mut headers = Vec::with_capacity(HEADERS.len().min(head.headers.len()));
    for name in HEADERS {
        for header in &head.headers {
            if header.is(name) {
                headers.push((
                    Word::Borrowed(name),
                    redaction.header(name, || Text(header.value).to_owned()),
                ));
            }
        }
    }
    headers
}
