//! From the start of the process to the first bytes that it has read.

use std::error::Error;
use std::io::Write as _;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Place, recording};

/// More than a socket holds: it cannot be written before somebody has begun to read.
const FRAMES: u64 = 10_000;

/// The median of some starts.
pub(crate) fn median(starts: usize) -> Result<Duration, Box<dyn Error>> {
    let mut times = (0..starts).map(|_| once()).collect::<Result<Vec<_>, _>>()?;
    times.sort();
    Ok(times[times.len() / 2])
}

fn once() -> Result<Duration, Box<dyn Error>> {
    let (place, frames) = (Place::new(), recording(FRAMES));
    let (socket, config) = (place.path("monitor.sock"), place.socket("stop"));
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
    let took = start.elapsed();
    written?;
    agent.wait()?;
    Ok(took)
}
