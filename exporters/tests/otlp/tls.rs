//! TLS connections. The certificates in `tls/` are valid from 2020 to 2120, and the key of their
//! authority was deleted. The backend's name is `backend.test`.

use std::path::PathBuf;

use tidegate_runtime::pipeline::RunError;
use tonic::transport::{Certificate, Identity, ServerTlsConfig};

use crate::backend::Backend;
use crate::pipeline::{PipelineSetup, flows};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/otlp/tls")
        .join(name)
}

fn pem(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

/// A backend that accepts only clients with a certificate of the authority.
fn backend() -> Backend {
    let identity = Identity::from_pem(pem("server.pem"), pem("server_key.pem"));
    let authority = Certificate::from_pem(pem("ca.pem"));
    Backend::start_with_tls(
        ServerTlsConfig::new()
            .identity(identity)
            .client_ca_root(authority),
    )
}

/// Returns the exporter's `tls` table; `name` is the expected name of the backend.
fn table(name: &str, with_identity: bool) -> String {
    let file = |name: &str| path(name).display().to_string();
    let identity = format!(
        ", cert_file = '{}', key_file = '{}'",
        file("client.pem"),
        file("client_key.pem")
    );
    let identity = if with_identity {
        identity
    } else {
        String::new()
    };
    format!(
        "tls = {{ ca_file = '{}', server_name_override = \"{name}\"{identity} }}",
        file("ca.pem")
    )
}

#[tokio::test]
async fn records_are_sent_only_if_both_certificates_are_valid() {
    // In TLS 1.3 the client has sent its request before the server rejects its certificate.
    let cases = [
        ("backend.test", true, (3, 0, 0)),
        ("backend.test", false, (0, 3, 0)),
        ("other.test", true, (0, 0, 3)),
    ];
    for (name, with_identity, outcome) in cases {
        let backend = backend();
        let config = [
            &*table(name, with_identity),
            "retry_on_failure = { enabled = false }",
        ];
        let pipeline =
            PipelineSetup::new(&backend.url().replace("http:", "https:"), &config).start();
        pipeline.send(flows(1..=3)).await;
        let (report, _) = pipeline.finish().await;
        let dropped = report.dropped.values().sum::<u64>();
        assert_eq!(
            (report.absorbed, report.unconfirmed, dropped),
            outcome,
            "{name}"
        );
        assert_eq!(
            backend.services.logs.received().len(),
            usize::from(outcome.0 > 0),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_certificate_that_cannot_be_read_is_an_error_with_its_path() {
    let pipeline = PipelineSetup::new(
        "https://127.0.0.1:1",
        &["tls = { ca_file = \"/nowhere/ca.pem\" }"],
    )
    .start();
    let (_, ended) = pipeline.finish().await;
    let Some(RunError::StageFailed { stage, source }) = ended.failure else {
        panic!("{:?}", ended.failure)
    };
    assert_eq!(
        (stage.as_str(), source.to_string()),
        ("exporters.otlp", "cannot read `/nowhere/ca.pem`".to_owned())
    );
}

#[tokio::test]
async fn a_certificate_for_another_name_is_reported_with_a_hint() {
    let backend = backend();
    let config = [&*table("other.test", true), "drain_timeout = \"0s\""];
    let pipeline = PipelineSetup::new(&backend.url().replace("http:", "https:"), &config).start();
    pipeline.send(flows(1..=1)).await;
    let problem = loop {
        match pipeline.problem() {
            Some(problem) => break problem,
            None => tokio::task::yield_now().await,
        }
    };
    assert!(
        problem.contains("other.test") && problem.contains("`server_name_override`"),
        "{problem}"
    );
    pipeline.finish().await;
}
