//! Delays between attempts, as far as they decide what becomes of a record: one is dropped at once
//! if its next attempt would be after `max_elapsed_time`.

use tonic::{Code, Status};

use crate::backend::{Backend, Reply};
use crate::pipeline::{ONE_RECORD_PER_REQUEST, PipelineSetup, flows};

/// Sends a flow, whose first attempts fail. Returns the number of attempts, and whether the flow
/// was delivered.
async fn attempts(failures: usize, retry: &str) -> (usize, bool) {
    let backend = Backend::start();
    let busy = || Reply::Fail(Status::new(Code::Unavailable, "scripted"));
    backend
        .services
        .logs
        .reply_with((0..failures).map(|_| busy()));
    let retry = format!("retry_on_failure = {{ {retry} }}");
    let pipeline = PipelineSetup::new(&backend.url(), &[&retry, ONE_RECORD_PER_REQUEST]).start();
    pipeline.send(flows(1..=1)).await;
    let (report, _) = pipeline.finish().await;
    (backend.services.logs.received().len(), report.absorbed == 1)
}

#[tokio::test]
async fn the_first_delay_is_the_initial_interval() {
    for (initial_interval, expected) in [("1h", (1, false)), ("1ms", (2, true))] {
        let retry =
            format!("initial_interval = \"{initial_interval}\", max_elapsed_time = \"20m\"");
        assert_eq!(attempts(1, &retry).await, expected, "{retry}");
    }
}

#[tokio::test]
async fn delays_grow_by_the_multiplier_up_to_the_maximum() {
    for (multiplier, max_interval, expected) in [
        ("1", "1h", (5, true)),
        ("4000000000", "1h", (2, false)),
        ("4000000000", "1ms", (5, true)),
    ] {
        let retry = format!(
            "initial_interval = \"1ms\", multiplier = {multiplier}, max_interval = \
             \"{max_interval}\", max_elapsed_time = \"20m\""
        );
        assert_eq!(attempts(4, &retry).await, expected, "{retry}");
    }
}

/// With a random part, half of the requests would be dropped.
#[tokio::test]
async fn delays_vary_by_the_randomization_factor() {
    let backend = Backend::start();
    let busy = || Reply::Fail(Status::new(Code::Unavailable, "scripted"));
    backend.services.logs.reply_with((0..40).map(|_| busy()));
    let config = "retry_on_failure = { initial_interval = \"1h\", max_elapsed_time = \"61m\", \
                  randomization_factor = 0 }, batch = { max_records = 1 }, in_flight = 40, \
                  drain_timeout = \"0s\"";
    let pipeline = PipelineSetup::new(&backend.url(), &[config]).start();
    pipeline.send(flows(1..=40)).await;
    backend.services.logs.wait_for_requests(40).await;
    while pipeline.sum_of("tidegate_otlp_requests_total", "failed") < 40 {
        tokio::task::yield_now().await;
    }
    let (report, _) = pipeline.finish().await;
    assert_eq!(report.dropped, [("drain_timeout", 40)].into());
}
