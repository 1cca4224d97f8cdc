//! The compressors, whose memory is kept: it is large.

use std::io;

use libdeflater::CompressionLvl;
use zstd::bulk::Compressor as Zstd;
use zstd::zstd_safe::{CParameter, compress_bound};

use super::compression::Compression;

/// Level 4 takes half as much time again for 7 % fewer bytes, and level 6 twice the time for 15 %.
const GZIP_LEVEL: i32 = 1;

/// Log records are so similar that level 3 takes a third more time for 3 % fewer bytes. Levels
/// below 1 save little more time, and a message grows by a quarter.
const ZSTD_LEVEL: i32 = 1;

/// The match window, as a power of two. One that fits in the processor's cache takes an eighth less
/// time, for 4 % more bytes.
const ZSTD_WINDOW_LOG: u32 = 18;

/// Compresses messages.
pub(super) struct Compressors {
    zstd: Zstd<'static>,
    /// Made when it is needed first.
    gzip: Option<libdeflater::Compressor>,
    /// Room for the longest output so far.
    output: Vec<u8>,
}

impl Compressors {
    /// # Errors
    ///
    /// Fails if zstd cannot allocate its context.
    pub(super) fn new() -> io::Result<Self> {
        let mut zstd = Zstd::new(ZSTD_LEVEL)?;
        zstd.set_parameter(CParameter::WindowLog(ZSTD_WINDOW_LOG))?;
        Ok(Self {
            zstd,
            gzip: None,
            output: Vec::new(),
        })
    }

    /// Compresses a message. Returns the output after `room` bytes, in no more memory than that
    /// takes.
    ///
    /// # Errors
    ///
    /// Fails if a compressor has no memory.
    pub(super) fn compress(
        &mut self,
        message: &[u8],
        compression: Compression,
        room: usize,
    ) -> io::Result<Vec<u8>> {
        let compressed = match compression {
            Compression::None => message,
            Compression::Gzip => self.gzip(message)?,
            Compression::Zstd => self.zstd(message)?,
        };
        let mut bytes = Vec::with_capacity(room + compressed.len());
        bytes.resize(room, 0);
        bytes.extend_from_slice(compressed);
        Ok(bytes)
    }

    fn gzip(&mut self, message: &[u8]) -> io::Result<&[u8]> {
        let level = CompressionLvl::new(GZIP_LEVEL).unwrap_or_default();
        let gzip = self
            .gzip
            .get_or_insert_with(|| libdeflater::Compressor::new(level));
        let bound = gzip.gzip_compress_bound(message.len());
        let output = reserve(&mut self.output, bound);
        let len = gzip
            .gzip_compress(message, output)
            .map_err(io::Error::other)?;
        Ok(&output[..len])
    }

    fn zstd(&mut self, message: &[u8]) -> io::Result<&[u8]> {
        let output = reserve(&mut self.output, compress_bound(message.len()));
        let len = self.zstd.compress_to_buffer(message, output)?;
        Ok(&output[..len])
    }
}

/// Returns at least `len` bytes. What was not used yet is not touched: the kernel has it as zeros.
fn reserve(output: &mut Vec<u8>, len: usize) -> &mut [u8] {
    if output.len() < len {
        *output = vec![0; len];
    }
    output
}
