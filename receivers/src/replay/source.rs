//! Chooses the thread that reads a recording.
//!
//! A file is read on the thread of the pipeline, so that its frames stay in one processor's cache.
//! Standard input, pipes and devices can block for an unlimited time: a thread of their own reads
//! them, which the agent does not wait for when it exits.

use std::path::Path;
use std::thread;
use std::time::Duration;

use tidegate_model::Pool;
use tidegate_runtime::telemetry::Counter;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::yield_now;

use super::recording::{Chunk, Recording, RecordingError, Tail};

/// The number of chunks that the thread reads ahead.
const READ_AHEAD: usize = 4;
/// The pause before another read at the end of a file that may grow.
const TAIL_PAUSE: Duration = Duration::from_millis(100);

/// A recording that is being read.
pub(super) enum RecordingSource {
    /// The caller reads.
    Inline(Box<Recording>),
    /// A thread reads.
    Thread(Receiver<Chunk>),
}

impl RecordingSource {
    /// Opens a file. A chunk has at most `records` frames. `bytes` counts what is read.
    pub(super) fn open(
        file: &Path,
        pool: Pool,
        records: usize,
        bytes: Counter,
        tail: Option<Tail>,
    ) -> Result<Self, RecordingError> {
        if file.is_file() && tail.is_none() {
            let recording = Recording::open(file, pool, records, bytes)?;
            return Ok(Self::Inline(Box::new(recording)));
        }
        let (sender, receiver) = channel(READ_AHEAD);
        let file = file.to_owned();
        let run = move || match Recording::open(&file, pool, records, bytes) {
            Ok(recording) => send_all(recording.packed().with_tail(tail), &sender),
            // Sending fails if the receiver has stopped already.
            Err(error) => drop(sender.blocking_send(Chunk::open_failed(error))),
        };
        thread::Builder::new()
            .name("replay".to_owned())
            .spawn(run)
            .map_err(RecordingError::Open)?;
        Ok(Self::Thread(receiver))
    }

    /// The next chunk; `None` if the thread panicked. Safe to cancel.
    pub(super) async fn next(&mut self) -> Option<Chunk> {
        match self {
            Self::Inline(recording) => {
                // Lets the pipeline finish the previous chunk, whose memory, still in the cache,
                // is then reused for this one.
                yield_now().await;
                Some(recording.next())
            }
            Self::Thread(chunks) => chunks.recv().await,
        }
    }
}

/// Sends the chunks of a recording until it ends or the receiver is dropped.
fn send_all(mut recording: Recording, sender: &Sender<Chunk>) {
    loop {
        let chunk = recording.next();
        if chunk.is_empty() {
            if sender.is_closed() {
                return;
            }
            thread::sleep(TAIL_PAUSE);
            continue;
        }
        let is_last = chunk.end.is_some();
        if sender.blocking_send(chunk).is_err() || is_last {
            return;
        }
    }
}
