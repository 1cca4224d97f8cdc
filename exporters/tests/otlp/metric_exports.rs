//! Exports of metrics that take several requests.

use std::collections::BTreeSet;
use std::sync::Arc;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Text;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use tidegate_model::Record;
use tidegate_model::metric::{Series, Value};
use tokio::sync::Notify;
use tonic::{Code, Status};

use crate::backend::{Backend, Received, Reply};
use crate::limits::unused_url;
use crate::metric_values::{counter, metrics, point, sums};
use crate::pipeline::{PipelineSetup, TestPipeline};

/// Exports continuously, some 30 series in a request.
const SMALL_REQUESTS: &str = "metrics_interval = \"10ms\", batch = { max_bytes = \"4KiB\" }";

/// A number of requests that exceeds one export of [`many_series`].
const MORE_THAN_ONE_EXPORT: usize = 50;

fn many_series() -> Vec<Arc<Series>> {
    (0..500).map(|n| counter(&format!("verdict-{n}"))).collect()
}

fn points(series: &[Arc<Series>], value: &Value) -> Vec<Record> {
    series
        .iter()
        .map(|series| point(series, value.clone()))
        .collect()
}

/// Returns the labels and values of a request's points.
fn sent_points(request: &Received<ExportMetricsServiceRequest>) -> Vec<(String, f64)> {
    let sums = sums(&metrics(request)[0]);
    let label_and_value = sums.iter().map(|point| {
        let label = point.attributes[0]
            .value
            .as_ref()
            .and_then(|value| value.value.clone());
        match (label, point.value) {
            (Some(Text::StringValue(label)), Some(Number::AsDouble(value))) => (label, value),
            other => panic!("{other:?}"),
        }
    });
    label_and_value.collect()
}

fn labels(points: &[(String, f64)]) -> BTreeSet<&str> {
    points.iter().map(|(label, _)| label.as_str()).collect()
}

/// Waits until the exporter has absorbed this number of points.
async fn wait_for_absorbed(pipeline: &TestPipeline, n: u64) {
    while pipeline.report().absorbed < n {
        tokio::task::yield_now().await;
    }
}

/// Starts an export of `series` whose first request waits in the backend until the notification.
async fn start_held_export(series: &[Arc<Series>]) -> (Backend, TestPipeline, Arc<Notify>) {
    let backend = Backend::start();
    let notify = Arc::new(Notify::new());
    let metrics = &backend.services.metrics;
    metrics.reply_with([Reply::AcceptWhenNotified(Arc::clone(&notify))]);
    let pipeline = PipelineSetup::new(&backend.url(), &[SMALL_REQUESTS]).start();
    pipeline.send(points(series, &Value::Counter(1.0))).await;
    metrics.wait_for_requests(1).await;
    (backend, pipeline, notify)
}

#[tokio::test]
async fn a_request_is_encoded_after_the_response_to_the_previous_one() {
    let series = many_series();
    let (backend, pipeline, notify) = start_held_export(&series).await;
    let first = sent_points(&backend.services.metrics.received()[0]);
    pipeline.send(points(&series, &Value::Counter(2.0))).await;
    wait_for_absorbed(&pipeline, 1000).await;
    notify.notify_one();
    backend
        .services
        .metrics
        .wait_for_requests(MORE_THAN_ONE_EXPORT)
        .await;
    pipeline.finish().await;

    assert!(
        (20..100).contains(&first.len()) && first.iter().all(|(_, value)| *value == 1.0),
        "{first:?}"
    );
    let received = backend.services.metrics.received();
    let rest: Vec<_> = received[1..]
        .iter()
        .flat_map(sent_points)
        .take(500 - first.len())
        .collect();
    assert!(rest.iter().all(|(_, value)| *value == 2.0), "{rest:?}");
    assert_eq!(
        labels(&[first, rest].concat()).len(),
        500,
        "each series once"
    );
}

#[tokio::test]
async fn an_export_skips_series_that_ended_meanwhile_and_leaves_new_ones_to_the_next() {
    let series = many_series();
    let (backend, pipeline, notify) = start_held_export(&series).await;
    let first = sent_points(&backend.services.metrics.received()[0]);
    let was_sent = |series: &Arc<Series>| labels(&first).contains(&*series.labels[0]);
    let (_, unsent): (Vec<_>, Vec<_>) = series.into_iter().partition(was_sent);
    let (ended, left) = unsent.split_at(unsent.len() / 2);
    pipeline.send(points(ended, &Value::Ended)).await;
    pipeline
        .send(vec![point(&counter("new"), Value::Counter(3.0))])
        .await;
    wait_for_absorbed(&pipeline, 501 + ended.len() as u64).await;
    notify.notify_one();
    backend
        .services
        .metrics
        .wait_for_requests(MORE_THAN_ONE_EXPORT)
        .await;
    pipeline.finish().await;

    let later: Vec<_> = backend.services.metrics.received()[1..]
        .iter()
        .flat_map(sent_points)
        .collect();
    let (rest, next) = later.split_at(left.len());
    let mut expected: BTreeSet<_> = left.iter().map(|series| &*series.labels[0]).collect();
    assert_eq!(labels(rest), expected);
    expected.extend(labels(&first));
    expected.insert("new");
    assert_eq!(labels(&next[..expected.len()]), expected);
}

#[tokio::test]
async fn an_export_ends_with_a_request_that_fails_and_the_next_one_has_all_series() {
    let backend = Backend::start();
    let unavailable = Reply::Fail(Status::new(Code::Unavailable, "scripted"));
    backend
        .services
        .metrics
        .reply_with([Reply::Accept, unavailable]);
    let pipeline = PipelineSetup::new(&backend.url(), &[SMALL_REQUESTS]).start();
    pipeline
        .send(points(&many_series(), &Value::Counter(1.0)))
        .await;
    backend
        .services
        .metrics
        .wait_for_requests(2 + MORE_THAN_ONE_EXPORT)
        .await;
    let (report, ended) = pipeline.finish().await;

    let received = backend.services.metrics.received();
    let exports = |outcome| ended.count("tidegate_otlp_metric_exports_total", outcome);
    assert_eq!((report.absorbed, exports("failed")), (500, 1));
    let last = received.len() - 1;
    assert_eq!(exports("delivered"), i64::try_from(last).unwrap());
    // The order of the series does not change while the table does not.
    let first = sent_points(&received[0]);
    assert_eq!(sent_points(&received[2]), first, "the export restarts");
    let next: Vec<_> = received[2..]
        .iter()
        .flat_map(sent_points)
        .take(500)
        .collect();
    assert_eq!(labels(&next).len(), 500);
}

#[tokio::test]
async fn the_last_values_follow_the_request_in_flight_at_the_end() {
    let series = many_series();
    let (backend, pipeline, notify) = start_held_export(&series).await;
    pipeline.send(points(&series, &Value::Counter(2.0))).await;
    wait_for_absorbed(&pipeline, 1000).await;
    let ((_, ended), ()) = tokio::join!(pipeline.finish(), async { notify.notify_one() });

    let received = backend.services.metrics.received();
    let delivered = ended.count("tidegate_otlp_metric_exports_total", "delivered");
    assert_eq!(
        delivered,
        i64::try_from(received.len()).unwrap(),
        "every request is awaited"
    );
    let points: Vec<_> = received.iter().flat_map(sent_points).collect();
    let last = &points[points.len() - 500..];
    assert_eq!(labels(last).len(), 500, "each series once");
    assert!(last.iter().all(|(_, value)| *value == 2.0), "{last:?}");
}

#[tokio::test]
async fn last_values_that_are_not_delivered_in_time_are_an_error_with_their_number() {
    let backend = Backend::start();
    backend.services.metrics.reply_with(vec![Reply::Hang; 9]);
    let pipeline = PipelineSetup::new(
        &backend.url(),
        &["metrics_interval = \"1h\", drain_timeout = \"1ms\""],
    )
    .start();
    pipeline
        .send(points(&many_series(), &Value::Counter(1.0)))
        .await;
    wait_for_absorbed(&pipeline, 500).await;
    let (report, ended) = pipeline.finish().await;
    assert_eq!(
        (report.absorbed, report.unconfirmed),
        (500, 0),
        "points are absorbed by the table"
    );
    let failure = ended.failure.unwrap();
    assert!(failure.is_undelivered(), "{failure}");
    let cause = std::error::Error::source(&failure).unwrap().to_string();
    let expected = "the last values of 500 metric series could not be delivered in time \
                    (raise `exporters.otlp.drain_timeout` to allow more)";
    assert_eq!(cause, expected);
}

#[tokio::test]
async fn last_values_for_a_backend_that_cannot_be_reached_are_an_error_with_the_cause() {
    let url = unused_url();
    let options = "metrics_interval = \"10ms\", drain_timeout = \"0s\"";
    let pipeline = PipelineSetup::new(&url, &[options]).start();
    pipeline
        .send(points(&many_series(), &Value::Counter(1.0)))
        .await;
    while pipeline.problem().is_none() {
        tokio::task::yield_now().await;
    }
    let (_, ended) = pipeline.finish().await;
    let failure = ended.failure.unwrap();
    let cause = std::error::Error::source(&failure).unwrap().to_string();
    let expected = format!(
        "the last values of 500 metric series could not be delivered: cannot reach {url}: \
         Connection refused"
    );
    assert!(cause.starts_with(&expected), "{cause}");
}
