//! Plays a recording of the monitor socket: the raw bytes that a client of it read.
//!
//! Recordings that were appended to one another are played one after the other. One that ends
//! inside a frame is played to its last whole frame, and is an error then: there was more, and it
//! is not there. Bytes that are no monitor stream end the receiver with an error, because gob has
//! nothing to resynchronise by.

mod recording;
mod schedule;
mod source;

use std::path::PathBuf;

use async_trait::async_trait;
use serde::Deserialize;
use tidegate_model::Timestamp;
use tidegate_model::batch::Packed;
use tidegate_model::record::{Kind, Kinds};
use tidegate_runtime::component::{
    BuildContext, BuildError, Key, Outcomes, ReceiverConfig, ReceiverKind,
};
use tidegate_runtime::outbox::Outbox;
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Receiver, StageError};
use tidegate_wire::payload;

use crate::frames::FRAME_CUT_SHORT;
use recording::{End, Failure, Last, Piece};
use schedule::Schedule;
use source::Source;

/// The kind.
pub const KIND: ReceiverKind = ReceiverKind {
    name: "replay",
    about: "Plays a recording of the Cilium agent's monitor socket, then ends",
    keys: KEYS,
    outcomes: Outcomes {
        dropped: crate::frames::REASONS,
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

const KEYS: &[Key] = &[
    Key {
        name: "file",
        default: "",
        effect: "the recording; \"-\" is standard input",
    },
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
    /// The recording, as `tidegate record` or `socat` makes one; `-` is standard input. Has to be
    /// given.
    pub file: PathBuf,
    /// Events per second, fractions allowed. 0, the default, is as fast as the pipelines take them:
    /// the receiver waits for them and drops nothing. Changed by who wants a dashboard to move as
    /// it would in a cluster.
    #[serde(default)]
    pub rate: f64,
}

impl ReceiverConfig for Config {
    fn produces(&self) -> Kinds {
        Kinds::of(&[Kind::Frame])
    }

    /// A file can; and whoever writes to standard input does.
    fn can_wait(&self) -> bool {
        true
    }

    fn build(&self, _context: &BuildContext) -> Result<Box<dyn Receiver>, BuildError> {
        if self.file.as_os_str().is_empty() {
            let message = "the path is empty; `-` is standard input".to_owned();
            return Err(BuildError {
                key: "file",
                message,
            });
        }
        if !self.rate.is_finite() || self.rate < 0.0 {
            let message = format!(
                "{} is not a number of events per second; 0 is as fast as possible",
                self.rate
            );
            return Err(BuildError {
                key: "rate",
                message,
            });
        }
        Ok(Box::new(Replay {
            file: self.file.clone(),
            rate: self.rate,
        }))
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
    Open {
        file: PathBuf,
        source: std::io::Error,
    },
    #[error("cannot read the recording {} behind byte {offset}", .file.display())]
    Read {
        file: PathBuf,
        offset: u64,
        source: std::io::Error,
    },
    #[error("the recording {} is no monitor stream from byte {offset} on", .file.display())]
    Broken {
        file: PathBuf,
        offset: u64,
        source: payload::Error,
    },
    #[error("the recording {} ends inside the frame that begins at byte {offset}; the {frames} frames before it were played", .file.display())]
    CutShort {
        file: PathBuf,
        offset: u64,
        frames: u64,
    },
    /// A fault of tidegate.
    #[error("the thread that reads the recording panicked")]
    ReaderPanicked,
}

#[async_trait]
impl Receiver for Replay {
    async fn run(self: Box<Self>, out: Outbox, shutdown: Shutdown) -> Result<(), StageError> {
        let schedule = Schedule::new(self.rate);
        let source = Source::open(&self.file, out.pool(), schedule.records());
        let mut player = Player {
            schedule,
            out,
            shutdown,
            file: self.file,
            played: 0,
        };
        match source {
            Ok(source) => {
                tracing::debug!(file = %player.file.display(), rate = self.rate, "playing a recording");
                Ok(player.play_all(source).await?)
            }
            Err(error) => Err(player.explain(Failure::Open(error)).into()),
        }
    }
}

struct Player {
    schedule: Schedule,
    out: Outbox,
    shutdown: Shutdown,
    file: PathBuf,
    /// Frames so far.
    played: u64,
}

/// Whether to go on.
#[derive(PartialEq, Eq)]
enum Then {
    GoOn,
    End,
}

impl Player {
    async fn play_all(&mut self, mut source: Source) -> Result<(), ReplayError> {
        loop {
            let piece = tokio::select! {
                biased;
                () = self.shutdown.requested() => return Ok(()),
                piece = source.next() => piece.ok_or(ReplayError::ReaderPanicked)?,
            };
            if self.play(piece).await? == Then::End {
                return Ok(());
            }
        }
    }

    async fn play(
        &mut self,
        Piece {
            batch,
            refused,
            last,
        }: Piece,
    ) -> Result<Then, ReplayError> {
        refused
            .into_iter()
            .for_each(|reason| self.out.dropped(reason, 1));
        if !batch.is_empty() && self.play_batch(batch).await == Then::End {
            return Ok(Then::End);
        }
        match last {
            None => Ok(Then::GoOn),
            Some(Last::End(end)) => self.end(&end),
            Some(Last::Failed(failure)) => Err(self.explain(failure)),
        }
    }

    /// Sends some frames when they are due.
    async fn play_batch(&mut self, packed: Packed) -> Then {
        tokio::select! {
            biased;
            () = self.shutdown.requested() => return Then::End,
            () = self.schedule.due(self.played) => {}
        }
        let mut batch = packed.unpack();
        if self.schedule.is_paced() {
            batch.received_at(Timestamp::now());
        }
        self.played += batch.len() as u64;
        self.out.send(batch).await;
        Then::GoOn
    }

    fn explain(&self, failure: Failure) -> ReplayError {
        let file = self.file.clone();
        match failure {
            Failure::Open(source) => ReplayError::Open { file, source },
            Failure::Read { offset, source } => ReplayError::Read {
                file,
                offset,
                source,
            },
            Failure::Broken { offset, source } => {
                self.out.dropped(source.as_str(), 1);
                ReplayError::Broken {
                    file,
                    offset,
                    source,
                }
            }
        }
    }

    fn end(&self, end: &End) -> Result<Then, ReplayError> {
        let End {
            frames,
            offset,
            left,
        } = *end;
        if left > 0 {
            self.out.dropped(FRAME_CUT_SHORT, 1);
            return Err(ReplayError::CutShort {
                file: self.file.clone(),
                offset,
                frames,
            });
        }
        tracing::info!(file = %self.file.display(), frames, "the recording is over");
        Ok(Then::End)
    }
}
