//! Serves the REST API of a simulated agent over HTTP/1.1 on a unix socket.

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::serve::Listener;
use tidegate_runtime::shutdown::Shutdown;
use tidegate_simulate::Api;
use tokio::net::UnixStream;
use tokio::sync::watch;

use super::BoundSocket;

/// The list that clients read last.
const LAST_LIST: &str = "/v1/cluster/nodes";

/// The REST API of a simulated agent, and whether a client has read it.
#[derive(Debug)]
pub(crate) struct Server {
    api: Api,
    is_read: watch::Sender<bool>,
}

impl Server {
    /// Returns a server with these answers.
    pub(crate) fn new(api: Api) -> Self {
        Self {
            api,
            is_read: watch::Sender::new(false),
        }
    }

    /// Becomes true when a client requests the last list, and so has the others.
    pub(crate) fn is_read(&self) -> watch::Receiver<bool> {
        self.is_read.subscribe()
    }
}

/// Serves clients until `shutdown` is requested.
pub(crate) async fn serve(
    socket: BoundSocket,
    server: Server,
    shutdown: Shutdown,
) -> io::Result<()> {
    let router = Router::new().fallback(answer).with_state(Arc::new(server));
    tokio::select! {
        ended = axum::serve(socket, router).into_future() => ended,
        () = shutdown.requested() => Ok(()),
    }
}

async fn answer(State(server): State<Arc<Server>>, method: Method, uri: Uri) -> Response {
    if method != Method::GET {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    if uri.path() == LAST_LIST {
        server.is_read.send_replace(true);
    }
    let answer = server.api.get(uri.path(), SystemTime::now());
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::NOT_FOUND);
    let mut response = (status, answer.body).into_response();
    if status == StatusCode::OK {
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
    }
    response
}

impl Listener for BoundSocket {
    type Io = UnixStream;
    type Addr = ();

    async fn accept(&mut self) -> (UnixStream, ()) {
        loop {
            match Self::accept(self).await {
                Ok(stream) => return (stream, ()),
                // A client that has gone again, or too many open files for a moment.
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}
