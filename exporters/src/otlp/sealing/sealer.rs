//! Makes frames of messages. Uncompressed, a message is sent from the memory that it was encoded
//! into, which is reused after delivery.

use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flate2::write::GzEncoder;
use tokio::task::spawn_blocking;
use zstd::bulk::Compressor;
use zstd::zstd_safe::CParameter;

use super::compression::Compression;
use super::frame::SealedFrame;
use super::message::{EncodedMessage, PREFIX_LEN};
use super::split::{count, split};
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
    /// What the backend is believed to accept, of each signal.
    compression: Mutex<[Compression; Signal::ALL.len()]>,
    zstd: Mutex<ZstdState>,
}

/// Zstd's context and the buffer for its output. They are large, so they are kept.
#[derive(Default)]
struct ZstdState {
    compressor: Compressor<'static>,
    compressed: Vec<u8>,
}

impl Sealer {
    /// # Errors
    ///
    /// Fails if zstd cannot allocate its context.
    pub(crate) fn new(compression: [Compression; Signal::ALL.len()]) -> io::Result<Self> {
        let mut compressor = Compressor::new(ZSTD_LEVEL)?;
        compressor.set_parameter(CParameter::WindowLog(ZSTD_WINDOW_LOG))?;
        Ok(Self {
            compression: Mutex::new(compression),
            zstd: Mutex::new(ZstdState {
                compressor,
                ..ZstdState::default()
            }),
        })
    }

    /// How messages are compressed.
    pub(crate) fn compression(&self, signal: Signal) -> Compression {
        lock(&self.compression)[signal as usize]
    }

    /// Remembers that the backend refuses an encoding. Returns what is used in its place, if that
    /// is news.
    pub(crate) fn refuse(&self, signal: Signal, encoding: Compression) -> Option<Compression> {
        let compression = &mut lock(&self.compression)[signal as usize];
        if compression.rank() < encoding.rank() || encoding == Compression::None {
            return None;
        }
        *compression = encoding.fall_back();
        Some(*compression)
    }

    /// Seals a message. If compression fails, it is sent uncompressed.
    pub(crate) fn seal(&self, signal: Signal, message: EncodedMessage) -> Sealed {
        let compression = self.compression(signal);
        match self.compress(compression, message.body()) {
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

    /// Seals a message on a thread for blocking work, unless it is not compressed.
    pub(crate) async fn seal_apart(
        self: &Arc<Self>,
        signal: Signal,
        message: EncodedMessage,
    ) -> SealedFrame {
        if self.compression(signal) == Compression::None {
            return self.seal(signal, message).frame;
        }
        let sealer = Arc::clone(self);
        let sealed = spawn_blocking(move || sealer.seal(signal, message)).await;
        match sealed {
            Ok(sealed) => sealed.frame,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is being shut down, and this task with it.
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// Returns a frame as the backend accepts it: sealed again, on a thread for blocking work, if
    /// its encoding was refused. A frame that cannot be opened is returned as it is.
    pub(crate) async fn accepted(
        self: &Arc<Self>,
        signal: Signal,
        frame: &SealedFrame,
    ) -> SealedFrame {
        if frame.encoding().rank() <= self.compression(signal).rank() {
            return frame.clone();
        }
        let sealer = Arc::clone(self);
        let old = frame.clone();
        let sealed = spawn_blocking(move || {
            let message = EncodedMessage::of(&old.open().ok()?);
            Some(sealer.seal(signal, message).frame)
        })
        .await;
        sealed.ok().flatten().unwrap_or_else(|| frame.clone())
    }

    /// Splits a request between its records and seals both parts; also returns how many records the
    /// first one has. `None` if it has less than two records, or is malformed. Blocks.
    #[allow(dead_code, reason = "for a backend that refuses the size of a request")]
    pub(crate) fn halve(
        &self,
        signal: Signal,
        frame: &SealedFrame,
    ) -> Option<(u64, [SealedFrame; 2])> {
        let message = frame.open().ok()?;
        let n = count(&message)? / 2;
        if n == 0 {
            return None;
        }
        let halves = split(&message, n)?;
        Some((
            n,
            halves.map(|half| self.seal(signal, EncodedMessage::of(&half)).frame),
        ))
    }

    fn compress(&self, compression: Compression, message: &[u8]) -> Option<Vec<u8>> {
        match compression {
            Compression::None => None,
            Compression::Gzip => gzip(message).ok(),
            Compression::Zstd => self.zstd(message).ok(),
        }
    }

    fn zstd(&self, message: &[u8]) -> io::Result<Vec<u8>> {
        let ZstdState {
            compressor,
            compressed,
        } = &mut *lock(&self.zstd);
        compressed.clear();
        compressed.reserve(zstd::zstd_safe::compress_bound(message.len()));
        compressor.compress_to_buffer(message, compressed)?;
        // Frames wait in the queue, so they take no more memory than they need.
        let mut bytes = Vec::with_capacity(PREFIX_LEN + compressed.len());
        bytes.resize(PREFIX_LEN, 0);
        bytes.extend_from_slice(compressed);
        Ok(bytes)
    }
}

fn gzip(message: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(vec![0; PREFIX_LEN], GZIP_LEVEL);
    encoder.write_all(message)?;
    let mut bytes = encoder.finish()?;
    bytes.shrink_to_fit();
    Ok(bytes)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
