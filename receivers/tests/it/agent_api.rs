//! A stand-in for the REST API of the Cilium agent, with faults.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

/// How a path is answered.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// 200 with this body.
    Json(Vec<u8>),
    /// A status with a short body.
    Status(u16),
    /// Nothing at all, without an end.
    Silence,
    /// A head that announces the body, half of the body, and the end of the connection.
    Cut(Vec<u8>),
    /// A head that announces the body, half of the body, and no end.
    Stall(Vec<u8>),
    /// These bytes, which are no response.
    Raw(Vec<u8>),
}

/// The API; ends when it is dropped.
pub(crate) struct AgentApi {
    directory: TempDir,
    state: Arc<Mutex<State>>,
    server: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    answers: HashMap<String, Answer>,
    requests: Vec<String>,
}

/// The samples, by path.
const SAMPLES: [(&str, &[u8]); 9] = [
    (
        "/v1/healthz",
        include_bytes!("../../../tests/golden/cilium-api/healthz.json"),
    ),
    (
        "/v1/identity",
        include_bytes!("../../../tests/golden/cilium-api/identity.json"),
    ),
    (
        "/v1/ip",
        include_bytes!("../../../tests/golden/cilium-api/ip.json"),
    ),
    (
        "/v1/endpoint",
        include_bytes!("../../../tests/golden/cilium-api/endpoint.json"),
    ),
    (
        "/v1/policy",
        include_bytes!("../../../tests/golden/cilium-api/policy.json"),
    ),
    (
        "/v1/service",
        include_bytes!("../../../tests/golden/cilium-api/service.json"),
    ),
    (
        "/v1/cgroup-dump-metadata",
        include_bytes!("../../../tests/golden/cilium-api/cgroups.json"),
    ),
    (
        "/v1/fqdn/cache",
        include_bytes!("../../../tests/golden/cilium-api/fqdn_cache.json"),
    ),
    (
        "/v1/cluster/nodes",
        include_bytes!("../../../tests/golden/cilium-api/cluster_nodes.json"),
    ),
];

/// The sample of a path.
pub(crate) fn sample(path: &str) -> Vec<u8> {
    let sample = SAMPLES.iter().find(|(known, _)| *known == path);
    sample.expect("a sample").1.to_vec()
}

impl AgentApi {
    /// An API that serves the samples.
    pub(crate) fn new() -> Self {
        let mut api = Self::not_listening();
        api.listen();
        api
    }

    /// An API without a socket, until [`Self::listen`].
    pub(crate) fn not_listening() -> Self {
        let answers = SAMPLES.map(|(path, json)| (path.to_owned(), Answer::Json(json.to_vec())));
        Self {
            directory: tempfile::tempdir().unwrap(),
            state: Arc::new(Mutex::new(State {
                answers: answers.into_iter().collect(),
                requests: Vec::new(),
            })),
            server: None,
        }
    }

    /// Creates the socket and serves it.
    pub(crate) fn listen(&mut self) {
        let _ = std::fs::remove_file(self.socket());
        let listener = UnixListener::bind(self.socket()).unwrap();
        let state = Arc::clone(&self.state);
        self.server = Some(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&state)));
            }
        }));
    }

    /// Stops listening, but leaves the socket file behind.
    pub(crate) async fn stop_listening(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
            let _ = server.await;
        }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("cilium.sock")
    }

    /// Answers a path like this from now on.
    pub(crate) fn answer(&self, path: &str, answer: Answer) {
        self.state().answers.insert(path.to_owned(), answer);
    }

    /// Serves the sample of a path again.
    pub(crate) fn mend(&self, path: &str) {
        self.answer(path, Answer::Json(sample(path)));
    }

    /// The paths of all requests since the last call, with `brief` for one with that header.
    pub(crate) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state().requests)
    }

    /// The receiver's configuration, with additional keys.
    pub(crate) fn table(&self, keys: &str) -> String {
        let socket = self.socket();
        format!("{{ socket = '{}', {keys} }}", socket.display())
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Drop for AgentApi {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

/// Answers one request.
async fn serve(mut stream: UnixStream, state: Arc<Mutex<State>>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if matches!(stream.read_buf(&mut request).await, Ok(0) | Err(_)) {
            return;
        }
    }
    let request = String::from_utf8(request).unwrap();
    let path = request.split(' ').nth(1).unwrap().to_owned();
    let answer = {
        let mut state = state.lock().unwrap();
        let is_brief = request.contains("\r\nbrief: true\r\n");
        let shown = if is_brief { " brief" } else { "" };
        state.requests.push(format!("{path}{shown}"));
        state
            .answers
            .get(&path)
            .cloned()
            .unwrap_or(Answer::Status(404))
    };
    let (bytes, waits) = response(answer);
    // The receiver may have read enough.
    let _ = stream.write_all(&bytes).await;
    if waits {
        let _ = stream.read(&mut [0]).await;
    }
}

/// The bytes of an answer, and whether the connection stays open after them.
fn response(answer: Answer) -> (Vec<u8>, bool) {
    let head = |body: &[u8]| {
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes()
    };
    match answer {
        Answer::Json(body) => ([head(&body), body].concat(), false),
        Answer::Status(404) => (
            b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec(),
            false,
        ),
        Answer::Status(status) => {
            let response = format!("HTTP/1.1 {status} X\r\ncontent-length: 8\r\n\r\nrefused\n");
            (response.into_bytes(), false)
        }
        Answer::Silence => (Vec::new(), true),
        Answer::Cut(body) => (
            [head(&body), body[..body.len() / 2].to_vec()].concat(),
            false,
        ),
        Answer::Stall(body) => (
            [head(&body), body[..body.len() / 2].to_vec()].concat(),
            true,
        ),
        Answer::Raw(bytes) => (bytes, false),
    }
}
