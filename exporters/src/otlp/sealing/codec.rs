//! Opens frames, and compresses what is made of them. Both are off the usual path of a request.

use std::borrow::Cow;
use std::io::{self, Read as _};

use flate2::read::GzDecoder;

use super::compression::Compression;
use super::compressors::Compressors;
use super::frame::SealedFrame;
use super::message::PREFIX_LEN;

impl SealedFrame {
    /// Bytes of the message in the frame, by what its compression states of it; `None` if that does
    /// not state it.
    pub(crate) fn message_len(&self) -> Option<usize> {
        let payload = &self.grpc_message()[PREFIX_LEN..];
        match self.encoding() {
            Compression::None => Some(payload.len()),
            Compression::Gzip => {
                let len = payload.last_chunk::<4>()?;
                usize::try_from(u32::from_le_bytes(*len)).ok()
            }
            Compression::Zstd => {
                let len = zstd::zstd_safe::get_frame_content_size(payload).ok()??;
                usize::try_from(len).ok()
            }
        }
    }

    /// Returns the message in the frame.
    ///
    /// # Errors
    ///
    /// Fails if the payload is damaged.
    pub(crate) fn open(&self) -> io::Result<Cow<'_, [u8]>> {
        let payload = &self.grpc_message()[PREFIX_LEN..];
        let mut message = Vec::new();
        match self.encoding() {
            Compression::None => return Ok(Cow::Borrowed(payload)),
            Compression::Gzip => {
                GzDecoder::new(payload).read_to_end(&mut message)?;
            }
            Compression::Zstd => zstd::stream::copy_decode(payload, &mut message)?,
        }
        Ok(Cow::Owned(message))
    }
}

/// Compresses bytes.
///
/// # Errors
///
/// Fails if the compressor has no memory.
pub(crate) fn compress(bytes: Vec<u8>, encoding: Compression) -> io::Result<Vec<u8>> {
    match encoding {
        Compression::None => Ok(bytes),
        _ => Compressors::new()?.compress(&bytes, encoding, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otlp::sealing::{EncodedMessage, Sealer};
    use crate::otlp::signal::Signal;

    #[test]
    fn a_frame_holds_the_message_in_every_encoding() {
        let message = b"message ".repeat(100);
        for encoding in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let sealer = Sealer::new([encoding; Signal::ALL.len()]).unwrap();
            let bytes = [&[0; PREFIX_LEN][..], &message].concat();
            let frame = sealer
                .seal(Signal::Logs, EncodedMessage::new(bytes, PREFIX_LEN))
                .frame;
            assert_eq!(*frame.open().unwrap(), message, "{encoding:?}");
            assert_eq!(frame.message_len(), Some(message.len()), "{encoding:?}");
            let again = compress(message.clone(), encoding).unwrap();
            let again = SealedFrame::new([vec![0; PREFIX_LEN], again].concat(), encoding);
            assert_eq!(*again.open().unwrap(), message, "{encoding:?}");
        }
    }
}
