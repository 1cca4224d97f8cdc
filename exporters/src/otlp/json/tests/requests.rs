//! Requests with every field of opentelemetry-proto.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary,
    SummaryDataPoint, exemplar, exponential_histogram_data_point::Buckets, metric::Data,
    number_data_point, summary_data_point::ValueAtQuantile,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{
    ResourceSpans, ScopeSpans, Span, Status,
    span::{Event, Link},
};

pub(super) const TRACE_ID: [u8; 16] =
    *b"\x5b\x8a\xa5\xa2\xd2\xc8\x72\xe8\x32\x1c\xf3\x73\x08\xd6\x9d\xf2";
pub(super) const SPAN_ID: [u8; 8] = *b"\x5f\xb3\x97\xbe\x34\xd2\x6b\x51";

pub(super) fn value_of(value: Value) -> Option<AnyValue> {
    Some(AnyValue { value: Some(value) })
}

pub(super) fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: value_of(value),
        ..KeyValue::default()
    }
}

/// An attribute with a value of each type.
pub(super) fn attributes() -> Vec<KeyValue> {
    let text = Value::StringValue("ä \"b\" \u{1}\\".to_owned());
    let list = ArrayValue {
        values: vec![AnyValue::default(), value_of(text.clone()).unwrap()],
    };
    let map = KeyValueList {
        values: vec![attribute("inner", Value::BoolValue(true))],
    };
    vec![
        attribute("text", text),
        attribute("whole", Value::IntValue(i64::MIN)),
        attribute("double", Value::DoubleValue(-0.5)),
        attribute("bytes", Value::BytesValue(vec![0, 255, 62])),
        attribute("list", Value::ArrayValue(list)),
        attribute("map", Value::KvlistValue(map)),
    ]
}

pub(super) fn resource() -> Option<Resource> {
    Some(Resource {
        attributes: attributes(),
        dropped_attributes_count: 3,
        ..Resource::default()
    })
}

pub(super) fn scope() -> Option<InstrumentationScope> {
    Some(InstrumentationScope {
        name: "scope".to_owned(),
        version: "1".to_owned(),
        attributes: attributes(),
        dropped_attributes_count: 1,
    })
}

pub(super) fn logs() -> ExportLogsServiceRequest {
    let record = LogRecord {
        time_unix_nano: u64::MAX,
        observed_time_unix_nano: 1,
        severity_number: 9,
        severity_text: "INFO".to_owned(),
        body: value_of(Value::StringValue("line".to_owned())),
        attributes: attributes(),
        dropped_attributes_count: 2,
        flags: 0x0103,
        trace_id: TRACE_ID.to_vec(),
        span_id: SPAN_ID.to_vec(),
        event_name: "event".to_owned(),
    };
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: resource(),
            scope_logs: vec![ScopeLogs {
                scope: scope(),
                log_records: vec![record, LogRecord::default()],
                schema_url: "schema".to_owned(),
            }],
            schema_url: "schema".to_owned(),
        }],
    }
}

pub(super) fn exemplar() -> Exemplar {
    Exemplar {
        filtered_attributes: attributes(),
        time_unix_nano: 7,
        span_id: SPAN_ID.to_vec(),
        trace_id: TRACE_ID.to_vec(),
        value: Some(exemplar::Value::AsDouble(0.25)),
    }
}

pub(super) fn number(value: number_data_point::Value) -> NumberDataPoint {
    NumberDataPoint {
        attributes: attributes(),
        start_time_unix_nano: 1,
        time_unix_nano: u64::MAX,
        exemplars: vec![exemplar()],
        flags: 1,
        value: Some(value),
    }
}

pub(super) fn histogram() -> HistogramDataPoint {
    HistogramDataPoint {
        attributes: attributes(),
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        count: 3,
        sum: Some(1e300),
        bucket_counts: vec![0, u64::MAX, 3],
        explicit_bounds: vec![0.005, 10.0],
        exemplars: vec![exemplar()],
        flags: 0,
        min: Some(0.0),
        max: Some(2.5),
    }
}

pub(super) fn exponential_histogram() -> ExponentialHistogramDataPoint {
    let buckets = |offset| {
        Some(Buckets {
            offset,
            bucket_counts: vec![0, 300, u64::MAX],
        })
    };
    ExponentialHistogramDataPoint {
        attributes: attributes(),
        count: 3,
        sum: Some(0.0),
        scale: -4,
        zero_count: 9,
        positive: buckets(-2),
        negative: buckets(i32::MAX),
        zero_threshold: 0.125,
        ..ExponentialHistogramDataPoint::default()
    }
}

pub(super) fn summary() -> Summary {
    let quantile_values = vec![ValueAtQuantile {
        quantile: 0.5,
        value: 2.0,
    }];
    Summary {
        data_points: vec![SummaryDataPoint {
            count: 2,
            sum: 3.5,
            quantile_values,
            ..SummaryDataPoint::default()
        }],
    }
}

pub(super) fn metrics() -> ExportMetricsServiceRequest {
    let data = [
        Data::Gauge(Gauge {
            data_points: vec![number(number_data_point::Value::AsDouble(3.0))],
        }),
        Data::Sum(Sum {
            data_points: vec![number(number_data_point::Value::AsInt(-7))],
            aggregation_temporality: 2,
            is_monotonic: true,
        }),
        Data::Histogram(Histogram {
            data_points: vec![histogram()],
            aggregation_temporality: 1,
        }),
        Data::ExponentialHistogram(ExponentialHistogram {
            data_points: vec![exponential_histogram()],
            aggregation_temporality: 2,
        }),
        Data::Summary(summary()),
    ];
    let metrics = data.map(|data| Metric {
        name: "name".to_owned(),
        description: "description".to_owned(),
        unit: "s".to_owned(),
        metadata: attributes(),
        data: Some(data),
    });
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: resource(),
            scope_metrics: vec![ScopeMetrics {
                scope: scope(),
                metrics: metrics.into(),
                schema_url: String::new(),
            }],
            schema_url: String::new(),
        }],
    }
}

#[expect(clippy::too_many_lines, reason = "every field")]
pub(super) fn spans() -> ExportTraceServiceRequest {
    let span = Span {
        trace_id: TRACE_ID.to_vec(),
        span_id: SPAN_ID.to_vec(),
        trace_state: "a=b".to_owned(),
        parent_span_id: SPAN_ID.to_vec(),
        flags: 0x0101,
        name: "GET /".to_owned(),
        kind: 3,
        start_time_unix_nano: 1,
        end_time_unix_nano: 2,
        attributes: attributes(),
        dropped_attributes_count: 1,
        events: vec![Event {
            time_unix_nano: 3,
            name: "event".to_owned(),
            attributes: attributes(),
            dropped_attributes_count: 1,
        }],
        dropped_events_count: 2,
        links: vec![Link {
            trace_id: TRACE_ID.to_vec(),
            span_id: SPAN_ID.to_vec(),
            trace_state: "c=d".to_owned(),
            attributes: attributes(),
            dropped_attributes_count: 3,
            flags: 1,
        }],
        dropped_links_count: 3,
        status: Some(Status {
            message: "failed".to_owned(),
            code: 2,
        }),
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: resource(),
            scope_spans: vec![ScopeSpans {
                scope: scope(),
                spans: vec![span],
                schema_url: "schema".to_owned(),
            }],
            schema_url: "schema".to_owned(),
        }],
    }
}
