//! What the generated messages' own JSON reader makes of the JSON, and its exact text where that
//! reader accepts more than one form.

mod requests;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Histogram, HistogramDataPoint, Metric, ResourceMetrics, ScopeMetrics, metric::Data,
};
use proptest::prelude::*;
use prost::Message;

use super::to_json;
use super::wire::Malformed;
use crate::otlp::signal::Signal;
use requests::{SPAN_ID, TRACE_ID, attribute, logs, metrics, spans, value_of};

/// Reads the JSON of a message with the generated messages' own reader, and compares the result.
fn check<M>(signal: Signal, message: &M)
where
    M: Message + PartialEq + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let json = to_json(signal, &message.encode_to_vec()).unwrap();
    let text = String::from_utf8(json).unwrap();
    let read: M = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(&read, message, "{text}");
}

#[test]
fn every_field_of_a_request_is_in_its_json() {
    check(Signal::Logs, &logs());
    check(Signal::Metrics, &metrics());
    check(Signal::Traces, &spans());
    check(Signal::Logs, &ExportLogsServiceRequest::default());
}

#[test]
fn ids_are_hexadecimal_long_integers_are_strings_and_enums_are_numbers() {
    let record = LogRecord {
        time_unix_nano: u64::MAX,
        severity_number: 9,
        attributes: vec![
            attribute("whole", Value::IntValue(-1)),
            attribute("bytes", Value::BytesValue(vec![0, 255, 62])),
        ],
        flags: 3,
        trace_id: TRACE_ID.to_vec(),
        span_id: SPAN_ID.to_vec(),
        ..LogRecord::default()
    };
    let scope_logs = vec![ScopeLogs {
        log_records: vec![record],
        ..ScopeLogs::default()
    }];
    let request = ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            scope_logs,
            ..ResourceLogs::default()
        }],
    };
    let json = to_json(Signal::Logs, &request.encode_to_vec()).unwrap();
    let expected = concat!(
        r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"18446744073709551615","#,
        r#""severityNumber":9,"attributes":[{"key":"whole","value":{"intValue":"-1"}},"#,
        r#"{"key":"bytes","value":{"bytesValue":"AP8+"}}],"flags":3,"#,
        r#""traceId":"5b8aa5a2d2c872e8321cf37308d69df2","spanId":"5fb397be34d26b51"}]}]}]}"#
    );
    assert_eq!(String::from_utf8(json).unwrap(), expected);
}

#[test]
fn numbers_of_points_are_strings_and_what_json_lacks_is_a_word() {
    let point = HistogramDataPoint {
        count: 3,
        sum: Some(f64::INFINITY),
        bucket_counts: vec![0, u64::MAX],
        explicit_bounds: vec![f64::NEG_INFINITY, f64::NAN, 2.0],
        ..HistogramDataPoint::default()
    };
    let data = Data::Histogram(Histogram {
        data_points: vec![point],
        aggregation_temporality: 2,
    });
    let metric = Metric {
        data: Some(data),
        ..Metric::default()
    };
    let scope_metrics = vec![ScopeMetrics {
        metrics: vec![metric],
        ..ScopeMetrics::default()
    }];
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            scope_metrics,
            ..ResourceMetrics::default()
        }],
    };
    let json = to_json(Signal::Metrics, &request.encode_to_vec()).unwrap();
    let expected = concat!(
        r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"#,
        r#""count":"3","sum":"Infinity","bucketCounts":["0","18446744073709551615"],"#,
        r#""explicitBounds":["-Infinity","NaN",2.0]}],"aggregationTemporality":2}}]}]}]}"#
    );
    assert_eq!(String::from_utf8(json).unwrap(), expected);
}

#[test]
fn repeated_numbers_need_not_be_packed_and_unknown_fields_are_left_out() {
    // A histogram's point with two bucket counts, each with its tag, and a field 15.
    let point = [
        &b"\x31\x01\0\0\0\0\0\0\0\x31\x02\0\0\0\0\0\0\0"[..],
        b"\x7a\x01x",
    ];
    let nested = [0x0a, 0x12, 0x12, 0x4a, 0x0a].into_iter().rev();
    let encoded = nested.fold(point.concat(), |inner, tag| {
        [&[tag, u8::try_from(inner.len()).unwrap()][..], &inner].concat()
    });
    let json = to_json(Signal::Metrics, &encoded).unwrap();
    let expected = concat!(
        r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"#,
        r#""bucketCounts":["1","2"]}]}}]}]}]}"#
    );
    assert_eq!(String::from_utf8(json).unwrap(), expected);
}

#[test]
fn a_value_nested_too_deep_is_refused() {
    let value = (0..200).fold(AnyValue::default(), |inner, _| {
        value_of(Value::ArrayValue(ArrayValue {
            values: vec![inner],
        }))
        .unwrap()
    });
    let mut request = logs();
    request.resource_logs[0].scope_logs[0].log_records[0].body = Some(value);
    assert_eq!(
        to_json(Signal::Logs, &request.encode_to_vec()),
        Err(Malformed)
    );
}

proptest! {
    #[test]
    fn what_is_cut_or_changed_is_valid_json_or_refused(
        position in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        is_cut in any::<bool>(),
    ) {
        let mut encoded = logs().encode_to_vec();
        let position = position.index(encoded.len());
        if is_cut {
            encoded.truncate(position);
        } else {
            encoded[position] = byte;
        }
        if let Ok(json) = to_json(Signal::Logs, &encoded) {
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok());
        }
    }
}
