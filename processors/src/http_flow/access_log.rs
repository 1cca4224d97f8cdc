//! The HTTP part of an access-log record: Hubble's `pkg/hubble/parser/seven/http.go` (v1.19.4).

use tidegate_model::flow::{Http, L7, L7Record, L7Type, Missing, Seen, Word, word};
use tidegate_wire::access_log::{HttpView, Map, Texts};

use super::requests::Exchanges;
use super::traceparent::trace_id;
use crate::l7::access_log::{Log, low_u32};
use crate::l7::pending::{Content, Exchange};
use crate::l7::redaction::Redaction;
use crate::l7::url;

/// What goes on the flow of a record.
pub(super) fn l7(
    log: &Log<'_>,
    logged_at: jiff::SignedDuration,
    exchanges: &mut Exchanges,
    redaction: &Redaction,
) -> L7 {
    let l7_type = log.l7_type;
    let logged = log.view.http.unwrap_or_default();
    let headers = logged.headers.map(headers).unwrap_or_default();
    let (latency_ns, trace_id) = match l7_type {
        L7Type::Request => {
            let trace_id = header(&headers, "Traceparent").and_then(trace_id);
            exchanges.request(
                header(&headers, "X-Request-Id"),
                logged_at,
                trace_id.as_deref(),
            );
            (0, trace_id)
        }
        L7Type::Response => exchanges.response(header(&headers, "X-Request-Id"), logged_at),
        L7Type::Sample | L7Type::Unknown => (0, None),
    };
    let record = L7Record::Http(http(&logged, l7_type, headers, redaction));
    L7 {
        l7_type,
        latency_ns,
        observed_latency: None,
        record,
        trace_id,
        seen: Seen::Proxy,
        missing: Missing::NOTHING,
    }
}

fn http(
    logged: &HttpView<'_>,
    l7_type: L7Type,
    mut headers: Vec<(Word, String)>,
    redaction: &Redaction,
) -> Http {
    for (name, value) in &mut headers {
        *value = redaction.header(name, || std::mem::take(value));
    }
    let code = if l7_type == L7Type::Request {
        0
    } else {
        logged.code
    };
    Http {
        code: low_u32(code.to_le_bytes()),
        method: word(logged.method.0),
        url: logged
            .url
            .map(|url| redaction.url(url.lossy()))
            .unwrap_or_default(),
        protocol: word(logged.protocol.0),
        headers,
    }
}

/// The headers by key. Go writes maps in any order, and of equal keys the last one counts.
fn headers(map: Map<'_, Texts<'_>>) -> Vec<(Word, String)> {
    let flat = |(key, values): (Word, Texts<'_>), out: &mut Vec<_>| {
        out.extend(values.iter().map(|value| (key.clone(), value.to_owned())));
    };
    let mut keys = map.iter().map(|(key, values)| (word(key.0), values));
    let mut headers = Vec::new();
    let Some(first) = keys.next() else {
        return headers;
    };
    let Some(second) = keys.next() else {
        flat(first, &mut headers);
        return headers;
    };
    let mut all: Vec<_> = [first, second].into_iter().chain(keys).collect();
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    for same in all.chunk_by_mut(|(a, _), (b, _)| a == b) {
        if let Some(last) = same.last_mut() {
            flat(std::mem::take(last), &mut headers);
        }
    }
    headers
}

/// The first value of a header, by its name in Go's canonical form, which is how the agent writes
/// all of them.
fn header<'a>(headers: &'a [(Word, String)], name: &str) -> Option<&'a str> {
    let (_, value) = headers.iter().find(|(key, _)| key == name)?;
    Some(value.as_str()).filter(|value| !value.is_empty())
}

/// What a record reports. A status alone says little about which exchange it belongs to, so there
/// the port counts.
pub(super) fn exchange(log: &Log<'_>, content: &Content) -> Option<Exchange> {
    let (http, (client, port)) = (log.view.http?, log.client()?);
    let is_response = log.l7_type == L7Type::Response;
    let content = if is_response {
        content.of(http.code)
    } else {
        content.of((
            &*http.method.lossy(),
            url::target(&http.url.unwrap_or_default().lossy()),
        ))
    };
    Some(Exchange {
        client,
        client_port: is_response.then_some(port),
        is_response,
        content: Some(content),
    })
}
