//! An encoded request that is not sealed yet.

/// Bytes of gRPC's prefix: the compression flag and the payload's length.
pub(crate) const PREFIX_LEN: usize = 5;

/// An encoded message, with room for the prefix before it.
#[derive(Debug)]
pub(crate) struct EncodedMessage {
    pub(super) bytes: Vec<u8>,
    pub(super) start: usize,
}

impl EncodedMessage {
    /// Takes the message in `bytes[start..]`; `start` is at least [`PREFIX_LEN`].
    pub(crate) fn new(bytes: Vec<u8>, start: usize) -> Self {
        debug_assert!(start >= PREFIX_LEN, "the prefix goes before the message");
        Self { bytes, start }
    }

    /// Takes a copy of a message.
    pub(super) fn of(message: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(PREFIX_LEN + message.len());
        bytes.resize(PREFIX_LEN, 0);
        bytes.extend_from_slice(message);
        Self::new(bytes, PREFIX_LEN)
    }

    pub(super) fn body(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}
