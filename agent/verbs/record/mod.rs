//! `tidegate record`: saves the byte stream of the monitor socket, or converts a capture file into
//! the stream that Cilium would send for its packets.
//!
//! A recording is the byte stream after a header, which readers of the stream skip; one that `socat`
//! makes has none. Frames are parsed only to count them and to end after a complete one.

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
use tidegate_wire::recording as recording_format;

use super::common::runtime;
use crate::error::Error;
use crate::log;
use crate::os::signals;
use error::RecordError;

/// Record the monitor socket, or convert a capture into a recording
///
/// The recording ends when the agent closes the stream, at a limit, or with SIGINT or SIGTERM. It
/// ends with a complete frame, unless the agent closed the stream within one. The `replay` verb and
/// the `replay` receiver read it.
///
/// With --pcap, each packet of a capture becomes the frame in which Cilium 1.19 would report it: a
/// trace at the point `to-stack`, without endpoints, identities and connection state, which a
/// capture does not contain. Packets of link types that carry neither Ethernet nor IP are skipped
/// and counted. Frames have no timestamps, so neither has the recording; use `replay --rate`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tidegate record --out node.rec --duration 30s
  tidegate record --out - --count 1000 | gzip > node.rec.gz
  tcpdump -U -i any -w - | tidegate record --pcap - --out capture.rec")]
pub(crate) struct Args {
    /// The socket to read [default: the variable CILIUM_MONITOR_SOCK, or
    /// /var/run/cilium/monitor1_2.sock]
    #[arg(long, value_name = "SOCKET", value_hint = ValueHint::FilePath)]
    socket: Option<PathBuf>,
    /// Convert a capture (pcap or pcapng) instead; `-` is standard input
    #[arg(
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        conflicts_with_all = ["socket", "duration"],
    )]
    pcap: Option<PathBuf>,
    /// The largest number of packet bytes in a frame; without it, all captured bytes, up to 65535
    #[arg(
        long,
        value_name = "BYTES",
        requires = "pcap",
        value_parser = clap::value_parser!(u16).range(1..),
    )]
    snaplen: Option<u16>,
    /// The file to write; `-` is standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: PathBuf,
    /// Overwrite the file if it has something in it
    #[arg(long)]
    force: bool,
    /// End after this number of frames
    #[arg(long, value_name = "FRAMES")]
    count: Option<u64>,
    /// Largest size of the recording, such as 64MiB
    #[arg(long, value_name = "SIZE")]
    max_bytes: Option<ByteSize>,
    /// End after this time, such as 30s
    #[arg(long, value_name = "TIME")]
    duration: Option<HumanDuration>,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    log::init_default();
    check_max_bytes(args)?;
    let runtime = runtime::multi_thread()?;
    let ended = runtime.block_on(async {
        let shutdown = Shutdown::new();
        signals::shutdown_on_signals(&shutdown)?;
        match &args.pcap {
            Some(file) => Ok(capture::record(args, file, &shutdown).await?),
            None => Ok(socket::record(args, &shutdown).await?),
        }
    });
    // Does not wait for a read that is blocked in a pipe.
    runtime.shutdown_background();
    ended
}

/// Refuses a limit that not even the header fits in.
fn check_max_bytes(args: &Args) -> Result<(), Error> {
    let header = recording_format::header().len();
    match args.max_bytes {
        Some(limit) if limit.get() < header => Err(Error::Usage(format!(
            "--max-bytes is too small: the header of a recording has {header} bytes"
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
