//! A connection to the monitor socket, and the ways it can end.

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tidegate_wire::{gob, payload};

use crate::frames::FRAME_CUT_SHORT;

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum Disconnect {
    /// The receiver was stopped.
    Stopped,
    /// The agent ended the stream between two frames.
    Eof,
    /// The agent ended the stream inside a frame, after this many bytes of it.
    CutShort(usize),
    /// The agent sent data that is not a monitor stream.
    Broken(payload::Error),
    /// A system call failed.
    Failed(io::Error),
}

/// The only stream of a receiver with `on_eof = "stop"` did not end between two frames.
#[derive(Debug, thiserror::Error)]
#[error("the stream of the monitor socket {} is broken: {end}", .socket.display())]
pub(super) struct StreamBroken {
    pub(super) socket: PathBuf,
    pub(super) end: Disconnect,
}

impl Disconnect {
    const STOPPED: &'static str = "stopped";
    const EOF: &'static str = "eof";
    const READ_FAILED: &'static str = "read_failed";

    /// All values of the `reason` label of disconnects.
    pub(super) fn reasons() -> impl Iterator<Item = &'static str> {
        [Self::STOPPED, Self::EOF, FRAME_CUT_SHORT, Self::READ_FAILED]
            .into_iter()
            .chain(payload::Error::LABELS.iter().copied())
            .chain(gob::Error::LABELS.iter().copied())
    }

    /// The value of the `reason` label of disconnects.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Stopped => Self::STOPPED,
            Self::Eof => Self::EOF,
            Self::CutShort(_) => FRAME_CUT_SHORT,
            Self::Broken(error) => error.as_str(),
            Self::Failed(_) => Self::READ_FAILED,
        }
    }
}

impl fmt::Display for Disconnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped"),
            Self::Eof => f.write_str("end of stream"),
            Self::CutShort(bytes) => {
                write!(f, "end of stream inside a frame, after {bytes} bytes of it")
            }
            Self::Broken(error) => write!(f, "{error}"),
            Self::Failed(error) => write!(f, "{error}"),
        }
    }
}

/// The result of a read.
#[derive(Debug)]
pub(super) enum ReadOutcome {
    /// This many bytes were read.
    Bytes(usize),
    /// Nothing arrived before the timeout.
    TimedOut,
    /// The end of the stream.
    Eof,
}

/// A blocking connection.
#[derive(Debug)]
pub(super) struct MonitorConnection {
    stream: UnixStream,
    read_timeout: Option<Duration>,
}

impl MonitorConnection {
    /// Connects without blocking, so that an attempt can be cancelled. A full backlog is an error.
    pub(super) async fn open(socket: &Path) -> io::Result<UnixStream> {
        let stream = tokio::net::UnixStream::connect(socket).await?.into_std()?;
        stream.set_nonblocking(false)?;
        Ok(stream)
    }

    pub(super) fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            read_timeout: None,
        }
    }

    /// Reads what is available. Waits for data until `timeout`, or without a limit.
    pub(super) fn read(
        &mut self,
        space: &mut [u8],
        timeout: Option<Duration>,
    ) -> io::Result<ReadOutcome> {
        if timeout != self.read_timeout {
            self.stream.set_read_timeout(timeout)?;
            self.read_timeout = timeout;
        }
        loop {
            return match self.stream.read(space) {
                Ok(0) => Ok(ReadOutcome::Eof),
                Ok(n) => Ok(ReadOutcome::Bytes(n)),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    Ok(ReadOutcome::TimedOut)
                }
                Err(error) => Err(error),
            };
        }
    }
}
