//! The requests of opentelemetry-proto 1.9: each field with its number, its name in JSON and its
//! type.

use crate::otlp::signal::Signal;

/// The fields of a message; at most 32.
#[derive(Debug)]
pub(super) struct Message(pub(super) &'static [Field]);

/// A field of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) number: u64,
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) is_repeated: bool,
}

/// The type of a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Message(&'static Message),
    String,
    /// `bytes` that JSON has in base64.
    Base64,
    /// `bytes` that OTLP JSON has in hexadecimal digits: ids of traces and spans.
    Hex,
    Bool,
    Double,
    /// `uint32` or an enum.
    Uint32,
    Sint32,
    Fixed32,
    Int64,
    Uint64,
    Fixed64,
    Sfixed64,
}

use Kind::{
    Base64, Bool, Double, Fixed32, Fixed64, Hex, Int64, Sfixed64, Sint32, String, Uint32, Uint64,
};

impl Kind {
    /// Whether a repeated field of the type can be packed.
    pub(super) fn is_number(self) -> bool {
        !matches!(self, Self::Message(_) | String | Base64 | Hex)
    }
}

/// Returns the message of a request.
pub(super) fn request(signal: Signal) -> &'static Message {
    match signal {
        Signal::Logs => &LOGS_REQUEST,
        Signal::Metrics => &METRICS_REQUEST,
        Signal::Traces => &TRACES_REQUEST,
    }
}

const fn one(number: u64, name: &'static str, kind: Kind) -> Field {
    Field {
        number,
        name,
        kind,
        is_repeated: false,
    }
}

const fn many(number: u64, name: &'static str, kind: Kind) -> Field {
    Field {
        is_repeated: true,
        ..one(number, name, kind)
    }
}

const fn sub(number: u64, name: &'static str, message: &'static Message) -> Field {
    one(number, name, Kind::Message(message))
}

const fn subs(number: u64, name: &'static str, message: &'static Message) -> Field {
    many(number, name, Kind::Message(message))
}

// opentelemetry/proto/collector/*/v1

static LOGS_REQUEST: Message = Message(&[subs(1, "resourceLogs", &RESOURCE_LOGS)]);
static METRICS_REQUEST: Message = Message(&[subs(1, "resourceMetrics", &RESOURCE_METRICS)]);
static TRACES_REQUEST: Message = Message(&[subs(1, "resourceSpans", &RESOURCE_SPANS)]);

// opentelemetry/proto/common/v1 and resource/v1

static ANY_VALUE: Message = Message(&[
    one(1, "stringValue", String),
    one(2, "boolValue", Bool),
    one(3, "intValue", Int64),
    one(4, "doubleValue", Double),
    sub(5, "arrayValue", &ARRAY_VALUE),
    sub(6, "kvlistValue", &KEY_VALUE_LIST),
    one(7, "bytesValue", Base64),
]);
static ARRAY_VALUE: Message = Message(&[subs(1, "values", &ANY_VALUE)]);
static KEY_VALUE_LIST: Message = Message(&[subs(1, "values", &KEY_VALUE)]);
static KEY_VALUE: Message = Message(&[one(1, "key", String), sub(2, "value", &ANY_VALUE)]);
static SCOPE: Message = Message(&[
    one(1, "name", String),
    one(2, "version", String),
    subs(3, "attributes", &KEY_VALUE),
    one(4, "droppedAttributesCount", Uint32),
]);
static RESOURCE: Message = Message(&[
    subs(1, "attributes", &KEY_VALUE),
    one(2, "droppedAttributesCount", Uint32),
    subs(3, "entityRefs", &ENTITY_REF),
]);
static ENTITY_REF: Message = Message(&[
    one(1, "schemaUrl", String),
    one(2, "type", String),
    many(3, "idKeys", String),
    many(4, "descriptionKeys", String),
]);

// opentelemetry/proto/logs/v1

static RESOURCE_LOGS: Message = Message(&[
    sub(1, "resource", &RESOURCE),
    subs(2, "scopeLogs", &SCOPE_LOGS),
    one(3, "schemaUrl", String),
]);
static SCOPE_LOGS: Message = Message(&[
    sub(1, "scope", &SCOPE),
    subs(2, "logRecords", &LOG_RECORD),
    one(3, "schemaUrl", String),
]);
static LOG_RECORD: Message = Message(&[
    one(1, "timeUnixNano", Fixed64),
    one(11, "observedTimeUnixNano", Fixed64),
    one(2, "severityNumber", Uint32),
    one(3, "severityText", String),
    sub(5, "body", &ANY_VALUE),
    subs(6, "attributes", &KEY_VALUE),
    one(7, "droppedAttributesCount", Uint32),
    one(8, "flags", Fixed32),
    one(9, "traceId", Hex),
    one(10, "spanId", Hex),
    one(12, "eventName", String),
]);

// opentelemetry/proto/metrics/v1

static RESOURCE_METRICS: Message = Message(&[
    sub(1, "resource", &RESOURCE),
    subs(2, "scopeMetrics", &SCOPE_METRICS),
    one(3, "schemaUrl", String),
]);
static SCOPE_METRICS: Message = Message(&[
    sub(1, "scope", &SCOPE),
    subs(2, "metrics", &METRIC),
    one(3, "schemaUrl", String),
]);
static METRIC: Message = Message(&[
    one(1, "name", String),
    one(2, "description", String),
    one(3, "unit", String),
    sub(5, "gauge", &GAUGE),
    sub(7, "sum", &SUM),
    sub(9, "histogram", &HISTOGRAM),
    sub(10, "exponentialHistogram", &EXPONENTIAL_HISTOGRAM),
    sub(11, "summary", &SUMMARY),
    subs(12, "metadata", &KEY_VALUE),
]);
static GAUGE: Message = Message(&[subs(1, "dataPoints", &NUMBER_POINT)]);
static SUM: Message = Message(&[
    subs(1, "dataPoints", &NUMBER_POINT),
    one(2, "aggregationTemporality", Uint32),
    one(3, "isMonotonic", Bool),
]);
static HISTOGRAM: Message = Message(&[
    subs(1, "dataPoints", &HISTOGRAM_POINT),
    one(2, "aggregationTemporality", Uint32),
]);
static EXPONENTIAL_HISTOGRAM: Message = Message(&[
    subs(1, "dataPoints", &EXPONENTIAL_HISTOGRAM_POINT),
    one(2, "aggregationTemporality", Uint32),
]);
static SUMMARY: Message = Message(&[subs(1, "dataPoints", &SUMMARY_POINT)]);
static NUMBER_POINT: Message = Message(&[
    subs(7, "attributes", &KEY_VALUE),
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    one(4, "asDouble", Double),
    one(6, "asInt", Sfixed64),
    subs(5, "exemplars", &EXEMPLAR),
    one(8, "flags", Uint32),
]);
static HISTOGRAM_POINT: Message = Message(&[
    subs(9, "attributes", &KEY_VALUE),
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    one(4, "count", Fixed64),
    one(5, "sum", Double),
    many(6, "bucketCounts", Fixed64),
    many(7, "explicitBounds", Double),
    subs(8, "exemplars", &EXEMPLAR),
    one(10, "flags", Uint32),
    one(11, "min", Double),
    one(12, "max", Double),
]);
static EXPONENTIAL_HISTOGRAM_POINT: Message = Message(&[
    subs(1, "attributes", &KEY_VALUE),
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    one(4, "count", Fixed64),
    one(5, "sum", Double),
    one(6, "scale", Sint32),
    one(7, "zeroCount", Fixed64),
    sub(8, "positive", &BUCKETS),
    sub(9, "negative", &BUCKETS),
    one(10, "flags", Uint32),
    subs(11, "exemplars", &EXEMPLAR),
    one(12, "min", Double),
    one(13, "max", Double),
    one(14, "zeroThreshold", Double),
]);
static BUCKETS: Message = Message(&[one(1, "offset", Sint32), many(2, "bucketCounts", Uint64)]);
static SUMMARY_POINT: Message = Message(&[
    subs(7, "attributes", &KEY_VALUE),
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    one(4, "count", Fixed64),
    one(5, "sum", Double),
    subs(6, "quantileValues", &QUANTILE),
    one(8, "flags", Uint32),
]);
static QUANTILE: Message = Message(&[one(1, "quantile", Double), one(2, "value", Double)]);
static EXEMPLAR: Message = Message(&[
    subs(7, "filteredAttributes", &KEY_VALUE),
    one(2, "timeUnixNano", Fixed64),
    one(3, "asDouble", Double),
    one(6, "asInt", Sfixed64),
    one(4, "spanId", Hex),
    one(5, "traceId", Hex),
]);

// opentelemetry/proto/trace/v1

static RESOURCE_SPANS: Message = Message(&[
    sub(1, "resource", &RESOURCE),
    subs(2, "scopeSpans", &SCOPE_SPANS),
    one(3, "schemaUrl", String),
]);
static SCOPE_SPANS: Message = Message(&[
    sub(1, "scope", &SCOPE),
    subs(2, "spans", &SPAN),
    one(3, "schemaUrl", String),
]);
static SPAN: Message = Message(&[
    one(1, "traceId", Hex),
    one(2, "spanId", Hex),
    one(3, "traceState", String),
    one(4, "parentSpanId", Hex),
    one(16, "flags", Fixed32),
    one(5, "name", String),
    one(6, "kind", Uint32),
    one(7, "startTimeUnixNano", Fixed64),
    one(8, "endTimeUnixNano", Fixed64),
    subs(9, "attributes", &KEY_VALUE),
    one(10, "droppedAttributesCount", Uint32),
    subs(11, "events", &SPAN_EVENT),
    one(12, "droppedEventsCount", Uint32),
    subs(13, "links", &SPAN_LINK),
    one(14, "droppedLinksCount", Uint32),
    sub(15, "status", &SPAN_STATUS),
]);
static SPAN_EVENT: Message = Message(&[
    one(1, "timeUnixNano", Fixed64),
    one(2, "name", String),
    subs(3, "attributes", &KEY_VALUE),
    one(4, "droppedAttributesCount", Uint32),
]);
static SPAN_LINK: Message = Message(&[
    one(1, "traceId", Hex),
    one(2, "spanId", Hex),
    one(3, "traceState", String),
    subs(4, "attributes", &KEY_VALUE),
    one(5, "droppedAttributesCount", Uint32),
    one(6, "flags", Fixed32),
]);
static SPAN_STATUS: Message = Message(&[one(2, "message", String), one(3, "code", Uint32)]);
