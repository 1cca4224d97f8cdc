//! TLS connections. The certificates in `tls/` are valid from 2020 to 2120, and the key of their
//! authority was deleted. The backend's name is `backend.test`.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tidegate_runtime::pipeline::RunError;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tonic::transport::{Certificate, Identity, ServerTlsConfig};

use crate::backend::Backend;
use crate::pipeline::{FAST_RETRIES, PipelineSetup, flows};

pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/otlp/tls")
        .join(name)
}

fn pem(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

/// A backend that accepts only clients with a certificate of the authority.
pub(crate) fn backend() -> Backend {
    let identity = Identity::from_pem(pem("server.pem"), pem("server_key.pem"));
    let authority = Certificate::from_pem(pem("ca.pem"));
    Backend::start_with_tls(
        ServerTlsConfig::new()
            .identity(identity)
            .client_ca_root(authority),
    )
}

/// Returns the exporter's `tls` table; `name` is the expected name of the backend.
pub(crate) fn table(name: &str, with_identity: bool) -> String {
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

/// Sends a record to a backend that cannot be reached, and returns the problem.
async fn problem(url: &str, config: &[&str]) -> String {
    let config = [config, &["drain_timeout = \"0s\"", FAST_RETRIES]].concat();
    let pipeline = PipelineSetup::new(url, &config).start();
    pipeline.send(flows(1..=1)).await;
    let problem = loop {
        match pipeline.problem() {
            Some(problem) => break problem,
            None => tokio::task::yield_now().await,
        }
    };
    pipeline.finish().await;
    problem
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_reported_with_what_to_change() {
    let backend = backend();
    let url = backend.url().replace("http:", "https:");
    let other_ca = format!(
        "tls = {{ ca_file = '{}/../tests/golden/tls/ca.pem', server_name_override = \"backend.test\" }}",
        env!("CARGO_MANIFEST_DIR")
    );
    let problem = problem(&url, &[&other_ca]).await;
    assert!(
        problem.contains("set `tls.ca_file` to the authority"),
        "{problem}"
    );
}

#[tokio::test]
async fn http_uses_tls_with_both_versions_of_the_protocol() {
    for (alpn, expected) in [
        (&b"http/1.1"[..], Version::HTTP_11),
        (b"h2", Version::HTTP_2),
    ] {
        let (url, versions) = https_server(alpn).await;
        let config = [
            &*table("backend.test", true),
            "protocol = \"http/protobuf\"",
        ];
        let pipeline = PipelineSetup::new(&url, &config).start();
        pipeline.send(flows(1..=3)).await;
        let (report, _) = pipeline.finish().await;
        assert_eq!(report.absorbed, 3, "{expected:?}");
        assert_eq!(*versions.lock().unwrap(), [expected]);
    }
}

/// Starts a server of HTTPS that accepts every request. Returns the versions of its requests.
pub(crate) async fn https_server(alpn: &[u8]) -> (String, Arc<Mutex<Vec<Version>>>) {
    let chain = pem("server.pem");
    let chain = CertificateDer::pem_slice_iter(&chain).collect::<Result<_, _>>();
    let key = PrivateKeyDer::from_pem_slice(&pem("server_key.pem")).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.unwrap(), key)
        .unwrap();
    config.alpn_protocols = vec![alpn.to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let versions = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&versions);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let socket = TokioIo::new(acceptor.accept(socket).await.unwrap());
            let seen = Arc::clone(&seen);
            let service = service_fn(move |request: Request<Incoming>| {
                seen.lock().unwrap().push(request.version());
                async { Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())) }
            });
            tokio::spawn(async move {
                let builder = auto::Builder::new(TokioExecutor::new());
                let _ = builder.serve_connection(socket, service).await;
            });
        }
    });
    (url, versions)
}

#[tokio::test]
async fn a_certificate_for_another_name_is_reported_with_a_hint() {
    let backend = backend();
    let url = backend.url().replace("http:", "https:");
    let problem = problem(&url, &[&table("other.test", true)]).await;
    assert!(
        problem.contains("other.test") && problem.contains("`tls.server_name_override`"),
        "{problem}"
    );
}
