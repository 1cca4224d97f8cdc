//! Where a recording is read. A file is read where its frames go on, so that they stay in one
//! processor's cache. Standard input, pipes and devices let their reader wait for as long as they
//! like: they are read on a thread of their own, and nobody must have to wait for that when the
//! agent ends.

use std::io;
use std::path::Path;
use std::thread;

use tidegate_model::Pool;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::yield_now;

use super::recording::{Piece, Recording};

/// Pieces that are read ahead.
const AHEAD: usize = 4;

/// A recording that is being read.
pub(super) enum Source {
    /// By who asks for a piece.
    Here(Box<Recording>),
    /// By a thread.
    Thread(Receiver<Piece>),
}

impl Source {
    /// Begins to read a file in batches of at most `records`.
    pub(super) fn open(file: &Path, pool: Pool, records: usize) -> io::Result<Self> {
        if file.is_file() {
            let recording = Recording::open(file, pool, records)?;
            return Ok(Self::Here(Box::new(recording)));
        }
        let (pieces, played) = channel(AHEAD);
        let file = file.to_owned();
        let run = move || match Recording::open(&file, pool, records) {
            Ok(recording) => send_all(recording.for_another_thread(), &pieces),
            // Nobody needs it who does not want it.
            Err(error) => drop(pieces.blocking_send(Piece::unopened(error))),
        };
        thread::Builder::new()
            .name("replay".to_owned())
            .spawn(run)?;
        Ok(Self::Thread(played))
    }

    /// The next piece; `None` if the thread panicked. Safe to cancel.
    pub(super) async fn next(&mut self) -> Option<Piece> {
        match self {
            Self::Here(recording) => {
                // The stages behind are done with the piece before: its memory is there for this
                // one, and in the cache.
                yield_now().await;
                Some(recording.next())
            }
            Self::Thread(pieces) => pieces.recv().await,
        }
    }
}

/// Sends a recording until it ends, or nobody wants it any more.
fn send_all(mut recording: Recording, pieces: &Sender<Piece>) {
    loop {
        let piece = recording.next();
        let is_last = piece.last.is_some();
        if pieces.blocking_send(piece).is_err() || is_last {
            return;
        }
    }
}
