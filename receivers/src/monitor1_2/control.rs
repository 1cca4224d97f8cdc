//! How the receiver stops the reader thread while it blocks: in a read, in a pause, or in an
//! attempt to connect.

use std::future::Future;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tidegate_runtime::shutdown::Shutdown;

/// Shared by the receiver and its reader thread.
#[derive(Debug, Default)]
pub(super) struct ReaderControl {
    shutdown: Shutdown,
    /// The connection that the reader may be reading from.
    connection: Mutex<Option<UnixStream>>,
}

impl ReaderControl {
    /// Stops the reader. What the socket has buffered is still read.
    pub(super) fn stop(&self) {
        self.shutdown.request();
        if let Some(connection) = &*self.connection() {
            // Fails only if the peer has disconnected.
            let _ = connection.shutdown(std::net::Shutdown::Both);
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.shutdown.is_requested()
    }

    /// The output of `future`, or `None` as soon as the reader is stopped.
    pub(super) async fn unless_stopped<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.shutdown.requested() => None,
            output = future => Some(output),
        }
    }

    /// Sets the connection that [`Self::stop`] shuts down.
    pub(super) fn set_connection(&self, connection: &UnixStream) -> io::Result<()> {
        *self.connection() = Some(connection.try_clone()?);
        if self.is_stopped() {
            self.stop();
        }
        Ok(())
    }

    /// Removes the connection after it has ended.
    pub(super) fn clear_connection(&self) {
        *self.connection() = None;
    }

    fn connection(&self) -> MutexGuard<'_, Option<UnixStream>> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
