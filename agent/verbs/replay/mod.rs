//! `tidegate replay`: plays a recording to whoever connects, as the Cilium agent would.
//!
//! Unlike the agent, a playback waits for a slow client. Bytes that are no monitor stream are
//! played as they are: what they do to a reader may be what somebody wants to see.

mod recording;

use std::path::PathBuf;

use clap::ValueHint;
use tidegate_runtime::config::ByteSize;
use tidegate_runtime::shutdown::Shutdown;

use super::common::runtime;
use crate::error::Error;
use crate::log;
use crate::monitor_server::{self, MonitorSocket, Pace};
use crate::os::signals;
use recording::Recording;

/// Play a recording to whoever connects, as the Cilium agent would
///
/// Every client gets the whole recording, at its own pace, then the end of the stream. The playback
/// itself ends with SIGINT or SIGTERM, and removes its socket.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The recording
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// The socket to listen on; one that nobody listens on any more is replaced
    #[arg(long, value_name = "SOCKET", value_hint = ValueHint::FilePath)]
    listen: PathBuf,
    /// Events per second to each client; 0 is as fast as it reads
    #[arg(long, default_value_t = 0.0, value_name = "N", value_parser = rate)]
    rate: f64,
    /// Play the recording to each client over and over
    #[arg(long = "loop", conflicts_with = "once")]
    repeat: bool,
    /// Bytes such as 64KiB that are collected into one write; without it, each frame is written by
    /// itself
    #[arg(long, value_name = "SIZE")]
    coalesce: Option<ByteSize>,
    /// End when the first client has had all, or has left
    #[arg(long)]
    once: bool,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    log::init_default();
    runtime::multi_thread()?.block_on(async {
        let shutdown = Shutdown::new();
        signals::shutdown_on_signals(&shutdown)?;
        play(args, shutdown).await
    })
}

/// Plays until `shutdown` is requested, or until the first client has had all if that is enough.
async fn play(args: &Args, shutdown: Shutdown) -> Result<(), Error> {
    let recording = || Recording::open(&args.file, args.repeat);
    // A recording that cannot be read is found out now, not when somebody connects.
    recording().map_err(|error| Error::failed(error.to_string()))?;
    let socket = MonitorSocket::bind(&args.listen)?;
    tracing::info!(socket = %args.listen.display(), file = %args.file.display(), "playing to whoever connects");
    let pace = Pace {
        rate: args.rate,
        at_once: 0,
        coalesce: args.coalesce.map_or(0, ByteSize::get),
    };
    Ok(monitor_server::serve(socket, recording, pace, args.once, shutdown).await?)
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate >= 0.0 => Ok(rate),
        _ => Err("a number of events per second, 0 or more".to_owned()),
    }
}

#[cfg(test)]
mod tests;
