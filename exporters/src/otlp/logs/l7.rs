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
//! | `server.address` | string | `Host` or `:authority` of a request |
//! | `user_agent.original` | string | `User-Agent` of a request |
//! | `http.request.header.<name>`, `http.response.header.<name>` | string[] | headers named in `http_headers` |
//! | `dns.question.name` | string | the name asked for, without its last dot |
//! | `dns.answers` | string[] | addresses in the answer |
//! | `cilium.dns.cnames` | string[] | canonical names in the answer |
//! | `cilium.dns.qtypes`, `cilium.dns.rrtypes` | string[] | types asked for and answered: `A`, `AAAA` |
//! | `cilium.dns.rcode` | int | code of a response |
//! | `cilium.dns.ttl` | int | time to live in seconds |
//! | `cilium.kafka.api_key`, `cilium.kafka.topic` | string | of a Kafka message |
//! | `cilium.kafka.api_version`, `cilium.kafka.correlation_id`, `cilium.kafka.error_code` | int | of a Kafka message |
//! | `cilium.l7.fields.<name>` | string | fields of a message of the generic proxy |
//! | `cilium.l7.type` | string | `REQUEST`, `RESPONSE` or `SAMPLE` |
//! | `cilium.l7.latency_ns` | int | time between request and response |
//! | `cilium.l7.seen` | string | `proxy`, or `wire` for messages found in packets |

use tidegate_core::flow::{Dns, Generic, Http, Kafka, L7, L7Record, L7Type, Seen, qtype_name};

use super::headers::HeaderNames;
use super::writer::Writer;

/// Methods that OpenTelemetry's conventions know.
const METHODS: [&str; 10] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"];

/// Writes them.
pub(super) fn write(out: &mut Writer, l7: &L7, headers: &HeaderNames) {
    out.text("cilium.l7.type", l7.l7_type.name());
    out.text(
        "cilium.l7.seen",
        match l7.seen {
            Seen::Proxy => "proxy",
            Seen::Wire => "wire",
        },
    );
    out.int_if_any("cilium.l7.latency_ns", i64::try_from(l7.latency_ns).unwrap_or(i64::MAX));
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

fn write_http(out: &mut Writer, http: &Http) {
    out.text("network.protocol.name", "http");
    let version = http.protocol.strip_prefix("HTTP/").unwrap_or_default();
    out.text_if_any("network.protocol.version", version.strip_suffix(".0").filter(|v| *v != "1").unwrap_or(version));
    if METHODS.contains(&&*http.method) {
        out.text("http.request.method", &http.method);
    } else if !http.method.is_empty() {
        out.text("http.request.method", "_OTHER");
        out.text("http.request.method_original", &http.method);
    }
    out.int_if_any("http.response.status_code", http.code);
    if http.url.contains("://") {
        out.text("url.full", &http.url);
    } else {
        let (path, query) = http.url.split_once('?').unwrap_or((&http.url, ""));
        out.text_if_any("url.path", path);
        out.text_if_any("url.query", query);
    }
}

/// Headers are sorted by name, so the values of one stand together.
fn write_headers(out: &mut Writer, http: &Http, l7_type: L7Type, wanted: &HeaderNames) {
    let is_response = l7_type == L7Type::Response;
    let prefix = if is_response { "http.response.header." } else { "http.request.header." };
    for values in http.headers.chunk_by(|(a, _), (b, _)| a.eq_ignore_ascii_case(b)) {
        let (name, first) = &values[0];
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "user-agent" if !is_response => out.text("user_agent.original", first),
            "host" | ":authority" if !is_response => out.text("server.address", host(first)),
            _ => {}
        }
        if wanted.include(&name) {
            let values: Vec<_> = values.iter().map(|(_, value)| value).collect();
            out.list(&format!("{prefix}{name}"), &values);
        }
    }
}

/// A host without its port.
fn host(authority: &str) -> &str {
    match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => authority.split(':').next().unwrap_or(authority),
    }
}

fn write_dns(out: &mut Writer, dns: &Dns, l7_type: L7Type) {
    let names = |types: &[u16]| types.iter().map(|qtype| qtype_name(*qtype)).collect::<Vec<_>>();
    out.text("network.protocol.name", "dns");
    out.text_if_any("dns.question.name", dns.query.strip_suffix('.').unwrap_or(&dns.query));
    out.list("dns.answers", &dns.ips.iter().map(ToString::to_string).collect::<Vec<_>>());
    out.list("cilium.dns.cnames", &dns.cnames);
    out.list("cilium.dns.qtypes", &names(&dns.qtypes));
    out.list("cilium.dns.rrtypes", &names(&dns.rrtypes));
    if l7_type == L7Type::Response {
        out.int("cilium.dns.rcode", dns.rcode);
        out.int("cilium.dns.ttl", dns.ttl);
    }
}

fn write_kafka(out: &mut Writer, kafka: &Kafka) {
    out.text("network.protocol.name", "kafka");
    out.text_if_any("cilium.kafka.api_key", &kafka.api_key);
    out.int("cilium.kafka.api_version", kafka.api_version);
    out.int("cilium.kafka.correlation_id", kafka.correlation_id);
    out.int("cilium.kafka.error_code", kafka.error_code);
    out.text_if_any("cilium.kafka.topic", &kafka.topic);
}

fn write_generic(out: &mut Writer, generic: &Generic) {
    out.text_if_any("network.protocol.name", &generic.proto.to_ascii_lowercase());
    for (name, value) in &generic.fields {
        out.text(&format!("cilium.l7.fields.{name}"), value);
    }
}
