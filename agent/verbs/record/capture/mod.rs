//! Converts a capture into a recording: each packet becomes the frame in which Cilium would report
//! it.
//!
//! Fields of a frame that a capture lacks have Cilium's values for "unknown": no endpoint,
//! identity, device, or connection state. Tunnels are reported as their outer packets, since a
//! capture does not contain the tunnel ports of the cluster.

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

/// The largest block that is read. Wireshark's limit for packets is smaller.
const MAX_BLOCK: usize = 16 << 20;
/// Bytes that are collected into one write.
const WRITE_BYTES: usize = 256 * 1024;

/// Converts a capture until its end, a limit, or a requested shutdown. Prints a summary to standard
/// error.
pub(super) async fn record(
    args: &Args,
    file: &Path,
    shutdown: &Shutdown,
) -> Result<(), RecordError> {
    let args = args.clone();
    let file = file.to_owned();
    let requested = shutdown.clone();
    let runtime = Handle::current();
    let conversion = spawn_blocking(move || runtime.block_on(convert(&args, &file, requested)));
    tokio::select! {
        ended = conversion => ended.unwrap_or_else(|error| resume_unwind(error.into_panic())),
        () = shutdown.forced() => Err(RecordError::Forced),
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

/// A conversion in progress.
struct Conversion {
    framer: Framer,
    recording: Recording,
    skipped: Skipped,
    shutdown: Shutdown,
}

/// Why [`Conversion::step`] returned.
enum Progress {
    Flush,
    End,
}

impl Conversion {
    /// Converts packets until there is enough to write. Reading may wait for a live capture, so
    /// everything is written before. A shutdown counts only then: one SIGINT often ends both
    /// `tcpdump` and this process, and the rest of what `tcpdump` wrote is recorded, too.
    fn step(&mut self, capture: &mut CaptureFile) -> Result<Progress, CaptureError> {
        while !self.recording.is_full() {
            match capture.step(&mut |packet| self.convert(&packet))? {
                Step::Block if self.recording.pending() < WRITE_BYTES => {}
                Step::Incomplete if self.recording.pending() == 0 => {
                    if self.shutdown.is_requested() {
                        break;
                    }
                    capture.refill()?;
                }
                Step::Block | Step::Incomplete => return Ok(Progress::Flush),
                Step::End => break,
            }
        }
        Ok(Progress::End)
    }

    fn convert(&mut self, packet: &Packet<'_>) {
        match link::network(packet.link, packet.bytes) {
            Ok(network) => self.recording.push(self.framer.frame(&network, packet)),
            Err(reason) => self.skipped.count(packet.link, reason),
        }
    }

    fn report(&self) {
        self.recording.report();
        if let Some(skipped) = self.skipped.describe() {
            log::print(Level::INFO, &skipped.to_string());
        }
    }
}
