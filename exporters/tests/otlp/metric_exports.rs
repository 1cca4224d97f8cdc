//! What an export of metrics does that takes several requests.

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
use crate::metrics::{counter, metrics, point, sums};
use crate::rig::{Rig, Setup};

/// Exports all the time, some 30 series in a request.
const IN_PIECES: &str = "metrics_interval = \"10ms\", batch = { max_bytes = \"4KiB\" }";

/// Requests that are more than one export of [`many`] takes.
const MORE_THAN_ONE_EXPORT: usize = 50;

fn many() -> Vec<Arc<Series>> {
    (0..500).map(|n| counter(&format!("verdict-{n}"))).collect()
}

fn points(series: &[Arc<Series>], value: &Value) -> Vec<Record> {
    series
        .iter()
        .map(|series| point(series, value.clone()))
        .collect()
}

/// The labels and values of a request's points.
fn sent(request: &Received<ExportMetricsServiceRequest>) -> Vec<(String, f64)> {
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

/// Waits until the exporter's table has this many points.
async fn has_absorbed(rig: &Rig, n: u64) {
    while rig.books().absorbed < n {
        tokio::task::yield_now().await;
    }
}

/// A backend that has the first request of an export of `series` in its hands, and answers when it
/// is told.
async fn held_up(series: &[Arc<Series>]) -> (Backend, Rig, Arc<Notify>) {
    let (backend, go) = (Backend::start(), Arc::new(Notify::new()));
    backend
        .services
        .metrics
        .script([Reply::Waits(Arc::clone(&go))]);
    let rig = Setup::new(&backend.url(), &[IN_PIECES]).start();
    rig.send(points(series, &Value::Counter(1.0))).await;
    backend.services.metrics.has_received(1).await;
    (backend, rig, go)
}

#[tokio::test]
async fn a_request_is_encoded_when_the_one_before_it_was_answered() {
    let series = many();
    let (backend, rig, go) = held_up(&series).await;
    let first = sent(&backend.services.metrics.received()[0]);
    rig.send(points(&series, &Value::Counter(2.0))).await;
    has_absorbed(&rig, 1000).await;
    go.notify_one();
    backend
        .services
        .metrics
        .has_received(MORE_THAN_ONE_EXPORT)
        .await;
    rig.finish().await;

    assert!(
        (20..100).contains(&first.len()) && first.iter().all(|(_, value)| *value == 1.0),
        "{first:?}"
    );
    let received = backend.services.metrics.received();
    let rest: Vec<_> = received[1..]
        .iter()
        .flat_map(sent)
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
async fn an_export_passes_over_series_that_ended_meanwhile_and_leaves_new_ones_to_the_next() {
    let series = many();
    let (backend, rig, go) = held_up(&series).await;
    let first = sent(&backend.services.metrics.received()[0]);
    let was_sent = |series: &Arc<Series>| labels(&first).contains(&*series.labels[0]);
    let (_, unsent): (Vec<_>, Vec<_>) = series.into_iter().partition(was_sent);
    let (ended, left) = unsent.split_at(unsent.len() / 2);
    rig.send(points(ended, &Value::Ended)).await;
    rig.send(vec![point(&counter("new"), Value::Counter(3.0))])
        .await;
    has_absorbed(&rig, 501 + ended.len() as u64).await;
    go.notify_one();
    backend
        .services
        .metrics
        .has_received(MORE_THAN_ONE_EXPORT)
        .await;
    rig.finish().await;

    let later: Vec<_> = backend.services.metrics.received()[1..]
        .iter()
        .flat_map(sent)
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
    let unavailable = Reply::Fails(Status::new(Code::Unavailable, "as told"));
    backend.services.metrics.script([Reply::Ok, unavailable]);
    let rig = Setup::new(&backend.url(), &[IN_PIECES]).start();
    rig.send(points(&many(), &Value::Counter(1.0))).await;
    backend
        .services
        .metrics
        .has_received(2 + MORE_THAN_ONE_EXPORT)
        .await;
    let (books, ended) = rig.finish().await;

    let received = backend.services.metrics.received();
    let exports = |outcome| ended.count("tidegate_otlp_metric_exports_total", outcome);
    assert_eq!((books.absorbed, exports("failed")), (500, 1));
    let last = received.len() - 1;
    assert_eq!(exports("delivered"), i64::try_from(last).unwrap());
    // A table that does not change is walked in the same order.
    assert_eq!(sent(&received[2]), sent(&received[0]), "begun anew");
    let next: Vec<_> = received[2..].iter().flat_map(sent).take(500).collect();
    assert_eq!(labels(&next).len(), 500);
}

#[tokio::test]
async fn the_last_values_follow_the_request_that_is_under_way_at_the_end() {
    let series = many();
    let (backend, rig, go) = held_up(&series).await;
    rig.send(points(&series, &Value::Counter(2.0))).await;
    has_absorbed(&rig, 1000).await;
    let ((_, ended), ()) = tokio::join!(rig.finish(), async { go.notify_one() });

    let received = backend.services.metrics.received();
    let delivered = ended.count("tidegate_otlp_metric_exports_total", "delivered");
    assert_eq!(
        delivered,
        i64::try_from(received.len()).unwrap(),
        "every request is waited for"
    );
    let points: Vec<_> = received.iter().flat_map(sent).collect();
    let last = &points[points.len() - 500..];
    assert_eq!(labels(last).len(), 500, "each series once");
    assert!(last.iter().all(|(_, value)| *value == 2.0), "{last:?}");
}

#[tokio::test]
async fn last_values_that_are_not_delivered_in_time_are_a_failure_with_their_number() {
    let backend = Backend::start();
    backend.services.metrics.script(vec![Reply::Hangs; 9]);
    let rig = Setup::new(
        &backend.url(),
        &["metrics_interval = \"1h\", drain_timeout = \"1ms\""],
    )
    .start();
    rig.send(points(&many(), &Value::Counter(1.0))).await;
    has_absorbed(&rig, 500).await;
    let (books, ended) = rig.finish().await;
    assert_eq!(
        (books.absorbed, books.unconfirmed),
        (500, 0),
        "a point is in the table"
    );
    let failure = ended.failure.unwrap();
    assert!(failure.is_undelivered(), "{failure}");
    let cause = std::error::Error::source(&failure).unwrap().to_string();
    let expected = "the last values of 500 metric series could not be delivered in time (`exporters.otlp.drain_timeout` gives it more)";
    assert_eq!(cause, expected);
}
