//! Access-log records of all variants, encoded by Go, decoded and encoded again.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gob_golden;

use gob_golden::vectors;
use serde_json::{Value, json};
use tidegate_wire::access_log::{
    Decoder, Dns, Encoder, Endpoint, Http, IpPort, Kafka, L7, LogRecord, ServiceInfo, Variant,
};
use tidegate_wire::gob::TypeId;

fn decode(data: &[u8]) -> LogRecord {
    Decoder::default().decode(data).unwrap()
}

/// The record in the form of the vectors.
fn as_json(record: &LogRecord) -> Value {
    let mut json = json!({
        "first_byte": 129,
        "variant": format!("{:?}", record.variant),
        "type": record.kind,
        "timestamp": record.timestamp,
        "node": {"IPv4": record.node.ipv4, "IPv6": record.node.ipv6},
        "observation_point": record.observation_point,
        "source": endpoint(&record.source),
        "destination": endpoint(&record.destination),
        "ip_version": record.ip_version,
        "verdict": record.verdict,
        "info": record.info,
        "metadata": list(&record.metadata),
        "transport_protocol": record.transport_protocol,
        "flow_event": record.flow_event,
        "service": record.service.as_ref().map(service),
        "drop_reason": record.drop_reason,
    });
    for (name, part) in [
        ("http", record.http.as_ref().map(http)),
        ("kafka", record.kafka.as_ref().map(kafka)),
        ("dns", record.dns.as_ref().map(dns)),
        ("l7", record.l7.as_ref().map(l7)),
    ] {
        if let Some(part) = part {
            json[name] = part;
        }
    }
    json
}

fn endpoint(endpoint: &Endpoint) -> Value {
    json!({
        "ID": endpoint.id, "IPv4": endpoint.ipv4, "IPv6": endpoint.ipv6, "Port": endpoint.port,
        "Identity": endpoint.identity, "Labels": list(&endpoint.labels),
    })
}

fn service(service: &ServiceInfo) -> Value {
    let IpPort { ip, port } = &service.ip_port;
    json!({"Name": service.name, "IPPort": {"IP": ip, "Port": port}})
}

fn http(http: &Http) -> Value {
    json!({
        "code": http.code, "method": http.method, "url": http.url, "protocol": http.protocol,
        "headers": http.headers, "missing_headers": http.missing_headers,
        "rejected_headers": http.rejected_headers,
    })
}

fn kafka(kafka: &Kafka) -> Value {
    json!({
        "ErrorCode": kafka.error_code, "APIVersion": kafka.api_version, "APIKey": kafka.api_key,
        "CorrelationID": kafka.correlation_id, "Topic": {"Topic": kafka.topic.name},
    })
}

fn dns(dns: &Dns) -> Value {
    let ips: Vec<_> = dns.ips.iter().map(ToString::to_string).collect();
    json!({
        "Query": dns.query, "IPs": list(&ips), "TTL": dns.ttl, "CNAMEs": list(&dns.cnames),
        "Source": dns.observation_source, "RCode": dns.rcode, "QTypes": list(&dns.qtypes),
        "ATypes": list(&dns.answer_types),
    })
}

fn l7(l7: &L7) -> Value {
    json!({"Proto": l7.proto, "Fields": l7.fields})
}

/// Nil and empty slices of Go are equal on the wire; the vectors have null for both.
fn list<T: Into<Value> + Clone>(items: &[T]) -> Value {
    if items.is_empty() {
        Value::Null
    } else {
        items.to_vec().into()
    }
}

/// Removes nulls: for optional parts, null is the same as absence.
fn without_nulls(json: &Value) -> Value {
    match json {
        Value::Object(members) => {
            let present = members.iter().filter(|(_, value)| !value.is_null());
            present
                .map(|(key, value)| (key.clone(), without_nulls(value)))
                .collect()
        }
        other => other.clone(),
    }
}

#[test]
fn records_have_the_values_that_go_encoded() {
    let mut decoder = Decoder::default();
    for (name, bytes, json) in vectors("logrecord") {
        let record = decoder.decode(&bytes).unwrap();
        assert_eq!(
            without_nulls(&as_json(&record)),
            without_nulls(&json),
            "{name}"
        );
    }
}

#[test]
fn records_are_encoded_to_the_same_bytes() {
    for (name, bytes, _) in vectors("logrecord") {
        let record = decode(&bytes);
        let first = if name.ends_with("id64") {
            TypeId::FIRST
        } else {
            TypeId::FIRST_GO_1_20
        };
        let mut again = Vec::new();
        Encoder::new(record.variant, first).encode(&record, &mut again);
        // Go writes maps in random order, and this one has three keys.
        if name.contains("l7-map3") {
            assert_eq!(again.len(), bytes.len(), "{name}");
            assert_eq!(decode(&again), record, "{name}");
        } else {
            assert_eq!(again, bytes, "{name}");
        }
    }
}

#[test]
fn a_truncated_record_has_no_value() {
    for (name, bytes, _) in vectors("logrecord") {
        let mut decoder = Decoder::default();
        decoder.decode(&bytes).unwrap();
        for end in 1..bytes.len() {
            let error = decoder.decode(&bytes[..end]).unwrap_err();
            assert_eq!(error.as_str(), "gob_missing_value", "{name} cut at {end}");
        }
    }
}

#[test]
fn a_record_of_one_variant_can_be_written_in_any_other() {
    for (name, bytes, _) in vectors("logrecord") {
        let record = decode(&bytes);
        for variant in Variant::ALL {
            let mut again = Vec::new();
            Encoder::new(variant, TypeId::FIRST).encode(&record, &mut again);
            let kafka = record.kafka.clone().filter(|_| variant != Variant::D);
            let expected = LogRecord {
                variant,
                kafka,
                ..record.clone()
            };
            assert_eq!(decode(&again), expected, "{name} as {variant:?}");
        }
    }
}
