//! Writes the frames of a recording, within its limits.

use tidegate_wire::recording;
use tracing::Level;

use super::destination::Destination;
use super::whole_frames::{Limits, WholeFrames};
use super::{Args, RecordError};
use crate::log;
use crate::verbs::common::quantity::count;

/// A recording in progress.
#[derive(Debug)]
pub(super) struct Recording {
    frames: WholeFrames,
    /// Complete frames that are not written yet.
    pending: Vec<u8>,
    out: Destination,
}

impl Recording {
    /// Creates the file, and writes the header.
    pub(super) async fn create(args: &Args) -> Result<Self, RecordError> {
        let header = recording::header();
        let max_bytes = args.max_bytes.map_or(u64::MAX, |size| size.get() as u64);
        let limits = Limits {
            frames: args.count.unwrap_or(u64::MAX),
            bytes: max_bytes.saturating_sub(header.len() as u64),
        };
        let mut out = Destination::create(&args.out, args.force)?;
        out.write(&header).await?;
        Ok(Self {
            frames: WholeFrames::new(limits),
            pending: Vec::new(),
            out,
        })
    }

    /// Adds bytes of the stream, up to the limits.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(self.frames.push(bytes));
    }

    /// Writes the complete frames.
    pub(super) async fn flush(&mut self) -> Result<(), RecordError> {
        self.out.write(&self.pending).await?;
        self.pending.clear();
        Ok(())
    }

    /// Writes everything, including an incomplete last frame of the agent.
    pub(super) async fn flush_all(&mut self) -> Result<(), RecordError> {
        self.pending.extend_from_slice(self.frames.rest());
        self.flush().await
    }

    /// Whether a limit is reached.
    pub(super) fn is_full(&self) -> bool {
        self.frames.is_full()
    }

    /// Number of bytes that are not written yet.
    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Prints a summary to standard error.
    pub(super) fn report(&self) {
        let frames = self.frames.count();
        let bytes = self.out.written();
        if let Some((offset, error)) = self.frames.broken() {
            tracing::warn!(
                byte = offset,
                %error,
                "the stream is not a monitor stream from this byte on; the rest was saved as it is"
            );
        }
        log::print(
            Level::INFO,
            &format!(
                "recorded {}, {}, to {}",
                count(frames, "frame"),
                count(bytes, "byte"),
                self.out.name()
            ),
        );
    }
}
