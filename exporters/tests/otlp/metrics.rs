//! What arrives of metrics.

use std::sync::Arc;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{
    Metric, NumberDataPoint, metric::Data, number_data_point::Value as Number,
};
use prost::Message;
use tidegate_model::metric::{Family, Histogram, MetricKind, Point, Series, Value};
use tidegate_model::{Record, Timestamp};
use tonic::{Code, Status};

use crate::backend::{Backend, Received, Reply};
use crate::rig::{ONE_BY_ONE, Setup, flows};

/// Sends the values at the end and not before.
const AT_THE_END: &str = "metrics_interval = \"1h\"";

fn series(name: &str, unit: &str, kind: MetricKind, label: &str) -> Arc<Series> {
    let family = Family {
        name: name.to_owned(),
        help: "Says what it counts.".to_owned(),
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
        other => panic!("{other:?} is no sum"),
    }
}

#[tokio::test]
async fn the_last_value_of_each_series_arrives_with_its_start() {
    let backend = Backend::start();
    let rig = Setup::new(&backend.url(), &[AT_THE_END]).start();
    let bounds = MetricKind::Histogram {
        bounds: vec![0.1, 1.0],
    };
    let (flows, load) = (
        counter("FORWARDED"),
        series("hubble_load", "1", MetricKind::Gauge, "x"),
    );
    let time = series("hubble_http_request_duration_seconds", "s", bounds, "y");
    let observed = Arc::new(Histogram {
        buckets: vec![1, 2, 3],
        sum: 4.5,
        count: 6,
    });
    rig.send(vec![
        point(&flows, Value::Counter(1.0)),
        point(&load, Value::Gauge(0.5)),
        point(&time, Value::Histogram(observed)),
    ])
    .await;
    rig.send(vec![point(&flows, Value::Counter(7.0))]).await;
    let (books, ended) = rig.finish().await;
    assert_eq!(
        (
            books.absorbed,
            ended.count("tidegate_otlp_metric_exports_total", "delivered")
        ),
        (4, 1)
    );

    let received = backend.services.metrics.received();
    let metrics = metrics(&received[0]);
    let names: Vec<_> = metrics
        .iter()
        .map(|metric| (metric.name.as_str(), metric.unit.as_str()))
        .collect();
    let seconds = ("hubble_http_request_duration_seconds", "s");
    assert_eq!(
        names,
        [
            ("hubble_flows_processed", "{flow}"),
            seconds,
            ("hubble_load", "")
        ]
    );
    assert_eq!(metrics[0].description, "Says what it counts.");
    let Some(Data::Sum(sum)) = &metrics[0].data else {
        panic!("{:?}", metrics[0])
    };
    assert!(
        sum.is_monotonic && sum.aggregation_temporality == 2,
        "cumulative"
    );
    let value = &sum.data_points[0];
    assert_eq!(
        (value.value, value.start_time_unix_nano),
        (Some(Number::AsDouble(7.0)), 1_000)
    );
    assert!(value.time_unix_nano > 2_000, "sent values are current");
    assert_eq!(value.attributes[0].key, "verdict");
    let Some(Data::Histogram(histogram)) = &metrics[1].data else {
        panic!("{:?}", metrics[1])
    };
    let value = &histogram.data_points[0];
    assert_eq!(
        (
            histogram.aggregation_temporality,
            value.start_time_unix_nano
        ),
        (2, 1_000)
    );
    assert_eq!(
        (&value.bucket_counts[..], &value.explicit_bounds[..]),
        (&[1, 2, 3][..], &[0.1, 1.0][..])
    );
    assert_eq!((value.sum, value.count), (Some(4.5), 6));
    let Some(Data::Gauge(gauge)) = &metrics[2].data else {
        panic!("{:?}", metrics[2])
    };
    assert_eq!(gauge.data_points[0].value, Some(Number::AsDouble(0.5)));
}

#[tokio::test]
async fn a_series_has_the_labels_of_its_own_family() {
    let backend = Backend::start();
    let rig = Setup::new(&backend.url(), &[AT_THE_END]).start();
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
    rig.send(vec![
        point(&old, Value::Counter(1.0)),
        point(&new, Value::Counter(2.0)),
    ])
    .await;
    rig.finish().await;
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
async fn series_of_two_pipelines_with_the_same_labels_are_one_as_for_prometheus() {
    let backend = Backend::start();
    let rig = Setup::new(&backend.url(), &[AT_THE_END]).start();
    let [a, b, c] = [
        counter("FORWARDED"),
        counter("FORWARDED"),
        counter("DROPPED"),
    ];
    let bounds = || MetricKind::Histogram { bounds: vec![1.0] };
    let time = [(); 2].map(|()| series("hubble_http_request_duration_seconds", "s", bounds(), "x"));
    let observed = |n: u64| {
        Value::Histogram(Arc::new(Histogram {
            buckets: vec![n, 1],
            sum: 0.5,
            count: n + 1,
        }))
    };
    rig.send(vec![
        point(&a, Value::Counter(1.0)),
        point(&b, Value::Counter(2.0)),
        point(&c, Value::Counter(4.0)),
    ])
    .await;
    rig.send(vec![
        point(&time[0], observed(1)),
        point(&time[1], observed(3)),
    ])
    .await;
    let gone = counter("FORWARDED");
    rig.send(vec![point(&gone, Value::Counter(100.0))]).await;
    rig.send(vec![
        point(&gone, Value::Ended),
        point(&b, Value::Counter(3.0)),
    ])
    .await;
    rig.finish().await;
    let received = backend.services.metrics.received();
    let all = metrics(&received[0]);
    let mut values: Vec<_> = sums(&all[0])
        .iter()
        .map(|point| format!("{:?}", point.value.unwrap()))
        .collect();
    values.sort();
    assert_eq!(
        values,
        ["AsDouble(4.0)", "AsDouble(4.0)"],
        "1 and 3 together, and 4"
    );
    let Some(Data::Histogram(histogram)) = &all[1].data else {
        panic!("{:?}", all[1])
    };
    let [one] = histogram.data_points.as_slice() else {
        panic!("{histogram:?}")
    };
    assert_eq!(
        (&one.bucket_counts[..], one.sum, one.count),
        (&[4, 2][..], Some(1.0), 6)
    );
}

#[tokio::test]
async fn a_series_that_ended_is_not_sent_again() {
    let backend = Backend::start();
    let rig = Setup::new(&backend.url(), &[AT_THE_END]).start();
    let (ended, lives) = (counter("DROPPED"), counter("FORWARDED"));
    rig.send(vec![
        point(&ended, Value::Counter(1.0)),
        point(&lives, Value::Counter(2.0)),
        point(&ended, Value::Ended),
    ])
    .await;
    let (books, _) = rig.finish().await;
    assert_eq!(books.absorbed, 3);
    let received = backend.services.metrics.received();
    let values: Vec<_> = sums(&metrics(&received[0])[0])
        .iter()
        .map(|point| point.value)
        .collect();
    assert_eq!(values, [Some(Number::AsDouble(2.0))]);
}

#[tokio::test]
async fn metrics_are_sent_again_at_each_interval_whatever_came_of_the_last_export() {
    let backend = Backend::start();
    let unavailable = Reply::Fails(Status::new(Code::Unavailable, "as told"));
    let refused = Reply::Fails(Status::new(Code::InvalidArgument, "as told"));
    backend
        .services
        .metrics
        .script([unavailable, refused, Reply::Rejects(1), Reply::Ok]);
    let rig = Setup::new(&backend.url(), &["metrics_interval = \"10ms\""]).start();
    rig.send(vec![point(&counter("FORWARDED"), Value::Counter(1.0))])
        .await;
    backend.services.metrics.has_received(4).await;
    let (books, ended) = rig.finish().await;
    assert_eq!((books.absorbed, books.dropped.len()), (1, 0));
    let exports = |outcome| ended.count("tidegate_otlp_metric_exports_total", outcome);
    assert_eq!(
        (exports("failed"), exports("refused"), exports("partial")),
        (1, 1, 1)
    );
    assert!(exports("delivered") >= 2);
    assert_eq!(ended.value("tidegate_otlp_rejected_data_points_total"), 1);
}

#[tokio::test]
async fn metrics_are_current_while_no_log_is_taken() {
    let backend = Backend::start();
    backend
        .services
        .logs
        .script(std::iter::repeat_n(Reply::Hangs, 2));
    let config = [
        ONE_BY_ONE,
        "metrics_interval = \"10ms\"",
        "drain_timeout = \"0s\"",
    ];
    let rig = Setup::new(&backend.url(), &config).start();
    let forwarded = counter("FORWARDED");
    rig.send(flows(1..=3)).await;
    backend.services.logs.has_received(1).await;
    for value in [1.0, 2.0] {
        rig.send(vec![point(&forwarded, Value::Counter(value))])
            .await;
        let arrived = || {
            let received = backend.services.metrics.received();
            received
                .iter()
                .any(|one| sums(&metrics(one)[0])[0].value == Some(Number::AsDouble(value)))
        };
        while !arrived() {
            let so_far = backend.services.metrics.received().len();
            backend.services.metrics.has_received(so_far + 1).await;
        }
    }
    rig.finish().await;
}

#[tokio::test]
async fn many_series_are_sent_in_several_requests_of_the_size_allowed() {
    let backend = Backend::start();
    let rig = Setup::new(
        &backend.url(),
        &[AT_THE_END, "batch = { max_bytes = \"4KiB\" }"],
    )
    .start();
    let many: Vec<_> = (0..500).map(|n| counter(&format!("verdict-{n}"))).collect();
    rig.send(
        many.iter()
            .map(|series| point(series, Value::Counter(1.0)))
            .collect(),
    )
    .await;
    rig.finish().await;
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
async fn records_of_signals_that_are_not_shipped_are_filtered() {
    let backend = Backend::start();
    let rig = Setup::new(&backend.url(), &["signals = [\"metrics\"]", AT_THE_END]).start();
    rig.send(
        [
            flows(1..=2),
            vec![point(&counter("x"), Value::Counter(1.0))],
        ]
        .concat(),
    )
    .await;
    let (books, _) = rig.finish().await;
    assert_eq!(
        (books.absorbed, books.filtered),
        (1, [("signals", 2)].into())
    );
    assert_eq!(backend.services.logs.received().len(), 0);
}
