//! Attributes of a request or response.
//!
//! | attribute | type | meaning |
//! | --- | --- | --- |
//! | `network.protocol.name` | string | `http`, `dns`, `kafka`, or what Cilium's generic proxy calls it |
//! | `network.protocol.version` | string | of HTTP: `1.1`, `2` |
//! | `http.request.method` | string | the method; `_OTHER` for one that no standard has |
//! | `http.request.method_original` | string | that method |
//! | `http.response.status_code` | int | the status |
//! | `url.full` | string | the URL, where host and scheme are known |
//! | `url.path`, `url.query` | string | its parts, where they are not |
//! | `url.original` | string | a target that is no path: `*`, or the authority of `CONNECT` |
//! | `server.address` | string | `Host` or `:authority` of a request |
//! | `user_agent.original` | string | `User-Agent` of a request |
//! | `http.request.header.<name>`, `http.response.header.<name>` | string[] | headers named in `http_headers` |
//! | `dns.question.name` | string | the name asked for, without its last dot |
//! | `dns.answers` | string[] | addresses in the answer; with `answers` in `cilium.l7.incomplete` the first ones |
//! | `cilium.dns.cnames` | string[] | canonical names in the answer |
//! | `cilium.dns.qtypes`, `cilium.dns.rrtypes` | string[] | types asked for and answered: `A`, `AAAA` |
//! | `cilium.dns.rcode` | int | code of a response; absent where it was not captured |
//! | `cilium.dns.ttl` | int | time to live in seconds; absent where no answer has one or not all were captured |
//! | `cilium.kafka.api_key`, `cilium.kafka.topic` | string | of a Kafka message |
//! | `cilium.kafka.api_version`, `cilium.kafka.correlation_id`, `cilium.kafka.error_code` | int | of a Kafka message |
//! | `cilium.l7.fields.<name>` | string | fields of a message of the generic proxy |
//! | `cilium.l7.type` | string | `REQUEST`, `RESPONSE` or `SAMPLE` |
//! | `cilium.l7.incomplete` | string[] | parts of the message that were not captured: `answers`, `rcode`, `records`, `headers` |
//! | `cilium.l7.latency_ns` | uint | time between request and response |
//! | `cilium.l7.latency_error_ns` | uint | of messages found in packets: how far that may be off, because of how their times were taken |
//! | `cilium.l7.seen` | string | `proxy`, or `wire` for messages found in packets |

use tidegate_model::flow::{
    Dns, DnsAnswer, Generic, Http, Kafka, L7, L7Record, L7Type, REDACTED, Seen, qtype_name,
};

use super::headers::HeaderNames;
use super::key::key;
use super::writer::Writer;
use tidegate_format::text::push_dns_address;

/// Methods that OpenTelemetry's conventions know.
const METHODS: [&str; 10] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY",
];

/// Writes them.
pub(super) fn write(out: &mut Writer<'_>, l7: &L7, headers: &HeaderNames) {
    out.text(key!("cilium.l7.type"), l7.l7_type.name());
    out.text(
        key!("cilium.l7.seen"),
        match l7.seen {
            Seen::Proxy => "proxy",
            Seen::Wire => "wire",
        },
    );
    out.list(key!("cilium.l7.incomplete"), l7.missing.names());
    write_latency(out, l7);
    match &l7.record {
        L7Record::Http(http) => {
            write_http(out, http);
            write_headers(out, http, l7.l7_type, headers);
        }
        L7Record::Dns(dns) => write_dns(out, dns, l7.l7_type),
        L7Record::Kafka(kafka) => write_kafka(out, kafka),
        L7Record::Generic(generic) => write_generic(out, generic),
    }
}

/// A proxy's latency of 0 is an unknown one.
fn write_latency(out: &mut Writer<'_>, l7: &L7) {
    match (l7.seen, l7.observed_latency) {
        (Seen::Proxy, _) => out.unsigned_if_any(key!("cilium.l7.latency_ns"), l7.latency_ns),
        (Seen::Wire, Some(latency)) => {
            out.unsigned(key!("cilium.l7.latency_ns"), latency.nanos);
            out.unsigned(key!("cilium.l7.latency_error_ns"), latency.error_nanos);
        }
        (Seen::Wire, None) => {}
    }
}

fn write_http(out: &mut Writer<'_>, http: &Http) {
    out.text(key!("network.protocol.name"), "http");
    let version = http.protocol.strip_prefix("HTTP/").unwrap_or_default();
    out.text_if_any(
        key!("network.protocol.version"),
        version
            .strip_suffix(".0")
            .filter(|v| *v != "1")
            .unwrap_or(version),
    );
    if METHODS.contains(&&*http.method) {
        out.text(key!("http.request.method"), &http.method);
    } else if !http.method.is_empty() {
        out.text(key!("http.request.method"), "_OTHER");
        out.text(key!("http.request.method_original"), &http.method);
    }
    out.int_if_any(key!("http.response.status_code"), http.code);
    if http.url.contains("://") {
        out.text(key!("url.full"), &http.url);
    } else if http.url.starts_with('/') {
        let (path, query) = http.url.split_once('?').unwrap_or((&http.url, ""));
        out.text(key!("url.path"), path);
        out.text_if_any(key!("url.query"), query);
    } else {
        out.text_if_any(key!("url.original"), &http.url);
    }
}

/// Headers are sorted by name, so the values of one stand together.
fn write_headers(out: &mut Writer<'_>, http: &Http, l7_type: L7Type, wanted: &HeaderNames) {
    let is_response = l7_type == L7Type::Response;
    let prefix = if is_response {
        "http.response.header."
    } else {
        "http.request.header."
    };
    for values in http
        .headers
        .chunk_by(|(a, _), (b, _)| a.eq_ignore_ascii_case(b))
    {
        let (name, first) = &values[0];
        if !is_response {
            write_requested(out, name, first);
        }
        if wanted.include(name) {
            let push = |key: &mut String| {
                key.push_str(prefix);
                key.extend(name.chars().map(|c| c.to_ascii_lowercase()));
            };
            out.named_list(push, values.iter().map(|(_, value)| value));
        }
    }
}

/// What a header of a request says in an attribute of its own.
fn write_requested(out: &mut Writer<'_>, name: &str, value: &str) {
    if value == REDACTED {
        return;
    }
    if name.eq_ignore_ascii_case("user-agent") {
        out.text_if_any(key!("user_agent.original"), value);
    } else if name.eq_ignore_ascii_case("host") || name.eq_ignore_ascii_case(":authority") {
        out.text_if_any(key!("server.address"), host(value));
    }
}

/// A host without its port.
fn host(authority: &str) -> &str {
    match authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((address, _)) => address,
        None => authority.split(':').next().unwrap_or(authority),
    }
}

fn write_dns(out: &mut Writer<'_>, dns: &Dns, l7_type: L7Type) {
    out.text(key!("network.protocol.name"), "dns");
    out.text_if_any(
        key!("dns.question.name"),
        dns.query.strip_suffix('.').unwrap_or(&dns.query),
    );
    let answers: Vec<_> = dns.ips.iter().map(answer).collect();
    out.list(key!("dns.answers"), &answers);
    out.list(key!("cilium.dns.cnames"), &dns.cnames);
    out.list(
        key!("cilium.dns.qtypes"),
        dns.qtypes.iter().map(|qtype| qtype_name(*qtype)),
    );
    out.list(
        key!("cilium.dns.rrtypes"),
        dns.rrtypes.iter().map(|rrtype| qtype_name(*rrtype)),
    );
    if l7_type == L7Type::Response {
        if let Some(rcode) = dns.rcode {
            out.int(key!("cilium.dns.rcode"), rcode);
        }
        if let Some(ttl) = dns.ttl {
            out.int(key!("cilium.dns.ttl"), ttl);
        }
    }
}

fn answer(answer: &DnsAnswer) -> String {
    let mut text = String::with_capacity("255.255.255.255".len());
    push_dns_address(&mut text, answer);
    text
}

fn write_kafka(out: &mut Writer<'_>, kafka: &Kafka) {
    out.text(key!("network.protocol.name"), "kafka");
    out.text_if_any(key!("cilium.kafka.api_key"), &kafka.api_key);
    out.int(key!("cilium.kafka.api_version"), kafka.api_version);
    out.int(key!("cilium.kafka.correlation_id"), kafka.correlation_id);
    out.int(key!("cilium.kafka.error_code"), kafka.error_code);
    out.text_if_any(key!("cilium.kafka.topic"), &kafka.topic);
}

fn write_generic(out: &mut Writer<'_>, generic: &Generic) {
    if !generic.proto.is_empty() {
        let lower = generic.proto.chars().map(|c| c.to_ascii_lowercase());
        out.made(key!("network.protocol.name"), |text| text.extend(lower));
    }
    for (name, value) in &generic.fields {
        let push = |key: &mut String| {
            key.push_str("cilium.l7.fields.");
            key.push_str(name);
        };
        out.named_text(push, value);
    }
}
