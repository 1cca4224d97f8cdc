//! Makes frames of messages. Uncompressed, a message is sent from the memory that it was encoded
//! into, which is reused after delivery.

use std::io::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use flate2::write::GzEncoder;
use zstd::bulk::Compressor;
use zstd::zstd_safe::CParameter;

use super::compression::Compression;
use super::frame::SealedFrame;
use super::message::{EncodedMessage, PREFIX_LEN};
use crate::otlp::signal::Signal;

/// The default level of most gRPC implementations.
const GZIP_LEVEL: flate2::Compression = flate2::Compression::new(6);

/// Log records are so similar that level 3 takes a third more time for 3 % fewer bytes. Levels
/// below 1 save little more time, and a message grows by a quarter.
const ZSTD_LEVEL: i32 = 1;

/// The match window, as a power of two. One that fits in the processor's cache takes an eighth less
/// time, for 4 % more bytes.
const ZSTD_WINDOW_LOG: u32 = 18;

/// A sealed message, and the memory of the message if the frame does not use it.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) frame: SealedFrame,
    pub(crate) spare: Option<Vec<u8>>,
}

/// Seals messages.
pub(crate) struct Sealer {
    /// Of each signal.
    compression: [Compression; Signal::ALL.len()],
    zstd: Mutex<ZstdState>,
}

/// Zstd's context and buffers. They are large, so they are kept between messages.
#[derive(Default)]
struct ZstdState {
    compressor: Compressor<'static>,
    compressed: Vec<u8>,
    /// Memory of delivered frames.
    spare: Vec<Vec<u8>>,
}

impl Sealer {
    /// # Errors
    ///
    /// Fails if zstd cannot allocate its context.
    pub(crate) fn new(compression: [Compression; Signal::ALL.len()]) -> io::Result<Self> {
        let mut compressor = Compressor::new(ZSTD_LEVEL)?;
        compressor.set_parameter(CParameter::WindowLog(ZSTD_WINDOW_LOG))?;
        Ok(Self {
            compression,
            zstd: Mutex::new(ZstdState {
                compressor,
                ..ZstdState::default()
            }),
        })
    }

    /// Seals a message. If compression fails, it is sent uncompressed.
    pub(crate) fn seal(&self, signal: Signal, message: EncodedMessage) -> Sealed {
        let compression = self.compression[signal as usize];
        let compressed = match compression {
            Compression::None => None,
            Compression::Gzip => gzip(message.body()).ok(),
            Compression::Zstd => self.zstd(message.body()).ok(),
        };
        match compressed {
            Some(bytes) => Sealed {
                frame: SealedFrame::new(bytes, compression),
                spare: Some(message.bytes),
            },
            None => Sealed {
                frame: SealedFrame::uncompressed(message),
                spare: None,
            },
        }
    }

    /// Recovers the memory of a frame that is no longer needed. Returns it if it was a message's;
    /// that of a compressed frame is kept here, never more than the requests in flight used.
    pub(crate) fn reclaim(&self, frame: SealedFrame) -> Option<Vec<u8>> {
        let encoding = frame.encoding();
        let memory = frame.into_memory()?;
        match encoding {
            Compression::None => return Some(memory),
            Compression::Gzip => {}
            Compression::Zstd => self.lock_zstd().spare.push(memory),
        }
        None
    }

    fn zstd(&self, message: &[u8]) -> io::Result<Vec<u8>> {
        let ZstdState {
            compressor,
            compressed,
            spare,
        } = &mut *self.lock_zstd();
        compressed.clear();
        compressed.reserve(zstd::zstd_safe::compress_bound(message.len()));
        compressor.compress_to_buffer(message, compressed)?;
        let mut bytes = spare.pop().unwrap_or_default();
        bytes.resize(PREFIX_LEN, 0);
        bytes.extend_from_slice(compressed);
        Ok(bytes)
    }

    fn lock_zstd(&self) -> MutexGuard<'_, ZstdState> {
        self.zstd.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gzip(message: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(vec![0; PREFIX_LEN], GZIP_LEVEL);
    encoder.write_all(message)?;
    encoder.finish()
}
