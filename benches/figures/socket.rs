//! The same work from a monitor socket, to which the recording is written as the Cilium agent does:
//! one write per frame, at a steady rate or as fast as it is read. A program that only reads the
//! socket gives the cost of the transport.

use std::error::Error;
use std::io::Read as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::agent::{self, BINARY, Cost};

/// Makes this program only read the socket.
pub(crate) const DRAIN_FLAG: &str = "--drain";

/// The program that reads the socket.
pub(crate) enum Reader {
    /// Blocking reads into a buffer of 64 KiB.
    Drain,
    /// The agent with this configuration.
    Agent(PathBuf),
}

/// A process that writes the recording to the socket.
struct Playback(Child);

impl Playback {
    fn start(recording: &Path, socket: &Path, rate: usize) -> Result<Self, Box<dyn Error>> {
        let rate = rate.to_string();
        let mut command = Command::new(BINARY);
        command
            .arg("replay")
            .arg(recording)
            .args(["--once", "--rate", &rate, "--listen"])
            .arg(socket);
        let playback = Self(command.stderr(std::process::Stdio::null()).spawn()?);
        while !socket.exists() {
            std::thread::yield_now();
        }
        Ok(playback)
    }
}

impl Drop for Playback {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The cost of reading the whole recording at `rate` frames per second; 0 is without a limit.
pub(crate) fn run(
    reader: &Reader,
    rate: usize,
    recording: &Path,
    socket: &Path,
) -> Result<Cost, Box<dyn Error>> {
    let _playback = Playback::start(recording, socket, rate)?;
    match reader {
        Reader::Agent(config) => agent::run(config),
        Reader::Drain => {
            let program = std::env::current_exe()?;
            agent::measure([program.as_os_str(), DRAIN_FLAG.as_ref(), socket.as_os_str()])
        }
    }
}

/// Reads a socket to its end.
pub(crate) fn drain(socket: &str) -> Result<(), Box<dyn Error>> {
    let mut stream = UnixStream::connect(socket)?;
    let mut buffer = vec![0; 64 * 1024];
    while stream.read(&mut buffer)? > 0 {}
    Ok(())
}
