//! The first bytes that the peer sent, which identify its protocol.

use std::sync::{Arc, Mutex, PoisonError};

/// Bytes kept: enough to identify a protocol.
pub(super) const FIRST_BYTES_LEN: usize = 16;

/// The first bytes that the peer sent on the newest connection; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct FirstBytes(Arc<Mutex<Vec<u8>>>);

impl FirstBytes {
    /// Replaces the bytes of an earlier connection.
    pub(crate) fn set(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clear();
        kept.extend_from_slice(&bytes[..bytes.len().min(FIRST_BYTES_LEN)]);
    }

    /// Returns the bytes; none if the peer has not sent any.
    pub(crate) fn get(&self) -> Vec<u8> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
