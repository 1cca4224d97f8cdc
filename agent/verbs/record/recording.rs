//! A recording that is being made: frames within the limits, on their way to the file.

use tracing::Level;

use super::destination::Destination;
use super::whole_frames::{Limits, WholeFrames};
use super::{Args, RecordError};
use crate::log;

/// The frames so far, and where they go.
#[derive(Debug)]
pub(super) struct Recording {
    frames: WholeFrames,
    /// Whole frames that were not written yet.
    pending: Vec<u8>,
    out: Destination,
}

impl Recording {
    /// Creates the file.
    pub(super) async fn create(args: &Args) -> Result<Self, RecordError> {
        let limits = Limits {
            frames: args.count.unwrap_or(u64::MAX),
            bytes: args.max_bytes.map_or(u64::MAX, |size| size.get() as u64),
        };
        let out = Destination::create(&args.out, args.force).await?;
        Ok(Self {
            frames: WholeFrames::new(limits),
            pending: Vec::new(),
            out,
        })
    }

    /// Takes bytes of the stream, as far as the limits allow.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(self.frames.push(bytes));
    }

    /// Writes what was taken and is whole.
    pub(super) async fn flush(&mut self) -> Result<(), RecordError> {
        self.out.write(&self.pending).await?;
        self.pending.clear();
        Ok(())
    }

    /// Writes all that was taken: what the agent broke off in is part of what it sent.
    pub(super) async fn end_as_it_is(&mut self) -> Result<(), RecordError> {
        self.pending.extend_from_slice(self.frames.rest());
        self.flush().await
    }

    /// Whether a limit is reached.
    pub(super) fn is_full(&self) -> bool {
        self.frames.is_full()
    }

    /// How many bytes wait to be written.
    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Writes one line about it to standard error.
    pub(super) fn report(&self) {
        let (frames, bytes) = (self.frames.count(), self.out.written());
        if let Some((offset, error)) = self.frames.broken() {
            tracing::warn!(byte = offset, %error, "this is no monitor stream from here on, and was saved as it came");
        }
        // There is nobody left to tell if this fails.
        log::print(
            Level::INFO,
            &format!(
                "recorded {frames} frames, {bytes} bytes, to {}",
                self.out.name()
            ),
        );
    }
}
