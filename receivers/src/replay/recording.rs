//! Reads a recording into batches, on a thread of its own: standard input and named pipes block for as long as they
//! like, and nobody must have to wait for them when the agent ends.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::thread;

use tidegate_core::{Batch, Pool, Timestamp};
use tidegate_wire::payload::{self, DEFAULT_MAX_FRAME};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::frames::{Frames, Halt};

/// Batches that are read ahead. They are taken together, so that the thread sleeps once for all of them.
pub(super) const AHEAD: usize = 4;

/// What a recording is played in.
#[derive(Debug)]
pub(super) enum Piece {
    /// Some frames.
    Batch(Batch),
    /// A frame that is broken in itself, by the reason.
    Refused(&'static str),
    /// The end of the file.
    End(End),
    /// There is no end: the file cannot be played on.
    Failed(Failure),
}

/// Where a recording ended.
#[derive(Debug)]
pub(super) struct End {
    /// Frames that it had.
    pub(super) frames: u64,
    /// Where the last of them ended.
    pub(super) offset: u64,
    /// Bytes of a frame that is cut short, behind it.
    pub(super) left: usize,
}

/// Why a recording cannot be played on.
#[derive(Debug)]
pub(super) enum Failure {
    /// The file does not open.
    Open(io::Error),
    /// It opened, and cannot be read on.
    Read {
        /// Bytes that were read before.
        offset: u64,
        /// What the system says.
        source: io::Error,
    },
    /// It is no monitor stream from here on.
    Broken {
        /// Position of the first byte that is not.
        offset: u64,
        /// What is wrong with it.
        source: payload::Error,
    },
}

/// Begins to read a file, `-` being standard input, in batches of at most `records`.
pub(super) fn read(file: &Path, pool: Pool, records: usize) -> Receiver<Piece> {
    let (pieces, played) = channel(AHEAD);
    let file = file.to_owned();
    let frames = Frames::new(DEFAULT_MAX_FRAME, pool).or_several_streams();
    let mut reader = Reader { pieces: pieces.clone(), frames, records };
    let thread = thread::Builder::new().name("replay".to_owned()).spawn(move || reader.run(&file));
    if let Err(error) = thread {
        // The channel is empty, so there is room.
        let _ = pieces.try_send(Piece::Failed(Failure::Open(error)));
    }
    played
}

/// The thread's side.
struct Reader {
    pieces: Sender<Piece>,
    frames: Frames,
    records: usize,
}

/// Why the thread ends before the file does.
enum Halted {
    /// Nobody wants the pieces any more.
    Unwanted,
    Failed(Failure),
}

impl Reader {
    fn run(&mut self, file: &Path) {
        let read = open(file).map_err(|error| Halted::Failed(Failure::Open(error)));
        let last = match read.and_then(|mut input| self.read_all(&mut *input)) {
            Ok(()) => Piece::End(self.end()),
            Err(Halted::Failed(failure)) => Piece::Failed(failure),
            Err(Halted::Unwanted) => return,
        };
        // Nobody needs it who does not want it.
        let _ = self.send(last);
    }

    fn read_all(&mut self, input: &mut dyn Read) -> Result<(), Halted> {
        loop {
            match input.read(self.frames.space()) {
                Ok(0) => return Ok(()),
                Ok(n) => {
                    self.frames.filled(n);
                    self.pass_on()?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => {
                    let offset = self.frames.offset() + self.frames.left() as u64;
                    return Err(Halted::Failed(Failure::Read { offset, source }));
                }
            }
        }
    }

    /// Sends the whole frames that came.
    fn pass_on(&mut self) -> Result<(), Halted> {
        let time = Timestamp::now();
        loop {
            let mut refused = Vec::new();
            let halt = self.frames.decode(self.records, time, |error| refused.push(error.as_str()));
            refused.into_iter().try_for_each(|reason| self.send(Piece::Refused(reason)))?;
            if !self.frames.is_empty() {
                let batch = self.frames.take();
                self.send(Piece::Batch(batch))?;
            }
            match halt {
                Ok(Halt::BatchFull) => {}
                Ok(Halt::OutOfBytes) => return Ok(()),
                Err(source) => return Err(Halted::Failed(Failure::Broken { offset: self.frames.offset(), source })),
            }
        }
    }

    fn send(&self, piece: Piece) -> Result<(), Halted> {
        self.pieces.blocking_send(piece).map_err(|_| Halted::Unwanted)
    }

    fn end(&self) -> End {
        End { frames: self.frames.count(), offset: self.frames.offset(), left: self.frames.left() }
    }
}

fn open(file: &Path) -> io::Result<Box<dyn Read>> {
    if file == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    Ok(Box::new(File::open(file)?))
}
