//! Builds the L7 part of the flow of an HTTP head that was found in a packet.

use std::borrow::Cow;

use tidegate_model::flow::{
    CommonText, Http, L7, L7Record, L7Type, MessagePart, MessageSource, Missing, ObservedLatency,
    common_text,
};
use tidegate_wire::http::Head;
use tidegate_wire::text::Text;

use super::connections::PendingRequest;
use super::traceparent;
use crate::l7::redaction::Redaction;

/// The headers that are kept, in the form and order in which Hubble shows them. Others may hold
/// secrets; proxies report only the headers that a policy allows, too.
const HEADERS: [&str; 7] = [
    "Content-Length",
    "Content-Type",
    "Host",
    "Server",
    "Traceparent",
    "User-Agent",
    "X-Request-Id",
];

/// Builds a request.
pub(super) fn request(head: &Head<'_>, method: &str, target: &[u8], redaction: &Redaction) -> L7 {
    let traceparent = head
        .header("Traceparent")
        .and_then(|value| std::str::from_utf8(value).ok());
    let http = Http {
        method: common_text(method.as_bytes()),
        url: redaction.url(url(head, target)),
        ..http(head, redaction)
    };
    L7 {
        trace_context: traceparent.and_then(traceparent::parse),
        ..l7(L7Type::Request, head, http)
    }
}

/// Builds a response. As in proxies' records, it has method and URL of its request, if that is
/// known.
pub(super) fn response(
    head: &Head<'_>,
    status: u16,
    request: Option<&PendingRequest>,
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
    if let Some(request) = request {
        set_request(&mut l7, request);
    }
    l7
}

/// Copies method, URL and trace context of the request to its response.
pub(super) fn set_request(response: &mut L7, request: &PendingRequest) {
    if let L7Record::Http(http) = &mut response.record {
        http.method.clone_from(&request.method);
        http.url.clone_from(&request.url);
    }
    response.trace_context = request.trace_context;
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
        trace_context: None,
        source: MessageSource::Wire,
        missing,
    }
}

fn http(head: &Head<'_>, redaction: &Redaction) -> Http {
    Http {
        protocol: CommonText::Borrowed(head.start.protocol()),
        headers: headers(head, redaction),
        ..Http::default()
    }
}

/// Returns the target as a URL, if the host was captured. HTTP that can be read is not encrypted.
fn url<'a>(head: &Head<'_>, target: &'a [u8]) -> Cow<'a, str> {
    let target = Text(target).lossy();
    match head.host() {
        Some(host) if target.starts_with('/') => ["http://", host, &target].concat().into(),
        _ => target,
    }
}

fn headers(head: &Head<'_>, redaction: &Redaction) -> Vec<(CommonText, String)> {
    let mut headers = Vec::with_capacity(HEADERS.len().min(head.headers.len()));
    for name in HEADERS {
        for header in &head.headers {
            if header.is(name) {
                headers.push((
                    CommonText::Borrowed(name),
                    redaction.header(name, || Text(header.value).to_owned()),
                ));
            }
        }
    }
    headers
}
