//! Makes frames of messages. Uncompressed, a message is sent from the memory that it was encoded
//! into, which is reused after delivery.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::spawn_blocking;

use super::compression::Compression;
use super::compressors::Compressors;
use super::frame::SealedFrame;
use super::message::{EncodedMessage, PREFIX_LEN};
use super::split::{count, split};
use crate::otlp::signal::Signal;

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
    compressors: Mutex<Compressors>,
}

impl Sealer {
    /// # Errors
    ///
    /// Fails if zstd cannot allocate its context.
    pub(crate) fn new(compression: [Compression; Signal::ALL.len()]) -> io::Result<Self> {
        Ok(Self {
            compression: Mutex::new(compression),
            compressors: Mutex::new(Compressors::new()?),
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

    /// Splits a request between its records and seals both parts, on a thread for blocking work;
    /// also returns how many records the first one has. `None` if it has less than two records, or
    /// is malformed.
    pub(crate) async fn halve(
        self: &Arc<Self>,
        signal: Signal,
        frame: &SealedFrame,
    ) -> Option<(u64, [SealedFrame; 2])> {
        let sealer = Arc::clone(self);
        let whole = frame.clone();
        let halves = spawn_blocking(move || sealer.halve_here(signal, &whole)).await;
        halves.ok().flatten()
    }

    fn halve_here(&self, signal: Signal, frame: &SealedFrame) -> Option<(u64, [SealedFrame; 2])> {
        let message = frame.open().ok()?;
        let n = count(&message)? / 2;
        if n == 0 {
            return None;
        }
        let halves = split(&message, n)?;
        let seal = |half: Vec<u8>| self.seal(signal, EncodedMessage::of(&half)).frame;
        Some((n, halves.map(seal)))
    }

    /// Returns the compressed message after room for the prefix. Frames wait in the queue, so they
    /// take no more memory than they need.
    fn compress(&self, compression: Compression, message: &[u8]) -> Option<Vec<u8>> {
        if compression == Compression::None {
            return None;
        }
        let mut compressors = lock(&self.compressors);
        compressors.compress(message, compression, PREFIX_LEN).ok()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
