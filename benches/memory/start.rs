//! Time from the start of the process to the first read of the monitor socket.

use std::error::Error;
use std::io::Write as _;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{TestDir, simulated_frames};

/// More than the socket buffer holds, so that writing them ends after the first read.
const FRAMES: u64 = 10_000;

/// The median of a number of starts.
pub(crate) fn median(starts: usize) -> Result<Duration, Box<dyn Error>> {
    let mut times = (0..starts).map(|_| once()).collect::<Result<Vec<_>, _>>()?;
    times.sort();
    Ok(times[times.len() / 2])
}

fn once() -> Result<Duration, Box<dyn Error>> {
    let dir = TestDir::new();
    let frames = simulated_frames(FRAMES);
    let socket = dir.path("monitor.sock");
    let config = dir.socket("stop");
    let listener = UnixListener::bind(socket)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command
        .args(["run", "-c"])
        .arg(config)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let start = Instant::now();
    let mut agent = command.spawn()?;
    let written = listener
        .accept()
        .and_then(|(mut client, _)| client.write_all(&frames));
    let elapsed = start.elapsed();
    written?;
    agent.wait()?;
    Ok(elapsed)
}
