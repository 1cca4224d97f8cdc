//! The requests in flight. The exporter's own task polls them, so that they end with it at once,
//! together with their tickets.

use std::future::pending;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::request::FinishedRequest;

/// Up to `limit` futures, which return the request that they sent.
pub(super) struct InFlight {
    requests: FuturesUnordered<BoxFuture<'static, FinishedRequest>>,
    limit: usize,
    /// Bytes of all frames.
    bytes: usize,
    records: u64,
}

impl InFlight {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            requests: FuturesUnordered::new(),
            limit,
            bytes: 0,
            records: 0,
        }
    }

    /// Returns the number of requests in flight.
    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    /// Returns the memory of their frames.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the number of their records.
    pub(super) fn records(&self) -> u64 {
        self.records
    }

    /// Returns whether another request may be sent.
    pub(super) fn has_room(&self) -> bool {
        self.requests.len() < self.limit
    }

    /// Adds a request with `records` records, whose frame takes `bytes`. The caller ensures that
    /// there is room.
    pub(super) fn push(
        &mut self,
        records: u64,
        bytes: usize,
        request: BoxFuture<'static, FinishedRequest>,
    ) {
        self.records += records;
        self.bytes += bytes;
        self.requests.push(request);
    }

    /// Waits until a request has completed; for ever if there is none. Cancel safe.
    pub(super) async fn next(&mut self) -> FinishedRequest {
        match self.requests.next().await {
            Some(finished) => {
                self.bytes = self.bytes.saturating_sub(finished.weight);
                self.records = self.records.saturating_sub(finished.records);
                finished
            }
            None => pending().await,
        }
    }
}
