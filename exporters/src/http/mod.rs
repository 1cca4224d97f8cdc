//! The HTTP/1.1 server of all endpoints of the agent. Unlike `axum::serve` it limits the number of
//! connections, the size of a request's head, the time for it, and the time that a response may
//! make no progress; and it checks the `Host` header.

mod coding;
mod connection;
mod host;
mod pages;

pub use coding::{BodyEncoder, ContentCoding};
pub use connection::{HEADER_READ_TIMEOUT, serve_connection};
pub use host::{HostRule, Refusal, is_loopback, parse_allowed_host};
pub use pages::{Index, Page, is_read, method_not_allowed, not_found};

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use tidegate_runtime::health::Health;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// The maximum number of open connections of a listener. Further clients wait to be accepted.
const MAX_CONNECTIONS: u32 = 64;
/// The delay after a failure to accept that may last, such as a lack of file descriptors.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_secs(1);

/// Limits the number of open connections of a listener.
#[derive(Clone, Debug)]
pub struct ConnectionLimit(Arc<Semaphore>);

impl Default for ConnectionLimit {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_CONNECTIONS as usize)))
    }
}

impl ConnectionLimit {
    /// Waits until another connection is allowed. The connection must hold the permit.
    pub async fn acquire(&self) -> OwnedSemaphorePermit {
        match Arc::clone(&self.0).acquire_owned().await {
            Ok(permit) => permit,
            // The semaphore is never closed.
            Err(_) => pending().await,
        }
    }

    /// Waits until all connections have ended.
    async fn all_closed(&self) {
        // The semaphore is never closed, so there is no error.
        let _ = self.0.acquire_many(MAX_CONNECTIONS).await;
    }
}

/// Logs a failure to accept a connection, and waits before the next attempt. Does neither if only
/// that client is affected.
pub async fn back_off_after_accept_error(error: &io::Error) {
    if is_client_error(error) {
        return;
    }
    tracing::warn!(%error, "cannot accept connections; trying again");
    tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
}

/// Whether accepting failed because the client has already closed the connection.
fn is_client_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// A listener.
pub trait Accept: Send {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Waits for the next connection, and returns it with the client's address.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>> + Send;
}

impl Accept for TcpListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        TcpListener::accept(self).await
    }
}

/// Serves a router on a listener until `closing` completes, and then until the last connection has
/// ended. While connections cannot be accepted, `health` is degraded.
pub async fn serve(
    mut listener: impl Accept,
    router: Router,
    health: Health,
    closing: impl Future<Output = ()>,
) {
    let limit = ConnectionLimit::default();
    let (open, closed) = watch::channel(());
    let accepting = async {
        loop {
            let permit = limit.acquire().await;
            match listener.accept().await {
                Ok((stream, peer)) => {
                    health.healthy();
                    let router = router.clone();
                    let closed = closed.clone();
                    tokio::spawn(async move {
                        serve_until_closed(stream, peer, router, closed).await;
                        drop(permit);
                    });
                }
                Err(error) if is_client_error(&error) => {}
                Err(error) => {
                    health.degraded(format!("cannot accept connections: {error}; trying again"));
                    tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                }
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        () = closing => {}
    }
    drop(listener);
    drop(open);
    limit.all_closed().await;
}

/// Serves a connection until the client closes it or the sender of `closed` is dropped.
async fn serve_until_closed(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    router: Router,
    mut closed: watch::Receiver<()>,
) {
    // Nothing is sent, so a change is an error: the sender is dropped.
    let closing = async { _ = closed.changed().await };
    if let Err(error) = serve_connection(stream, router, closing).await {
        let error = &error as &dyn std::error::Error;
        tracing::debug!(%peer, error, "connection failed");
    }
}

/// Returns a router that answers requests whose host is not allowed with 400 or 421.
pub fn with_host_rule(router: Router, rule: HostRule) -> Router {
    router.layer(from_fn_with_state(Arc::new(rule), check_host))
}

async fn check_host(State(rule): State<Arc<HostRule>>, request: Request, next: Next) -> Response {
    match rule.check(request.uri(), request.headers(), request.version()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::SocketAddr;

    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;

    use super::{Accept, ConnectionLimit, Health, MAX_CONNECTIONS, serve};

    /// Fails to accept, the last failure first, and then accepts one client.
    struct FailingListener {
        failures: Vec<io::Error>,
        stream: Option<DuplexStream>,
    }

    impl Accept for FailingListener {
        type Stream = DuplexStream;

        async fn accept(&mut self) -> io::Result<(DuplexStream, SocketAddr)> {
            match (self.failures.pop(), self.stream.take()) {
                (Some(failure), stream) => {
                    self.stream = stream;
                    Err(failure)
                }
                (None, Some(stream)) => Ok((stream, ([127, 0, 0, 1], 1).into())),
                (None, None) => std::future::pending().await,
            }
        }
    }

    async fn start() -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (close, closed) = oneshot::channel();
        let router = Router::new().route("/", get(async || "fine"));
        let served = tokio::spawn(serve(listener, router, Health::default(), async {
            _ = closed.await
        }));
        (address, close, served)
    }

    async fn request(stream: &mut TcpStream) {
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
    }

    #[tokio::test]
    async fn a_closed_connection_makes_room_for_another() {
        let limit = ConnectionLimit::default();
        let mut permits = Vec::new();
        for _ in 0..MAX_CONNECTIONS {
            permits.push(limit.acquire().await);
        }
        tokio::select! {
            biased;
            _ = limit.acquire() => panic!("there is one permit too many"),
            () = std::future::ready(()) => {}
        }
        permits.pop();
        drop(limit.acquire().await);
    }

    #[tokio::test(start_paused = true)]
    async fn health_is_degraded_until_a_connection_is_accepted() {
        let health = Health::default();
        let (mut client, server) = tokio::io::duplex(4096);
        let failures = vec![
            io::Error::from_raw_os_error(24),
            io::ErrorKind::ConnectionAborted.into(),
        ];
        let listener = FailingListener {
            failures,
            stream: Some(server),
        };
        let router = Router::new().route("/", get(async || "fine"));
        let served = serve(listener, router, health.clone(), std::future::pending());
        let client_is_served = async {
            while health.state().problem().is_none() {
                tokio::task::yield_now().await;
            }
            let problem = health.state().problem().map(str::to_owned);
            assert_eq!(
                problem.as_deref(),
                Some("cannot accept connections: Too many open files (os error 24); trying again")
            );
            client
                .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                .await
                .unwrap();
            let mut status = [0; 12];
            client.read_exact(&mut status).await.unwrap();
            assert_eq!((&status, health.state().problem()), (b"HTTP/1.1 200", None));
        };
        tokio::select! {
            () = served => panic!("the server has ended"),
            () = client_is_served => {}
        }
    }

    #[tokio::test]
    async fn the_server_ends_after_its_last_connection() {
        let (address, close, served) = start().await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        request(&mut idle).await;
        close.send(()).unwrap();
        served.await.unwrap();
        let mut rest = Vec::new();
        idle.read_to_end(&mut rest).await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
