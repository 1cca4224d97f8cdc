//! Encrypted connections. The certificates in `tls/` are valid from 2020 to 2120; the authority's
//! key is gone. The backend's name is `backend.test`.

use std::path::PathBuf;

use tidegate_runtime::pipeline::Failure;
use tonic::transport::{Certificate, Identity, ServerTlsConfig};

use crate::backend::Backend;
use crate::rig::{Setup, flows};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/otlp/tls")
        .join(name)
}

fn pem(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

/// A backend that takes only clients with a certificate of the authority.
fn backend() -> Backend {
    let identity = Identity::from_pem(pem("server.pem"), pem("server_key.pem"));
    let authority = Certificate::from_pem(pem("ca.pem"));
    Backend::start_with_tls(
        ServerTlsConfig::new()
            .identity(identity)
            .client_ca_root(authority),
    )
}

/// The exporter's `tls` table; `name` is what it expects the backend to be called.
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
async fn only_peers_that_know_each_other_exchange_records() {
    // A client of TLS 1.3 has sent its request when it hears that the server wants another
    // certificate.
    let cases = [
        ("backend.test", true, (3, 0, 0)),
        ("backend.test", false, (0, 3, 0)),
        ("somebody.else", true, (0, 0, 3)),
    ];
    for (name, with_identity, outcome) in cases {
        let backend = backend();
        let config = [
            &*table(name, with_identity),
            "retry_on_failure = { enabled = false }",
        ];
        let rig = Setup::new(&backend.url().replace("http:", "https:"), &config).start();
        rig.send(flows(1..=3)).await;
        let (books, _) = rig.finish().await;
        let dropped = books.dropped.values().sum::<u64>();
        assert_eq!(
            (books.absorbed, books.unconfirmed, dropped),
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
async fn a_certificate_that_cannot_be_read_is_a_failure_with_its_path() {
    let rig = Setup::new(
        "https://127.0.0.1:1",
        &["tls = { ca_file = \"/nowhere/ca.pem\" }"],
    )
    .start();
    let (_, ended) = rig.finish().await;
    let Some(Failure::Failed { stage, source }) = ended.failure else {
        panic!("{:?}", ended.failure)
    };
    assert_eq!(
        (stage.as_str(), source.to_string()),
        ("exporters.otlp", "cannot read `/nowhere/ca.pem`".to_owned())
    );
}

#[tokio::test]
async fn a_certificate_of_another_name_is_a_problem_with_a_remedy() {
    let backend = backend();
    let config = [&*table("somebody.else", true), "drain_timeout = \"0s\""];
    let rig = Setup::new(&backend.url().replace("http:", "https:"), &config).start();
    rig.send(flows(1..=1)).await;
    let problem = loop {
        match rig.problem() {
            Some(problem) => break problem,
            None => tokio::task::yield_now().await,
        }
    };
    assert!(
        problem.contains("somebody.else") && problem.contains("`server_name_override`"),
        "{problem}"
    );
    rig.finish().await;
}
