//! The requests in flight. The exporter's own task polls them, so that they end with it at once,
//! together with their tickets.

use std::future::pending;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::sealing::SealedFrame;

/// Up to `limit` futures, which return the frame that they sent.
pub(super) struct InFlight {
    requests: FuturesUnordered<BoxFuture<'static, SealedFrame>>,
    limit: usize,
}

impl InFlight {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            requests: FuturesUnordered::new(),
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
    pub(super) fn push(&mut self, request: BoxFuture<'static, SealedFrame>) {
        self.requests.push(request);
    }

    /// Waits until a request has completed; for ever if there is none. Cancel safe.
    pub(super) async fn next(&mut self) -> SealedFrame {
        match self.requests.next().await {
            Some(frame) => frame,
            None => pending().await,
        }
    }
}
