//! A fake API server with TLS that answers each resource's requests with a script.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;

/// An answer to one request.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    head: String,
    body: Vec<u8>,
    end: End,
}

/// What follows the body.
#[derive(Clone, Copy, Debug)]
enum End {
    /// The end of the response.
    Complete,
    /// The connection breaks off within the response.
    Cut,
    /// The connection stays open, and nothing more is sent.
    Silent,
}

/// A request that the server got.
#[derive(Debug)]
pub(super) struct Request {
    /// With the query.
    pub(super) path: String,
    pub(super) accept: String,
    pub(super) authorization: Option<String>,
}

/// A server, and the files of a service account for it.
pub(super) struct FakeApi {
    directory: TempDir,
    port: u16,
    requests: mpsc::UnboundedReceiver<Request>,
}

type Script = Arc<Mutex<HashMap<&'static str, VecDeque<Answer>>>>;

impl Answer {
    fn of(status: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            head: format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\n"),
            body: body.into(),
            end: End::Complete,
        }
    }

    /// A page of a list, with these items.
    pub(super) fn page(version: &str, next: &str, items: &[&str]) -> Self {
        let items = items.join(",");
        let body = format!(
            r#"{{"kind":"List","apiVersion":"v1","metadata":{{"resourceVersion":"{version}","continue":"{next}"}},"items":[{items}]}}"#
        );
        Self::of("200 OK", body)
    }

    /// A whole list.
    pub(super) fn list(version: &str, items: &[&str]) -> Self {
        Self::page(version, "", items)
    }

    /// A watch with these events, after which it stays open.
    pub(super) fn watch(events: &[String]) -> Self {
        let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
        Self {
            end: End::Silent,
            ..Self::of("200 OK", lines)
        }
    }

    /// A refusal, with a description as the API has it.
    pub(super) fn refused(code: u16, reason: &str, message: &str) -> Self {
        Self::of(&format!("{code} Refused"), status(code, reason, message))
    }

    /// Any body.
    pub(super) fn text(body: impl Into<Vec<u8>>) -> Self {
        Self::of("200 OK", body)
    }

    /// With another status.
    pub(super) fn with_status(self, status: &str) -> Self {
        let head = self.head.replace("200 OK", status);
        Self { head, ..self }
    }

    /// With a header.
    pub(super) fn header(mut self, header: &str) -> Self {
        self.head.push_str(&format!("{header}\r\n"));
        self
    }

    /// The server ends the response.
    pub(super) fn then_ends(self) -> Self {
        let end = End::Complete;
        Self { end, ..self }
    }

    /// The connection breaks off.
    pub(super) fn then_breaks(self) -> Self {
        Self {
            end: End::Cut,
            ..self
        }
    }
}

/// A description of a failure (`Status`).
pub(super) fn status(code: u16, reason: &str, message: &str) -> String {
    format!(
        r#"{{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure","message":"{message}","reason":"{reason}","code":{code}}}"#
    )
}

impl FakeApi {
    /// Starts a server. Requests beyond the script get no answer.
    pub(super) async fn start(script: Vec<(&'static str, Answer)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (sender, requests) = mpsc::unbounded_channel();
        let mut answers: HashMap<_, VecDeque<_>> = HashMap::new();
        for (resource, answer) in script {
            answers.entry(resource).or_default().push_back(answer);
        }
        let script = Arc::new(Mutex::new(answers));
        let acceptor = TlsAcceptor::from(Arc::new(server_config()));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, script) = (acceptor.clone(), Arc::clone(&script));
                tokio::spawn(serve(stream, acceptor, script, sender.clone()));
            }
        });
        let directory = tempfile::tempdir().expect("a directory");
        let ca = std::fs::read(pem("ca.pem")).expect("a certificate");
        std::fs::write(directory.path().join("ca.crt"), ca).expect("a file");
        let api = Self {
            directory,
            port,
            requests,
        };
        api.set_token("first");
        api
    }

    /// Replaces the token of the service account, as Kubernetes does.
    pub(super) fn set_token(&self, token: &str) {
        let new = self.path("new");
        std::fs::write(&new, token).expect("a file");
        std::fs::rename(new, self.path("token")).expect("a file");
    }

    /// A path in the directory of the service account.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The URL.
    pub(super) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The receiver's configuration, with additional keys.
    pub(super) fn table(&self, keys: &str) -> String {
        format!(
            "{{ server = '{}', service_account = '{}', node_name = 'node-a', \
             retry = {{ initial = '1ms', max = '20ms' }}, {keys} }}",
            self.url(),
            self.directory.path().display()
        )
    }

    /// The next request.
    pub(super) async fn request(&mut self) -> Request {
        self.requests.recv().await.expect("a request")
    }
}

/// Serves one connection: one request.
async fn serve(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    script: Script,
    requests: mpsc::UnboundedSender<Request>,
) {
    let Ok(mut stream) = acceptor.accept(stream).await else {
        return;
    };
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let request = parse(&String::from_utf8_lossy(&head));
    let path = request
        .path
        .split(['?', '/'])
        .nth(3)
        .unwrap_or("")
        .to_owned();
    let answer = {
        let mut script = script.lock().expect("a lock");
        script.get_mut(path.as_str()).and_then(VecDeque::pop_front)
    };
    let _ = requests.send(request);
    let Some(Answer { head, body, end }) = answer else {
        std::future::pending::<()>().await;
        return;
    };
    let bytes = encode(&head, &body, end);
    let _ = stream.write_all(&bytes).await;
    let _ = stream.flush().await;
    match end {
        End::Silent => std::future::pending().await,
        End::Complete | End::Cut => drop(stream.shutdown().await),
    }
}

/// A response in pieces, as the API server sends what it encodes.
fn encode(head: &str, body: &[u8], end: End) -> Vec<u8> {
    let mut bytes = format!("{head}transfer-encoding: chunked\r\n\r\n").into_bytes();
    for piece in body.chunks(97) {
        bytes.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        bytes.extend_from_slice(piece);
        bytes.extend_from_slice(b"\r\n");
    }
    if matches!(end, End::Complete) {
        bytes.extend_from_slice(b"0\r\n\r\n");
    }
    bytes
}

fn parse(head: &str) -> Request {
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let header = |name: &str| {
        let mut lines = head.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        value.map(str::to_owned)
    };
    Request {
        path,
        accept: header("accept").unwrap_or_default(),
        authorization: header("authorization"),
    }
}

/// TLS with the certificate of the repository's tests. Client certificates are accepted.
fn server_config() -> ServerConfig {
    let certificates = |name: &str| -> Vec<CertificateDer<'static>> {
        let all = CertificateDer::pem_file_iter(pem(name)).expect("a file");
        all.map(|one| one.expect("a certificate")).collect()
    };
    let key = PrivateKeyDer::from_pem_file(pem("server.key")).expect("a key");
    let provider = Arc::new(ring::default_provider());
    let mut roots = tokio_rustls::rustls::RootCertStore::empty();
    roots.add_parsable_certificates(certificates("ca.pem"));
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let clients = clients.allow_unauthenticated().build().expect("a verifier");
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_client_cert_verifier(clients)
        .with_single_cert(certificates("server.pem"), key)
        .expect("a certificate")
}

/// A certificate or key of the repository's tests.
pub(super) fn pem(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/tls");
    directory.join(name)
}
