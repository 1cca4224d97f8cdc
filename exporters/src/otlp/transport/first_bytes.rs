//! The first bytes that the peer sent, which identify its protocol, and the alert of TLS with which it
//! ended the connection.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes kept: enough to identify a protocol.
pub(super) const FIRST_BYTES_LEN: usize = 16;

/// What the peer has sent on the newest connection; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct FirstBytes(Arc<Mutex<Signs>>);

#[derive(Debug, Default)]
struct Signs {
    first: Vec<u8>,
    alert: Option<String>,
}

impl FirstBytes {
    /// Forgets what an earlier connection has shown.
    pub(crate) fn reset(&self) {
        *self.signs() = Signs::default();
    }

    /// Keeps the first bytes.
    pub(crate) fn set(&self, bytes: &[u8]) {
        let first = &bytes[..bytes.len().min(FIRST_BYTES_LEN)];
        self.signs().first = first.to_owned();
    }

    /// Keeps the name of an alert of TLS.
    pub(crate) fn set_alert(&self, alert: String) {
        self.signs().alert = Some(alert);
    }

    /// Returns the first bytes; none if the peer has not sent any.
    pub(crate) fn get(&self) -> Vec<u8> {
        self.signs().first.clone()
    }

    /// Returns the alert with which the peer ended the connection.
    pub(crate) fn alert(&self) -> Option<String> {
        self.signs().alert.clone()
    }

    fn signs(&self) -> MutexGuard<'_, Signs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
