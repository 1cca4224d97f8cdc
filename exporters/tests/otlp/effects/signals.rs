//! The keys of each signal.

use tidegate_model::Record;
use tidegate_model::flow::Direction;
use tidegate_model::metric::Value;

use crate::backend::{Backend, Reply};
use crate::http_server::{HttpServer, Received};
use crate::limits::unused_url;
use crate::metric_values::{counter, point};
use crate::pipeline::{FAST_RETRIES, ONE_RECORD_PER_REQUEST, PipelineSetup, flows};
use crate::spans::exchange;

/// A signal: its name in keys, the one in `signals`, and in paths of URLs.
pub(super) const SIGNALS: [(&str, &str); 3] = [
    ("logs", "flows"),
    ("metrics", "metrics"),
    ("traces", "traces"),
];

/// Records of a signal.
pub(super) fn records(signal: &str) -> Vec<Record> {
    match signal {
        "metrics" => vec![point(&counter("a"), Value::Counter(1.0))],
        "traces" => exchange(1, Direction::Egress, None),
        _ => flows(1..=1),
    }
}

/// Scripts the reply to the first request of a signal.
pub(super) fn reply_with(backend: &Backend, signal: &str, reply: Reply) {
    let services = &backend.services;
    match signal {
        "metrics" => services.metrics.reply_with([reply]),
        "traces" => services.traces.reply_with([reply]),
        _ => services.logs.reply_with([reply]),
    }
}

/// The number of requests of a signal.
pub(super) fn requests(backend: &Backend, signal: &str) -> usize {
    let services = &backend.services;
    match signal {
        "metrics" => services.metrics.received().len(),
        "traces" => services.traces.received().len(),
        _ => services.logs.received().len(),
    }
}

/// Sends records of a signal until a backend that does not reply has a time-out, and returns that
/// problem.
pub(super) async fn timed_out(signal: &str, mut setup: PipelineSetup, backend: &Backend) -> String {
    reply_with(backend, signal, Reply::Hang);
    let more = [
        FAST_RETRIES,
        ONE_RECORD_PER_REQUEST,
        "metrics_interval = \"10ms\"",
    ];
    setup.config = format!("{}, {}", setup.config, more.join(", "));
    let pipeline = setup.start();
    pipeline.send(records(signal)).await;
    let problem = loop {
        match pipeline.problem() {
            Some(problem) => break problem,
            None => tokio::task::yield_now().await,
        }
    };
    pipeline.finish().await;
    problem
}

fn only(server: &HttpServer) -> Received {
    server.received().into_iter().next().unwrap()
}

#[tokio::test]
async fn a_signal_has_its_endpoint_protocol_headers_and_compression() {
    for (signal, kept) in SIGNALS {
        let server = HttpServer::start(Vec::new()).await;
        let keys = format!(
            "signals = [\"{kept}\"], headers = {{ tenant = \"all\" }}, {signal}_endpoint = \
             \"{}/own\", {signal} = {{ protocol = \"http/json\", headers = {{ tenant = \"own\" }}, \
             compression = \"gzip\" }}",
            server.url()
        );
        let pipeline = PipelineSetup::new(&unused_url(), &[&keys]).start();
        pipeline.send(records(signal)).await;
        pipeline.finish().await;
        let request = only(&server);
        assert_eq!(request.line, "POST /own", "{signal}");
        for (name, value) in [
            ("content-type", "application/json"),
            ("tenant", "own"),
            ("content-encoding", "gzip"),
        ] {
            assert_eq!(request.headers[name], value, "{signal}");
        }
    }
}

#[tokio::test]
async fn an_attempt_ends_after_the_timeout() {
    for (signal, kept) in SIGNALS {
        for timeout in [
            "timeout = \"20ms\"".to_owned(),
            format!("timeout = \"1h\", {signal} = {{ timeout = \"20ms\" }}"),
        ] {
            let backend = Backend::start();
            let kept = format!("signals = [\"{kept}\"]");
            let setup = PipelineSetup::new(&backend.url(), &[&kept, &timeout]);
            let problem = timed_out(signal, setup, &backend).await;
            assert!(
                problem.contains("no response within 20ms"),
                "{timeout}: {problem}"
            );
        }
    }
}
