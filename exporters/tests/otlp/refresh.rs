//! Certificates and tokens that are renewed while the exporter runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Notify;
use tonic::transport::{Certificate, Identity, ServerTlsConfig};

use crate::backend::{Backend, Reply};
use crate::pipeline::{FAST_RETRIES, ONE_RECORD_PER_REQUEST, PipelineSetup, TestPipeline, flows};

/// A certificate or key of the authority that `tls.rs` uses.
fn tls_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/otlp/tls")
        .join(name)
}

/// A certificate or key of another authority.
fn other_tls_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/golden/tls")
        .join(name)
}

/// Sends a record, and returns the `authorization` that the backend got with it.
async fn authorization(pipeline: &TestPipeline, backend: &Backend, n: usize) -> String {
    pipeline.send(flows(1..=1)).await;
    backend.services.logs.wait_for_requests(n).await;
    let received = backend.services.logs.received();
    let value = received[n - 1].metadata.get("authorization").unwrap();
    value.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_renewed_token_is_in_the_next_request_and_an_unusable_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, "token-one\n").unwrap();
    let backend = Backend::start();
    let token_file = format!("token_file = '{}'", file.display());
    let config = [&*token_file, ONE_RECORD_PER_REQUEST];
    let pipeline = PipelineSetup::new(&backend.url(), &config).start();
    assert_eq!(
        authorization(&pipeline, &backend, 1).await,
        "Bearer token-one"
    );
    fs::write(&file, "token-two\n").unwrap();
    assert_eq!(
        authorization(&pipeline, &backend, 2).await,
        "Bearer token-one"
    );
    pipeline.refresh().await.unwrap();
    assert_eq!(
        authorization(&pipeline, &backend, 3).await,
        "Bearer token-two"
    );
    for text in ["", "two tokens\n"] {
        fs::write(&file, text).unwrap();
        let error = pipeline.refresh().await.unwrap_err();
        assert!(error.contains("does not have one token"), "{error}");
    }
    assert_eq!(
        authorization(&pipeline, &backend, 4).await,
        "Bearer token-two"
    );
    assert_eq!(pipeline.finish().await.0.absorbed, 4);
}

/// The exporter's files, which a test replaces.
struct Files(tempfile::TempDir);

impl Files {
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, from: &Path) {
        fs::copy(from, self.path(name)).unwrap();
    }

    /// The exporter's `tls` table.
    fn table(&self) -> String {
        format!(
            "tls = {{ ca_file = '{}', cert_file = '{}', key_file = '{}', \
             server_name_override = 'backend.test' }}",
            self.path("ca").display(),
            self.path("certificate").display(),
            self.path("key").display()
        )
    }
}

/// A backend that accepts only clients with a certificate of the authority.
fn tls_backend() -> Backend {
    let pem = |name: &str| fs::read(tls_file(name)).unwrap();
    let identity = Identity::from_pem(pem("server.pem"), pem("server_key.pem"));
    let config = ServerTlsConfig::new().identity(identity);
    Backend::start_with_tls(config.client_ca_root(Certificate::from_pem(pem("ca.pem"))))
}

#[tokio::test]
async fn renewed_certificates_are_used_for_new_connections_and_no_record_is_lost() {
    let backend = tls_backend();
    let files = Files(tempfile::tempdir().unwrap());
    files.put("ca", &other_tls_file("ca.pem"));
    files.put("certificate", &other_tls_file("client.pem"));
    files.put("key", &other_tls_file("client.key"));
    let config = [&*files.table(), FAST_RETRIES];
    let url = backend.url().replace("http:", "https:");
    let pipeline = PipelineSetup::new(&url, &config).start();
    pipeline.send(flows(1..=3)).await;
    while pipeline.problem().is_none() {
        tokio::task::yield_now().await;
    }
    files.put("ca", &tls_file("ca.pem"));
    files.put("certificate", &tls_file("client.pem"));
    let error = pipeline.refresh().await.unwrap_err();
    assert!(
        error.starts_with("cannot use the certificates"),
        "the key does not fit: {error}"
    );
    files.put("key", &tls_file("client_key.pem"));
    pipeline.refresh().await.unwrap();
    backend.services.logs.wait_for_requests(1).await;
    for (name, what) in [
        ("ca", "certificates"),
        ("certificate", "certificates"),
        ("key", "a private key"),
    ] {
        let good = fs::read(files.path(name)).unwrap();
        fs::write(files.path(name), "-----BEGIN").unwrap();
        let error = pipeline.refresh().await.unwrap_err();
        assert!(
            error.ends_with(&format!("is not a PEM file of {what}")),
            "{error}"
        );
        fs::write(files.path(name), good).unwrap();
    }
    pipeline.send(flows(4..=4)).await;
    let (report, _) = pipeline.finish().await;
    assert_eq!((report.absorbed, report.dropped.len()), (4, 0));
}

#[tokio::test]
async fn a_request_in_flight_ends_on_the_old_connection() {
    let backend = tls_backend();
    let files = Files(tempfile::tempdir().unwrap());
    files.put("ca", &tls_file("ca.pem"));
    files.put("certificate", &tls_file("client.pem"));
    files.put("key", &tls_file("client_key.pem"));
    let accept = Arc::new(Notify::new());
    let reply = Reply::AcceptWhenNotified(Arc::clone(&accept));
    backend.services.logs.reply_with([reply]);
    let config = [&*files.table(), "retry_on_failure = { enabled = false }"];
    let url = backend.url().replace("http:", "https:");
    let pipeline = PipelineSetup::new(&url, &config).start();
    pipeline.send(flows(1..=3)).await;
    backend.services.logs.wait_for_requests(1).await;
    let mut ca = fs::read(tls_file("ca.pem")).unwrap();
    ca.extend(fs::read(other_tls_file("ca.pem")).unwrap());
    fs::write(files.path("ca"), ca).unwrap();
    pipeline.refresh().await.unwrap();
    accept.notify_one();
    let (report, _) = pipeline.finish().await;
    assert_eq!((report.absorbed, report.unconfirmed), (3, 0));
}

#[tokio::test]
async fn files_that_are_replaced_as_kubernetes_does_are_read_within_the_interval() {
    let folder = tempfile::tempdir().unwrap();
    let volume = folder.path().join("volume");
    fs::create_dir(&volume).unwrap();
    // `token` leads to `..data/token`, and `..data` to a folder that is replaced.
    let replace = |name: &str, token: &str| {
        fs::create_dir(volume.join(name)).unwrap();
        fs::write(volume.join(name).join("token"), token).unwrap();
        std::os::unix::fs::symlink(name, volume.join("..data_tmp")).unwrap();
        fs::rename(volume.join("..data_tmp"), volume.join("..data")).unwrap();
    };
    replace("first", "token-one\n");
    std::os::unix::fs::symlink("..data/token", volume.join("token")).unwrap();
    let backend = Backend::start();
    let config = format!(
        "header_files = {{ x-token = '{}' }}, reload_interval = \"1ns\"",
        volume.join("token").display()
    );
    let pipeline = PipelineSetup::new(&backend.url(), &[&config, ONE_RECORD_PER_REQUEST]).start();
    let token = async |n: usize| {
        pipeline.send(flows(1..=1)).await;
        backend.services.logs.wait_for_requests(n).await;
        let received = backend.services.logs.received();
        received[n - 1]
            .metadata
            .get("x-token")
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(token(1).await, "token-one");
    replace("second", "token-two\n");
    assert_eq!(token(2).await, "token-two");
    // A file that is being written has no line that is valid yet.
    fs::write(volume.join("..data").join("token"), "token\nthree").unwrap();
    assert_eq!(token(3).await, "token-two");
    replace("third", "token-three\n");
    assert_eq!(token(4).await, "token-three");
    assert_eq!(pipeline.finish().await.0.absorbed, 4);
}

#[tokio::test]
async fn certificates_that_are_replaced_one_after_the_other_are_used_when_they_fit() {
    let backend = tls_backend();
    let files = Files(tempfile::tempdir().unwrap());
    let put = |name: &str, from: PathBuf| {
        // By rename, as a tool that renews certificates does.
        files.put("new", &from);
        fs::rename(files.path("new"), files.path(name)).unwrap();
    };
    put("ca", tls_file("ca.pem"));
    put("certificate", other_tls_file("client.pem"));
    put("key", other_tls_file("client.key"));
    let interval = "reload_interval = \"1ns\"";
    let config = [&*files.table(), FAST_RETRIES, interval];
    let url = backend.url().replace("http:", "https:");
    let pipeline = PipelineSetup::new(&url, &config).start();
    pipeline.send(flows(1..=3)).await;
    while pipeline.problem().is_none() {
        tokio::task::yield_now().await;
    }
    put("certificate", tls_file("client.pem"));
    let half = fs::read(tls_file("client_key.pem")).unwrap();
    fs::write(files.path("key"), &half[..half.len() / 2]).unwrap();
    put("key", tls_file("client_key.pem"));
    backend.services.logs.wait_for_requests(1).await;
    assert_eq!(pipeline.finish().await.0.absorbed, 3);
}
