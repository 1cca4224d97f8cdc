//! A recording, piece by piece. Reading waits for as long as the file does.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use tidegate_model::batch::Packed;
use tidegate_model::{Pool, Timestamp};
use tidegate_wire::payload::{self, DEFAULT_MAX_FRAME};

use crate::frames::{Frames, Halt};

/// What a recording is played in.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// Some frames, maybe none.
    pub(super) batch: Packed,
    /// Frames that were broken in themselves, by the reason.
    pub(super) refused: Vec<&'static str>,
    /// Why nothing comes behind this; `None` while something may.
    pub(super) last: Option<Last>,
}

/// What a recording ended with.
#[derive(Debug)]
pub(super) enum Last {
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

/// An open file.
pub(super) struct Recording {
    input: Box<dyn Read + Send>,
    frames: Frames,
    /// Frames of a piece at most.
    records: usize,
    /// Whether there may be whole frames among what was read.
    has_more: bool,
    /// When the last of it was read.
    time: Timestamp,
}

impl Recording {
    /// Opens a file, `-` being standard input, to be played in batches of at most `records`.
    pub(super) fn open(file: &Path, pool: Pool, records: usize) -> io::Result<Self> {
        let input: Box<dyn Read + Send> = if file == Path::new("-") {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(file)?)
        };
        let frames = Frames::new(DEFAULT_MAX_FRAME, pool).or_several_streams();
        Ok(Self {
            input,
            frames,
            records,
            has_more: false,
            time: Timestamp::default(),
        })
    }

    /// Has its batches go on to another thread.
    pub(super) fn for_another_thread(self) -> Self {
        Self {
            frames: self.frames.for_another_thread(),
            ..self
        }
    }

    /// The next piece. Reads once at most, unless what it reads has no whole frame.
    pub(super) fn next(&mut self) -> Piece {
        let mut piece = Piece::default();
        while piece.is_empty() {
            piece.last = self
                .fill()
                .and_then(|()| self.decode(&mut piece.refused))
                .err();
            if !self.frames.is_empty() {
                piece.batch = self.frames.take();
            }
        }
        piece
    }

    /// Reads on, unless there may be whole frames.
    fn fill(&mut self) -> Result<(), Last> {
        if self.has_more {
            return Ok(());
        }
        match read(&mut self.input, self.frames.space()) {
            Ok(0) => return Err(Last::End(self.end())),
            Ok(n) => self.frames.filled(n),
            Err(source) => {
                let offset = self.frames.offset() + self.frames.left() as u64;
                return Err(Last::Failed(Failure::Read { offset, source }));
            }
        }
        self.time = Timestamp::now();
        Ok(())
    }

    /// Makes frames of what was read.
    fn decode(&mut self, refused: &mut Vec<&'static str>) -> Result<(), Last> {
        let halt = self.frames.decode(self.records, self.time, |error| {
            refused.push(error.as_str())
        });
        let offset = self.frames.offset();
        self.has_more = halt.map_err(|source| Last::Failed(Failure::Broken { offset, source }))?
            == Halt::BatchFull;
        Ok(())
    }

    fn end(&self) -> End {
        End {
            frames: self.frames.count(),
            offset: self.frames.offset(),
            left: self.frames.left(),
        }
    }
}

impl Piece {
    /// The only piece of a recording that does not open.
    pub(super) fn unopened(error: io::Error) -> Self {
        Self {
            last: Some(Last::Failed(Failure::Open(error))),
            ..Self::default()
        }
    }

    fn is_empty(&self) -> bool {
        self.batch.is_empty() && self.refused.is_empty() && self.last.is_none()
    }
}

fn read(input: &mut dyn Read, space: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(space) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
