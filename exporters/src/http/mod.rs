//! The HTTP/1.1 server of everything that the agent serves itself, with bounds that `axum::serve`
//! does not have: on the number of connections, on the head of a request and the time for it, on
//! the time without progress; and with rules for the `Host` header.

mod connection;
mod host;
mod unread;

pub use connection::{HEAD, serve_connection};
pub use host::{HostRule, Refusal, allowed_name, is_loopback};

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

/// Connections of one listener at a time; further ones wait to be accepted.
const CONNECTIONS: u32 = 64;
/// How long to wait after a failure that is not a client's, such as that no file descriptor is
/// left.
const PAUSE: Duration = Duration::from_secs(1);

/// The places for connections of a listener.
#[derive(Clone, Debug)]
pub struct Places(Arc<Semaphore>);

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(CONNECTIONS as usize)))
    }
}

impl Places {
    /// Waits for a place, which the connection keeps.
    pub async fn take(&self) -> OwnedSemaphorePermit {
        match Arc::clone(&self.0).acquire_owned().await {
            Ok(place) => place,
            // It is never closed.
            Err(_) => pending().await,
        }
    }

    /// Waits until every place is free.
    async fn all_free(&self) {
        // An error is that it was closed, which it never is.
        let _ = self.0.acquire_many(CONNECTIONS).await;
    }
}

/// Waits if a connection could not be accepted for a reason that may last.
pub async fn after_failed_accept(error: &io::Error) {
    if is_the_clients(error) {
        return;
    }
    tracing::warn!(%error, "cannot accept a connection; trying on");
    tokio::time::sleep(PAUSE).await;
}

/// Whether a connection could not be accepted because the client has left already.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// What connections come from.
pub trait Accept: Send {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Waits for the next one, and yields it with the client's address.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>> + Send;
}

impl Accept for TcpListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        TcpListener::accept(self).await
    }
}

/// Serves a router on a listener until `closing` is ready, and then until the last connection has
/// ended. While no connection can be accepted, `health` is degraded.
pub async fn serve(
    mut listener: impl Accept,
    router: Router,
    health: Health,
    closing: impl Future<Output = ()>,
) {
    let places = Places::default();
    let (open, closed) = watch::channel(());
    let accepting = async {
        loop {
            let place = places.take().await;
            match listener.accept().await {
                Ok((stream, peer)) => {
                    health.well();
                    let (router, mut closed) = (router.clone(), closed.clone());
                    tokio::spawn(async move {
                        // An error is the end, too.
                        let ended =
                            serve_connection(stream, router, async { _ = closed.changed().await })
                                .await;
                        if let Err(error) = ended {
                            tracing::debug!(%peer, error = &error as &dyn std::error::Error, "lost a client");
                        }
                        drop(place);
                    });
                }
                Err(error) if is_the_clients(&error) => {}
                Err(error) => {
                    health.degraded(format!("cannot accept connections: {error}; trying again"));
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        () = closing => {}
    }
    drop((listener, open));
    places.all_free().await;
}

/// A router that answers requests with a host that is not allowed with 400 or 421.
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

    use super::{Accept, CONNECTIONS, Health, Places, serve};

    /// Fails, the last failure first, and then accepts a client.
    struct Fails {
        failures: Vec<io::Error>,
        stream: Option<DuplexStream>,
    }

    impl Accept for Fails {
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

    async fn ask(stream: &mut TcpStream) {
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
    }

    #[tokio::test]
    async fn places_are_bounded_and_come_free_again() {
        let places = Places::default();
        let mut held = Vec::new();
        for _ in 0..CONNECTIONS {
            held.push(places.take().await);
        }
        tokio::select! {
            biased;
            _ = places.take() => panic!("there is a place more"),
            () = std::future::ready(()) => {}
        }
        held.pop();
        drop(places.take().await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_cannot_be_accepted_is_tried_again_and_shown_meanwhile() {
        let health = Health::default();
        let (mut client, server) = tokio::io::duplex(4096);
        let failures = vec![
            io::Error::from_raw_os_error(24),
            io::ErrorKind::ConnectionAborted.into(),
        ];
        let listener = Fails {
            failures,
            stream: Some(server),
        };
        let router = Router::new().route("/", get(async || "fine"));
        let served = serve(listener, router, health.clone(), std::future::pending());
        let asked = async {
            while health.now().problem().is_none() {
                tokio::task::yield_now().await;
            }
            let problem = health.now().problem().map(str::to_owned);
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
            assert_eq!((&status, health.now().problem()), (b"HTTP/1.1 200", None));
        };
        tokio::select! {
            () = served => panic!("it serves on"),
            () = asked => {}
        }
    }

    #[tokio::test]
    async fn it_ends_when_its_last_connection_has() {
        let (address, close, served) = start().await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        ask(&mut idle).await;
        close.send(()).unwrap();
        served.await.unwrap();
        let mut rest = Vec::new();
        idle.read_to_end(&mut rest).await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
