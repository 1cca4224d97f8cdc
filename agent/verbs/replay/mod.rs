//! `tidegate replay`: serves a recording on a monitor socket, as the Cilium agent would.
//!
//! Unlike the agent, it waits for slow clients. A file that does not begin as a monitor stream does is
//! refused; bytes behind the beginning that are none are sent as they are, to test how a reader
//! handles them.

mod recording;

use std::path::PathBuf;

use clap::ValueHint;
use tidegate_runtime::config::ByteSize;
use tidegate_runtime::shutdown::Shutdown;

use super::common::runtime;
use crate::error::Error;
use crate::log;
use crate::monitor_server::{self, BoundSocket, Pace};
use crate::os::signals;
use recording::Recording;

/// Serve a recording on a monitor socket, as the Cilium agent would
///
/// Each client receives the whole recording, at its own speed, and then the end of the stream.
/// SIGINT and SIGTERM end the verb and remove the socket.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tidegate replay node.rec --listen /tmp/monitor1_2.sock
  tidegate replay node.rec --listen /tmp/monitor1_2.sock --loop --rate 1000")]
pub(crate) struct Args {
    /// The recording
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// The socket to listen on; a stale socket file is replaced
    #[arg(long, value_name = "SOCKET", value_hint = ValueHint::FilePath)]
    listen: PathBuf,
    /// Events per second to each client; 0 is as fast as it reads
    #[arg(long, default_value_t = 0.0, value_name = "N", value_parser = rate)]
    rate: f64,
    /// Repeat the recording for each client
    #[arg(long = "loop", conflicts_with = "once")]
    repeat: bool,
    /// Bytes that are collected into one write, such as 64KiB; without it, each frame is a write
    #[arg(long, value_name = "SIZE")]
    coalesce: Option<ByteSize>,
    /// End when the first client has disconnected
    #[arg(long)]
    once: bool,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    log::init_default();
    runtime::multi_thread()?.block_on(async {
        let shutdown = Shutdown::new();
        signals::shutdown_on_signals(&shutdown)?;
        serve(args, shutdown).await
    })
}

/// Serves until `shutdown` is requested or, with `once`, the first client has disconnected.
async fn serve(args: &Args, shutdown: Shutdown) -> Result<(), Error> {
    let recording = || Recording::open(&args.file, args.repeat);
    // A recording that cannot be read fails now, not when a client connects.
    recording()
        .and_then(Recording::check)
        .map_err(|error| Error::failed(error.to_string()))?;
    let socket = BoundSocket::bind(&args.listen)?;
    tracing::info!(
        socket = %args.listen.display(),
        file = %args.file.display(),
        "replaying to each client"
    );
    let pace = Pace {
        rate: args.rate,
        burst: 0,
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
