//! gRPC's length-prefixed messages (gRPC over HTTP/2, `PROTOCOL-HTTP2.md`).
//!
//! A message is framed and compressed once, however many attempts its delivery takes. Uncompressed,
//! it is sent from the memory that it was encoded into, which is reused after delivery.

use std::io::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use flate2::write::GzEncoder;
use zstd::bulk::Compressor;
use zstd::zstd_safe::CParameter;

/// Bytes of the prefix: the compression flag and the message's length.
pub(crate) const PREFIX_LEN: usize = 5;

/// The default level of most gRPC implementations.
const GZIP_LEVEL: flate2::Compression = flate2::Compression::new(6);

/// Log records are so similar that level 3 takes a third more time for 3 % fewer bytes. Levels
/// below 1 save little more time, and a message grows by a quarter.
const ZSTD_LEVEL: i32 = 1;

/// The match window, as a power of two. One that fits in the processor's cache takes an eighth less
/// time, for 4 % more bytes.
const ZSTD_WINDOW_LOG: u32 = 18;

tidegate_runtime::config_choice! {
    /// How requests are compressed.
    pub(crate) enum Compression = None {
        /// No compression.
        None = "none",
        /// Supported by every backend.
        Gzip = "gzip",
        /// A tenth of the CPU time of gzip and two thirds of its bytes. Not part of the OTLP
        /// specification; the OpenTelemetry Collector supports it.
        Zstd = "zstd",
    }
}

/// An encoded message, with room for the prefix before it.
#[derive(Debug)]
pub(crate) struct EncodedMessage {
    bytes: Vec<u8>,
    start: usize,
}

/// A framed message, and the memory of the message if the frame does not use it.
#[derive(Debug)]
pub(crate) struct Framed {
    pub(crate) frame: Bytes,
    pub(crate) spare: Option<Vec<u8>>,
}

/// Frames messages.
pub(crate) struct Framer {
    compression: Compression,
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

impl Compression {
    /// The value of `grpc-encoding`.
    pub(crate) fn encoding(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }
}

impl EncodedMessage {
    /// Takes the message in `bytes[start..]`; `start` is at least [`PREFIX_LEN`].
    pub(crate) fn new(bytes: Vec<u8>, start: usize) -> Self {
        debug_assert!(start >= PREFIX_LEN, "the prefix goes before the message");
        Self { bytes, start }
    }

    fn body(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Writes the prefix in front of the uncompressed message.
    fn into_frame(mut self) -> Bytes {
        let prefix = prefix(false, self.body().len());
        let start = self.start - PREFIX_LEN;
        self.bytes[start..self.start].copy_from_slice(&prefix);
        Bytes::from(self.bytes).slice(start..)
    }
}

impl Framer {
    /// # Errors
    ///
    /// Fails if zstd cannot allocate its context.
    pub(crate) fn new(compression: Compression) -> io::Result<Self> {
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

    /// Frames a message. If compression fails, it is sent uncompressed, which gRPC allows.
    pub(crate) fn frame(&self, message: EncodedMessage) -> Framed {
        let compressed = match self.compression {
            Compression::None => None,
            Compression::Gzip => gzip(message.body()).ok(),
            Compression::Zstd => self.zstd(message.body()).ok(),
        };
        match compressed {
            Some(frame) => Framed {
                frame,
                spare: Some(message.bytes),
            },
            None => Framed {
                frame: message.into_frame(),
                spare: None,
            },
        }
    }

    /// Recovers the memory of a frame that is no longer needed. Returns it if it was a message's;
    /// that of a compressed frame is kept here, never more than the requests in flight used.
    pub(crate) fn reclaim(&self, frame: Bytes) -> Option<Vec<u8>> {
        let mut bytes = frame.try_into_mut().ok()?;
        bytes.clear();
        match self.compression {
            Compression::None => return Some(bytes.into()),
            Compression::Gzip => {}
            Compression::Zstd => self.lock_zstd().spare.push(bytes.into()),
        }
        None
    }

    fn zstd(&self, message: &[u8]) -> io::Result<Bytes> {
        let ZstdState {
            compressor,
            compressed,
            spare,
        } = &mut *self.lock_zstd();
        compressed.clear();
        compressed.reserve(zstd::zstd_safe::compress_bound(message.len()));
        compressor.compress_to_buffer(message, compressed)?;
        let mut frame = spare.pop().unwrap_or_default();
        frame.extend_from_slice(&prefix(true, compressed.len()));
        frame.extend_from_slice(compressed);
        Ok(frame.into())
    }

    fn lock_zstd(&self) -> MutexGuard<'_, ZstdState> {
        self.zstd.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gzip(message: &[u8]) -> io::Result<Bytes> {
    let mut encoder = GzEncoder::new(vec![0; PREFIX_LEN], GZIP_LEVEL);
    encoder.write_all(message)?;
    let mut frame = encoder.finish()?;
    let prefix = prefix(true, frame.len() - PREFIX_LEN);
    frame[..PREFIX_LEN].copy_from_slice(&prefix);
    Ok(frame.into())
}

/// `batch.max_bytes` keeps `len` far below 4 GiB.
fn prefix(is_compressed: bool, len: usize) -> [u8; PREFIX_LEN] {
    let [a, b, c, d] = u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes();
    [is_compressed.into(), a, b, c, d]
}
