//! A gRPC codec for messages that are encoded already: a request is encoded once, whatever the number
//! of attempts to deliver it.

use bytes::{Buf, BufMut, Bytes};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// An encoded message in two parts, so that records need not be copied behind an envelope whose length
/// is known last. Clones share the bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Encoded {
    /// The first part.
    pub(super) head: Bytes,
    /// The rest.
    pub(super) tail: Bytes,
}

/// Sends [`Encoded`], receives bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RawCodec;

impl Codec for RawCodec {
    type Encode = Encoded;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for RawCodec {
    type Item = Encoded;
    type Error = Status;

    fn encode(&mut self, item: Encoded, buf: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buf.reserve(item.head.len() + item.tail.len());
        buf.put(item.head);
        buf.put(item.tail);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buf.copy_to_bytes(buf.remaining())))
    }
}
