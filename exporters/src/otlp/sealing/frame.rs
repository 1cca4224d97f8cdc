//! A sealed request: its payload, with gRPC's prefix of a message in front (gRPC over HTTP/2,
//! `PROTOCOL-HTTP2.md`), so that both protocols send the same memory.

use bytes::Bytes;

use super::compression::Compression;
use super::message::{EncodedMessage, PREFIX_LEN};

/// A request as it is sent. Clones share its memory.
#[derive(Clone, Debug)]
pub(crate) struct SealedFrame {
    /// Prefix and payload.
    bytes: Bytes,
    encoding: Compression,
    /// Memory that the frame holds, used or not.
    weight: usize,
}

impl SealedFrame {
    /// Seals a payload that follows [`PREFIX_LEN`] bytes, which are overwritten.
    pub(super) fn new(mut bytes: Vec<u8>, encoding: Compression) -> Self {
        write_prefix(&mut bytes, encoding);
        Self {
            weight: bytes.capacity(),
            bytes: bytes.into(),
            encoding,
        }
    }

    /// Seals a message as it is.
    pub(super) fn uncompressed(mut message: EncodedMessage) -> Self {
        let start = message.start - PREFIX_LEN;
        write_prefix(&mut message.bytes[start..], Compression::None);
        Self {
            weight: message.bytes.capacity(),
            bytes: Bytes::from(message.bytes).slice(start..),
            encoding: Compression::None,
        }
    }

    /// The length-prefixed message of gRPC.
    pub(crate) fn grpc_message(&self) -> &Bytes {
        &self.bytes
    }

    /// The payload without gRPC's prefix.
    pub(crate) fn payload(&self) -> Bytes {
        self.bytes.slice(PREFIX_LEN..)
    }

    /// How the payload is compressed. Every attempt states it in its headers.
    pub(crate) fn encoding(&self) -> Compression {
        self.encoding
    }

    /// Takes a frame that was [written](Self::grpc_message) to disk; `None` if it is none.
    pub(crate) fn from_stored(bytes: Vec<u8>, encoding: Compression) -> Option<Self> {
        (bytes.len() >= PREFIX_LEN).then(|| Self::new(bytes, encoding))
    }

    /// The memory that it holds, used or not.
    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    /// Bytes of prefix and payload.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Returns the memory of an uncompressed message, empty, unless something still refers to it.
    pub(crate) fn into_memory(self) -> Option<Vec<u8>> {
        if self.encoding != Compression::None {
            return None;
        }
        let mut bytes = self.bytes.try_into_mut().ok()?;
        bytes.clear();
        Some(bytes.into())
    }
}

/// `batch.max_bytes` keeps the length far below 4 GiB.
fn write_prefix(bytes: &mut [u8], encoding: Compression) {
    let len = bytes.len() - PREFIX_LEN;
    let [a, b, c, d] = u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes();
    let is_compressed = encoding != Compression::None;
    bytes[..PREFIX_LEN].copy_from_slice(&[is_compressed.into(), a, b, c, d]);
}
