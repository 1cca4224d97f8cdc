//! Values since the last delivery.

use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use tidegate_model::metric::Value;
use tonic::{Code, Status};

use crate::backend::{Backend, Reply};
use crate::metric_values::{counter, metrics, point};
use crate::pipeline::{PipelineSetup, TestPipeline};

const DELTA: &str = "temporality = \"delta\", metrics_interval = \"10ms\"";

/// The start, time and value of every delivered point of the first series, without refused ones.
fn deltas(backend: &Backend, refused: &[usize]) -> Vec<(u64, u64, f64)> {
    let requests = backend.services.metrics.received().into_iter().enumerate();
    let accepted = requests.filter(|(n, _)| !refused.contains(n));
    let mut points = Vec::new();
    for (_, request) in accepted {
        for metric in metrics(&request) {
            let Some(Data::Sum(sum)) = &metric.data else {
                panic!("expected a sum, not {metric:?}");
            };
            assert_eq!(sum.aggregation_temporality, 1);
            points.extend(sum.data_points.iter().map(|point| {
                let Some(Number::AsDouble(value)) = point.value else {
                    panic!("expected a double, not {point:?}");
                };
                (point.start_time_unix_nano, point.time_unix_nano, value)
            }));
        }
    }
    points
}

async fn send_until(backend: &Backend, pipeline: &TestPipeline, record: Value, requests: usize) {
    let series = counter("FORWARDED");
    pipeline.send(vec![point(&series, record)]).await;
    let traffic = &backend.services.metrics;
    traffic.wait_for_requests(requests).await;
    pipeline.send(vec![point(&series, Value::Ended)]).await;
}

#[tokio::test]
async fn each_value_covers_the_time_since_the_last_delivered_one() {
    let backend = Backend::start();
    let pipeline = PipelineSetup::new(&backend.url(), &[DELTA]).start();
    let series = counter("FORWARDED");
    for (value, requests) in [(5.0, 1), (7.0, 2)] {
        pipeline
            .send(vec![point(&series, Value::Counter(value))])
            .await;
        backend.services.metrics.wait_for_requests(requests).await;
    }
    pipeline.finish().await;
    let points = deltas(&backend, &[]);
    let values: Vec<_> = points.iter().map(|(_, _, value)| *value).collect();
    assert_eq!(values, [5.0, 2.0], "a series without changes is not sent");
    assert_eq!(points[0].0, 1_000, "the start of the series");
    assert_eq!(points[1].0, points[0].1, "no time between the values");
}

#[tokio::test]
async fn a_refused_value_is_part_of_the_next_one() {
    let backend = Backend::start();
    let refusal = Status::new(Code::InvalidArgument, "scripted");
    backend.services.metrics.reply_with([Reply::Fail(refusal)]);
    let pipeline = PipelineSetup::new(&backend.url(), &[DELTA]).start();
    let series = counter("FORWARDED");
    pipeline
        .send(vec![point(&series, Value::Counter(5.0))])
        .await;
    backend.services.metrics.wait_for_requests(2).await;
    pipeline.finish().await;
    let points = deltas(&backend, &[0]);
    assert_eq!(points.len(), 1);
    assert_eq!((points[0].0, points[0].2), (1_000, 5.0));
}

#[tokio::test]
async fn the_last_change_of_a_series_that_has_ended_is_delivered() {
    let backend = Backend::start();
    let refusals = (0..2).map(|_| Reply::Fail(Status::new(Code::InvalidArgument, "scripted")));
    backend.services.metrics.reply_with(refusals);
    let pipeline = PipelineSetup::new(&backend.url(), &[DELTA]).start();
    send_until(&backend, &pipeline, Value::Counter(5.0), 1).await;
    backend.services.metrics.wait_for_requests(3).await;
    pipeline.finish().await;
    let points = deltas(&backend, &[0, 1]);
    let values: Vec<_> = points.iter().map(|(_, _, value)| *value).collect();
    assert_eq!(values, [5.0]);
}
