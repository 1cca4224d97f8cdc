//! Properties of all records and of all bytes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gob_golden;

use gob_golden::vectors;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use tidegate_wire::access_log::{
    AnswerAddress, Decoder, Dns, Encoder, Endpoint, Headers, Http, IpPort, Kafka, KafkaTopic, L7,
    LogRecord, MESSAGE_TYPE, NodeAddresses, RecordSpans, ServiceInfo, Variant,
};
use tidegate_wire::gob::TypeId;

const TEXT: &str = "\\PC{0,12}";
const LABEL: &str = "[a-z]{1,5}:[a-z./]{0,9}(=[a-z=:]{1,9})?";

fn endpoint() -> impl Strategy<Value = Endpoint> {
    (
        any::<u64>(),
        TEXT,
        TEXT,
        any::<u16>(),
        any::<u64>(),
        vec(LABEL, 0..4),
    )
        .prop_map(|(id, ipv4, ipv6, port, identity, labels)| Endpoint {
            id,
            ipv4,
            ipv6,
            port,
            identity,
            labels,
        })
}

fn service() -> impl Strategy<Value = ServiceInfo> {
    (TEXT, TEXT, any::<u16>()).prop_map(|(name, ip, port)| ServiceInfo {
        name,
        ip_port: IpPort { ip, port },
    })
}

fn headers() -> impl Strategy<Value = Headers> {
    option::of(btree_map(TEXT, vec(TEXT, 0..3), 0..3))
}

fn http() -> impl Strategy<Value = Http> {
    let headers = (headers(), headers(), headers());
    (any::<i64>(), TEXT, option::of(TEXT), TEXT, headers).prop_map(
        |(code, method, url, protocol, (headers, missing_headers, rejected_headers))| Http {
            code,
            method,
            url,
            protocol,
            headers,
            missing_headers,
            rejected_headers,
        },
    )
}

fn kafka() -> impl Strategy<Value = Kafka> {
    (any::<i64>(), any::<i16>(), TEXT, any::<i32>(), TEXT).prop_map(
        |(error_code, api_version, api_key, correlation_id, topic)| Kafka {
            error_code,
            api_version,
            api_key,
            correlation_id,
            topic: KafkaTopic { name: topic },
        },
    )
}

fn dns() -> impl Strategy<Value = Dns> {
    // IPv4-mapped addresses are read as IPv4 from the variants that carry plain bytes.
    let v6 = any::<Ipv6Addr>().prop_filter("mapped", |ip| ip.to_ipv4_mapped().is_none());
    let ip = prop_oneof![
        any::<Ipv4Addr>().prop_map(IpAddr::V4),
        v6.prop_map(IpAddr::V6)
    ]
    .prop_map(AnswerAddress::Ip);
    let types = || vec(any::<u16>(), 0..3);
    let texts = (TEXT, vec(TEXT, 0..3), TEXT);
    (
        texts,
        vec(ip, 0..4),
        any::<u32>(),
        any::<i64>(),
        types(),
        types(),
    )
        .prop_map(
            |((query, cnames, observation_source), ips, ttl, rcode, qtypes, answer_types)| Dns {
                query,
                ips,
                ttl,
                cnames,
                observation_source,
                rcode,
                qtypes,
                answer_types,
            },
        )
}

fn l7() -> impl Strategy<Value = L7> {
    (TEXT, option::of(btree_map(TEXT, TEXT, 0..4))).prop_map(|(proto, fields)| L7 { proto, fields })
}

fn record() -> impl Strategy<Value = LogRecord> {
    let variant = prop::sample::select(Variant::ALL.to_vec());
    let parts = (
        option::of(http()),
        option::of(kafka()),
        option::of(dns()),
        option::of(l7()),
    );
    let sides = (endpoint(), endpoint(), option::of(service()));
    let texts = (TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT);
    let numbers = (any::<u8>(), any::<u16>(), option::of(1u16..));
    (variant, texts, numbers, vec(TEXT, 0..3), sides, parts).prop_map(
        |(variant, texts, numbers, metadata, sides, (http, kafka, dns, l7))| LogRecord {
            variant,
            kind: texts.0,
            timestamp: texts.1,
            node: NodeAddresses {
                ipv4: texts.2,
                ipv6: texts.3,
            },
            observation_point: texts.4,
            source: sides.0,
            destination: sides.1,
            ip_version: numbers.0,
            verdict: texts.5,
            info: texts.6,
            metadata,
            transport_protocol: numbers.1,
            flow_event: texts.7,
            service: sides.2,
            drop_reason: numbers.2,
            http,
            kafka: kafka.filter(|_| variant != Variant::D),
            dns,
            l7,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn encoded_records_are_decoded(record in record(), first in 64i64..100_000) {
        let mut data = Vec::new();
        Encoder::new(record.variant, TypeId(first)).encode(&record, &mut data);
        prop_assert_eq!(Decoder::default().decode(&data), Ok(record));
    }

    #[test]
    fn any_bytes_end_in_a_result(mut data in vec(any::<u8>(), 1..512)) {
        data[0] = MESSAGE_TYPE;
        let _ = Decoder::default().decode(&data);
    }

    #[test]
    fn a_record_with_any_bytes_changed_ends_in_a_result(
        pick: prop::sample::Index,
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let vectors = vectors("logrecord");
        let (_, bytes, _) = &vectors[pick.index(vectors.len())];
        let mut decoder = Decoder::default();
        let mut data = bytes.clone();
        for (at, value) in changes {
            let at = at.index(data.len());
            data[at] = value;
            let _ = decoder.decode(&data);
        }
        prop_assert!(decoder.decode(bytes).is_ok());
    }

    /// A decoder passes over labels in its cache, and must not mistake others for them.
    #[test]
    fn cached_labels_do_not_change_what_is_decoded(
        records in vec((record(), 0u64..4, 0u64..4), 2..6),
        first in 64i64..66,
    ) {
        let mut decoder = Decoder::default();
        for (mut record, source, destination) in records {
            record.source.identity = source;
            record.destination.identity = destination;
            let mut data = Vec::new();
            Encoder::new(record.variant, TypeId(first)).encode(&record, &mut data);
            prop_assert_eq!(decoder.decode(&data), Ok(record.clone()));
            prop_assert_eq!(decoder.decode(&data), Ok(record));
        }
    }

    #[test]
    fn spans_retain_what_a_flow_needs(record in record()) {
        let mut data = Vec::new();
        let mut decoder = Decoder::default();
        Encoder::new(record.variant, TypeId::FIRST).encode(&record, &mut data);
        let spans = RecordSpans::of(&decoder.read(&data).unwrap(), &data);
        let retained = spans.view(&data).to_record();
        let http = record.http.filter(|_| record.dns.is_none());
        let kafka = record.kafka.filter(|_| record.dns.is_none() && http.is_none());
        let other = record.dns.is_none() && http.is_none() && kafka.is_none();
        let expected = LogRecord {
            variant: record.variant,
            kind: record.kind,
            timestamp: record.timestamp,
            observation_point: record.observation_point,
            source: Endpoint { labels: Vec::new(), ..record.source },
            destination: Endpoint { labels: Vec::new(), ..record.destination },
            ip_version: record.ip_version,
            verdict: record.verdict,
            transport_protocol: record.transport_protocol,
            http: http.map(|http| Http { missing_headers: None, rejected_headers: None, ..http }),
            kafka,
            dns: record.dns,
            l7: other.then(|| record.l7.unwrap_or_default()),
            ..LogRecord::default()
        };
        prop_assert_eq!(retained, expected);
    }
}
