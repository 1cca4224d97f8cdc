//! Messages as gRPC sends them ("Length-Prefixed-Message" of gRPC over HTTP/2): a prefix and the
//! message. A message is framed, and compressed, once, whatever the number of attempts to deliver
//! it. Uncompressed it stays where it was written, and its memory comes back when it was delivered.

use std::io::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use flate2::write::GzEncoder;
use zstd::bulk::Compressor;
use zstd::zstd_safe::CParameter;

use super::config::Compression;

/// Bytes of the prefix: whether the message is compressed, and its length.
pub(super) const PREFIX: usize = 5;

/// The level of most gRPC implementations.
const GZIP_LEVEL: flate2::Compression = flate2::Compression::new(6);

/// Log records are so alike that level 3 takes a third more time for 3 % fewer bytes. Levels below
/// 1 save little more time, and a message grows by a quarter.
const ZSTD_LEVEL: i32 = 1;

/// How far back matches lie: what fits in the processor's cache takes an eighth less time, for 4 %
/// more bytes.
const ZSTD_WINDOW_LOG: u32 = 18;

/// An encoded message.
#[derive(Debug)]
pub(super) struct Message {
    bytes: Vec<u8>,
    start: usize,
}

impl Message {
    /// `bytes` from `start` on, which leaves room for the prefix.
    pub(super) fn new(bytes: Vec<u8>, start: usize) -> Self {
        debug_assert!(start >= PREFIX, "the prefix goes before the message");
        Self { bytes, start }
    }

    fn body(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// The message as it is, behind its prefix.
    fn into_frame(mut self) -> Bytes {
        let prefix = prefix(false, self.body().len());
        let start = self.start - PREFIX;
        self.bytes[start..self.start].copy_from_slice(&prefix);
        Bytes::from(self.bytes).slice(start..)
    }
}

/// A message on its way, and memory that it no longer needs.
#[derive(Debug)]
pub(super) struct Framed {
    pub(super) frame: Bytes,
    pub(super) idle: Option<Vec<u8>>,
}

/// Makes frames of messages.
pub(super) struct Framer {
    compression: Compression,
    zstd: Mutex<Zstd>,
}

/// What zstd works with. It is large, and kept.
#[derive(Default)]
struct Zstd {
    compressor: Compressor<'static>,
    compressed: Vec<u8>,
    /// Memory of frames that are needed no more.
    idle: Vec<Vec<u8>>,
}

impl Framer {
    /// Fails for want of memory.
    pub(super) fn new(compression: Compression) -> io::Result<Self> {
        let mut compressor = Compressor::new(ZSTD_LEVEL)?;
        compressor.set_parameter(CParameter::WindowLog(ZSTD_WINDOW_LOG))?;
        Ok(Self {
            compression,
            zstd: Mutex::new(Zstd {
                compressor,
                ..Zstd::default()
            }),
        })
    }

    /// Frames a message. One that cannot be compressed goes as it is, which gRPC allows.
    pub(super) fn frame(&self, message: Message) -> Framed {
        let compressed = match self.compression {
            Compression::None => None,
            Compression::Gzip => gzip(message.body()).ok(),
            Compression::Zstd => self.zstd(message.body()).ok(),
        };
        match compressed {
            Some(frame) => Framed {
                frame,
                idle: Some(message.bytes),
            },
            None => Framed {
                frame: message.into_frame(),
                idle: None,
            },
        }
    }

    /// The memory of a message whose frame is needed no more; `None` if it is not a message's. That
    /// of a compressed frame is kept here: there is never more than all requests under way had.
    pub(super) fn reclaim(&self, frame: Bytes) -> Option<Vec<u8>> {
        let mut bytes = frame.try_into_mut().ok()?;
        bytes.clear();
        match self.compression {
            Compression::None => return Some(bytes.into()),
            Compression::Gzip => {}
            Compression::Zstd => self.lock_zstd().idle.push(bytes.into()),
        }
        None
    }

    fn zstd(&self, message: &[u8]) -> io::Result<Bytes> {
        let Zstd {
            compressor,
            compressed,
            idle,
        } = &mut *self.lock_zstd();
        compressed.clear();
        compressed.reserve(zstd::zstd_safe::compress_bound(message.len()));
        compressor.compress_to_buffer(message, compressed)?;
        let mut frame = idle.pop().unwrap_or_default();
        frame.extend_from_slice(&prefix(true, compressed.len()));
        frame.extend_from_slice(compressed);
        Ok(frame.into())
    }

    fn lock_zstd(&self) -> MutexGuard<'_, Zstd> {
        self.zstd.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gzip(message: &[u8]) -> io::Result<Bytes> {
    let mut encoder = GzEncoder::new(vec![0; PREFIX], GZIP_LEVEL);
    encoder.write_all(message)?;
    let mut frame = encoder.finish()?;
    let prefix = prefix(true, frame.len() - PREFIX);
    frame[..PREFIX].copy_from_slice(&prefix);
    Ok(frame.into())
}

/// `len` is far below 4 GiB, as the configuration's limit is.
fn prefix(is_compressed: bool, len: usize) -> [u8; PREFIX] {
    let [a, b, c, d] = u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes();
    [is_compressed.into(), a, b, c, d]
}
