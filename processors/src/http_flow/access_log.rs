//! The HTTP part of an access-log record, by the rules of Hubble's
//! `pkg/hubble/parser/seven/http.go` (v1.19.4).

use tidegate_model::flow::{
    CommonText, Http, L7, L7Record, L7Type, MessageSource, Missing, common_text,
};
use tidegate_wire::access_log::{HttpView, Map, Texts};

use super::requests::RequestTable;
use super::traceparent;
use crate::l7::access_log::{AccessLogEntry, low_u32};
use crate::l7::pending::{ContentHasher, ExchangeId};
use crate::l7::redaction::Redaction;
use crate::l7::url;

/// Returns the L7 part of a record's flow.
pub(super) fn l7(
    entry: &AccessLogEntry<'_>,
    logged_at: jiff::SignedDuration,
    requests: &mut RequestTable,
    redaction: &Redaction,
) -> L7 {
    let l7_type = entry.l7_type;
    let logged = entry.view.http.unwrap_or_default();
    let headers = logged.headers.map(headers).unwrap_or_default();
    let request_id = header(&headers, "X-Request-Id");
    let (latency_ns, trace_context) = match l7_type {
        L7Type::Request => {
            let context = header(&headers, "Traceparent").and_then(traceparent::parse);
            requests.add(request_id, logged_at, context);
            (0, context)
        }
        L7Type::Response => requests.take(request_id, logged_at),
        L7Type::Sample | L7Type::Unknown => (0, None),
    };
    L7 {
        l7_type,
        latency_ns,
        observed_latency: None,
        record: L7Record::Http(http(&logged, l7_type, headers, redaction)),
        trace_context,
        source: MessageSource::Proxy,
        missing: Missing::NOTHING,
    }
}

fn http(
    logged: &HttpView<'_>,
    l7_type: L7Type,
    mut headers: Vec<(CommonText, String)>,
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
        method: common_text(logged.method.0),
        url: logged
            .url
            .map(|url| redaction.url(url.lossy()))
            .unwrap_or_default(),
        protocol: common_text(logged.protocol.0),
        headers,
    }
}

/// Returns the headers sorted by name. Go writes maps in any order, and if a key occurs twice, the
/// last one counts.
fn headers(map: Map<'_, Texts<'_>>) -> Vec<(CommonText, String)> {
    let flatten = |(key, values): (CommonText, Texts<'_>), out: &mut Vec<_>| {
        out.extend(values.iter().map(|value| (key.clone(), value.to_owned())));
    };
    let mut entries = map.iter().map(|(key, values)| (common_text(key.0), values));
    let mut headers = Vec::new();
    let Some(first) = entries.next() else {
        return headers;
    };
    let Some(second) = entries.next() else {
        flatten(first, &mut headers);
        return headers;
    };
    let mut all: Vec<_> = [first, second].into_iter().chain(entries).collect();
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    for same in all.chunk_by_mut(|(a, _), (b, _)| a == b) {
        if let Some(last) = same.last_mut() {
            flatten(std::mem::take(last), &mut headers);
        }
    }
    headers
}

/// Returns the first value of a header, if it is not empty. `name` is in Go's canonical form, in
/// which the agent writes all names.
fn header<'a>(headers: &'a [(CommonText, String)], name: &str) -> Option<&'a str> {
    let (_, value) = headers.iter().find(|(key, _)| key == name)?;
    Some(value.as_str()).filter(|value| !value.is_empty())
}

/// Returns the exchange that a record reports. A status alone hardly identifies the exchange of a
/// response, so its port counts, too.
pub(super) fn exchange(entry: &AccessLogEntry<'_>, hasher: &ContentHasher) -> Option<ExchangeId> {
    let http = entry.view.http?;
    let (client, port) = entry.client()?;
    let is_response = entry.l7_type == L7Type::Response;
    let content = if is_response {
        hasher.hash(http.code)
    } else {
        let url = http.url.unwrap_or_default().lossy();
        hasher.hash((&*http.method.lossy(), url::target(&url)))
    };
    Some(ExchangeId {
        client,
        client_port: is_response.then_some(port),
        is_response,
        content: Some(content),
    })
}
