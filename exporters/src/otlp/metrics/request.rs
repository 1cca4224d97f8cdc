//! Encodes the series as `ExportMetricsServiceRequest`s: one `Metric` for each family, split where
//! a request would become too large. Requests are made one at a time, since all series together may
//! be large. Each point is encoded as soon as it is made: a tree of messages of all points would
//! take several times the memory of the request.

use prost::Message as _;
use tidegate_model::Timestamp;
use tidegate_model::metric as model;
use tidegate_model::metric::{Family, MetricKind, Series, Value};

use super::name::{otlp_name, otlp_unit};
use super::table::{FamilyTable, SentSeries, SeriesCursor, SeriesEntry, SeriesTable};
use super::temporality::Temporality;
use crate::otlp::mapping::SCHEMA_URL;
use crate::otlp::messages::{
    Buckets, Exemplar, ExemplarValue, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge,
    Histogram, HistogramDataPoint, KeyValue, Metric, NumberDataPoint, NumberValue, ResourceMetrics,
    ScopeMetrics, Sum,
};
use crate::otlp::protobuf::{field_header, field_len};
use crate::otlp::resource::{ResourceAttributes, scope, string_attribute};
use crate::otlp::sealing::{EncodedMessage, PREFIX_LEN};

/// Field numbers of repeated messages, by the names of the fields.
mod number {
    pub(super) const RESOURCE_METRICS: u8 = 1;
    pub(super) const SCOPE_METRICS: u8 = 2;
    pub(super) const METRICS: u8 = 2;
    /// Of every kind of metric.
    pub(super) const DATA_POINTS: u8 = 1;
    pub(super) const GAUGE: u8 = 5;
    pub(super) const SUM: u8 = 7;
    pub(super) const HISTOGRAM: u8 = 9;
    pub(super) const EXPONENTIAL_HISTOGRAM: u8 = 10;
}

/// Upper bound of the bytes for tag and length of an embedded message.
const MAX_FIELD_HEADER_LEN: usize = 12;

/// An encoded request.
#[derive(Debug)]
pub(super) struct MetricRequest {
    /// The encoded request.
    pub(super) message: EncodedMessage,
    /// The series of its data points.
    pub(super) series: SeriesCursor,
    /// The series in it, with delta temporality.
    pub(super) sent: Vec<SentSeries>,
}

/// Collects the metrics of one request.
struct RequestBuilder {
    /// Bytes of metrics at most.
    max_len: usize,
    temporality: Temporality,
    /// Room for what comes before the metrics, and the encoded metrics.
    bytes: Vec<u8>,
    /// Where the metrics begin.
    start: usize,
    len: usize,
    series: SeriesCursor,
    points: u64,
    sent: Vec<SentSeries>,
}

/// Collects the points of one family, as encoded fields [`number::DATA_POINTS`].
struct MetricBuilder<'a> {
    family: &'a Family,
    numbers: Vec<u8>,
    histograms: Vec<u8>,
    exponential: Vec<u8>,
}

enum DataPoint {
    Number(NumberDataPoint),
    Histogram(HistogramDataPoint),
    Exponential(ExponentialHistogramDataPoint),
}

/// Returns the next request of an export, of `max_bytes` at most unless a single point is larger;
/// `None` at the end.
pub(super) fn next_request(
    cursor: &mut SeriesCursor,
    table: &SeriesTable,
    resource: &ResourceAttributes,
    now: Timestamp,
    max_bytes: usize,
) -> Option<MetricRequest> {
    let mut builder = RequestBuilder::new(resource, table.temporality(), max_bytes);
    while let Some(next) = cursor.families.last_mut() {
        if let Some(family) = table.family(&next.family)
            && !builder.add_family(family, &mut next.series, now)
        {
            break;
        }
        cursor.families.pop();
    }
    builder.finish(resource)
}

impl RequestBuilder {
    fn new(resource: &ResourceAttributes, temporality: Temporality, max_bytes: usize) -> Self {
        let envelope =
            resource.to_message().encoded_len() + scope().encoded_len() + 2 * SCHEMA_URL.len();
        let envelope = envelope + 6 * MAX_FIELD_HEADER_LEN;
        let start = PREFIX_LEN + envelope;
        Self {
            max_len: max_bytes.saturating_sub(envelope),
            temporality,
            bytes: vec![0; start],
            start,
            len: 0,
            series: SeriesCursor::default(),
            points: 0,
            sent: Vec::new(),
        }
    }

    /// Moves points of `series` into the request while they fit. Returns whether all did.
    fn add_family(
        &mut self,
        family: &FamilyTable,
        series: &mut Vec<usize>,
        now: Timestamp,
    ) -> bool {
        let mut metric = MetricBuilder::new(&family.family);
        self.len += metric.header_len();
        while let Some(id) = series.last() {
            if let Some(point) = family
                .entry(*id)
                .and_then(|entry| DataPoint::new(&family.family, &entry, now))
            {
                let len = point.encoded_len() + MAX_FIELD_HEADER_LEN;
                if self.points > 0 && self.len + len > self.max_len {
                    break;
                }
                self.len += len;
                self.points += 1;
                self.series.push(&family.family.name, *id);
                metric.push(&point);
                if self.temporality == Temporality::Delta {
                    self.sent.extend(family.sent(*id, now));
                }
            }
            series.pop();
        }
        metric.finish(self.temporality, &mut self.bytes);
        series.is_empty()
    }

    /// Encodes the request; `None` if it has no points.
    fn finish(mut self, resource: &ResourceAttributes) -> Option<MetricRequest> {
        if self.points == 0 {
            return None;
        }
        let resource_metrics = ResourceMetrics {
            resource: Some(resource.to_message()),
            scope_metrics: Vec::new(),
            schema_url: SCHEMA_URL.to_owned(),
        };
        let scope_metrics = ScopeMetrics {
            scope: Some(scope()),
            metrics: Vec::new(),
            schema_url: SCHEMA_URL.to_owned(),
        };
        let scope_len = scope_metrics.encoded_len() + self.bytes.len() - self.start;
        let resource_len = resource_metrics.encoded_len() + field_len(scope_len);
        let mut envelope = Vec::new();
        field_header(&mut envelope, number::RESOURCE_METRICS, resource_len);
        envelope.extend(resource_metrics.encode_to_vec());
        field_header(&mut envelope, number::SCOPE_METRICS, scope_len);
        envelope.extend(scope_metrics.encode_to_vec());
        let start = self.start - envelope.len();
        self.bytes[start..self.start].copy_from_slice(&envelope);
        Some(MetricRequest {
            message: EncodedMessage::new(self.bytes, start),
            series: self.series,
            sent: self.sent,
        })
    }
}

impl<'a> MetricBuilder<'a> {
    fn new(family: &'a Family) -> Self {
        Self {
            family,
            numbers: Vec::new(),
            histograms: Vec::new(),
            exponential: Vec::new(),
        }
    }

    fn header_len(&self) -> usize {
        self.family.name.len()
            + self.family.help.len()
            + self.family.unit.len()
            + 5 * MAX_FIELD_HEADER_LEN
    }

    fn push(&mut self, point: &DataPoint) {
        match point {
            DataPoint::Number(point) => push_field(&mut self.numbers, point),
            DataPoint::Histogram(point) => push_field(&mut self.histograms, point),
            DataPoint::Exponential(point) => push_field(&mut self.exponential, point),
        }
    }

    /// Appends the metric; nothing if it has no points, and two if some of the family's pipelines
    /// keep exponential buckets and others do not.
    fn finish(self, temporality: Temporality, out: &mut Vec<u8>) {
        let aggregation_temporality = temporality.aggregation().into();
        let family = self.family;
        match family.kind {
            MetricKind::Gauge => {
                push_metric(out, family, number::GAUGE, &self.numbers, &Gauge::default());
            }
            MetricKind::Counter | MetricKind::Histogram { .. } => {
                let rest = Sum {
                    data_points: Vec::new(),
                    aggregation_temporality,
                    is_monotonic: true,
                };
                push_metric(out, family, number::SUM, &self.numbers, &rest);
            }
        }
        let rest = Histogram {
            data_points: Vec::new(),
            aggregation_temporality,
        };
        push_metric(out, family, number::HISTOGRAM, &self.histograms, &rest);
        let rest = ExponentialHistogram {
            data_points: Vec::new(),
            aggregation_temporality,
        };
        let exponential = number::EXPONENTIAL_HISTOGRAM;
        push_metric(out, family, exponential, &self.exponential, &rest);
    }
}

/// Appends a point.
fn push_field(out: &mut Vec<u8>, point: &impl prost::Message) {
    field_header(out, number::DATA_POINTS, point.encoded_len());
    point.encode(out).expect("a vector grows as needed");
}

/// Appends a metric with encoded points, if there are any; `rest` is the rest of its data.
fn push_metric(
    out: &mut Vec<u8>,
    family: &Family,
    data: u8,
    points: &[u8],
    rest: &impl prost::Message,
) {
    if points.is_empty() {
        return;
    }
    let metric = Metric {
        name: otlp_name(family).to_owned(),
        description: family.help.clone(),
        unit: otlp_unit(family).to_owned(),
        data: None,
    };
    let data_len = points.len() + rest.encoded_len();
    let len = metric.encoded_len() + field_len(data_len);
    field_header(out, number::METRICS, len);
    metric.encode(out).expect("a vector grows as needed");
    field_header(out, data, data_len);
    out.extend_from_slice(points);
    rest.encode(out).expect("a vector grows as needed");
}

impl DataPoint {
    /// Returns the current point of a series; `None` if its value is not of the family's kind.
    fn new(family: &Family, entry: &SeriesEntry, now: Timestamp) -> Option<Self> {
        let series = &*entry.series;
        match (&family.kind, &entry.value) {
            (MetricKind::Counter, Value::Counter(value))
            | (MetricKind::Gauge, Value::Gauge(value)) => Some(Self::Number(NumberDataPoint {
                attributes: attributes(series),
                start_time_unix_nano: entry.start.0,
                time_unix_nano: now.0,
                value: Some(NumberValue::Double(*value)),
            })),
            (MetricKind::Histogram { bounds }, Value::Histogram(histogram)) => {
                Some(histogram_point(bounds, histogram, entry, now))
            }
            _ => None,
        }
    }

    fn encoded_len(&self) -> usize {
        match self {
            Self::Number(point) => point.encoded_len(),
            Self::Histogram(point) => point.encoded_len(),
            Self::Exponential(point) => point.encoded_len(),
        }
    }
}

/// Returns the exponential buckets, if they are kept, else the explicit ones.
fn histogram_point(
    bounds: &[f64],
    histogram: &model::Histogram,
    entry: &SeriesEntry,
    now: Timestamp,
) -> DataPoint {
    let attributes = attributes(&entry.series);
    let exemplars = histogram.exemplars.iter().map(exemplar).collect();
    match &histogram.exponential {
        Some(buckets) => DataPoint::Exponential(ExponentialHistogramDataPoint {
            attributes,
            start_time_unix_nano: entry.start.0,
            time_unix_nano: now.0,
            count: histogram.count,
            sum: Some(histogram.sum),
            scale: buckets.scale,
            zero_count: buckets.zero_count,
            positive: Some(Buckets {
                offset: buckets.offset,
                bucket_counts: buckets.counts.iter().copied().collect(),
            }),
            exemplars,
        }),
        None => DataPoint::Histogram(HistogramDataPoint {
            attributes,
            start_time_unix_nano: entry.start.0,
            time_unix_nano: now.0,
            count: histogram.count,
            sum: Some(histogram.sum),
            bucket_counts: histogram.buckets.clone(),
            explicit_bounds: bounds.to_vec(),
            exemplars,
        }),
    }
}

fn exemplar(exemplar: &model::Exemplar) -> Exemplar {
    Exemplar {
        time_unix_nano: exemplar.time.0,
        value: Some(ExemplarValue::Double(exemplar.value)),
        span_id: exemplar.trace.parent_id.to_vec(),
        trace_id: exemplar.trace.trace_id.to_vec(),
    }
}

/// Uses the label names of the series' own family: a family of the same name in another pipeline or
/// before a reload may have other labels.
fn attributes(series: &Series) -> Vec<KeyValue> {
    series
        .family
        .label_names
        .iter()
        .zip(&series.labels)
        .map(|(name, value)| string_attribute(name, value))
        .collect()
}
