//! The variables of each signal and of all of them. `export` and the like are in
//! [`crate::environment`].

use tidegate_model::metric::Value;

use super::signals::{SIGNALS, records, requests, timed_out};
use crate::backend::Backend;
use crate::environment::{configured, findings};
use crate::http_server::HttpServer;
use crate::metric_values::{counter, metrics, point};
use crate::pipeline::PipelineSetup;

/// Each signal with the variables that are for it: its own, and those of all signals.
pub(super) fn cases() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let cases = SIGNALS.into_iter().flat_map(|(signal, kept)| {
        let own = match signal {
            "logs" => "LOGS_",
            "metrics" => "METRICS_",
            _ => "TRACES_",
        };
        [(signal, kept, own), (signal, kept, "")]
    });
    cases.into_iter()
}

/// The name of a variable.
pub(super) fn variable(signal: &str, setting: &str) -> &'static str {
    format!("OTEL_EXPORTER_OTLP_{signal}{setting}").leak()
}

/// A pipeline of one signal with variables.
pub(super) fn setup(kept: &str, variables: &[(&'static str, String)]) -> PipelineSetup {
    let kept = format!("signals = [\"{kept}\"]");
    let mut setup = PipelineSetup::without_endpoint(&[&kept]);
    setup.environment = variables.to_vec();
    setup
}

#[tokio::test]
async fn endpoint_protocol_headers_and_compression_are_those_of_the_signal() {
    for (signal, kept, own) in cases() {
        let server = HttpServer::start(Vec::new()).await;
        let variables = [
            (variable(own, "ENDPOINT"), format!("{}/own", server.url())),
            (variable(own, "PROTOCOL"), "HTTP/json".to_owned()),
            (variable(own, "HEADERS"), "key=a%20b%2C,tenant=c".to_owned()),
            (variable(own, "COMPRESSION"), "GZIP".to_owned()),
        ];
        let pipeline = setup(kept, &variables).start();
        pipeline.send(records(signal)).await;
        pipeline.finish().await;
        let request = server.received().into_iter().next().unwrap();
        let path = match own {
            "" => format!("POST /own/v1/{signal}"),
            _ => "POST /own".to_owned(),
        };
        assert_eq!(request.line, path);
        for (name, value) in [
            ("content-type", "application/json"),
            ("key", "a b,"),
            ("tenant", "c"),
            ("content-encoding", "gzip"),
        ] {
            assert_eq!(request.headers[name], value, "{own} {name}");
        }
    }
}

#[tokio::test]
async fn an_attempt_ends_after_the_timeout_of_the_signal() {
    for (signal, kept, own) in cases() {
        let backend = Backend::start();
        let mut variables = vec![(variable("", "ENDPOINT"), backend.url())];
        if !own.is_empty() {
            variables.push((variable("", "TIMEOUT"), "3600000".to_owned()));
        }
        variables.push((variable(own, "TIMEOUT"), "20".to_owned()));
        let problem = timed_out(signal, setup(kept, &variables), &backend).await;
        assert!(
            problem.contains("no response within 20ms"),
            "{own}: {problem}"
        );
    }
}

#[test]
fn a_timeout_of_zero_is_no_limit() {
    let name = variable("", "TIMEOUT");
    assert!(findings(name, "0").is_empty());
    let shown = format!("{:?}", configured("{}", name, "0"));
    assert!(shown.contains("4294967.295s"), "{shown}");
}

#[tokio::test]
async fn an_endpoint_without_a_scheme_is_plain_text_if_the_signal_is_insecure() {
    for (signal, kept, own) in cases() {
        let backend = Backend::start();
        let endpoint = backend.url().replace("http://", "");
        let mut variables = vec![
            (variable(own, "ENDPOINT"), endpoint),
            (variable(own, "INSECURE"), "True".to_owned()),
            // It is without effect, since the endpoint is plain text.
            (variable(own, "CERTIFICATE"), "/nowhere/ca.pem".to_owned()),
        ];
        if !own.is_empty() {
            variables.push((variable("", "INSECURE"), "false".to_owned()));
        }
        let pipeline = setup(kept, &variables).start();
        pipeline.send(records(signal)).await;
        pipeline.finish().await;
        assert_eq!(requests(&backend, signal), 1, "{own}");
    }
}

#[tokio::test]
async fn the_temporality_is_that_of_the_variable() {
    for (value, expected) in [("", 2), ("Cumulative", 2), ("DELTA", 1), ("LowMemory", 1)] {
        let backend = Backend::start();
        let variables = [
            (variable("", "ENDPOINT"), backend.url()),
            (
                variable("METRICS_", "TEMPORALITY_PREFERENCE"),
                value.to_owned(),
            ),
        ];
        let pipeline = setup("metrics", &variables).start();
        pipeline
            .send(vec![point(&counter("a"), Value::Counter(1.0))])
            .await;
        pipeline.finish().await;
        let received = backend.services.metrics.received();
        let Some(opentelemetry_proto::tonic::metrics::v1::metric::Data::Sum(sum)) =
            &metrics(&received[0])[0].data
        else {
            panic!("{received:?}")
        };
        assert_eq!(sum.aggregation_temporality, expected, "{value}");
    }
}

/// It concerns the agent's own telemetry.
#[tokio::test]
async fn a_disabled_sdk_leaves_the_exporter_alone() {
    let backend = Backend::start();
    let variables = [
        (variable("", "ENDPOINT"), backend.url()),
        ("OTEL_SDK_DISABLED", "true".to_owned()),
    ];
    let pipeline = setup("flows", &variables).start();
    pipeline.send(records("logs")).await;
    assert_eq!(pipeline.finish().await.0.absorbed, 1);
}
