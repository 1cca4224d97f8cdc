//! The forms of compression.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// The number of bytes that are read at a time.
const CHUNK: usize = 64 << 10;

tidegate_runtime::config_choice! {
    /// How rotated files are compressed.
    pub(super) enum Compression = None {
        /// No compression.
        None = "none",
        /// Read by `zcat`, and by everything that reads the files of Hubble's exporter.
        Gzip = "gzip",
        /// Smaller, in a fraction of the CPU time. Read by `zstdcat`.
        Zstd = "zstd",
    }
}

impl Compression {
    /// Those that compress.
    pub(super) const SOME: [Self; 2] = [Self::Gzip, Self::Zstd];

    /// What it adds to the name of a file.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }

    /// Compresses a file until its end or until `stop` is set, which is an error. Returns the output.
    pub(super) fn copy(self, from: &mut File, to: File, stop: &AtomicBool) -> io::Result<File> {
        match self {
            Self::None => copy(from, to, stop),
            Self::Gzip => {
                let encoder = flate2::write::GzEncoder::new(to, flate2::Compression::default());
                copy(from, encoder, stop)?.finish()
            }
            Self::Zstd => {
                let encoder =
                    zstd::stream::write::Encoder::new(to, zstd::DEFAULT_COMPRESSION_LEVEL)?;
                copy(from, encoder, stop)?.finish()
            }
        }
    }
}

/// Copies a file until its end or until `stop` is set, which is an error.
fn copy<W: Write>(from: &mut File, mut to: W, stop: &AtomicBool) -> io::Result<W> {
    let mut chunk = vec![0; CHUNK];
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(ErrorKind::Interrupted.into());
        }
        match from.read(&mut chunk) {
            Ok(0) => return Ok(to),
            Ok(n) => to.write_all(&chunk[..n])?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
