//! `tidegate record`: saves what the Cilium agent writes to its monitor socket, byte for byte, or
//! what it would write if it saw the packets of a capture file.
//!
//! A recording is the socket's byte stream and nothing else, so that `socat` can make one too.
//! Frames are looked at only to count them and to end between two of them.

mod capture;
mod destination;
mod error;
mod recording;
mod socket;
mod whole_frames;

use std::path::PathBuf;

use clap::ValueHint;
use tidegate_runtime::config::{ByteSize, HumanDuration};
use tidegate_runtime::shutdown::Shutdown;

use super::common::runtime;
use crate::error::Error;
use crate::log;
use crate::os::signals;
use error::RecordError;

/// Save the raw bytes of the monitor socket, or make them of a capture
///
/// The recording ends when the agent ends the stream, at a limit, or with SIGINT or SIGTERM; unless
/// the agent itself broke off, it ends with a whole frame. It can be played by the `replay` verb
/// and by the `replay` receiver.
///
/// With --pcap, each packet of a capture becomes the frame in which Cilium 1.19 would report it: a
/// trace at the point `to-stack`, without endpoints, identities and connection state, which a
/// capture does not show. Packets of link types that carry no Ethernet or IP are skipped, and
/// counted. Frames have no time, so a recording has none either; `replay --rate` paces it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// The socket to read
    #[arg(long, value_name = "SOCKET", default_value = "/var/run/cilium/monitor1_2.sock", value_hint = ValueHint::FilePath)]
    socket: PathBuf,
    /// Read a capture, pcap or pcapng, instead of a socket; `-` is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["socket", "duration"])]
    pcap: Option<PathBuf>,
    /// Bytes of a packet that its frame carries at most; without it all that was captured, up to
    /// the 65535 that fit
    #[arg(long, value_name = "BYTES", requires = "pcap", value_parser = clap::value_parser!(u16).range(1..))]
    snaplen: Option<u16>,
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
    log::init_default();
    let runtime = runtime::multi_thread()?;
    let ended = runtime.block_on(async {
        let shutdown = Shutdown::new();
        signals::shutdown_on_signals(&shutdown)?;
        match &args.pcap {
            Some(file) => Ok(capture::record(args, file, &shutdown).await?),
            None => Ok(socket::record(args, &shutdown).await?),
        }
    });
    // A read that is stuck in a pipe is not waited for.
    runtime.shutdown_background();
    ended
}

#[cfg(test)]
mod tests;
