//! Plays a recording of the monitor socket: the raw bytes that a client of it read.
//!
//! Recordings that were appended to one another are played one after the other. One that ends inside a
//! frame is played to its last whole frame, with a warning. Bytes that are no monitor stream end the
//! receiver with an error, because gob has nothing to resynchronise by.

mod recording;
mod schedule;

use std::path::PathBuf;

use async_trait::async_trait;
use serde::Deserialize;
use tidegate_core::Timestamp;
use tidegate_core::component::{BuildContext, BuildError, Key, ReceiverConfig, ReceiverKind};
use tidegate_core::record::{Kind, Kinds};
use tidegate_core::stage::{Outbox, Receiver, StageError, Stop};
use tidegate_wire::payload::{self, DEFAULT_MAX_FRAME};

use crate::frames::{FRAME_CUT_SHORT, Frames};
use schedule::Schedule;

/// The kind.
pub const KIND: ReceiverKind = ReceiverKind {
    name: "replay",
    about: "Plays a recording of the Cilium agent's monitor socket, then ends",
    keys: KEYS,
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

const KEYS: &[Key] = &[
    Key { name: "file", default: "", effect: "the recording; \"-\" is standard input" },
    Key {
        name: "rate",
        default: "0",
        effect: "events per second; 0 plays as fast as the pipelines take them, which is what a backfill or a benchmark wants",
    },
];

/// The configuration of the receiver.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The recording, as `tidegate record` or `socat` makes one; `-` is standard input. Has to be given.
    pub file: PathBuf,
    /// Events per second, fractions allowed. 0, the default, is as fast as the pipelines take them: the
    /// receiver waits for them and drops nothing. Changed by who wants a dashboard to move as it would
    /// in a cluster.
    #[serde(default)]
    pub rate: f64,
}

impl ReceiverConfig for Config {
    fn produces(&self) -> Kinds {
        Kinds::of(&[Kind::Frame])
    }

    fn build(&self, _context: &BuildContext) -> Result<Box<dyn Receiver>, BuildError> {
        if self.file.as_os_str().is_empty() {
            let message = "the path is empty; `-` is standard input".to_owned();
            return Err(BuildError { key: "file", message });
        }
        if !self.rate.is_finite() || self.rate < 0.0 {
            let message = format!("{} is not a number of events per second; 0 is as fast as possible", self.rate);
            return Err(BuildError { key: "rate", message });
        }
        Ok(Box::new(Replay { file: self.file.clone(), rate: self.rate }))
    }
}

#[derive(Debug)]
struct Replay {
    file: PathBuf,
    rate: f64,
}

/// Why a recording was not played to its end.
#[derive(Debug, thiserror::Error)]
enum ReplayError {
    #[error("cannot open the recording {}", .file.display())]
    Open { file: PathBuf, source: std::io::Error },
    #[error("cannot read the recording {} behind byte {offset}", .file.display())]
    Read { file: PathBuf, offset: u64, source: std::io::Error },
    #[error("the recording {} is no monitor stream from byte {offset} on", .file.display())]
    Broken { file: PathBuf, offset: u64, source: payload::Error },
}

#[async_trait]
impl Receiver for Replay {
    async fn run(self: Box<Self>, out: Outbox, stop: Stop) -> Result<(), StageError> {
        let mut player = Player {
            frames: Frames::new(DEFAULT_MAX_FRAME).or_several_streams(),
            schedule: Schedule::new(self.rate),
            out,
            stop,
            file: self.file,
        };
        Ok(player.play().await?)
    }
}

struct Player {
    frames: Frames,
    schedule: Schedule,
    out: Outbox,
    stop: Stop,
    file: PathBuf,
}

/// Whether to go on.
#[derive(PartialEq, Eq)]
enum Flow {
    Continue,
    Stopped,
}

impl Player {
    async fn play(&mut self) -> Result<(), ReplayError> {
        let mut blocks = recording::read(&self.file);
        loop {
            let block = tokio::select! {
                biased;
                () = self.stop.requested() => return Ok(()),
                block = blocks.next() => block,
            };
            let Some(block) = block else { break };
            let block = block.map_err(|failure| self.explain(failure))?;
            self.frames.extend(&block);
            blocks.recycle(block);
            if self.play_block().await? == Flow::Stopped {
                return Ok(());
            }
        }
        self.end();
        Ok(())
    }

    /// Sends the whole frames that are there, when they are due.
    async fn play_block(&mut self) -> Result<Flow, ReplayError> {
        while self.frames.is_ready() {
            tokio::select! {
                biased;
                () = self.stop.requested() => return Ok(Flow::Stopped),
                () = self.schedule.due(self.frames.count()) => {}
            }
            let mut batch = self.out.batch();
            let refused = |error: payload::Error| self.out.dropped(error.as_str(), 1);
            let decoded = self.frames.decode(self.schedule.batch(), Timestamp::now(), &mut batch, refused);
            if !batch.is_empty() {
                self.out.send(batch).await;
            }
            decoded.map_err(|source| self.broken(source))?;
        }
        Ok(Flow::Continue)
    }

    fn broken(&self, source: payload::Error) -> ReplayError {
        self.out.dropped(source.as_str(), 1);
        ReplayError::Broken { file: self.file.clone(), offset: self.frames.offset(), source }
    }

    fn explain(&self, failure: recording::Failure) -> ReplayError {
        let file = self.file.clone();
        match failure {
            recording::Failure::Open(source) => ReplayError::Open { file, source },
            recording::Failure::Read { offset, source } => ReplayError::Read { file, offset, source },
        }
    }

    fn end(&self) {
        let (file, frames) = (self.file.display(), self.frames.count());
        if self.frames.left() > 0 {
            self.out.dropped(FRAME_CUT_SHORT, 1);
            let byte = self.frames.offset();
            tracing::warn!(%file, byte, "the recording ends inside the frame that begins at this byte");
        }
        tracing::info!(%file, frames, "the recording is over");
    }
}
