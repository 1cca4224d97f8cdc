//! Attributes of a request or response.

use tidegate_format::text::push_dns_address;
use tidegate_model::flow::{
    Dns, DnsAnswer, Generic, Http, Kafka, L7, L7Record, L7Type, MessageSource, REDACTED, qtype_name,
};

use super::header_filter::HeaderFilter;
use super::record_writer::LogRecordWriter;
use super::url::Url;
use crate::otlp::mapping;
use crate::otlp::spans::METHODS;

/// Writes the attributes of a request or response.
pub(super) fn write_attributes(out: &mut LogRecordWriter<'_>, l7: &L7, headers: &HeaderFilter) {
    if l7.l7_type != L7Type::Unknown {
        out.string(mapping::L7_TYPE, l7.l7_type.name());
    }
    out.string(
        mapping::L7_SEEN,
        match l7.source {
            MessageSource::Proxy => "proxy",
            MessageSource::Wire => "wire",
        },
    );
    out.strings(mapping::L7_INCOMPLETE, l7.missing.names());
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
        (MessageSource::Proxy, _) => out.non_zero_unsigned(mapping::L7_LATENCY, l7.latency_ns),
        (MessageSource::Wire, Some(latency)) => {
            out.unsigned(mapping::L7_LATENCY, latency.nanos);
            out.unsigned(mapping::L7_LATENCY_ERROR, latency.error_nanos);
        }
        (MessageSource::Wire, None) => {}
    }
}

fn write_http(out: &mut LogRecordWriter<'_>, http: &Http) {
    out.string(mapping::PROTOCOL_NAME, "http");
    let version = http.protocol.strip_prefix("HTTP/").unwrap_or_default();
    out.non_empty_string(
        mapping::PROTOCOL_VERSION,
        version
            .strip_suffix(".0")
            .filter(|v| *v != "1")
            .unwrap_or(version),
    );
    if METHODS.contains(&&*http.method) {
        out.string(mapping::REQUEST_METHOD, &http.method);
    } else if !http.method.is_empty() {
        out.string(mapping::REQUEST_METHOD, "_OTHER");
        out.string(mapping::REQUEST_METHOD_ORIGINAL, &http.method);
    }
    out.non_zero_int(mapping::RESPONSE_STATUS_CODE, http.code);
    Url::parse(&http.url).write(out);
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
        mapping::RESPONSE_HEADER
    } else {
        mapping::REQUEST_HEADER
    };
    for values in http
        .headers
        .chunk_by(|(a, _), (b, _)| a.eq_ignore_ascii_case(b))
    {
        let (name, first) = &values[0];
        if !is_response && name.eq_ignore_ascii_case("user-agent") && first != REDACTED {
            out.non_empty_string(mapping::USER_AGENT, first);
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

fn write_dns(out: &mut LogRecordWriter<'_>, dns: &Dns, l7_type: L7Type) {
    out.string(mapping::PROTOCOL_NAME, "dns");
    out.non_empty_string(mapping::QUESTION_NAME, &dns.query);
    let answers: Vec<_> = dns.ips.iter().map(answer_text).collect();
    out.strings(mapping::ANSWERS, &answers);
    out.strings(mapping::CNAMES, &dns.cnames);
    out.strings(
        mapping::QTYPES,
        dns.qtypes.iter().map(|qtype| qtype_name(*qtype)),
    );
    out.strings(
        mapping::RRTYPES,
        dns.rrtypes.iter().map(|rrtype| qtype_name(*rrtype)),
    );
    if l7_type == L7Type::Response {
        if let Some(rcode) = dns.rcode {
            out.int(mapping::RCODE, rcode);
        }
        if let Some(ttl) = dns.ttl {
            out.int(mapping::TTL, ttl);
        }
    }
}

fn answer_text(answer: &DnsAnswer) -> String {
    let mut text = String::with_capacity("255.255.255.255".len());
    push_dns_address(&mut text, answer);
    text
}

fn write_kafka(out: &mut LogRecordWriter<'_>, kafka: &Kafka) {
    out.string(mapping::PROTOCOL_NAME, "kafka");
    out.string(mapping::MESSAGING_SYSTEM, "kafka");
    out.non_empty_string(mapping::MESSAGING_DESTINATION, &kafka.topic);
    out.non_empty_string(mapping::KAFKA_API_KEY, &kafka.api_key);
    out.int(mapping::KAFKA_API_VERSION, kafka.api_version);
    out.int(mapping::KAFKA_CORRELATION_ID, kafka.correlation_id);
    out.int(mapping::KAFKA_ERROR_CODE, kafka.error_code);
}

fn write_generic(out: &mut LogRecordWriter<'_>, generic: &Generic) {
    if !generic.proto.is_empty() {
        let lower = generic.proto.chars().map(|c| c.to_ascii_lowercase());
        out.string_with(mapping::PROTOCOL_NAME, |text| text.extend(lower));
    }
    for (name, value) in &generic.fields {
        let push = |key: &mut String| {
            key.push_str(mapping::L7_FIELDS);
            key.push_str(name);
        };
        out.named_string(push, value);
    }
}
