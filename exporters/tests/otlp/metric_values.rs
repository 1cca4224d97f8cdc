//! Metrics as they arrive at the backend.

use std::sync::Arc;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{
    HistogramDataPoint, Metric, NumberDataPoint, metric::Data, number_data_point::Value as Number,
};
use prost::Message;
use tidegate_model::flow::TraceContext;
use tidegate_model::metric::{
    Exemplar, ExponentialBuckets, Family, Histogram, MetricKind, Point, Series, Value,
};
use tidegate_model::{Record, Timestamp};
use tonic::{Code, Status};

use crate::backend::{Backend, Received, Reply};
use crate::pipeline::{ONE_RECORD_PER_REQUEST, PipelineSetup, flows};

/// `AggregationTemporality::Cumulative`
const CUMULATIVE: i32 = 2;

/// Exports only at the end.
const EXPORT_AT_END: &str = "metrics_interval = \"1h\"";

fn series(name: &str, unit: &str, kind: MetricKind, label: &str) -> Arc<Series> {
    let family = Family {
        name: name.to_owned(),
        help: "The help text.".to_owned(),
        unit: unit.to_owned(),
        kind,
        label_names: vec!["verdict".to_owned()],
    };
    Arc::new(Series {
        family: Arc::new(family),
        labels: vec![label.into()],
        start: Timestamp(1_000),
    })
}

pub(crate) fn counter(label: &str) -> Arc<Series> {
    series(
        "hubble_flows_processed_total",
        "{flow}",
        MetricKind::Counter,
        label,
    )
}

pub(crate) fn point(series: &Arc<Series>, value: Value) -> Record {
    Record::Metric(Point {
        series: Arc::clone(series),
        time: Timestamp(2_000),
        value,
    })
}

pub(crate) fn metrics(request: &Received<ExportMetricsServiceRequest>) -> &[Metric] {
    assert_eq!(request.message.resource_metrics.len(), 1);
    &request.message.resource_metrics[0].scope_metrics[0].metrics
}

pub(crate) fn sums(metric: &Metric) -> Vec<&NumberDataPoint> {
    match &metric.data {
        Some(Data::Sum(sum)) => sum.data_points.iter().collect(),
        other => panic!("expected a sum, not {other:?}"),
    }
}

fn duration(label: &str, bounds: Vec<f64>) -> Arc<Series> {
    let kind = MetricKind::Histogram { bounds };
    series("hubble_http_request_duration_seconds", "s", kind, label)
}

fn histogram_points(metric: &Metric) -> &[HistogramDataPoint] {
    match &metric.data {
        Some(Data::Histogram(histogram)) => {
            assert_eq!(histogram.aggregation_temporality, CUMULATIVE);
            &histogram.data_points
        }
        other => panic!("expected a histogram, not {other:?}"),
    }
}

#[tokio::test]
async fn the_last_value_of_a_counter_arrives_with_its_start() {
    let backend = Backend::start();
    let pipeline = PipelineSetup::new(&backend.url(), &[EXPORT_AT_END]).start();
    let flows = counter("FORWARDED");
    for value in [1.0, 7.0] {
        let records = vec![point(&flows, Value::Counter(value))];
        pipeline.send(records).await;
    }
    let (report, finished) = pipeline.finish().await;
    assert_eq!(report.absorbed, 2);
    let delivered = finished.count("tidegate_otlp_metric_exports_total", "delivered");
    assert_eq!(delivered, 1);

    let received = backend.services.metrics.received();
    let [metric] = metrics(&received[0]) else {
        panic!("{received:?}")
    };
    assert_eq!(metric.name, "hubble_flows_processed");
    assert_eq!(metric.unit, "{flow}");
    assert_eq!(metric.description, "The help text.");
    let Some(Data::Sum(sum)) = &metric.data else {
        panic!("{metric:?}")
    };
    assert!(sum.is_monotonic);
    assert_eq!(sum.aggregation_temporality, CUMULATIVE);
    let value = &sum.data_points[0];
    assert_eq!(value.value, Some(Number::AsDouble(7.0)));
    assert_eq!(value.start_time_unix_nano, 1_000);
    assert!(value.time_unix_nano > 2_000, "sent values are current");
    assert_eq!(value.attributes[0].key, "verdict");
}

#[tokio::test]
async fn gauges_and_histograms_arrive_with_their_values() {
    let backend = Backend::start();
    let pipeline = PipelineSetup::new(&backend.url(), &[EXPORT_AT_END]).start();
    let load = series("hubble_load", "1", MetricKind::Gauge, "x");
    let observed = Value::Histogram(Arc::new(Histogram {
        buckets: vec![1, 2, 3],
        sum: 4.5,
        count: 6,
        ..Histogram::default()
    }));
    pipeline
        .send(vec![
            point(&load, Value::Gauge(0.5)),
            point(&duration("y", vec![0.1, 1.0]), observed),
        ])
        .await;
    pipeline.finish().await;

    let received = backend.services.metrics.received();
    let [histogram, gauge] = metrics(&received[0]) else {
        panic!("{received:?}")
    };
    assert_eq!(histogram.name, "hubble_http_request_duration_seconds");
    assert_eq!(histogram.unit, "s");
    let value = &histogram_points(histogram)[0];
    assert_eq!(value.start_time_unix_nano, 1_000);
    assert_eq!(value.bucket_counts, [1, 2, 3]);
    assert_eq!(value.explicit_bounds, [0.1, 1.0]);
    assert_eq!(value.sum, Some(4.5));
    assert_eq!(value.count, 6);
    assert_eq!(gauge.name, "hubble_load");
    assert_eq!(gauge.unit, "");
    let Some(Data::Gauge(gauge)) = &gauge.data else {
        panic!("{gauge:?}")
    };
    assert_eq!(gauge.data_points[0].value, Some(Number::AsDouble(0.5)));
}

#[tokio::test]
async fn a_series_has_the_labels_of_its_own_family() {
    let backend = Backend::start();
    let pipeline = PipelineSetup::new(&backend.url(), &[EXPORT_AT_END]).start();
    let old = counter("FORWARDED");
    let family = Family {
        label_names: vec!["protocol".to_owned()],
        ..Family::clone(&old.family)
    };
    let new = Arc::new(Series {
        family: Arc::new(family),
        labels: vec!["TCP".into()],
        start: Timestamp(1_000),
    });
    pipeline
        .send(vec![
            point(&old, Value::Counter(1.0)),
            point(&new, Value::Counter(2.0)),
        ])
        .await;
    pipeline.finish().await;
    let received = backend.services.metrics.received();
    let all = metrics(&received[0]);
    let mut keys: Vec<_> = all
        .iter()
        .flat_map(sums)
        .map(|point| point.attributes[0].key.as_str())
        .collect();
    keys.sort_unstable();
    assert_eq!(keys, ["protocol", "verdict"]);
}

#[tokio::test]
async fn counters_with_the_same_labels_are_added_up() {
    let backend = Backend::start();
    let pipeline = PipelineSetup::new(&backend.url(), &[EXPORT_AT_END]).start();
    let [a, b, ended] = [(); 3].map(|()| counter("FORWARDED"));
    let other = counter("DROPPED");
    pipeline
        .send(vec![
            point(&a, Value::Counter(1.0)),
            point(&b, Value::Counter(2.0)),
            point(&other, Value::Counter(4.0)),
            point(&ended, Value::Counter(100.0)),
        ])
        .await;
    pipeline
        .send(vec![
            point(&ended, Value::Ended),
            point(&b, Value::Counter(3.0)),
        ])
        .await;
    pipeline.finish().await;
    let received = backend.services.metrics.received();
    let mut values: Vec<_> = sums(&metrics(&received[0])[0])
        .iter()
        .map(|point| format!("{:?}", point.value.unwrap()))
        .collect();
    values.sort();
    // 1 and 3 together, and 4.
    assert_eq!(values, ["AsDouble(4.0)", "AsDouble(4.0)"]);
}

#[tokio::test]
async fn histograms_with_the_same_labels_are_added_up() {
    let backend = Backend::start();
    let pipeline = PipelineSetup::new(&backend.url(), &[EXPORT_AT_END]).start();
    let [a, b] = [(); 2].map(|()| duration("x", vec![1.0]));
    let observed = |n: u64| {
        Value::Histogram(Arc::new(Histogram {
            buckets: vec![n, 1],
            sum: 0.5,
            count: n + 1,
            ..Histogram::default()
        }))
    };
    pipeline
        .send(vec![point(&a, observed(1)), point(&b, observed(3))])
        .await;
    pipeline.finish().await;
    let received = backend.services.metrics.received();
    let [sum] = histogram_points(&metrics(&received[0])[0]) else {
        panic!("{received:?}")
    };
    assert_eq!(sum.bucket_counts, [4, 2]);
    assert_eq!(sum.sum, Some(1.0));
    assert_eq!(sum.count, 6);
}

#[tokio::test]
async fn a_series_that_ended_is_not_sent_again() {
    let backend = Backend::start();
    let pipeline = PipelineSetup::new(&backend.url(), &[EXPORT_AT_END]).start();
    let ended = counter("DROPPED");
    let current = counter("FORWARDED");
    pipeline
        .send(vec![
            point(&ended, Value::Counter(1.0)),
            point(&current, Value::Counter(2.0)),
            point(&ended, Value::Ended),
        ])
        .await;
    let (report, _) = pipeline.finish().await;
    assert_eq!(report.absorbed, 3);
    let received = backend.services.metrics.received();
    let values: Vec<_> = sums(&metrics(&received[0])[0])
        .iter()
        .map(|point| point.value)
        .collect();
    assert_eq!(values, [Some(Number::AsDouble(2.0))]);
}

#[tokio::test]
async fn metrics_are_sent_at_each_interval_even_if_the_last_export_failed() {
    let backend = Backend::start();
    let unavailable = Reply::Fail(Status::new(Code::Unavailable, "scripted"));
    let refused = Reply::Fail(Status::new(Code::InvalidArgument, "scripted"));
    backend
        .services
        .metrics
        .reply_with([unavailable, refused, Reply::Reject(1), Reply::Accept]);
    let pipeline = PipelineSetup::new(&backend.url(), &["metrics_interval = \"10ms\""]).start();
    pipeline
        .send(vec![point(&counter("FORWARDED"), Value::Counter(1.0))])
        .await;
    backend.services.metrics.wait_for_requests(4).await;
    let (report, ended) = pipeline.finish().await;
    assert_eq!((report.absorbed, report.dropped.len()), (1, 0));
    let exports = |outcome| ended.count("tidegate_otlp_metric_exports_total", outcome);
    assert_eq!(
        (exports("failed"), exports("refused"), exports("partial")),
        (1, 1, 1)
    );
    assert!(exports("delivered") >= 2);
    // The refused request and the partly accepted one had the same point.
    assert_eq!(ended.value("tidegate_otlp_rejected_data_points_total"), 2);
}

#[tokio::test]
async fn metrics_stay_current_while_the_backend_accepts_no_logs() {
    let backend = Backend::start();
    backend
        .services
        .logs
        .reply_with(std::iter::repeat_n(Reply::Hang, 2));
    let config = [
        ONE_RECORD_PER_REQUEST,
        "metrics_interval = \"10ms\"",
        "drain_timeout = \"0s\"",
    ];
    let pipeline = PipelineSetup::new(&backend.url(), &config).start();
    let forwarded = counter("FORWARDED");
    pipeline.send(flows(1..=3)).await;
    backend.services.logs.wait_for_requests(1).await;
    for value in [1.0, 2.0] {
        pipeline
            .send(vec![point(&forwarded, Value::Counter(value))])
            .await;
        let arrived = || {
            let received = backend.services.metrics.received();
            received
                .iter()
                .any(|request| sums(&metrics(request)[0])[0].value == Some(Number::AsDouble(value)))
        };
        while !arrived() {
            let count = backend.services.metrics.received().len();
            backend.services.metrics.wait_for_requests(count + 1).await;
        }
    }
    pipeline.finish().await;
}

#[tokio::test]
async fn many_series_are_sent_in_several_requests_of_limited_size() {
    let backend = Backend::start();
    let pipeline = PipelineSetup::new(
        &backend.url(),
        &[EXPORT_AT_END, "batch = { max_bytes = \"4KiB\" }"],
    )
    .start();
    let many: Vec<_> = (0..500).map(|n| counter(&format!("verdict-{n}"))).collect();
    pipeline
        .send(
            many.iter()
                .map(|series| point(series, Value::Counter(1.0)))
                .collect(),
        )
        .await;
    pipeline.finish().await;
    let received = backend.services.metrics.received();
    let sizes: Vec<_> = received
        .iter()
        .map(|request| request.message.encoded_len())
        .collect();
    assert!(
        sizes.len() > 5 && sizes.iter().all(|size| *size <= 4096),
        "{sizes:?}"
    );
    let points: usize = received
        .iter()
        .map(|request| sums(&metrics(request)[0]).len())
        .sum();
    assert_eq!(points, 500);
}

#[tokio::test]
async fn records_of_signals_that_are_not_exported_are_filtered() {
    let backend = Backend::start();
    let pipeline =
        PipelineSetup::new(&backend.url(), &["signals = [\"metrics\"]", EXPORT_AT_END]).start();
    pipeline
        .send(
            [
                flows(1..=2),
                vec![point(&counter("x"), Value::Counter(1.0))],
            ]
            .concat(),
        )
        .await;
    let (report, _) = pipeline.finish().await;
    assert_eq!(
        (report.absorbed, report.filtered),
        (1, [("flows", 2)].into())
    );
    assert_eq!(backend.services.logs.received().len(), 0);
}

/// A histogram with one observation of 0.25, its exemplar, and exponential buckets if `kept`.
fn detailed(kept: bool) -> Histogram {
    let trace = TraceContext {
        trace_id: [1; 16],
        parent_id: [2; 8],
        flags: TraceContext::SAMPLED,
    };
    let exemplar = Exemplar {
        value: 0.25,
        time: Timestamp(1_500),
        trace,
    };
    let mut buckets = ExponentialBuckets::default();
    buckets.record(0.25);
    Histogram {
        buckets: vec![1, 0],
        sum: 0.25,
        count: 1,
        exemplars: vec![exemplar],
        exponential: kept.then_some(buckets),
    }
}

#[tokio::test]
async fn durations_have_the_traces_of_their_requests_and_exponential_buckets_if_they_are_kept() {
    let backend = Backend::start();
    let pipeline = PipelineSetup::new(&backend.url(), &[EXPORT_AT_END]).start();
    let records = [("GET", false), ("PUT", true)].map(|(label, kept)| {
        let value = Value::Histogram(detailed(kept).into());
        point(&duration(label, vec![0.5]), value)
    });
    pipeline.send(records.into()).await;
    pipeline.finish().await;
    let received = backend.services.metrics.received();
    let [explicit, exponential] = metrics(&received[0]) else {
        panic!("a metric of each kind");
    };
    let point = &histogram_points(explicit)[0];
    assert_eq!(point.exemplars[0].trace_id, [1; 16]);
    assert_eq!(point.exemplars[0].span_id, [2; 8]);
    let Some(Data::ExponentialHistogram(histogram)) = &exponential.data else {
        panic!("expected exponential buckets");
    };
    let point = &histogram.data_points[0];
    let positive = point.positive.as_ref().unwrap();
    // 0.25 is the upper bound of its bucket at every scale.
    assert_eq!((point.scale, positive.offset), (20, -(2 << 20) - 1));
    assert_eq!((&*positive.bucket_counts, point.count), (&[1][..], 1));
    assert_eq!(point.exemplars.len(), 1);
}
