//! An agent that keeps running after it has counted everything: the memory of its series, and the
//! cost of a scrape.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::Result;
use crate::agent::BINARY;

/// How long an agent uses almost no CPU time before it counts as idle.
const IDLE_TIME: Duration = Duration::from_secs(2);

/// A running agent that replays its standard input.
pub(crate) struct LiveAgent {
    child: Child,
    input: Option<ChildStdin>,
}

/// The cost and size of a scrape.
pub(crate) struct Scrape {
    pub(crate) cpu_seconds: f64,
    pub(crate) bytes: u64,
}

impl LiveAgent {
    /// Starts an agent, writes a recording to it, and waits until it is idle.
    pub(crate) fn start(config: &Path, recording: &Path) -> Result<Self> {
        let run = [
            "run".as_ref(),
            "--strict".as_ref(),
            "-c".as_ref(),
            config.as_os_str(),
        ];
        let mut child = Command::new(BINARY)
            .args(run)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut input = child.stdin.take();
        if let Some(input) = &mut input {
            io::copy(&mut fs::File::open(recording)?, input)?;
            input.flush()?;
        }
        let agent = Self { child, input };
        agent.wait_until_idle()?;
        Ok(agent)
    }

    fn wait_until_idle(&self) -> Result<()> {
        let mut before = f64::NEG_INFINITY;
        loop {
            let now = self.cpu_seconds()?;
            if now - before < 0.02 {
                return Ok(());
            }
            before = now;
            sleep(IDLE_TIME);
        }
    }

    /// User and system time so far.
    fn cpu_seconds(&self) -> Result<f64> {
        /// Clock ticks per second, the same on every Linux architecture.
        const TICKS: f64 = 100.0;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<_> = stat
            .rsplit_once(')')
            .ok_or("no process")?
            .1
            .split_whitespace()
            .collect();
        let ticks = |at: usize| {
            fields
                .get(at)
                .and_then(|field| field.parse::<f64>().ok())
                .ok_or("no time")
        };
        Ok((ticks(11)? + ticks(12)?) / TICKS)
    }

    /// Memory in MiB: `VmRSS` is the resident memory, `VmHWM` its peak.
    pub(crate) fn mib(&self, field: &str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(field))
            .ok_or("no such field")?;
        let kib = line
            .trim_start_matches(':')
            .trim()
            .trim_end_matches(" kB")
            .parse::<f64>()?;
        Ok(kib / 1024.0)
    }

    /// Scrapes it once.
    pub(crate) fn scrape(&self, address: SocketAddr) -> Result<Scrape> {
        let before = self.cpu_seconds()?;
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n\r\n")?;
        let mut bytes = 0;
        let mut buffer = vec![0; 1 << 16];
        loop {
            match stream.read(&mut buffer)? {
                0 => break,
                n => bytes += n as u64,
            }
        }
        Ok(Scrape {
            cpu_seconds: self.cpu_seconds()? - before,
            bytes,
        })
    }

    /// Closes its input and waits for it to exit.
    pub(crate) fn end(mut self) -> Result<()> {
        drop(self.input.take());
        let status = self.child.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("the agent ended with {status}").into())
        }
    }
}

/// An address with a free port.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
