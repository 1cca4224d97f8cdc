//! Peers that are not what the configuration says, over real sockets and handshakes: the message names
//! the cause, and nothing is lost while requests are retried.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tonic::transport::{Certificate, Identity, ServerTlsConfig};

use crate::backend::Backend;
use crate::http_server::{HttpServer, Reply};
use crate::pipeline::{FAST_RETRIES, ONE_RECORD_PER_REQUEST, PipelineSetup, flows};

const HTTP: &str = "protocol = \"http/protobuf\"";

/// A file of `tls/`. Those in `faults/` have an authority of their own, whose key was deleted.
fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/otlp/tls")
        .join(name)
}

fn pem(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

/// Sends a record until the problem contains the hint, or for ever.
async fn expect_problem(url: &str, config: &[&str], hint: &str) {
    let config = [
        config,
        &[
            "drain_timeout = \"0s\", signals = [\"flows\"]",
            FAST_RETRIES,
            ONE_RECORD_PER_REQUEST,
        ],
    ]
    .concat();
    let pipeline = PipelineSetup::new(url, &config).start();
    pipeline.send(flows(1..=1)).await;
    let mut last = None;
    let found = async {
        loop {
            last = pipeline.problem().or(last.take());
            if last.as_ref().is_some_and(|problem| problem.contains(hint)) {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    let result = tokio::time::timeout(Duration::from_secs(30), found).await;
    assert!(result.is_ok(), "{url}: `{hint}` is expected, not {last:?}");
    let (report, _) = pipeline.finish().await;
    let given_up = report
        .dropped
        .get("drain_timeout")
        .copied()
        .unwrap_or_default();
    let left = given_up + report.unconfirmed;
    assert_eq!(
        (report.absorbed, left),
        (0, 1),
        "{url}: it is retried until the end"
    );
}

/// Starts a backend with this certificate.
fn backend_with(certificate: &str) -> (Backend, String) {
    let identity = Identity::from_pem(
        pem(&format!("{certificate}.pem")),
        pem(&format!("{certificate}_key.pem")),
    );
    let backend = Backend::start_with_tls(ServerTlsConfig::new().identity(identity));
    let url = backend.url().replace("http:", "https:");
    (backend, url)
}

fn trusting(ca: &str, name: &str) -> String {
    let ca = path(ca).display().to_string();
    format!("tls = {{ ca_file = '{ca}', server_name_override = \"{name}\" }}")
}

/// Certificate, authority that is trusted, expected name, and hint.
const BAD_CERTIFICATES: [(&str, &str, &str, &str); 7] = [
    (
        "faults/expired",
        "faults/ca.pem",
        "backend.test",
        "has expired",
    ),
    (
        "faults/future",
        "faults/ca.pem",
        "backend.test",
        "is not valid yet",
    ),
    (
        "faults/self_signed",
        "faults/ca.pem",
        "backend.test",
        "if it is self-signed",
    ),
    (
        "faults/self_signed_authority",
        "faults/ca.pem",
        "backend.test",
        "(CA:TRUE)",
    ),
    (
        "faults/self_signed_authority",
        "faults/self_signed_authority.pem",
        "backend.test",
        "(CA:TRUE)",
    ),
    (
        "server",
        "faults/ca.pem",
        "backend.test",
        "no authority that is trusted",
    ),
    ("server", "ca.pem", "other.test", "is for another name"),
];

#[tokio::test]
async fn a_certificate_of_the_backend_that_is_not_accepted_is_named_with_its_fault() {
    for (certificate, ca, name, hint) in BAD_CERTIFICATES {
        let (_backend, url) = backend_with(certificate);
        expect_problem(&url, &[&trusting(ca, name)], hint).await;
    }
}

#[tokio::test]
async fn a_self_signed_certificate_is_trusted_if_it_is_the_authority() {
    let (_backend, url) = backend_with("faults/self_signed");
    let tls = trusting("faults/self_signed.pem", "backend.test");
    let pipeline = PipelineSetup::new(&url, &[&tls]).start();
    pipeline.send(flows(1..=3)).await;
    assert_eq!(pipeline.finish().await.0.absorbed, 3);
}

#[tokio::test]
async fn a_client_certificate_that_is_missing_or_of_another_authority_is_named() {
    let identity = Identity::from_pem(pem("server.pem"), pem("server_key.pem"));
    let authority = Certificate::from_pem(pem("ca.pem"));
    let backend = Backend::start_with_tls(
        ServerTlsConfig::new()
            .identity(identity)
            .client_ca_root(authority),
    );
    let url = backend.url().replace("http:", "https:");
    let missing = trusting("ca.pem", "backend.test");
    let client = path("faults/client_of_other_authority");
    let other = missing.replace(
        " }",
        &format!(
            ", cert_file = '{0}.pem', key_file = '{0}_key.pem' }}",
            client.display()
        ),
    );
    for protocol in ["protocol = \"grpc\"", HTTP] {
        let hint = "demands a client certificate";
        expect_problem(&url, &[&missing, protocol], hint).await;
        let hint = "does not accept the client certificate";
        expect_problem(&url, &[&other, protocol], hint).await;
    }
}

/// A port of TLS that ends connections whose handshake fails.
async fn tls_port() -> String {
    let chain = pem("server.pem");
    let chain = CertificateDer::pem_slice_iter(&chain).collect::<Result<_, _>>();
    let key = PrivateKeyDer::from_pem_slice(&pem("server_key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.unwrap(), key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let _ = acceptor.accept(socket).await;
        }
    });
    url
}

/// A port that reads what is sent first, responds with these bytes, and ends the connection.
async fn port_with(response: &'static [u8]) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut memory = [0; 1 << 16];
            let _ = socket.read(&mut memory).await;
            let _ = socket.write_all(response).await;
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn plain_text_to_a_port_of_tls_is_retried_and_named() {
    let go = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
    let hint = "begin the endpoint with https://";
    for config in ["protocol = \"grpc\"", HTTP] {
        expect_problem(&tls_port().await, &[config], hint).await;
        expect_problem(&port_with(b"").await, &[config], hint).await;
    }
    expect_problem(&port_with(go).await, &[HTTP], hint).await;
    let bare = b"HTTP/1.0 400 Bad Request\r\n\r\n";
    expect_problem(&port_with(bare).await, &[HTTP], hint).await;
}

#[tokio::test]
async fn tls_to_a_port_of_plain_text_is_named() {
    let hint = "begin the endpoint with http://";
    let server = HttpServer::start(Vec::new()).await;
    let grpc = Backend::start();
    for url in [server.url(), grpc.url(), port_with(b"").await] {
        let url = url.replace("http:", "https:");
        for protocol in ["protocol = \"grpc\"", HTTP] {
            expect_problem(&url, &[protocol], hint).await;
        }
    }
}

#[tokio::test]
async fn the_port_of_the_other_protocol_is_named() {
    let grpc = Backend::start();
    expect_problem(&grpc.url(), &[HTTP], "the peer speaks gRPC").await;
    let server = HttpServer::start_with(Vec::new(), |_| Reply::status(404)).await;
    expect_problem(&server.url(), &[], "4318 OTLP/HTTP").await;
    let http1 = port_with(b"HTTP/1.1 505 HTTP Version Not Supported\r\n\r\n").await;
    expect_problem(&http1, &[], "is this an OTLP/gRPC endpoint?").await;
    // Over TLS, HTTP/2 is chosen, and a gRPC server responds.
    let (_backend, url) = backend_with("server");
    let tls = trusting("ca.pem", "backend.test");
    expect_problem(&url, &[&tls, HTTP], "the peer speaks gRPC").await;
}
