//! The table as `ExportMetricsServiceRequest`s: one `Metric` for each family, cut where a request
//! would grow too large. They are made one at a time, each when it is to be sent, since all series
//! together may be large.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum, metric::Data, number_data_point,
};
use prost::Message as _;
use tidegate_core::Timestamp;
use tidegate_core::metric::{Family, MetricKind, Series, Value};

use super::super::frame::{Message, PREFIX};
use super::super::resource::{Origin, scope, text_attribute};
use super::name::{otlp_name, otlp_unit};
use super::table::{Entry, Members, Table, Walk};

/// More than tag and length of any message inside another one take.
const FRAMING: usize = 12;

/// An encoded request.
#[derive(Debug)]
pub(super) struct MetricRequest {
    /// The message.
    pub(super) message: Message,
    /// How many data points are in it.
    pub(super) points: u64,
}

/// The next request of an export, of `max_bytes` at most unless a single point is larger; `None` at
/// the walk's end.
pub(super) fn next_request(
    walk: &mut Walk,
    table: &Table,
    origin: &Origin,
    now: Timestamp,
    max_bytes: usize,
) -> Option<MetricRequest> {
    let mut packer = Packer::new(origin, max_bytes);
    while let Some(stretch) = walk.stretches.last_mut() {
        if let Some(members) = table.family(&stretch.family)
            && !packer.family(members, &mut stretch.series, now)
        {
            break;
        }
        walk.stretches.pop();
    }
    packer.close(origin)
}

/// Fills one request.
struct Packer {
    /// Bytes for metrics.
    room: usize,
    metrics: Vec<Metric>,
    bytes: usize,
    points: u64,
}

impl Packer {
    fn new(origin: &Origin, max_bytes: usize) -> Self {
        let envelope = origin.resource().encoded_len() + scope().encoded_len() + 4 * FRAMING;
        Self {
            room: max_bytes.saturating_sub(envelope),
            metrics: Vec::new(),
            bytes: 0,
            points: 0,
        }
    }

    /// Takes from `series` what there is room for. False if that is not all.
    fn family(&mut self, members: &Members, series: &mut Vec<usize>, now: Timestamp) -> bool {
        let mut metric = Points::new(&members.family);
        self.bytes += metric.header_len();
        while let Some(id) = series.last() {
            if let Some(point) = members
                .entry(*id)
                .and_then(|entry| DataPoint::new(&members.family, &entry, now))
            {
                let len = point.encoded_len() + FRAMING;
                if self.points > 0 && self.bytes + len > self.room {
                    break;
                }
                self.bytes += len;
                self.points += 1;
                metric.push(point);
            }
            series.pop();
        }
        self.metrics.extend(metric.take());
        series.is_empty()
    }

    /// The request; `None` if there is no point in it.
    fn close(self, origin: &Origin) -> Option<MetricRequest> {
        if self.points == 0 {
            return None;
        }
        let scope_metrics = ScopeMetrics {
            scope: Some(scope()),
            metrics: self.metrics,
            ..ScopeMetrics::default()
        };
        let resource_metrics = ResourceMetrics {
            resource: Some(origin.resource()),
            scope_metrics: vec![scope_metrics],
            ..ResourceMetrics::default()
        };
        let request = ExportMetricsServiceRequest {
            resource_metrics: vec![resource_metrics],
        };
        let mut bytes = Vec::with_capacity(PREFIX + request.encoded_len());
        bytes.resize(PREFIX, 0);
        request.encode(&mut bytes).expect("a vector has room");
        Some(MetricRequest {
            message: Message::new(bytes, PREFIX),
            points: self.points,
        })
    }
}

/// The points of one family that go into the request at hand.
struct Points<'a> {
    family: &'a Family,
    numbers: Vec<NumberDataPoint>,
    histograms: Vec<HistogramDataPoint>,
}

enum DataPoint {
    Number(NumberDataPoint),
    Histogram(HistogramDataPoint),
}

impl<'a> Points<'a> {
    fn new(family: &'a Family) -> Self {
        Self {
            family,
            numbers: Vec::new(),
            histograms: Vec::new(),
        }
    }

    fn header_len(&self) -> usize {
        self.family.name.len() + self.family.help.len() + self.family.unit.len() + 5 * FRAMING
    }

    fn push(&mut self, point: DataPoint) {
        match point {
            DataPoint::Number(point) => self.numbers.push(point),
            DataPoint::Histogram(point) => self.histograms.push(point),
        }
    }

    /// The metric with the points so far; `None` if there are none.
    fn take(&mut self) -> Option<Metric> {
        let (numbers, histograms) = (
            std::mem::take(&mut self.numbers),
            std::mem::take(&mut self.histograms),
        );
        if numbers.is_empty() && histograms.is_empty() {
            return None;
        }
        let aggregation_temporality = AggregationTemporality::Cumulative.into();
        let data = match self.family.kind {
            MetricKind::Counter => Data::Sum(Sum {
                data_points: numbers,
                aggregation_temporality,
                is_monotonic: true,
            }),
            MetricKind::Gauge => Data::Gauge(Gauge {
                data_points: numbers,
            }),
            MetricKind::Histogram { .. } => Data::Histogram(Histogram {
                data_points: histograms,
                aggregation_temporality,
            }),
        };
        Some(Metric {
            name: otlp_name(self.family).to_owned(),
            description: self.family.help.clone(),
            unit: otlp_unit(self.family).to_owned(),
            data: Some(data),
            ..Metric::default()
        })
    }
}

impl DataPoint {
    /// The value of a series now; `None` if it is not of its family's kind.
    fn new(family: &Family, entry: &Entry, now: Timestamp) -> Option<Self> {
        let series = &*entry.series;
        match (&family.kind, &entry.value) {
            (MetricKind::Counter, Value::Counter(value))
            | (MetricKind::Gauge, Value::Gauge(value)) => Some(Self::Number(NumberDataPoint {
                attributes: attributes(series),
                start_time_unix_nano: entry.start.0,
                time_unix_nano: now.0,
                value: Some(number_data_point::Value::AsDouble(*value)),
                ..NumberDataPoint::default()
            })),
            (MetricKind::Histogram { bounds }, Value::Histogram(histogram)) => {
                Some(Self::Histogram(HistogramDataPoint {
                    attributes: attributes(series),
                    start_time_unix_nano: entry.start.0,
                    time_unix_nano: now.0,
                    count: histogram.count,
                    sum: Some(histogram.sum),
                    bucket_counts: histogram.buckets.clone(),
                    explicit_bounds: bounds.clone(),
                    ..HistogramDataPoint::default()
                }))
            }
            _ => None,
        }
    }

    fn encoded_len(&self) -> usize {
        match self {
            Self::Number(point) => point.encoded_len(),
            Self::Histogram(point) => point.encoded_len(),
        }
    }
}

/// By the series' own family: another one of that name may have other labels, in another pipeline
/// or before a reload.
fn attributes(series: &Series) -> Vec<KeyValue> {
    series
        .family
        .label_names
        .iter()
        .zip(&series.labels)
        .map(|(name, value)| text_attribute(name, value))
        .collect()
}
