//! Responses, whose bodies are read in pieces while their connection is driven.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Empty};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::RETRY_AFTER;
use hyper::{HeaderMap, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use super::Timeouts;
use super::error::HttpError;
use super::target::Stream;

type Driver = http1::Connection<TokioIo<Box<dyn Stream>>, Empty<Bytes>>;

/// A response whose head has arrived.
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    pub(super) body: Body,
}

/// The body of a response.
pub(super) struct Body {
    incoming: Incoming,
    connection: Connection,
    /// Keeps the connection open.
    _sender: SendRequest<Empty<Bytes>>,
    max_bytes: u64,
    bytes: u64,
    timeouts: Timeouts,
    /// How long the peer was waited for.
    waited: Duration,
}

/// A connection that makes progress while something of it is waited for.
pub(super) struct Connection(Option<Pin<Box<Driver>>>);

/// The longest pause that a server can ask for.
const MAX_RETRY_AFTER: u64 = 600;

impl Response {
    /// The pause that the server asks for (`Retry-After`), at most ten minutes. A date in place of
    /// seconds has no effect.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        let is_number = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = is_number.then(|| seconds.parse().unwrap_or(u64::MAX))?;
        Some(Duration::from_secs(seconds.min(MAX_RETRY_AFTER)))
    }

    /// Returns the next piece of the body, which is never empty; `None` at its end.
    ///
    /// # Errors
    ///
    /// If the rest of the body does not arrive in time, is cut off, or is too long.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        self.body.chunk().await
    }

    /// Reads the rest of the body.
    ///
    /// # Errors
    ///
    /// As of [`Self::chunk`].
    pub async fn bytes(mut self) -> Result<Vec<u8>, HttpError> {
        let mut all = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            all.extend_from_slice(&chunk);
        }
        Ok(all)
    }

    /// Reads up to `limit` bytes of the body as text, for a message: what arrives in time, without
    /// the space around it.
    pub async fn excerpt(mut self, limit: usize) -> String {
        let mut all = Vec::new();
        while all.len() < limit
            && let Ok(Some(chunk)) = self.chunk().await
        {
            all.extend_from_slice(&chunk);
        }
        all.truncate(limit);
        String::from_utf8_lossy(&all).trim().to_owned()
    }
}

impl Body {
    pub(super) fn new(
        incoming: Incoming,
        sender: SendRequest<Empty<Bytes>>,
        connection: Connection,
        max_bytes: u64,
        timeouts: Timeouts,
    ) -> Result<Self, HttpError> {
        if incoming.size_hint().lower() > max_bytes {
            return Err(HttpError::BodyTooLarge(max_bytes));
        }
        Ok(Self {
            incoming,
            connection,
            _sender: sender,
            max_bytes,
            bytes: 0,
            timeouts,
            waited: Duration::ZERO,
        })
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        let Timeouts { progress, body, .. } = self.timeouts;
        loop {
            let left = body.saturating_sub(self.waited);
            let began = Instant::now();
            let frame = timeout(
                progress.min(left),
                self.connection.drive(self.incoming.frame()),
            )
            .await;
            self.waited = self.waited.saturating_add(began.elapsed());
            let frame = match frame {
                Ok(Some(frame)) => frame.map_err(HttpError::of_hyper)?,
                Ok(None) => return Ok(None),
                Err(_) if left < progress => return Err(HttpError::BodyTimedOut(body)),
                Err(_) => return Err(HttpError::Stalled(progress)),
            };
            // Trailers say nothing that is needed.
            let Ok(data) = frame.into_data() else {
                continue;
            };
            self.bytes += data.len() as u64;
            if self.bytes > self.max_bytes {
                return Err(HttpError::BodyTooLarge(self.max_bytes));
            }
            if !data.is_empty() {
                return Ok(Some(data));
            }
        }
    }
}

impl Connection {
    pub(super) fn new(driver: Driver) -> Self {
        Self(Some(Box::pin(driver)))
    }

    /// Waits for `future`, which depends on the connection.
    pub(super) async fn drive<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        if let Some(driver) = &mut self.0 {
            tokio::select! {
                biased;
                output = &mut future => return output,
                // The future has the error as well.
                _ = driver => {}
            }
            // A future that has ended must not be polled again.
            self.0 = None;
        }
        future.await
    }
}
