//! The requests that are under way. They belong to the exporter's own task, not to tasks of their
//! own, so that they and their tickets end with it, at once and together.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;

/// A boxed future that the exporter polls itself.
pub(super) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Up to `limit` futures, which yield the frame that they sent. A handful, so that polling all of
/// them on any wake-up is cheap.
pub(super) struct InFlight {
    requests: Vec<BoxFuture<Bytes>>,
    limit: usize,
}

impl InFlight {
    /// None yet.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            requests: Vec::with_capacity(limit),
            limit,
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    /// Whether one more may be sent.
    pub(super) fn has_room(&self) -> bool {
        self.requests.len() < self.limit
    }

    /// Adds one. The caller has seen to it that there is room.
    pub(super) fn push(&mut self, request: BoxFuture<Bytes>) {
        self.requests.push(request);
    }

    /// Waits until one of them is done; for ever if there is none. Safe to cancel.
    pub(super) async fn next(&mut self) -> Bytes {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        for (at, request) in self.requests.iter_mut().enumerate() {
            if let Poll::Ready(frame) = request.as_mut().poll(cx) {
                drop(self.requests.swap_remove(at));
                return Poll::Ready(frame);
            }
        }
        Poll::Pending
    }
}
