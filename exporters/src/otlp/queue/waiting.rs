//! The requests that wait in memory.

use std::collections::VecDeque;

use super::request::QueuedRequest;

/// Requests in the order in which they were sealed.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    requests: VecDeque<QueuedRequest>,
    /// Memory of their frames.
    bytes: usize,
    records: u64,
}

impl Waiting {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn records(&self) -> u64 {
        self.records
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    pub(super) fn push(&mut self, request: QueuedRequest) {
        self.bytes += request.frame.weight();
        self.records += request.tickets.records();
        self.requests.push_back(request);
    }

    /// Takes the oldest request.
    pub(super) fn pop(&mut self) -> Option<QueuedRequest> {
        let request = self.requests.pop_front()?;
        self.bytes -= request.frame.weight();
        self.records -= request.tickets.records();
        Some(request)
    }

    /// Takes the oldest request, if it is also on disk.
    pub(super) fn pop_stored(&mut self) -> Option<QueuedRequest> {
        self.requests.front()?.is_stored().then(|| self.pop())?
    }

    /// Marks the requests that are not on disk any more.
    pub(super) fn update_stored(&mut self) {
        for request in &mut self.requests {
            let is_stored = request.is_stored();
            request.tickets.set_stored(is_stored);
        }
    }
}
