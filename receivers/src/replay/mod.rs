//! Plays a recording of the monitor socket, which is the bytes that a client read from it.
//!
//! Concatenated recordings are played one after the other. A recording that ends inside a frame is
//! played up to its last complete frame, and then the receiver fails, because the recording is
//! incomplete. The receiver also fails at the first byte that is not part of a monitor stream: gob
//! cannot be resynchronised.

mod recording;
mod schedule;
mod source;

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde::Deserialize;
use tidegate_model::Timestamp;
use tidegate_model::batch::FrameBatch;
use tidegate_model::record::{Kind, Kinds};
use tidegate_runtime::component::{
    BuildContext, BuildError, FileContent, FileUse, Outcomes, ReceiverConfig, ReceiverKind,
};
use tidegate_runtime::config::{Number, Table as _};
use tidegate_runtime::outbox::Outbox;
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Receiver, StageError};
use tidegate_runtime::telemetry::Counter;
use tidegate_wire::payload;

use crate::frames::FRAME_CUT_SHORT;
use crate::recording_file::NotARecording;
use recording::{Chunk, RecordingEnd, RecordingError};
use schedule::Schedule;
use source::RecordingSource;

pub use recording::Tail;

/// The kind.
pub const KIND: ReceiverKind = ReceiverKind {
    name: "replay",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes {
        dropped: crate::frames::REASONS,
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

tidegate_runtime::config_table! {
    /// Plays a recording of the Cilium agent's monitor socket, then ends.
    #[derive(Debug)]
    pub struct Config {
        /// The recording, as made by `tidegate record`; "-" is standard input.
        #[sample = "\"recording.bin\""]
        pub file: PathBuf,
        /// Events per second. 0 plays as fast as the pipelines can process them, which is right for
        /// a backfill or a benchmark; no event is dropped.
        pub rate: Number<0, { u32::MAX }> = Number::new(0.0),
    }
}

impl ReceiverConfig for Config {
    fn produces(&self) -> Kinds {
        Kinds::of(&[Kind::Frame])
    }

    /// A file can wait, and so can the writer of a pipe.
    fn can_wait(&self) -> bool {
        true
    }

    fn reads_standard_input(&self) -> bool {
        self.file == Path::new("-")
    }

    fn files(&self) -> Vec<FileUse> {
        if self.reads_standard_input() {
            return Vec::new();
        }
        vec![FileUse::new("file", &self.file, FileContent::Recording)]
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Receiver>, BuildError> {
        if self.file.as_os_str().is_empty() {
            let message = "the path is empty; `-` is standard input".to_owned();
            return Err(BuildError {
                key: "file",
                message,
            });
        }
        Ok(Box::new(Replay {
            file: self.file.clone(),
            rate: self.rate.get(),
            bytes: context.telemetry.receiver_bytes(&context.stage),
            tail: None,
        }))
    }
}

/// Builds a receiver that plays a recording as fast as possible and, with `tail`, waits for more at
/// its end.
pub(crate) fn unpaced(
    file: &Path,
    tail: Option<Tail>,
    context: &BuildContext,
) -> Box<dyn Receiver> {
    Box::new(Replay {
        file: file.to_owned(),
        rate: 0.0,
        bytes: context.telemetry.receiver_bytes(&context.stage),
        tail,
    })
}

#[derive(Debug)]
struct Replay {
    file: PathBuf,
    rate: f64,
    bytes: Counter,
    tail: Option<Tail>,
}

/// Why a recording was not played to its end.
#[derive(Debug, thiserror::Error)]
enum ReplayError {
    #[error("cannot open the recording {}", .file.display())]
    Open {
        file: PathBuf,
        source: std::io::Error,
    },
    #[error("{} is not a recording that can be played", name(.file))]
    NotARecording {
        file: PathBuf,
        source: NotARecording,
    },
    #[error("cannot read the recording {} after byte {offset}", .file.display())]
    Read {
        file: PathBuf,
        offset: u64,
        source: std::io::Error,
    },
    #[error("the recording {} is not a monitor stream from byte {offset} on", .file.display())]
    Broken {
        file: PathBuf,
        offset: u64,
        source: payload::Error,
    },
    #[error(
        "the recording {} ends inside the frame that begins at byte {offset}; \
         the {frames} frames before it were played",
        .file.display()
    )]
    CutShort {
        file: PathBuf,
        offset: u64,
        frames: u64,
    },
    /// A bug in tidegate.
    #[error("the thread that reads the recording panicked")]
    ReaderPanicked,
}

/// The name of a file in messages.
fn name(file: &Path) -> Cow<'_, str> {
    match file == Path::new("-") {
        true => "standard input".into(),
        false => file.to_string_lossy(),
    }
}

#[async_trait]
impl Receiver for Replay {
    async fn run(self: Box<Self>, out: Outbox, shutdown: Shutdown) -> Result<(), StageError> {
        let Self {
            file,
            rate,
            bytes,
            tail,
        } = *self;
        let schedule = Schedule::new(rate);
        let source = RecordingSource::open(&file, out.pool(), schedule.records(), bytes, tail);
        let mut player = Player {
            schedule,
            out,
            shutdown,
            file,
            played: 0,
        };
        match source {
            Ok(source) => {
                let file = player.file.display();
                tracing::debug!(%file, rate, "playing a recording");
                Ok(player.play_all(source).await?)
            }
            Err(error) => Err(player.fail(error).into()),
        }
    }
}

struct Player {
    schedule: Schedule,
    out: Outbox,
    shutdown: Shutdown,
    file: PathBuf,
    /// The number of frames so far.
    played: u64,
}

impl Player {
    async fn play_all(&mut self, mut source: RecordingSource) -> Result<(), ReplayError> {
        loop {
            let chunk = tokio::select! {
                biased;
                () = self.shutdown.requested() => return Ok(()),
                chunk = source.next() => chunk.ok_or(ReplayError::ReaderPanicked)?,
            };
            if self.play(chunk).await?.is_break() {
                return Ok(());
            }
        }
    }

    async fn play(&mut self, chunk: Chunk) -> Result<ControlFlow<()>, ReplayError> {
        for reason in chunk.rejected {
            self.out.dropped(reason, 1);
        }
        if !chunk.batch.is_empty() && self.play_batch(chunk.batch).await.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        match chunk.end {
            None => Ok(ControlFlow::Continue(())),
            Some(Ok(end)) => self.finish(&end).map(ControlFlow::Break),
            Some(Err(error)) => Err(self.fail(error)),
        }
    }

    /// Sends a batch when it is due.
    async fn play_batch(&mut self, packed: FrameBatch) -> ControlFlow<()> {
        tokio::select! {
            biased;
            () = self.shutdown.requested() => return ControlFlow::Break(()),
            () = self.schedule.wait_until_due(self.played) => {}
        }
        let mut batch = packed.unpack();
        if self.schedule.is_paced() {
            batch.set_receive_time(Timestamp::now());
        }
        self.played += batch.len() as u64;
        self.out.send(batch).await;
        ControlFlow::Continue(())
    }

    fn fail(&self, error: RecordingError) -> ReplayError {
        let file = self.file.clone();
        match error {
            RecordingError::Open(source) => ReplayError::Open { file, source },
            RecordingError::NotARecording(source) => ReplayError::NotARecording { file, source },
            RecordingError::Read { offset, source } => ReplayError::Read {
                file,
                offset,
                source,
            },
            RecordingError::Broken { offset, source } => {
                self.out.dropped(source.as_str(), 1);
                ReplayError::Broken {
                    file,
                    offset,
                    source,
                }
            }
        }
    }

    fn finish(&self, end: &RecordingEnd) -> Result<(), ReplayError> {
        if end.incomplete > 0 {
            self.out.dropped(FRAME_CUT_SHORT, 1);
            return Err(ReplayError::CutShort {
                file: self.file.clone(),
                offset: end.offset,
                frames: end.frames,
            });
        }
        let file = self.file.display();
        tracing::info!(%file, frames = end.frames, "the recording has been played");
        Ok(())
    }
}
