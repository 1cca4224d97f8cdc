//! The requests in flight. The exporter's own task polls them, so that they end with it at once,
//! together with their tickets.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;

/// A boxed future.
pub(super) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Up to `limit` futures, which return the frame that they sent. They are few enough to poll all of
/// them on each wake-up.
pub(super) struct InFlight {
    requests: Vec<BoxFuture<Bytes>>,
    limit: usize,
}

impl InFlight {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            requests: Vec::with_capacity(limit),
            limit,
        }
    }

    /// Returns the number of requests in flight.
    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    /// Returns whether another request may be sent.
    pub(super) fn has_room(&self) -> bool {
        self.requests.len() < self.limit
    }

    /// Adds a request. The caller ensures that there is room.
    pub(super) fn push(&mut self, request: BoxFuture<Bytes>) {
        self.requests.push(request);
    }

    /// Waits until a request has completed; for ever if there is none. Cancel safe.
    pub(super) async fn next(&mut self) -> Bytes {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        for (index, request) in self.requests.iter_mut().enumerate() {
            if let Poll::Ready(frame) = request.as_mut().poll(cx) {
                drop(self.requests.swap_remove(index));
                return Poll::Ready(frame);
            }
        }
        Poll::Pending
    }
}
