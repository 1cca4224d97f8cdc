//! The reading end.

use std::sync::Arc;

use super::Request;
use super::queue::RequestQueue;

/// The requests to a receiver, of all pipelines that it feeds.
#[derive(Debug)]
pub struct RequestReader {
    queue: Arc<RequestQueue>,
}

impl RequestReader {
    pub(super) fn new(queue: Arc<RequestQueue>) -> Self {
        queue.open();
        Self { queue }
    }

    /// Waits for the next request. Never returns if nothing sends any; no request is lost if it is
    /// cancelled.
    pub async fn recv(&mut self) -> Request {
        loop {
            if let Some(request) = self.try_recv() {
                return request;
            }
            self.queue.filled().await;
        }
    }

    /// Returns the next request, if one is waiting.
    pub fn try_recv(&mut self) -> Option<Request> {
        self.queue.pop()
    }
}

impl Drop for RequestReader {
    fn drop(&mut self) {
        self.queue.close();
    }
}
