//! A server of HTTP/1.1 that replies as scripted and records what it receives.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;

/// A response.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: &'static [u8],
}

/// A request as it was received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// Method and target, as in `POST /v1/logs`.
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A running server; clones share what it received.
#[derive(Clone)]
pub(crate) struct HttpServer {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    script: Mutex<VecDeque<Reply>>,
    /// Decides about a request that has no scripted reply.
    rule: fn(&Received) -> Reply,
    received: Mutex<Vec<Received>>,
    count: watch::Sender<usize>,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: b"",
        }
    }
}

impl HttpServer {
    /// Starts a server that gives these replies to the first requests and accepts all others.
    pub(crate) async fn start(script: Vec<Reply>) -> Self {
        Self::start_with(script, |_| Reply::status(200)).await
    }

    /// As [`Self::start`], but a rule decides about all others.
    pub(crate) async fn start_with(script: Vec<Reply>, rule: fn(&Received) -> Reply) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let server = Self::new(listener.local_addr().unwrap(), script, rule);
        let shared = Arc::clone(&server.shared);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&shared)));
            }
        });
        server
    }

    /// Starts a server at a unix socket.
    pub(crate) fn start_at(path: &Path) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let server = Self::new((Ipv4Addr::UNSPECIFIED, 0).into(), Vec::new(), |_| {
            Reply::status(200)
        });
        let shared = Arc::clone(&server.shared);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&shared)));
            }
        });
        server
    }

    fn new(address: SocketAddr, script: Vec<Reply>, rule: fn(&Received) -> Reply) -> Self {
        Self {
            address,
            shared: Arc::new(Shared {
                script: Mutex::new(script.into()),
                rule,
                received: Mutex::default(),
                count: watch::Sender::new(0),
            }),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns all requests so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// Waits for this number of requests.
    pub(crate) async fn wait_for_requests(&self, count: usize) {
        let mut counts = self.shared.count.subscribe();
        counts.wait_for(|now| *now >= count).await.unwrap();
    }
}

async fn serve<T: AsyncRead + AsyncWrite + Unpin + Send + 'static>(socket: T, shared: Arc<Shared>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer(request, &shared).await) }
    });
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(socket), service)
        .await;
}

async fn answer(request: Request<Incoming>, shared: &Shared) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let received = Received {
        line: format!("{} {}", head.method, head.uri),
        headers: head.headers,
        body,
    };
    let scripted = shared.script.lock().unwrap().pop_front();
    let reply = scripted.unwrap_or_else(|| (shared.rule)(&received));
    shared.received.lock().unwrap().push(received);
    shared.count.send_modify(|count| *count += 1);
    let mut response = Response::new(Full::new(Bytes::from_static(reply.body)));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap();
    for (name, value) in reply.headers {
        response.headers_mut().insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    response
}
