//! Reads a recording chunk by chunk. A read blocks for as long as the file does.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tidegate_model::batch::FrameBatch;
use tidegate_model::{Pool, Timestamp};
use tidegate_runtime::telemetry::Counter;
use tidegate_wire::file_type::FileType;
use tidegate_wire::payload::{self, DEFAULT_MAX_FRAME};
use tidegate_wire::recording::{self, Start};

use crate::frames::{DecodeStatus, FrameBatcher};
use crate::recording_file::{NotARecording, check_path, check_start};

/// What one step of reading a recording produces.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// The frames, possibly none.
    pub(super) batch: FrameBatch,
    /// The drop reasons of invalid frames.
    pub(super) rejected: Vec<&'static str>,
    /// The end of the recording, if this is the last chunk.
    pub(super) end: Option<Result<RecordingEnd, RecordingError>>,
}

/// Where a recording ends.
#[derive(Debug)]
pub(super) struct RecordingEnd {
    /// The number of its frames.
    pub(super) frames: u64,
    /// The end of the last complete frame.
    pub(super) offset: u64,
    /// The number of bytes after that, which are an incomplete frame.
    pub(super) incomplete: usize,
}

/// Why the rest of a recording cannot be played.
#[derive(Debug)]
pub(super) enum RecordingError {
    /// The file cannot be opened.
    Open(io::Error),
    /// The file is something else, or a recording of a later format.
    NotARecording(NotARecording),
    /// The file cannot be read.
    Read {
        /// The number of bytes that were read before.
        offset: u64,
        source: io::Error,
    },
    /// The file is not a monitor stream.
    Broken {
        /// The position of the first invalid byte.
        offset: u64,
        source: payload::Error,
    },
}

/// Has a recording wait for more at its end; says when it has come there for the first time.
#[derive(Clone, Debug, Default)]
pub struct Tail(Arc<AtomicBool>);

impl Tail {
    /// Whether everything that the file had when it was opened has been read.
    #[must_use]
    pub fn has_caught_up(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// An open recording.
pub(super) struct Recording {
    path: PathBuf,
    input: Box<dyn Read + Send>,
    batcher: FrameBatcher,
    /// The largest number of frames in a chunk.
    records: usize,
    /// Whether the first bytes have been checked.
    has_start: bool,
    /// Whether the bytes that were read may contain more complete frames.
    has_more: bool,
    /// The time of the last read.
    time: Timestamp,
    /// Counts bytes that were read.
    bytes: Counter,
    tail: Option<Tail>,
}

impl Recording {
    /// Opens a file, or standard input for `-`. A chunk has at most `records` frames. `bytes`
    /// counts what is read.
    pub(super) fn open(
        file: &Path,
        pool: Pool,
        records: usize,
        bytes: Counter,
    ) -> Result<Self, RecordingError> {
        check_path(file)?;
        let input: Box<dyn Read + Send> = if file == Path::new("-") {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(file).map_err(RecordingError::Open)?)
        };
        Ok(Self {
            path: file.to_owned(),
            input,
            batcher: FrameBatcher::new(DEFAULT_MAX_FRAME, pool).allow_concatenated(),
            records,
            has_start: false,
            has_more: false,
            time: Timestamp::default(),
            bytes,
            tail: None,
        })
    }

    /// Produces packed batches, for another thread to unpack.
    pub(super) fn packed(self) -> Self {
        Self {
            batcher: self.batcher.packed(),
            ..self
        }
    }

    /// Waits for more at the end of the file.
    pub(super) fn with_tail(self, tail: Option<Tail>) -> Self {
        Self { tail, ..self }
    }

    /// The next chunk. Reads until there is at least one complete frame, usually once. Empty at the
    /// end of a file that may grow.
    pub(super) fn next(&mut self) -> Chunk {
        let mut chunk = Chunk::default();
        while chunk.is_empty() {
            let end = self.step(&mut chunk.rejected).transpose();
            chunk.end = match (end, &self.tail) {
                (Some(Ok(end)), Some(tail)) => {
                    let cut = self.cut(&end);
                    if cut.is_none() {
                        tail.0.store(true, Ordering::Release);
                        break;
                    }
                    cut.map(Err)
                }
                (end, _) => end,
            };
            if !self.batcher.is_empty() {
                chunk.batch = self.batcher.take_batch();
            }
        }
        chunk
    }

    /// The error of a file that is now shorter than what was read of it: nothing would be read until it
    /// is longer again, and then not from the beginning of a frame.
    fn cut(&self, end: &RecordingEnd) -> Option<RecordingError> {
        let offset = end.offset + end.incomplete as u64;
        let len = fs::metadata(&self.path).ok()?.len();
        (len < offset).then(|| RecordingError::Read {
            offset,
            source: io::Error::other(format!("it was truncated to {len} bytes meanwhile")),
        })
    }

    /// Reads if necessary and decodes. Returns the end of the recording if this reaches it.
    fn step(
        &mut self,
        rejected: &mut Vec<&'static str>,
    ) -> Result<Option<RecordingEnd>, RecordingError> {
        if !self.has_more && !self.fill()? {
            return Ok(Some(RecordingEnd {
                frames: self.batcher.frame_count(),
                offset: self.batcher.offset(),
                incomplete: self.batcher.undecoded(),
            }));
        }
        let on_rejected = |error: payload::Error| rejected.push(error.as_str());
        let status = self.batcher.decode(self.records, self.time, on_rejected);
        let offset = self.batcher.offset();
        let status = status.map_err(|source| RecordingError::Broken { offset, source })?;
        if let DecodeStatus::LaterFormat(format) = status {
            return Err(NotARecording::from(format).into());
        }
        self.has_more = status == DecodeStatus::BatchFull;
        Ok(None)
    }

    /// Reads once. Returns `false` at the end of the file.
    fn fill(&mut self) -> Result<bool, RecordingError> {
        let is_first = !self.has_start;
        self.has_start = true;
        let space = self.batcher.space();
        let read = if is_first {
            read_start(&mut self.input, space)
        } else {
            read(&mut self.input, space)
        };
        if let (true, Ok(n)) = (is_first, &read)
            && check_start(&space[..*n], &self.path)? == FileType::Empty
        {
            tracing::warn!(file = %self.path.display(), "the recording is empty");
        }
        let n = read.map_err(|source| RecordingError::Read {
            offset: self.batcher.offset() + self.batcher.undecoded() as u64,
            source,
        })?;
        self.batcher.filled(n);
        self.bytes.add(n as u64);
        self.time = Timestamp::now();
        Ok(n > 0)
    }
}

impl Chunk {
    /// The only chunk of a recording that cannot be opened.
    pub(super) fn open_failed(error: RecordingError) -> Self {
        Self {
            end: Some(Err(error)),
            ..Self::default()
        }
    }

    /// Whether nothing was read.
    pub(super) fn is_empty(&self) -> bool {
        self.batch.is_empty() && self.rejected.is_empty() && self.end.is_none()
    }
}

fn read(input: &mut dyn Read, space: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(space) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

impl From<NotARecording> for RecordingError {
    fn from(error: NotARecording) -> Self {
        Self::NotARecording(error)
    }
}

/// Reads until the first message is complete, from which the type of the file can be seen. A header
/// stays in the stream, where it is a definition without values.
fn read_start(input: &mut dyn Read, space: &mut [u8]) -> io::Result<usize> {
    let mut len = 0;
    loop {
        let n = read(input, &mut space[len..])?;
        len += n;
        if n == 0 || recording::read_start(&space[..len]) != Ok(Start::Incomplete) {
            return Ok(len);
        }
    }
}
