//! `flow.Layer7` and its records.

use tidegate_model::flow::{Dns, Http, Kafka, L7, L7Record, qtype_name};

use super::object::Object;
use crate::text::push_answer;

/// `flow.Layer7`. A protocol of the generic proxy has no record; it shows in the summary.
pub(super) fn layer7(object: &mut Object<'_>, l7: &L7) {
    object.symbol("type", l7.l7_type as u8, Some(l7.l7_type.name()));
    object.wide("latency_ns", l7.latency_ns);
    match &l7.record {
        L7Record::Dns(dns) => object.object("dns", |object| self::dns(object, dns)),
        L7Record::Http(http) => object.object("http", |object| self::http(object, http)),
        L7Record::Kafka(kafka) => object.object("kafka", |object| self::kafka(object, kafka)),
        L7Record::Generic(_) => {}
    }
}

/// What Hubble's messages have no field for, where protobuf has a place for it:
/// `flow.Flow.extensions`, a `google.protobuf.Struct` there as in Retina's flows. `l7_incomplete`
/// lists the parts of the message that were not captured; `l7_latency_ns` is the time that passed
/// since the request, as packets showed it, and `l7_latency_error_ns` how far that may be off.
/// Hubble's own `latency_ns` is of proxies' records alone.
pub(super) fn extensions(object: &mut Object<'_>, l7: &L7) {
    object.text("@type", "type.googleapis.com/google.protobuf.Struct");
    object.object("value", |object| {
        object.texts("l7_incomplete", l7.missing.names());
        if let Some(latency) = l7.observed_latency {
            object.plain("l7_latency_ns", latency.nanos);
            object.plain("l7_latency_error_ns", latency.error_nanos);
        }
    });
}

/// Whether a message has any.
pub(super) fn has_extensions(l7: &L7) -> bool {
    !l7.missing.is_nothing() || l7.observed_latency.is_some()
}

fn dns(object: &mut Object<'_>, dns: &Dns) {
    object.text("query", &dns.query);
    object.composed_texts("ips", &dns.ips, push_answer);
    object.number("ttl", dns.ttl.unwrap_or_default());
    object.texts("cnames", &dns.cnames);
    object.text("observation_source", &dns.observation_source);
    object.number("rcode", dns.rcode.unwrap_or_default());
    object.texts("qtypes", dns.qtypes.iter().map(|qtype| qtype_name(*qtype)));
    object.texts(
        "rrtypes",
        dns.rrtypes.iter().map(|rrtype| qtype_name(*rrtype)),
    );
}

fn http(object: &mut Object<'_>, http: &Http) {
    object.number("code", http.code);
    object.text("method", &http.method);
    object.text("url", &http.url);
    object.text("protocol", &http.protocol);
    object.objects("headers", &http.headers, |object, (key, value)| {
        object.text("key", key);
        object.text("value", value);
    });
}

fn kafka(object: &mut Object<'_>, kafka: &Kafka) {
    object.signed("error_code", kafka.error_code);
    object.signed("api_version", kafka.api_version);
    object.text("api_key", &kafka.api_key);
    object.signed("correlation_id", kafka.correlation_id);
    object.text("topic", &kafka.topic);
}
