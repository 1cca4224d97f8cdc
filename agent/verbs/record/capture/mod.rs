//! Makes a recording of a capture: each packet becomes the frame in which the Cilium agent would
//! report it.
//!
//! What a frame needs and a capture does not show is left at what Cilium uses for "unknown": no
//! endpoint, no identity, no device, no state of the connection. Tunnels are not announced, as a
//! capture does not know which ports are the cluster's; their outer packets are reported.

mod error;
mod file;
mod frame;
mod interface;
mod link;
mod packet;
mod skipped;

pub(super) use error::CaptureError;

use std::panic::resume_unwind;
use std::path::Path;

use tidegate_runtime::shutdown::Shutdown;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tracing::Level;

use super::recording::Recording;
use super::{Args, RecordError};
use crate::log;
use file::{CaptureFile, Step};
use frame::Framer;
use packet::Packet;
use skipped::Skipped;

/// Bytes that are collected into one write.
const WRITE_BYTES: usize = 256 * 1024;

/// Converts a capture until it ends, a limit is reached, or `shutdown` is requested. Writes a line or
/// two about it to standard error.
pub(super) async fn record(
    args: &Args,
    file: &Path,
    shutdown: &Shutdown,
) -> Result<(), RecordError> {
    let (args, file, wish, runtime) = (
        args.clone(),
        file.to_owned(),
        shutdown.clone(),
        Handle::current(),
    );
    let conversion = spawn_blocking(move || runtime.block_on(convert(&args, &file, wish)));
    tokio::select! {
        ended = conversion => ended.unwrap_or_else(|error| resume_unwind(error.into_panic())),
        () = shutdown.forced() => Err(RecordError::AtOnce),
    }
}

async fn convert(args: &Args, file: &Path, shutdown: Shutdown) -> Result<(), RecordError> {
    let broken = |source| RecordError::Capture {
        file: file.to_owned(),
        source,
    };
    let mut capture = CaptureFile::open(file).map_err(broken)?;
    let recording = Recording::create(args).await?;
    let mut conversion = Conversion {
        framer: Framer::new(args.snaplen),
        recording,
        skipped: Skipped::default(),
        shutdown,
    };
    let read = loop {
        match conversion.step(&mut capture) {
            Ok(Progress::Flush) => conversion.recording.flush().await?,
            Ok(Progress::End) => break Ok(()),
            Err(error) => break Err(broken(error)),
        }
    };
    conversion.recording.flush().await?;
    conversion.report();
    read
}

/// A capture on its way to a recording.
struct Conversion {
    framer: Framer,
    recording: Recording,
    skipped: Skipped,
    shutdown: Shutdown,
}

/// What to do before going on.
enum Progress {
    Flush,
    End,
}

impl Conversion {
    /// Converts packets until there is enough to write. As reading may wait for a live capture,
    /// what was read before is written first. A stop counts only then: whoever ends `tcpdump` and
    /// this with one SIGINT wants what tcpdump still had.
    fn step(&mut self, capture: &mut CaptureFile) -> Result<Progress, CaptureError> {
        while !self.recording.is_full() {
            match capture.step(&mut |packet| self.convert(&packet))? {
                Step::Block if self.recording.pending() < WRITE_BYTES => {}
                Step::Dry if self.recording.pending() == 0 => {
                    if self.shutdown.is_requested() {
                        break;
                    }
                    capture.refill()?;
                }
                Step::Block | Step::Dry => return Ok(Progress::Flush),
                Step::End => break,
            }
        }
        Ok(Progress::End)
    }

    fn convert(&mut self, packet: &Packet<'_>) {
        match link::network(packet.link, packet.bytes) {
            Ok(network) => self.recording.take(self.framer.frame(&network, packet)),
            Err(reason) => self.skipped.count(packet.link, reason),
        }
    }

    fn report(&self) {
        self.recording.report();
        if let Some(skipped) = self.skipped.describe() {
            // There is nobody left to tell if this fails.
            log::print(Level::INFO, &skipped.to_string());
        }
    }
}
