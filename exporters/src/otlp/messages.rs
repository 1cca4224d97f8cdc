//! The messages of opentelemetry-proto 1.9 that are built as trees: requests with metrics, the
//! resource, and responses. Fields that the exporter never sets are left out.
//!
//! The crate `opentelemetry-proto` has all messages, but compiles the OpenTelemetry SDK with them.
//! Tests decode what these encode with that crate.

use prost::{Message, Oneof};

/// `opentelemetry.proto.common.v1.AnyValue`, of which only strings are used.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct AnyValue {
    #[prost(oneof = "AnyValueKind", tags = "1")]
    pub(crate) value: Option<AnyValueKind>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum AnyValueKind {
    #[prost(string, tag = "1")]
    String(String),
}

/// `opentelemetry.proto.common.v1.KeyValue`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct KeyValue {
    #[prost(string, tag = "1")]
    pub(crate) key: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) value: Option<AnyValue>,
}

/// `opentelemetry.proto.common.v1.InstrumentationScope`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct InstrumentationScope {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(string, tag = "2")]
    pub(crate) version: String,
}

/// `opentelemetry.proto.resource.v1.Resource`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Resource {
    #[prost(message, repeated, tag = "1")]
    pub(crate) attributes: Vec<KeyValue>,
}

/// `opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest`
#[cfg(test)]
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ExportMetricsRequest {
    #[prost(message, repeated, tag = "1")]
    pub(crate) resource_metrics: Vec<ResourceMetrics>,
}

/// `opentelemetry.proto.metrics.v1.ResourceMetrics`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ResourceMetrics {
    #[prost(message, optional, tag = "1")]
    pub(crate) resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) scope_metrics: Vec<ScopeMetrics>,
    #[prost(string, tag = "3")]
    pub(crate) schema_url: String,
}

/// `opentelemetry.proto.metrics.v1.ScopeMetrics`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ScopeMetrics {
    #[prost(message, optional, tag = "1")]
    pub(crate) scope: Option<InstrumentationScope>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) metrics: Vec<Metric>,
    #[prost(string, tag = "3")]
    pub(crate) schema_url: String,
}

/// `opentelemetry.proto.metrics.v1.Metric`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Metric {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(string, tag = "2")]
    pub(crate) description: String,
    /// In the units of UCUM.
    #[prost(string, tag = "3")]
    pub(crate) unit: String,
    #[prost(oneof = "MetricData", tags = "5, 7, 9, 10")]
    pub(crate) data: Option<MetricData>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum MetricData {
    #[prost(message, tag = "5")]
    Gauge(Gauge),
    #[prost(message, tag = "7")]
    Sum(Sum),
    #[prost(message, tag = "9")]
    Histogram(Histogram),
    #[prost(message, tag = "10")]
    ExponentialHistogram(ExponentialHistogram),
}

/// `opentelemetry.proto.metrics.v1.Gauge`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Gauge {
    #[prost(message, repeated, tag = "1")]
    pub(crate) data_points: Vec<NumberDataPoint>,
}

/// `opentelemetry.proto.metrics.v1.Sum`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Sum {
    #[prost(message, repeated, tag = "1")]
    pub(crate) data_points: Vec<NumberDataPoint>,
    #[prost(enumeration = "AggregationTemporality", tag = "2")]
    pub(crate) aggregation_temporality: i32,
    #[prost(bool, tag = "3")]
    pub(crate) is_monotonic: bool,
}

/// `opentelemetry.proto.metrics.v1.Histogram`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Histogram {
    #[prost(message, repeated, tag = "1")]
    pub(crate) data_points: Vec<HistogramDataPoint>,
    #[prost(enumeration = "AggregationTemporality", tag = "2")]
    pub(crate) aggregation_temporality: i32,
}

/// `opentelemetry.proto.metrics.v1.AggregationTemporality`
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub(crate) enum AggregationTemporality {
    Unspecified = 0,
    Delta = 1,
    Cumulative = 2,
}

/// `opentelemetry.proto.metrics.v1.NumberDataPoint`; times are nanoseconds since the Unix epoch.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct NumberDataPoint {
    #[prost(fixed64, tag = "2")]
    pub(crate) start_time_unix_nano: u64,
    #[prost(fixed64, tag = "3")]
    pub(crate) time_unix_nano: u64,
    #[prost(oneof = "NumberValue", tags = "4")]
    pub(crate) value: Option<NumberValue>,
    #[prost(message, repeated, tag = "7")]
    pub(crate) attributes: Vec<KeyValue>,
}

#[derive(Clone, Copy, PartialEq, Oneof)]
pub(crate) enum NumberValue {
    #[prost(double, tag = "4")]
    Double(f64),
}

/// `opentelemetry.proto.metrics.v1.HistogramDataPoint`; times are nanoseconds since the Unix epoch.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct HistogramDataPoint {
    #[prost(fixed64, tag = "2")]
    pub(crate) start_time_unix_nano: u64,
    #[prost(fixed64, tag = "3")]
    pub(crate) time_unix_nano: u64,
    #[prost(fixed64, tag = "4")]
    pub(crate) count: u64,
    #[prost(double, optional, tag = "5")]
    pub(crate) sum: Option<f64>,
    #[prost(fixed64, repeated, tag = "6")]
    pub(crate) bucket_counts: Vec<u64>,
    #[prost(double, repeated, tag = "7")]
    pub(crate) explicit_bounds: Vec<f64>,
    #[prost(message, repeated, tag = "8")]
    pub(crate) exemplars: Vec<Exemplar>,
    #[prost(message, repeated, tag = "9")]
    pub(crate) attributes: Vec<KeyValue>,
}

/// `opentelemetry.proto.metrics.v1.ExponentialHistogram`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ExponentialHistogram {
    #[prost(message, repeated, tag = "1")]
    pub(crate) data_points: Vec<ExponentialHistogramDataPoint>,
    #[prost(enumeration = "AggregationTemporality", tag = "2")]
    pub(crate) aggregation_temporality: i32,
}

/// `opentelemetry.proto.metrics.v1.ExponentialHistogramDataPoint`, of values from 0 up
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ExponentialHistogramDataPoint {
    #[prost(message, repeated, tag = "1")]
    pub(crate) attributes: Vec<KeyValue>,
    #[prost(fixed64, tag = "2")]
    pub(crate) start_time_unix_nano: u64,
    #[prost(fixed64, tag = "3")]
    pub(crate) time_unix_nano: u64,
    #[prost(fixed64, tag = "4")]
    pub(crate) count: u64,
    #[prost(double, optional, tag = "5")]
    pub(crate) sum: Option<f64>,
    #[prost(sint32, tag = "6")]
    pub(crate) scale: i32,
    #[prost(fixed64, tag = "7")]
    pub(crate) zero_count: u64,
    #[prost(message, optional, tag = "8")]
    pub(crate) positive: Option<Buckets>,
    #[prost(message, repeated, tag = "11")]
    pub(crate) exemplars: Vec<Exemplar>,
}

/// `opentelemetry.proto.metrics.v1.ExponentialHistogramDataPoint.Buckets`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Buckets {
    #[prost(sint32, tag = "1")]
    pub(crate) offset: i32,
    #[prost(uint64, repeated, tag = "2")]
    pub(crate) bucket_counts: Vec<u64>,
}

/// `opentelemetry.proto.metrics.v1.Exemplar`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Exemplar {
    #[prost(fixed64, tag = "2")]
    pub(crate) time_unix_nano: u64,
    #[prost(oneof = "ExemplarValue", tags = "3")]
    pub(crate) value: Option<ExemplarValue>,
    #[prost(bytes = "vec", tag = "4")]
    pub(crate) span_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "5")]
    pub(crate) trace_id: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Oneof)]
pub(crate) enum ExemplarValue {
    #[prost(double, tag = "3")]
    Double(f64),
}

/// `ExportLogsServiceResponse` and `ExportMetricsServiceResponse`, which have the same fields but
/// for their names.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ExportResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) partial_success: Option<PartialSuccess>,
}

/// `ExportLogsPartialSuccess` and `ExportMetricsPartialSuccess`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct PartialSuccess {
    /// `rejected_log_records` or `rejected_data_points`
    #[prost(int64, tag = "1")]
    pub(crate) rejected: i64,
    #[prost(string, tag = "2")]
    pub(crate) error_message: String,
}

/// `google.rpc.Status`, the body of an error of OTLP/HTTP.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct RpcStatus {
    #[prost(string, tag = "2")]
    pub(crate) message: String,
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::logs::v1::{
        ExportLogsPartialSuccess, ExportLogsServiceResponse,
    };
    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;

    use super::*;

    fn attributes() -> Vec<KeyValue> {
        let value = Some(AnyValueKind::String("value".to_owned()));
        vec![KeyValue {
            key: "key".to_owned(),
            value: Some(AnyValue { value }),
        }]
    }

    fn number() -> NumberDataPoint {
        NumberDataPoint {
            start_time_unix_nano: 1,
            time_unix_nano: 2,
            value: Some(NumberValue::Double(3.5)),
            attributes: attributes(),
        }
    }

    fn histogram() -> HistogramDataPoint {
        HistogramDataPoint {
            start_time_unix_nano: 1,
            time_unix_nano: 2,
            count: 3,
            sum: Some(4.5),
            bucket_counts: vec![1, 2],
            explicit_bounds: vec![0.25],
            exemplars: vec![exemplar()],
            attributes: attributes(),
        }
    }

    fn exemplar() -> Exemplar {
        Exemplar {
            time_unix_nano: 1,
            value: Some(ExemplarValue::Double(0.5)),
            span_id: vec![1; 8],
            trace_id: vec![2; 16],
        }
    }

    fn exponential() -> ExponentialHistogramDataPoint {
        ExponentialHistogramDataPoint {
            attributes: attributes(),
            start_time_unix_nano: 1,
            time_unix_nano: 2,
            count: 3,
            sum: Some(4.5),
            scale: -1,
            zero_count: 1,
            positive: Some(Buckets {
                offset: -2,
                bucket_counts: vec![1, 0, 1],
            }),
            exemplars: vec![exemplar()],
        }
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a message of each kind")]
    fn the_generated_messages_have_the_same_bytes() {
        let aggregation_temporality = AggregationTemporality::Cumulative.into();
        let data = [
            MetricData::Gauge(Gauge {
                data_points: vec![number()],
            }),
            MetricData::Sum(Sum {
                data_points: vec![number()],
                aggregation_temporality,
                is_monotonic: true,
            }),
            MetricData::Histogram(Histogram {
                data_points: vec![histogram()],
                aggregation_temporality,
            }),
            MetricData::ExponentialHistogram(ExponentialHistogram {
                data_points: vec![exponential()],
                aggregation_temporality,
            }),
        ];
        let metrics = data.map(|data| Metric {
            name: "name".to_owned(),
            description: "description".to_owned(),
            unit: "s".to_owned(),
            data: Some(data),
        });
        let scope = InstrumentationScope {
            name: "scope".to_owned(),
            version: "1".to_owned(),
        };
        let request = ExportMetricsRequest {
            resource_metrics: vec![ResourceMetrics {
                resource: Some(Resource {
                    attributes: attributes(),
                }),
                scope_metrics: vec![ScopeMetrics {
                    scope: Some(scope),
                    metrics: metrics.into(),
                    schema_url: "url".to_owned(),
                }],
                schema_url: "url".to_owned(),
            }],
        };
        let bytes = request.encode_to_vec();
        // Unknown fields would be lost.
        let generated = ExportMetricsServiceRequest::decode(&bytes[..]).unwrap();
        assert_eq!(generated.encode_to_vec(), bytes);
    }

    #[test]
    fn responses_of_the_generated_service_are_decoded() {
        let generated = ExportLogsServiceResponse {
            partial_success: Some(ExportLogsPartialSuccess {
                rejected_log_records: 7,
                error_message: "too old".to_owned(),
            }),
        };
        let response = ExportResponse::decode(&generated.encode_to_vec()[..]).unwrap();
        let expected = PartialSuccess {
            rejected: 7,
            error_message: "too old".to_owned(),
        };
        assert_eq!(response.partial_success, Some(expected));
    }
}
