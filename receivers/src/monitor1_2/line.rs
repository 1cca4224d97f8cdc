//! How the reader's thread is reached while it blocks: in a read, in a pause, in an attempt to
//! connect.

use std::future::Future;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tidegate_runtime::shutdown::Shutdown;

/// Shared by the reader and the stage that owns it.
#[derive(Debug, Default)]
pub(super) struct Line {
    hung_up: Shutdown,
    connection: Mutex<Option<UnixStream>>,
}

impl Line {
    /// Ends whatever the reader waits for. What the socket holds already is still read.
    pub(super) fn hang_up(&self) {
        self.hung_up.request();
        if let Some(connection) = &*self.connection() {
            // Fails only if the peer was faster.
            let _ = connection.shutdown(std::net::Shutdown::Both);
        }
    }

    pub(super) fn is_hung_up(&self) -> bool {
        self.hung_up.is_requested()
    }

    /// What `wait` yields, or `None` as soon as somebody hangs up.
    pub(super) async fn unless_hung_up<T>(&self, wait: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.hung_up.requested() => None,
            done = wait => Some(done),
        }
    }

    /// Makes `connection` the one that hanging up ends.
    pub(super) fn hold(&self, connection: &UnixStream) -> io::Result<()> {
        *self.connection() = Some(connection.try_clone()?);
        if self.is_hung_up() {
            self.hang_up();
        }
        Ok(())
    }

    /// The connection has ended.
    pub(super) fn release(&self) {
        *self.connection() = None;
    }

    fn connection(&self) -> MutexGuard<'_, Option<UnixStream>> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
