//! `flow.Layer7` and its records.

use tidegate_model::flow::{Dns, Http, Kafka, L7, L7Record, qtype_name};

use super::object::Object;
use crate::text::push_dns_address;

/// Writes a `flow.Layer7`. It has no field for records of the generic proxy; the summary shows
/// them.
pub(super) fn layer7(object: &mut Object<'_>, l7: &L7) {
    object.enumeration("type", l7.l7_type as u8, Some(l7.l7_type.name()));
    object.uint64("latency_ns", l7.latency_ns);
    match &l7.record {
        L7Record::Dns(dns) => object.message("dns", |object| self::dns(object, dns)),
        L7Record::Http(http) => object.message("http", |object| self::http(object, http)),
        L7Record::Kafka(kafka) => object.message("kafka", |object| self::kafka(object, kafka)),
        L7Record::Generic(_) => {}
    }
}

/// Writes the extensions of a message. `l7_incomplete` lists the parts of it that were not captured.
/// `l7_latency_ns` is the time since the request as measured from packets, and
/// `l7_latency_error_ns` its possible error; Hubble's `latency_ns` is reported by proxies only.
pub(super) fn extensions(object: &mut Object<'_>, l7: &L7) {
    object.strings("l7_incomplete", l7.missing.names());
    if let Some(latency) = l7.observed_latency {
        object.struct_number("l7_latency_ns", latency.nanos);
        object.struct_number("l7_latency_error_ns", latency.error_nanos);
    }
}

/// Whether a message has extensions.
pub(super) fn has_extensions(l7: &L7) -> bool {
    !l7.missing.is_nothing() || l7.observed_latency.is_some()
}

fn dns(object: &mut Object<'_>, dns: &Dns) {
    object.string("query", &dns.query);
    object.strings_with("ips", &dns.ips, push_dns_address);
    object.uint32("ttl", dns.ttl.unwrap_or_default());
    object.strings("cnames", &dns.cnames);
    object.string("observation_source", &dns.observation_source);
    object.uint32("rcode", dns.rcode.unwrap_or_default());
    object.strings("qtypes", dns.qtypes.iter().map(|qtype| qtype_name(*qtype)));
    object.strings(
        "rrtypes",
        dns.rrtypes.iter().map(|rrtype| qtype_name(*rrtype)),
    );
}

fn http(object: &mut Object<'_>, http: &Http) {
    object.uint32("code", http.code);
    object.string("method", &http.method);
    object.string("url", &http.url);
    object.string("protocol", &http.protocol);
    object.messages("headers", &http.headers, |object, (key, value)| {
        object.string("key", key);
        object.string("value", value);
    });
}

fn kafka(object: &mut Object<'_>, kafka: &Kafka) {
    object.int32("error_code", kafka.error_code);
    object.int32("api_version", kafka.api_version);
    object.string("api_key", &kafka.api_key);
    object.int32("correlation_id", kafka.correlation_id);
    object.string("topic", &kafka.topic);
}
