//! Attributes of a request or response.
//!
//! | attribute | type | meaning |
//! | --- | --- | --- |
//! | `network.protocol.name` | string | `http`, `dns`, `kafka`, or the name in Cilium's generic proxy |
//! | `network.protocol.version` | string | of HTTP: `1.1`, `2` |
//! | `http.request.method` | string | the method; `_OTHER` for a non-standard one |
//! | `http.request.method_original` | string | a non-standard method |
//! | `http.response.status_code` | int | the status |
//! | `url.full` | string | the URL, if host and scheme are known |
//! | `url.path`, `url.query` | string | its parts otherwise |
//! | `url.original` | string | a target that is not a path: `*`, or the authority of `CONNECT` |
//! | `server.address` | string | `Host` or `:authority` of a request |
//! | `user_agent.original` | string | `User-Agent` of a request |
//! | `http.request.header.<name>`, `http.response.header.<name>` | string[] | headers named in `http_headers` |
//! | `dns.question.name` | string | the queried name, without its last dot |
//! | `dns.answers` | string[] | addresses in the answer; only the first ones if `cilium.l7.incomplete` contains `answers` |
//! | `cilium.dns.cnames` | string[] | canonical names in the answer |
//! | `cilium.dns.qtypes`, `cilium.dns.rrtypes` | string[] | queried and answered types: `A`, `AAAA` |
//! | `cilium.dns.rcode` | int | code of a response; absent if it was not captured |
//! | `cilium.dns.ttl` | int | time to live in seconds; absent if no answer has one or not all were captured |
//! | `cilium.kafka.api_key`, `cilium.kafka.topic` | string | of a Kafka message |
//! | `cilium.kafka.api_version`, `cilium.kafka.correlation_id`, `cilium.kafka.error_code` | int | of a Kafka message |
//! | `cilium.l7.fields.<name>` | string | fields of a message of the generic proxy |
//! | `cilium.l7.type` | string | `REQUEST`, `RESPONSE` or `SAMPLE` |
//! | `cilium.l7.incomplete` | string[] | parts of the message that were not captured: `answers`, `rcode`, `records`, `headers` |
//! | `cilium.l7.latency_ns` | uint | time between request and response |
//! | `cilium.l7.latency_error_ns` | uint | possible error of the latency, for messages found in packets |
//! | `cilium.l7.seen` | string | `proxy`, or `wire` for messages found in packets |

use tidegate_format::text::push_dns_address;
use tidegate_model::flow::{
    Dns, DnsAnswer, Generic, Http, Kafka, L7, L7Record, L7Type, MessageSource, REDACTED, qtype_name,
};

use super::attribute_key::key;
use super::header_filter::HeaderFilter;
use super::record_writer::LogRecordWriter;

/// The methods in OpenTelemetry's semantic conventions.
const METHODS: [&str; 10] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY",
];

/// Writes the attributes of a request or response.
pub(super) fn write_attributes(out: &mut LogRecordWriter<'_>, l7: &L7, headers: &HeaderFilter) {
    out.string(key!("cilium.l7.type"), l7.l7_type.name());
    out.string(
        key!("cilium.l7.seen"),
        match l7.source {
            MessageSource::Proxy => "proxy",
            MessageSource::Wire => "wire",
        },
    );
    out.strings(key!("cilium.l7.incomplete"), l7.missing.names());
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

/// Writes the latency. A proxy's latency of 0 is unknown.
fn write_latency(out: &mut LogRecordWriter<'_>, l7: &L7) {
    match (l7.source, l7.observed_latency) {
        (MessageSource::Proxy, _) => {
            out.non_zero_unsigned(key!("cilium.l7.latency_ns"), l7.latency_ns)
        }
        (MessageSource::Wire, Some(latency)) => {
            out.unsigned(key!("cilium.l7.latency_ns"), latency.nanos);
            out.unsigned(key!("cilium.l7.latency_error_ns"), latency.error_nanos);
        }
        (MessageSource::Wire, None) => {}
    }
}

fn write_http(out: &mut LogRecordWriter<'_>, http: &Http) {
    out.string(key!("network.protocol.name"), "http");
    let version = http.protocol.strip_prefix("HTTP/").unwrap_or_default();
    out.non_empty_string(
        key!("network.protocol.version"),
        version
            .strip_suffix(".0")
            .filter(|v| *v != "1")
            .unwrap_or(version),
    );
    if METHODS.contains(&&*http.method) {
        out.string(key!("http.request.method"), &http.method);
    } else if !http.method.is_empty() {
        out.string(key!("http.request.method"), "_OTHER");
        out.string(key!("http.request.method_original"), &http.method);
    }
    out.non_zero_int(key!("http.response.status_code"), http.code);
    if http.url.contains("://") {
        out.string(key!("url.full"), &http.url);
    } else if http.url.starts_with('/') {
        let (path, query) = http.url.split_once('?').unwrap_or((&http.url, ""));
        out.string(key!("url.path"), path);
        out.non_empty_string(key!("url.query"), query);
    } else {
        out.non_empty_string(key!("url.original"), &http.url);
    }
}

/// Writes the selected headers. They are sorted by name, so the values of one are adjacent.
fn write_headers(
    out: &mut LogRecordWriter<'_>,
    http: &Http,
    l7_type: L7Type,
    filter: &HeaderFilter,
) {
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
            write_semantic_attribute(out, name, first);
        }
        if filter.includes(name) {
            let push = |key: &mut String| {
                key.push_str(prefix);
                key.extend(name.chars().map(|c| c.to_ascii_lowercase()));
            };
            out.named_strings(push, values.iter().map(|(_, value)| value));
        }
    }
}

/// Writes the attribute that a request header determines by semantic convention.
fn write_semantic_attribute(out: &mut LogRecordWriter<'_>, name: &str, value: &str) {
    if value == REDACTED {
        return;
    }
    if name.eq_ignore_ascii_case("user-agent") {
        out.non_empty_string(key!("user_agent.original"), value);
    } else if name.eq_ignore_ascii_case("host") || name.eq_ignore_ascii_case(":authority") {
        out.non_empty_string(key!("server.address"), host(value));
    }
}

/// Returns the host of an authority, without the port.
fn host(authority: &str) -> &str {
    match authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((address, _)) => address,
        None => authority.split(':').next().unwrap_or(authority),
    }
}

fn write_dns(out: &mut LogRecordWriter<'_>, dns: &Dns, l7_type: L7Type) {
    out.string(key!("network.protocol.name"), "dns");
    out.non_empty_string(
        key!("dns.question.name"),
        dns.query.strip_suffix('.').unwrap_or(&dns.query),
    );
    let answers: Vec<_> = dns.ips.iter().map(answer_text).collect();
    out.strings(key!("dns.answers"), &answers);
    out.strings(key!("cilium.dns.cnames"), &dns.cnames);
    out.strings(
        key!("cilium.dns.qtypes"),
        dns.qtypes.iter().map(|qtype| qtype_name(*qtype)),
    );
    out.strings(
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

fn answer_text(answer: &DnsAnswer) -> String {
    let mut text = String::with_capacity("255.255.255.255".len());
    push_dns_address(&mut text, answer);
    text
}

fn write_kafka(out: &mut LogRecordWriter<'_>, kafka: &Kafka) {
    out.string(key!("network.protocol.name"), "kafka");
    out.non_empty_string(key!("cilium.kafka.api_key"), &kafka.api_key);
    out.int(key!("cilium.kafka.api_version"), kafka.api_version);
    out.int(key!("cilium.kafka.correlation_id"), kafka.correlation_id);
    out.int(key!("cilium.kafka.error_code"), kafka.error_code);
    out.non_empty_string(key!("cilium.kafka.topic"), &kafka.topic);
}

fn write_generic(out: &mut LogRecordWriter<'_>, generic: &Generic) {
    if !generic.proto.is_empty() {
        let lower = generic.proto.chars().map(|c| c.to_ascii_lowercase());
        out.string_with(key!("network.protocol.name"), |text| text.extend(lower));
    }
    for (name, value) in &generic.fields {
        let push = |key: &mut String| {
            key.push_str("cilium.l7.fields.");
            key.push_str(name);
        };
        out.named_string(push, value);
    }
}
