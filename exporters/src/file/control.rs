//! What reaches the writing thread from outside: the request to open the file again, and the end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tidegate_runtime::stage::{Refresh, StageError};
use tokio::sync::{Notify, oneshot};

/// The outcome of opening the file again.
pub(super) type Reopened = Result<(), StageError>;

/// Shared by the exporter, its thread and the runner.
#[derive(Debug, Default)]
pub(super) struct Control {
    requests: Mutex<Vec<oneshot::Sender<Reopened>>>,
    /// Notified when there is a request.
    pub(super) wake: Arc<Notify>,
    is_ending: AtomicBool,
}

impl Control {
    /// Takes the requests to open the file again.
    pub(super) fn take_requests(&self) -> Vec<oneshot::Sender<Reopened>> {
        std::mem::take(&mut *self.requests())
    }

    fn add(&self, request: oneshot::Sender<Reopened>) {
        let mut requests = self.requests();
        requests.retain(|request| !request.is_closed());
        requests.push(request);
    }

    /// Marks that no lines follow.
    pub(super) fn end(&self) {
        self.is_ending.store(true, Ordering::Release);
    }

    /// Whether no lines follow.
    pub(super) fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Acquire)
    }

    fn requests(&self) -> MutexGuard<'_, Vec<oneshot::Sender<Reopened>>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Refresh for Control {
    async fn refresh(&self) -> Result<(), StageError> {
        let (reply, reopened) = oneshot::channel();
        self.add(reply);
        self.wake.notify_one();
        reopened.await.unwrap_or(Ok(()))
    }
}
