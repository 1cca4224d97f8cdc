//! One connection to the monitor socket, and how it can end.

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tidegate_wire::{gob, payload};

use crate::frames::FRAME_CUT_SHORT;

/// Why a connection is over.
#[derive(Debug)]
pub(super) enum End {
    /// We were asked to stop.
    HungUp,
    /// The agent ended the stream between two frames.
    Eof,
    /// The agent ended the stream inside a frame, of which so many bytes came.
    CutShort(usize),
    /// What the agent sent is no monitor stream.
    Broken(payload::Error),
    /// The system says so.
    Failed(io::Error),
}

/// The stream did not end where a stream can end, and there is to be no other.
#[derive(Debug, thiserror::Error)]
#[error("the stream of the monitor socket {} is broken: {end}", .socket.display())]
pub(super) struct StreamBroken {
    pub(super) socket: PathBuf,
    pub(super) end: End,
}

impl End {
    const STOPPED: &'static str = "stopped";
    const EOF: &'static str = "eof";
    const READ_FAILED: &'static str = "read_failed";

    /// All `reason` labels of the disconnects.
    pub(super) fn reasons() -> impl Iterator<Item = &'static str> {
        let own = [Self::STOPPED, Self::EOF, FRAME_CUT_SHORT, Self::READ_FAILED];
        own.into_iter().chain(
            [payload::Error::LABELS, gob::Error::LABELS]
                .into_iter()
                .flatten()
                .copied(),
        )
    }

    /// The `reason` label of the disconnects.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::HungUp => Self::STOPPED,
            Self::Eof => Self::EOF,
            Self::CutShort(_) => FRAME_CUT_SHORT,
            Self::Broken(error) => error.as_str(),
            Self::Failed(_) => Self::READ_FAILED,
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HungUp => f.write_str("stopped"),
            Self::Eof => f.write_str("end of stream"),
            Self::CutShort(bytes) => write!(
                f,
                "end of stream inside a frame, {bytes} bytes of which had come"
            ),
            Self::Broken(error) => write!(f, "{error}"),
            Self::Failed(error) => write!(f, "{error}"),
        }
    }
}

/// What a read brought.
#[derive(Debug)]
pub(super) enum Got {
    /// So many bytes.
    Bytes(usize),
    /// Nothing, for the time that was given.
    Nothing,
    /// The end of the stream.
    Eof,
}

/// A blocking connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: UnixStream,
    patience: Option<Duration>,
}

impl Connection {
    /// Connects without blocking, so that an attempt can be given up: a full backlog is an error.
    pub(super) async fn open(socket: &Path) -> io::Result<UnixStream> {
        let stream = tokio::net::UnixStream::connect(socket).await?.into_std()?;
        stream.set_nonblocking(false)?;
        Ok(stream)
    }

    pub(super) fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            patience: None,
        }
    }

    /// Reads what is there, and waits for it: for `patience`, or for ever.
    pub(super) fn read(&mut self, space: &mut [u8], patience: Option<Duration>) -> io::Result<Got> {
        if patience != self.patience {
            self.stream.set_read_timeout(patience)?;
            self.patience = patience;
        }
        loop {
            return match self.stream.read(space) {
                Ok(0) => Ok(Got::Eof),
                Ok(n) => Ok(Got::Bytes(n)),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    Ok(Got::Nothing)
                }
                Err(error) => Err(error),
            };
        }
    }
}
