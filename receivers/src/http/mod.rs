//! A small HTTP/1.1 client for receivers that read an API: over a unix socket, TCP or TLS.
//!
//! Each request has a connection of its own, which is driven by whoever reads the response: there is
//! no task, and dropping the response closes the connection. Everything that a peer can delay or
//! inflate has a bound: the time to connect, the time to the head, the time in which nothing
//! arrives, the time for the whole body, the length of the head, and the length of the body.
//!
//! [`target`] opens connections, [`response`] reads bodies, [`error`] is what can go wrong.

mod error;
mod response;
mod target;
#[cfg(test)]
mod tests;

pub use error::HttpError;
pub use hyper::header::{self, HeaderMap, HeaderValue};
pub use hyper::{StatusCode, body::Bytes};
pub use response::Response;
pub use target::Target;

use std::time::Duration;

use http_body_util::Empty;
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONTENT_ENCODING, HOST, USER_AGENT};
use hyper_util::rt::TokioIo;
use tidegate_runtime::spans;
use tokio::time::timeout;

use response::{Body, Connection};

/// The largest head of a response, and the largest piece in which a body arrives.
const MAX_HEAD: usize = 64 << 10;
/// The name and release that requests state.
const AGENT: &str = concat!("tidegate/", env!("CARGO_PKG_VERSION"));

/// A client of one server.
#[derive(Clone, Debug)]
pub struct Client {
    /// The server.
    pub target: Target,
    /// How long it may take.
    pub timeouts: Timeouts,
}

/// How long a server may take. None of them runs while the reader of a body does something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// To accept the connection, the handshake of TLS included.
    pub connect: Duration,
    /// To answer with the head of a response.
    pub head: Duration,
    /// To go on with the body: the longest time in which nothing arrives.
    pub progress: Duration,
    /// To send the whole body; [`Duration::MAX`] for a body that does not end.
    pub body: Duration,
}

impl Client {
    /// Requests `path`, which may have a query, and returns the response as soon as its head is
    /// there, whatever its status. `headers` are added to `Host`, `User-Agent` and `Accept`. The body
    /// has at most `max_body` bytes.
    ///
    /// # Errors
    ///
    /// If there is no response with a complete head in time, or its head states a body that is too
    /// long.
    pub async fn get(
        &self,
        path: &str,
        headers: &HeaderMap,
        max_body: u64,
    ) -> Result<Response, HttpError> {
        let request = self.request(path, headers)?;
        let Timeouts { connect, head, .. } = self.timeouts;
        let connected = async {
            timeout(connect, self.target.connect())
                .await
                .map_err(|_| HttpError::ConnectTimedOut(connect))?
                .map_err(HttpError::Connect)
        };
        let span = spans::connect(None, &self.target);
        let stream = spans::within(span, connected).await?;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(HttpError::of_hyper)?;
        let mut connection = Connection::new(connection);
        let response = timeout(head, connection.drive(sender.send_request(request)))
            .await
            .map_err(|_| HttpError::HeadTimedOut(head))?
            .map_err(HttpError::of_hyper)?;
        let (head, incoming) = response.into_parts();
        if let Some(encoding) = head.headers.get(CONTENT_ENCODING)
            && encoding != "identity"
        {
            let encoding = String::from_utf8_lossy(encoding.as_bytes());
            return Err(HttpError::Encoded(encoding.chars().take(40).collect()));
        }
        let body = Body::new(incoming, sender, connection, max_body, self.timeouts)?;
        Ok(Response {
            status: head.status,
            headers: head.headers,
            body,
        })
    }

    fn request(&self, path: &str, headers: &HeaderMap) -> Result<Request<Empty<Bytes>>, HttpError> {
        let mut request = Request::get(path)
            .header(HOST, self.target.host())
            .header(USER_AGENT, AGENT)
            .header(ACCEPT, "application/json")
            .body(Empty::new())
            .map_err(HttpError::Request)?;
        for (name, value) in headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        Ok(request)
    }
}

impl Timeouts {
    /// The same time for everything but the whole body, which gets ten times as long.
    #[must_use]
    pub fn of(step: Duration) -> Self {
        Self {
            connect: step,
            head: step,
            progress: step,
            body: step.saturating_mul(10),
        }
    }
}
