//! Writes a `LogRecord` in any variant, byte for byte as Cilium's agent does.
//!
//! The one difference is maps of two keys or more: Go writes them in random order, this in that of
//! the keys.

use super::schema::log_record;
use super::{Answer, Dns, Endpoint, Headers, Http, Kafka, L7, LogRecord, MESSAGE_TYPE, Variant};
use crate::gob::{StructWriter, TypeId, put_bytes, put_int, put_uint, write_message};
use std::net::IpAddr;

/// Encodes records of one variant.
#[derive(Debug)]
pub struct Encoder {
    variant: Variant,
    id: TypeId,
    /// The frames of the type definitions, which come with every record.
    definitions: Vec<u8>,
    /// Kept for its capacity.
    body: Vec<u8>,
}

impl Encoder {
    /// An encoder whose own types are numbered from `first`.
    #[must_use]
    pub fn new(variant: Variant, first: TypeId) -> Self {
        let mut definitions = Vec::new();
        let id = log_record(variant).define(first, &mut definitions);
        Self {
            variant,
            id,
            definitions,
            body: Vec::new(),
        }
    }

    /// Appends the data of a payload that carries `record`.
    ///
    /// [`Variant::D`] has no Kafka, so that part is left out.
    pub fn encode(&mut self, record: &LogRecord, out: &mut Vec<u8>) {
        self.body.clear();
        put_int(&mut self.body, self.id.0);
        let mut fields = StructWriter::new(&mut self.body);
        write_record(&mut fields, record, self.variant);
        fields.end();
        out.push(MESSAGE_TYPE);
        out.extend_from_slice(&self.definitions);
        write_message(out, &self.body);
    }
}

fn write_record(out: &mut StructWriter<'_>, record: &LogRecord, variant: Variant) {
    out.bytes(&record.kind).bytes(&record.timestamp);
    out.nested(|out| {
        out.bytes(&record.node.ipv4).bytes(&record.node.ipv6);
    });
    out.bytes(&record.observation_point);
    out.nested(|out| write_endpoint(out, &record.source, variant));
    out.nested(|out| write_endpoint(out, &record.destination, variant));
    out.uint(record.ip_version)
        .bytes(&record.verdict)
        .bytes(&record.info);
    out.strings(&record.metadata);
    out.uint(record.transport_protocol)
        .bytes(&record.flow_event);
    out.optional(record.service.as_ref(), |out, service| {
        out.bytes(&service.name).nested(|out| {
            out.bytes(&service.ip_port.ip).uint(service.ip_port.port);
        });
    });
    out.uint(record.drop_reason.unwrap_or_default());
    out.optional(record.http.as_ref(), write_http);
    if variant < Variant::D {
        out.optional(record.kafka.as_ref(), write_kafka);
    }
    out.optional(record.dns.as_ref(), write_dns);
    out.optional(record.l7.as_ref(), write_l7);
}

fn write_endpoint(out: &mut StructWriter<'_>, endpoint: &Endpoint, variant: Variant) {
    out.uint(endpoint.id)
        .bytes(&endpoint.ipv4)
        .bytes(&endpoint.ipv6);
    out.uint(endpoint.port).uint(endpoint.identity);
    match variant {
        Variant::A => out.strings(&endpoint.labels),
        _ => out.slice(&endpoint.labels, |out, label| put_label(out, label)),
    };
}

fn write_http(out: &mut StructWriter<'_>, http: &Http) {
    out.int(http.code).bytes(&http.method);
    match &http.url {
        Some(url) => put_bytes(out.present(), url.as_bytes()),
        None => drop(out.absent()),
    }
    out.bytes(&http.protocol);
    for headers in [&http.headers, &http.missing_headers, &http.rejected_headers] {
        write_headers(out, headers);
    }
}

fn write_headers(out: &mut StructWriter<'_>, headers: &Headers) {
    out.map(
        headers.as_ref().map(|headers| headers.iter()),
        |out, (name, values)| {
            put_text(out, name);
            put_uint(out, values.len() as u64);
            values.iter().for_each(|value| put_text(out, value));
        },
    );
}

fn write_kafka(out: &mut StructWriter<'_>, kafka: &Kafka) {
    out.int(kafka.error_code)
        .int(kafka.api_version)
        .bytes(&kafka.api_key);
    out.int(kafka.correlation_id).nested(|out| {
        out.bytes(&kafka.topic);
    });
}

fn write_dns(out: &mut StructWriter<'_>, dns: &Dns) {
    let put_number = |out: &mut Vec<u8>, number: &u16| put_uint(out, (*number).into());
    out.bytes(&dns.query)
        .slice(&dns.ips, put_address)
        .uint(dns.ttl);
    out.strings(&dns.cnames)
        .bytes(&dns.observation_source)
        .int(dns.rcode);
    out.slice(&dns.qtypes, put_number)
        .slice(&dns.answer_types, put_number);
}

fn write_l7(out: &mut StructWriter<'_>, l7: &L7) {
    out.bytes(&l7.proto);
    out.map(
        l7.fields.as_ref().map(|fields| fields.iter()),
        |out, (name, value)| {
            put_text(out, name);
            put_text(out, value);
        },
    );
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

/// `source:key=value` in its parts.
fn put_label(out: &mut Vec<u8>, label: &str) {
    let (source, rest) = label.split_once(':').unwrap_or(("", label));
    let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
    StructWriter::new(out)
        .bytes(key)
        .bytes(value)
        .bytes(source)
        .end();
}

fn put_address(out: &mut Vec<u8>, address: &Answer) {
    match address {
        Answer::Ip(IpAddr::V4(v4)) => put_bytes(out, &v4.octets()),
        Answer::Ip(IpAddr::V6(v6)) => put_bytes(out, &v6.octets()),
        Answer::Zoned(zoned) => put_bytes(out, &[&zoned.0.octets(), zoned.1.as_bytes()].concat()),
        Answer::Invalid => put_bytes(out, &[]),
    }
}
