//! The HTTP part of an access-log record: Hubble's `pkg/hubble/parser/seven/http.go` (v1.19.4).

use tidegate_core::flow::{Http, L7, L7Record, L7Type, Seen};
use tidegate_wire::access_log::{self, LogRecord};

use super::exchanges::Exchanges;
use super::traceparent::trace_id;
use super::url;
use crate::access_log_flow::{client, l7_type, low_u32};
use crate::wire_seen::{Content, Exchange};

/// Takes the HTTP part out of a record.
pub(super) fn l7(log: &mut LogRecord, logged_at: jiff::SignedDuration, exchanges: &mut Exchanges) -> L7 {
    let l7_type = l7_type(log);
    let logged = log.http.take().unwrap_or_default();
    let request_id = header(&logged, "X-Request-Id");
    let (latency_ns, trace_id) = match l7_type {
        L7Type::Request => {
            let trace_id = header(&logged, "Traceparent").and_then(trace_id);
            exchanges.request(request_id, logged_at, trace_id.as_deref());
            (0, trace_id)
        }
        L7Type::Response => exchanges.response(request_id, logged_at),
        L7Type::Sample | L7Type::Unknown => (0, None),
    };
    let record = L7Record::Http(http(logged, l7_type));
    L7 { l7_type, latency_ns, record, trace_id, seen: Seen::Proxy }
}

fn http(logged: access_log::Http, l7_type: L7Type) -> Http {
    let code = if l7_type == L7Type::Request { 0 } else { logged.code };
    let headers = logged.headers.unwrap_or_default().into_iter();
    Http {
        code: low_u32(code.to_le_bytes()),
        method: logged.method,
        url: logged.url.map(url::without_password).unwrap_or_default(),
        protocol: logged.protocol,
        headers: headers.flat_map(|(key, values)| values.into_iter().map(move |value| (key.clone(), value))).collect(),
    }
}

/// The first value of a header, by its name in Go's canonical form, which is how the agent writes all of them.
fn header<'a>(http: &'a access_log::Http, name: &str) -> Option<&'a str> {
    http.headers.as_ref()?.get(name)?.first().map(String::as_str).filter(|value| !value.is_empty())
}

/// What a record reports. A status alone says little about which exchange it belongs to, so there the port counts.
pub(super) fn exchange(log: &LogRecord, content: &Content) -> Option<Exchange> {
    let (http, (client, port)) = (log.http.as_ref()?, client(log)?);
    let is_response = l7_type(log) == L7Type::Response;
    let content = if is_response {
        content.of(http.code)
    } else {
        content.of((http.method.as_str(), url::target(http.url.as_deref().unwrap_or_default())))
    };
    Some(Exchange { client, client_port: is_response.then_some(port), is_response, content: Some(content) })
}
