//! Encodes the series as `ExportMetricsServiceRequest`s: one `Metric` for each family, split where
//! a request would become too large. Requests are made one at a time, since all series together may
//! be large.

use prost::Message as _;
use tidegate_model::Timestamp;
use tidegate_model::metric as model;
use tidegate_model::metric::{Family, MetricKind, Series, Value};

use super::name::{otlp_name, otlp_unit};
use super::table::{FamilyTable, SentSeries, SeriesCursor, SeriesEntry, SeriesTable};
use super::temporality::Temporality;
use crate::otlp::mapping::SCHEMA_URL;
use crate::otlp::messages::{
    Buckets, Exemplar, ExemplarValue, ExponentialHistogram, ExponentialHistogramDataPoint,
    ExportMetricsRequest, Gauge, Histogram, HistogramDataPoint, KeyValue, Metric, MetricData,
    NumberDataPoint, NumberValue, ResourceMetrics, ScopeMetrics, Sum,
};
use crate::otlp::resource::{ResourceAttributes, scope, string_attribute};
use crate::otlp::sealing::{EncodedMessage, PREFIX_LEN};

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
    metrics: Vec<Metric>,
    len: usize,
    series: SeriesCursor,
    points: u64,
    sent: Vec<SentSeries>,
}

/// Collects the points of one family.
struct MetricBuilder<'a> {
    family: &'a Family,
    numbers: Vec<NumberDataPoint>,
    histograms: Vec<HistogramDataPoint>,
    exponential: Vec<ExponentialHistogramDataPoint>,
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
        Self {
            max_len: max_bytes.saturating_sub(envelope),
            temporality,
            metrics: Vec::new(),
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
                metric.push(point);
                if self.temporality == Temporality::Delta {
                    self.sent.extend(family.sent(*id, now));
                }
            }
            series.pop();
        }
        self.metrics.extend(metric.finish(self.temporality));
        series.is_empty()
    }

    /// Encodes the request; `None` if it has no points.
    fn finish(self, resource: &ResourceAttributes) -> Option<MetricRequest> {
        if self.points == 0 {
            return None;
        }
        let scope_metrics = ScopeMetrics {
            scope: Some(scope()),
            metrics: self.metrics,
            schema_url: SCHEMA_URL.to_owned(),
        };
        let resource_metrics = ResourceMetrics {
            resource: Some(resource.to_message()),
            scope_metrics: vec![scope_metrics],
            schema_url: SCHEMA_URL.to_owned(),
        };
        let request = ExportMetricsRequest {
            resource_metrics: vec![resource_metrics],
        };
        let mut bytes = Vec::with_capacity(PREFIX_LEN + request.encoded_len());
        bytes.resize(PREFIX_LEN, 0);
        request
            .encode(&mut bytes)
            .expect("a vector grows as needed");
        Some(MetricRequest {
            message: EncodedMessage::new(bytes, PREFIX_LEN),
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

    fn push(&mut self, point: DataPoint) {
        match point {
            DataPoint::Number(point) => self.numbers.push(point),
            DataPoint::Histogram(point) => self.histograms.push(point),
            DataPoint::Exponential(point) => self.exponential.push(point),
        }
    }

    /// Returns the metric; none if it has no points, and two if some of the family's pipelines keep
    /// exponential buckets and others do not.
    fn finish(self, temporality: Temporality) -> impl Iterator<Item = Metric> {
        let aggregation_temporality = temporality.aggregation().into();
        let family = self.family;
        let numbers = (!self.numbers.is_empty()).then_some(match family.kind {
            MetricKind::Gauge => MetricData::Gauge(Gauge {
                data_points: self.numbers,
            }),
            MetricKind::Counter | MetricKind::Histogram { .. } => MetricData::Sum(Sum {
                data_points: self.numbers,
                aggregation_temporality,
                is_monotonic: true,
            }),
        });
        let explicit = (!self.histograms.is_empty()).then_some(MetricData::Histogram(Histogram {
            data_points: self.histograms,
            aggregation_temporality,
        }));
        let exponential = (!self.exponential.is_empty()).then_some(
            MetricData::ExponentialHistogram(ExponentialHistogram {
                data_points: self.exponential,
                aggregation_temporality,
            }),
        );
        let data = [numbers, explicit, exponential].into_iter().flatten();
        data.map(|data| Metric {
            name: otlp_name(family).to_owned(),
            description: family.help.clone(),
            unit: otlp_unit(family).to_owned(),
            data: Some(data),
        })
    }
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
