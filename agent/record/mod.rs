//! `tidegate record`: saves what the Cilium agent writes to its monitor socket, byte for byte.
//!
//! A recording is the socket's byte stream and nothing else, so that `socat` can make one too. Frames
//! are looked at only to count them and to end between two of them.

mod destination;
mod error;
mod whole_frames;

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::ValueHint;
use tidegate_core::config::{ByteSize, HumanDuration};
use tidegate_core::stage::Stop;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep_until};

use crate::error::Error;
use crate::{log, run, signals};
use destination::Destination;
use error::RecordError;
use whole_frames::{Limits, WholeFrames};

/// Bytes that one read takes at most, as the receiver's.
const READ_BYTES: usize = 256 * 1024;

/// Save the raw bytes of the monitor socket
///
/// The recording ends when the agent ends the stream, at a limit, or with SIGINT or SIGTERM; unless the
/// agent itself broke off, it ends with a whole frame. It can be played by the `replay` verb and by the
/// `replay` receiver.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The socket to read
    #[arg(long, value_name = "SOCKET", default_value = "/var/run/cilium/monitor1_2.sock", value_hint = ValueHint::FilePath)]
    socket: PathBuf,
    /// The file to write; `-` is standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: PathBuf,
    /// Overwrite the file if it exists
    #[arg(long)]
    force: bool,
    /// End after so many frames
    #[arg(long, value_name = "FRAMES")]
    count: Option<u64>,
    /// End before the recording is larger, such as 64MiB
    #[arg(long, value_name = "SIZE")]
    max_bytes: Option<ByteSize>,
    /// End after this time, such as 30s
    #[arg(long, value_name = "TIME")]
    duration: Option<HumanDuration>,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    log::start("info");
    run::runtime()?.block_on(async {
        let stop = Stop::new();
        signals::stop_on_signals(&stop)?;
        Ok(record(args, &stop).await?)
    })
}

/// Records until the stream ends, a limit is reached, or `stop` is requested. Writes one line about it
/// to standard error.
async fn record(args: &Args, stop: &Stop) -> Result<(), RecordError> {
    let connected = UnixStream::connect(&args.socket).await;
    let mut stream = connected.map_err(|source| RecordError::Connect { socket: args.socket.clone(), source })?;
    let limits = Limits {
        frames: args.count.unwrap_or(u64::MAX),
        bytes: args.max_bytes.map_or(u64::MAX, |size| size.get() as u64),
    };
    let out = Destination::create(&args.out, args.force).await?;
    let until = args.duration.map(|duration| Instant::now() + duration.0);
    let mut recorder = Recorder { socket: args.socket.clone(), frames: WholeFrames::new(limits), out };
    recorder.record(&mut stream, until, stop).await?;
    recorder.report();
    Ok(())
}

struct Recorder {
    socket: PathBuf,
    frames: WholeFrames,
    out: Destination,
}

impl Recorder {
    async fn record(
        &mut self,
        stream: &mut UnixStream,
        until: Option<Instant>,
        stop: &Stop,
    ) -> Result<(), RecordError> {
        let mut block = vec![0; READ_BYTES];
        while !self.frames.is_full() {
            let read = tokio::select! {
                biased;
                () = stop.requested() => break,
                () = reached(until) => break,
                read = stream.read(&mut block) => read,
            };
            let n = read.map_err(|source| RecordError::Read { socket: self.socket.clone(), source })?;
            if n == 0 {
                // What the agent broke off in is part of what it sent.
                return self.out.write(self.frames.rest()).await;
            }
            self.out.write(self.frames.push(&block[..n])).await?;
        }
        Ok(())
    }

    fn report(&self) {
        let (frames, bytes) = (self.frames.count(), self.out.written());
        if let Some((offset, error)) = self.frames.broken() {
            tracing::warn!(byte = offset, %error, "this is no monitor stream from here on, and was saved as it came");
        }
        // There is nobody left to tell if this fails.
        let _ = writeln!(io::stderr(), "recorded {frames} frames, {bytes} bytes, to {}", self.out.name());
    }
}

async fn reached(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
